//! What the interface knows, and what it does when something happens. No browser in here.
//!
//! [`State::apply`] takes one [`Action`] and returns the [`Effect`]s that the page carries out.

mod action;
mod address;
mod detail;
mod engine;
mod files;
mod picture;
mod run;
mod search;
mod selection;
mod settings;

use repgeo_core::figure::{Scale, Theme};
use repgeo_core::similarity::Card;

use crate::catalogue::Catalogue;
use crate::protocol::{Adapter, EngineChoice, FileId, Request, RunId, WorkerKind};

pub use action::{Action, Change, ChosenFile, Effect, Quantity, Step, ThemeChoice, View};
pub use address::choices_text;
pub use detail::{CellDetail, ChanceDetail, LayerDetail, Remarks};
pub use engine::EngineStatus;
pub use files::{FileItem, FileStatus, letter};
pub use picture::{Origin, Picture};
pub use run::{Run, RunPhase};
pub use search::found;
pub use selection::{Selection, reading};
pub use settings::Settings;

/// Everything that the interface knows.
#[derive(Debug, Clone)]
pub struct State {
    /// The measures that can be chosen.
    pub cards: Vec<&'static Card>,
    /// What is bundled with the page.
    pub catalogue: Catalogue,
    /// Whether the engine is there.
    pub engine: EngineStatus,
    /// Networks, activation files, the probe set, and files that are being read or were refused, in order.
    pub files: Vec<FileItem>,
    /// What Compare will do.
    pub settings: Settings,
    /// The run, while there is one.
    pub run: Option<Run>,
    /// What is drawn.
    pub picture: Option<Picture>,
    /// The pointed, focused and pinned cells.
    pub selection: Selection,
    /// The colour scale of the map.
    pub scale: Scale,
    /// Values or calibrated scores.
    pub quantity: Quantity,
    /// Map or table.
    pub view: View,
    /// What the user wants of light and dark.
    pub theme: ThemeChoice,
    /// Whether the system asks for dark.
    pub system_dark: bool,
    /// Whether files are dragged over the window.
    pub dragging: bool,
    /// What happened last that the user should know, in one sentence.
    pub notice: Option<String>,
    /// How the last run ended, for the status line.
    pub outcome: Option<String>,
    /// Whether the bundled comparison is computed anew when the engine is there.
    pub recompute_demo: bool,
    /// The bundled comparison waits to be computed anew: the user has not touched anything yet.
    demo_pending: bool,
    /// The listed networks are the bundled comparison's, and nobody chose them.
    demo_untouched: bool,
    /// A run waits for its engine: WebGPU lost it, or another device was asked for.
    resume: bool,
    /// The program that runs in the worker.
    worker: WorkerKind,
    /// The device that the worker was asked for last.
    asked: EngineChoice,
    /// The adapter that the worker found.
    adapter: Adapter,
    /// Whether WebGPU was tried beside the host engine.
    trial: engine::Trial,
    /// How often the engine was lost since it last read a file.
    losses: u32,
    next_file: FileId,
    next_run: RunId,
}

impl State {
    /// The state of a page that was just opened.
    #[must_use]
    pub fn new(cards: Vec<&'static Card>, settings: Settings, theme: ThemeChoice, system_dark: bool) -> Self {
        Self {
            cards,
            catalogue: Catalogue::default(),
            engine: EngineStatus::Loading,
            files: Vec::new(),
            settings,
            run: None,
            picture: None,
            selection: Selection::default(),
            scale: Scale::default(),
            quantity: Quantity::default(),
            view: View::default(),
            theme,
            system_dark,
            dragging: false,
            notice: None,
            outcome: None,
            recompute_demo: true,
            demo_pending: false,
            demo_untouched: false,
            resume: false,
            worker: WorkerKind::default(),
            asked: EngineChoice::default(),
            adapter: Adapter::default(),
            trial: engine::Trial::default(),
            losses: 0,
            next_file: 0,
            next_run: 0,
        }
    }

    /// The colours of the page's figures.
    #[must_use]
    pub fn figure_theme(&self) -> Theme {
        let dark = match self.theme {
            ThemeChoice::System => self.system_dark,
            ThemeChoice::Light => false,
            ThemeChoice::Dark => true,
        };
        if dark { Theme::Dark } else { Theme::Light }
    }

