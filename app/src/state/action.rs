//! What can happen, and what the page does about it.

use repgeo_core::activation::RowPolicy;
use repgeo_core::data::Subset;
use repgeo_core::figure::Scale;
use repgeo_core::model::Choices;

use crate::catalogue::Catalogue;
use crate::protocol::{
    EngineChoice, EngineReport, Event, FileId, NormalisationChoice, Preparation, Purpose, Request, RunId, WorkerKind,
};

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Action {
    /// The list of what is bundled was read.
    CatalogueArrived(Catalogue),
    /// The stored report of the bundled comparison was read.
    DemoArrived(String),
    /// Files were chosen or dropped.
    FilesChosen {
        /// The files.
        files: Vec<ChosenFile>,
        /// What they were chosen as.
        purpose: Purpose,
    },
    /// A bundled network was chosen, by its place in the catalogue.
    BundledNetworkChosen(usize),
    /// A bundled probe set was chosen, by its place in the catalogue.
    BundledProbeChosen(usize),
    /// A file is no longer wanted.
    FileRemoved(FileId),
    /// The user said what a checkpoint is.
    ArchitectureGiven {
        /// The checkpoint.
        id: FileId,
        /// Its architecture, in JSON.
        architecture: String,
    },
    /// Another of the networks in a file is to be compared.
    PartChosen {
        /// The file.
        id: FileId,
        /// The network, as the file's load report names it.
        part: String,
    },
    /// Something that a file's tensors leave open is otherwise than was assumed.
    AssumptionChanged {
        /// The file.
        id: FileId,
        /// What, such as `activation`.
        key: String,
        /// How it is, such as `gelu`; nothing where it is to be assumed again.
        value: String,
    },
    /// What a file's tensors leave open was said, as on the command line: `KEY=VALUE`, several separated by commas.
    AssumptionsGiven {
        /// The file.
        id: FileId,
        /// All that is said.
        choices: Choices,
    },
    /// A setting was changed.
    Changed(Change),
    /// Compare was pressed.
    ComparePressed,
    /// Cancel was pressed.
    CancelPressed,
    /// The engine had the time that it has to stop.
    CancelOverdue(RunId),
    /// Another pair of inputs is to be shown.
    PairChosen(usize),
    /// Another colour scale is to be used.
    ScaleChosen(Scale),
    /// The values or their calibrated scores are to be shown.
    QuantityChosen(Quantity),
    /// The map or the table is to be shown.
    ViewChosen(View),
    /// The pointer is over a cell, or over none.
    CellPointed(Option<(usize, usize)>),
    /// A cell was clicked or tapped.
    CellPressed(usize, usize),
    /// A key moved the focus in the map.
    Stepped(Step),
    /// The map has the keyboard.
    FocusEntered,
    /// The map has lost the keyboard.
    FocusLeft,
    /// Enter was pressed in the map.
    PinToggled,
    /// Esc was pressed.
    Escaped,
    /// Light, dark, or as the system.
    ThemeChosen(ThemeChoice),
    /// The system changed between light and dark.
    SystemTheme {
        /// Whether it asks for dark.
        dark: bool,
    },
    /// Files are dragged over the window, or no longer.
    Dragging(bool),
    /// The notice was read.
    NoticeDismissed,
    /// The engine said something.
    Told(Event),
    /// The engine's worker failed.
    EngineLost(String),
    /// The worker with WebGPU, which was started beside the other, says what is the faster one, or could not.
    WebgpuTried(Result<EngineReport, String>),
}

/// A file that was chosen or dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenFile {
    /// The file name.
    pub name: String,
    /// A `blob:` URL of it, released by [`Effect::Release`].
    pub url: String,
}

/// A changed setting.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// How many images; [`None`] when what was typed is no number.
    Samples(Option<usize>),
    /// Which images.
    Subset(Subset),
    /// What is done to images as they are read.
    Preparation(Preparation),
    /// How pixels are normalised.
    Normalisation(NormalisationChoice),
    /// The measure.
    Measure(String),
    /// Whether the other measures are computed too.
    AllMeasures(bool),
    /// Whether what chance makes of the map is computed too.
    NoiseFloor(bool),
    /// From how many random orders of the samples; [`None`] when what was typed is no number.
    Orders(Option<usize>),
    /// Whether intervals are computed too.
    Intervals(bool),
    /// From how many bootstrap samples; [`None`] when what was typed is no number.
    Resamples(Option<usize>),
    /// How a feature map becomes a row.
    RowPolicy(RowPolicy),
    /// The device.
    Engine(EngineChoice),
}

/// A movement of the focus in the map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To the row above.
    Up,
    /// To the row below.
    Down,
    /// To the column before.
    Left,
    /// To the column after.
    Right,
    /// To the first column.
    RowStart,
    /// To the last column.
    RowEnd,
    /// To the first cell.
    First,
    /// To the last cell.
    Last,
}

/// How the result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// As a map.
    #[default]
    Map,
    /// As a table.
    Table,
}

/// What is shown of a pair of layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Quantity {
    /// The value of the measure.
    #[default]
    Value,
    /// The calibrated score, where it is known; see [`repgeo_core::inference`].
    Score,
}

/// What the user wants of light and dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThemeChoice {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl ThemeChoice {
    /// The word by which it is remembered and marked on the page.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The choice of a remembered word.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// Something that the page has to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a request to the engine.
    Send(Request),
    /// Read a bundled text file, by its path in the static folder, and answer with [`Action::DemoArrived`].
    FetchDemo(String),
    /// End the worker and start one of this kind.
    Respawn(WorkerKind),
    /// Start the worker with WebGPU beside the other, and answer with [`Action::WebgpuTried`].
    TryWebgpu,
    /// End the worker that was tried.
    EndTrial,
    /// Put the worker that was tried in the other's place.
    Promote,
    /// A `blob:` URL is no longer needed.
    Release(String),
    /// Answer with [`Action::CancelOverdue`] when the engine has had its time to stop.
    WatchCancel(RunId),
    /// Say this to screen readers.
    Announce(String),
    /// Remember the theme.
    RememberTheme(ThemeChoice),
}
