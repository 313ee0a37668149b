//! The list of networks and activation files.

use leptos::prelude::*;
use wasm_bindgen::JsCast as _;
use web_sys::HtmlInputElement;

use super::page::Page;
use super::{architecture, browser};
use crate::format;
use crate::protocol::{FileId, InputSummary, Purpose, Remark};
use crate::state::{Action, EngineStatus, FileItem, FileStatus, letter};

/// A listed file with its letter, when it is an input.
#[derive(Clone, PartialEq)]
struct Listed {
    file: FileItem,
    letter: String,
    /// What the stored report says of it, until the engine has read it.
    stored: Option<String>,
}

pub(super) fn view(page: Page) -> AnyView {
    let ids = page.part(|state| {
        state.files.iter().filter(|file| file.purpose != Purpose::Probe).map(|file| file.id).collect::<Vec<_>>()
    });
    let bundled = page.part(|state| state.catalogue.networks.clone());
    view! {
        <h2>"Networks"</h2>
        <ul id="networks">
            <For each=move || ids.get() key=|id| *id let:id>
                {item(page, id)}
            </For>
        </ul>
        <div class="choosers">
            <label class="button">
                "Choose files"
                <input
                    type="file"
                    id="networks-input"
                    multiple
                    aria-label="Choose checkpoints or activation files"
                    on:change=move |event| choose(page, &event, Purpose::Input)
                />
            </label>
            <Show when=move || !bundled.get().is_empty()>
                <label>
                    <span class="unseen">"Add a bundled network"</span>
                    <select
                        id="networks-bundled"
                        on:change=move |event| {
                            if let Ok(index) = event_target_value(&event).parse() {
                                page.happened(Action::BundledNetworkChosen(index));
                            }
                            reset(&event);
                        }
                    >
                        <option value="">"Add bundled"</option>
                        {move || {
                            bundled
                                .get()
                                .into_iter()
                                .enumerate()
                                .map(|(index, file)| {
                                    let text = if file.note.is_empty() { file.name } else { format!("{} ({})", file.name, file.note) };
                                    view! { <option value=index.to_string() data-file=file.file>{text}</option> }
                                })
                                .collect_view()
                        }}
                    </select>
                </label>
            </Show>
        </div>
        <p class="hint">"Or drop checkpoints or activations anywhere. They stay on this computer."</p>
    }
    .into_any()
}

/// Hands the files of an input over and empties it, so that the same file can be chosen again.
pub(super) fn choose(page: Page, event: &leptos::ev::Event, purpose: Purpose) {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
    if let Some(files) = input.files() {
        let files = browser::chosen(&files);
        input.set_value("");
        page.happened(Action::FilesChosen { files, purpose });
    }
}

/// Puts a select that adds something back on its first option.
pub(super) fn reset(event: &leptos::ev::Event) {
    if let Some(select) = event.target().and_then(|target| target.dyn_into::<web_sys::HtmlSelectElement>().ok()) {
        select.set_selected_index(0);
    }
}

fn item(page: Page, id: FileId) -> AnyView {
    let listed = page.part(move |state| {
        let file = state.files.iter().find(|file| file.id == id)?.clone();
        let place = state.inputs().position(|(input, _)| input.id == id);
        let report = state.picture.as_ref().and_then(|picture| picture.report.as_ref());
        let stored =
            report.and_then(|report| report.inputs.iter().find(|input| input.file == file.name)).map(|input| {
                [input.architecture.clone(), input.parameters.map(format::parameters)]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" · ")
            });
        Some(Listed { file, letter: place.map(letter).unwrap_or_default(), stored })
    });
    let waiting = page.part(|state| !matches!(state.engine, EngineStatus::Ready(_)));
    let status = move || listed.get().map(|listed| listed.file.status);
    let name = move || listed.get().map(|listed| listed.file.name).unwrap_or_default();
    let word = move || match status() {
        Some(FileStatus::Reading { .. }) => "reading",
        Some(FileStatus::ArchitectureUnknown { .. }) => "architecture-unknown",
        Some(FileStatus::Refused { .. }) => "refused",
        _ => "loaded",
    };
    let body = move || match status()? {
        FileStatus::Reading { fraction } => {
            let stored = listed.get().and_then(|listed| listed.stored);
            Some(reading(stored, fraction, waiting.get()))
        }
        FileStatus::Input(summary) => Some(loaded(summary)),
        FileStatus::ArchitectureUnknown { reason } => Some(architecture::form(page, id, reason)),
        FileStatus::Refused { reason } => Some(view! { <p class="message" role="alert">{reason}</p> }.into_any()),
        FileStatus::Probe(_) => None,
    };
    view! {
        <li data-file=name data-status=word>
            <span class="letter" aria-hidden="true">{move || listed.get().map(|listed| listed.letter)}</span>
            <div class="file">
                <p class="name" title=name>{name}</p>
                {body}
            </div>
            <button type="button" class="plain remove" aria-label=move || format!("Remove {}", name()) on:click=move |_| page.happened(Action::FileRemoved(id))>
                "×"
            </button>
        </li>
    }
    .into_any()
}

/// A file that is being read; of a bundled one it is already known what it is.
pub(super) fn reading(stored: Option<String>, fraction: f64, waiting: bool) -> AnyView {
    let text = if waiting { "Waits for the engine".to_owned() } else { format!("Reading, {:.0} %", fraction * 100.0) };
    view! {
        <p class="fact">{stored.unwrap_or(text)}</p>
        <progress aria-label="Reading" max="1" prop:value=fraction></progress>
    }
    .into_any()
}

fn loaded(summary: InputSummary) -> AnyView {
    let facts = [Some(summary.description), summary.parameters.map(format::parameters)];
    let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
    let attention = summary.report.iter().filter(|remark| remark.attention).count();
    let title = match attention {
        0 => "Load report".to_owned(),
        1 => "Load report: 1 remark".to_owned(),
        count => format!("Load report: {count} remarks"),
    };
    let lines = summary
        .report
        .into_iter()
        .map(|Remark { attention, text }| view! { <li class:attention=attention>{text}</li> })
        .collect_view();
    view! {
        <p class="fact" title="Architecture and number of parameters">{facts}</p>
        <details class="load-report" prop:open={attention > 0}>
            <summary>{title}</summary>
            <ul>
                {lines}
                <li>{format!("Container: {}", summary.container)}</li>
                {summary.expects.map(|expects| view! { <li>{format!("Takes {expects}")}</li> })}
                {summary.normalisation.map(|normalisation| view! { <li>{format!("Normalisation in its metadata: {}", normalisation.name)}</li> })}
            </ul>
        </details>
    }
    .into_any()
}