    /// The card of the chosen measure.
    #[must_use]
    pub fn card(&self) -> Option<&'static Card> {
        self.cards.iter().copied().find(|card| card.id == self.settings.measure)
    }

    /// Takes note of what happened at `now` milliseconds, and returns what is to be done about it.
    pub fn apply(&mut self, action: Action, now: f64) -> Vec<Effect> {
        let mut effects = self.react(action, now);
        effects.extend(self.promote());
        effects
    }

    fn react(&mut self, action: Action, now: f64) -> Vec<Effect> {
        match action {
            Action::CatalogueArrived(catalogue) => self.take_catalogue(catalogue),
            Action::DemoArrived(report) => self.take_demo(&report),
            Action::FilesChosen { files, purpose } => self.choose_files(files, purpose),
            Action::BundledNetworkChosen(index) => self.choose_bundled_network(index),
            Action::BundledProbeChosen(index) => self.choose_bundled_probe(index),
            Action::FileRemoved(id) => self.remove_file(id),
            Action::ArchitectureGiven { id, architecture } => self.describe_file(id, architecture),
            Action::PartChosen { id, part } => self.read_again(id, |reading| reading.part = Some(part.clone())),
            Action::AssumptionsGiven { id, choices } => {
                self.read_again(id, |reading| reading.choices.clone_from(&choices))
            }
            Action::AssumptionChanged { id, key, value } => self.read_again(id, |reading| {
                match value.trim() {
                    "" => reading.choices.remove(&key),
                    value => reading.choices.insert(key.clone(), value.to_owned()),
                };
            }),
            Action::Changed(change) => self.change(change, now),
            Action::ComparePressed => self.start_run(false, now),
            Action::CancelPressed => self.cancel_run(),
            Action::CancelOverdue(run) => self.give_up_on_run(run),
            Action::PairChosen(pair) => self.choose_pair(pair),
            Action::ScaleChosen(scale) => self.quietly(|state| state.scale = scale),
            Action::QuantityChosen(quantity) => self.quietly(|state| state.quantity = quantity),
            Action::ViewChosen(view) => self.quietly(|state| state.view = view),
            Action::CellPointed(cell) => self.quietly(|state| state.selection.pointed = cell),
            Action::CellPressed(row, column) => self.press_cell(row, column),
            Action::Stepped(step) => self.step(step),
            Action::FocusLeft => self.quietly(|state| state.selection.focused = false),
            Action::FocusEntered => self.enter_map(),
            Action::PinToggled => self.quietly(|state| state.selection.toggle_pin()),
            Action::Escaped => self.escape(),
            Action::ThemeChosen(theme) => self.choose_theme(theme),
            Action::SystemTheme { dark } => self.quietly(|state| state.system_dark = dark),
            Action::Dragging(dragging) => self.quietly(|state| state.dragging = dragging),
            Action::NoticeDismissed => self.quietly(|state| state.notice = None),
            Action::Told(event) => self.hear(event, now),
            Action::EngineLost(reason) => self.lose_engine(&reason),
            Action::WebgpuTried(tried) => self.end_trial(tried),
        }
    }

    fn quietly(&mut self, change: impl FnOnce(&mut Self)) -> Vec<Effect> {
        change(self);
        Vec::new()
    }

    fn choose_theme(&mut self, theme: ThemeChoice) -> Vec<Effect> {
        self.theme = theme;
        vec![Effect::RememberTheme(theme)]
    }

    /// Esc: lets go of the pinned cell; where none is pinned, cancels the run.
    fn escape(&mut self) -> Vec<Effect> {
        if self.selection.pinned.take().is_some() { Vec::new() } else { self.cancel_run() }
    }

    /// A request to the engine, where it can hear it; otherwise it is sent when the engine wakes.
    fn send(&self, request: Request) -> Vec<Effect> {
        if matches!(self.engine, EngineStatus::Loading) { Vec::new() } else { vec![Effect::Send(request)] }
    }
}

#[cfg(test)]
mod tests;
