//! The list of networks and activation files.

use leptos::prelude::*;
use repgeo_core::model::Assumption;

use super::architecture;
use super::chooser::{self, Bundled, Chooser};
use super::page::Page;
use super::readings;
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

const CHOOSER: Chooser = Chooser {
    id: "networks",
    purpose: Purpose::Input,
    button: "Choose files",
    label: "Choose checkpoints or activation files",
    bundled: "Add bundled",
    bundled_label: "Add a bundled network",
    chosen: Action::BundledNetworkChosen,
};

pub(super) fn view(page: Page) -> AnyView {
    let ids = page.part(|state| {
        state.files.iter().filter(|file| file.purpose != Purpose::Probe).map(|file| file.id).collect::<Vec<_>>()
    });
    let bundled = page.part(|state| {
        let networks = state.catalogue.networks.iter();
        networks
            .map(|network| {
                let note = if network.note.is_empty() { String::new() } else { format!(" ({})", network.note) };
                Bundled { text: format!("{}{note}", network.name), file: Some(network.file.clone()) }
            })
            .collect()
    });
    view! {
        <h2>"Networks"</h2>
        <ul id="networks">
            <For each=move || ids.get() key=|id| *id let:id>
                {item(page, id)}
            </For>
        </ul>
        {chooser::view(page, CHOOSER, bundled)}
        <p class="hint">"Or drop checkpoints or activations anywhere. They stay on this computer."</p>
    }
    .into_any()
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
        Some(Listed { file, letter: place.map_or_else(String::new, letter), stored })
    });
    let waiting = page.part(|state| !matches!(state.engine, EngineStatus::Ready(_)));
    let status = move || listed.get().map(|listed| listed.file.status);
    let name = move || listed.get().map(|listed| listed.file.name);
    let label = move || listed.get().map(|listed| listed.file.label().to_owned());
    let remove = move || label().map(|label| format!("Remove {label}"));
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
        FileStatus::Input(summary) => Some(loaded(page, id, summary)),
        FileStatus::ArchitectureUnknown { reason } => Some(architecture::form(page, id, reason)),
        FileStatus::Refused { reason } => Some(view! { <p class="message" role="alert">{reason}</p> }.into_any()),
        FileStatus::Probe(_) => None,
    };
    view! {
        <li data-file=name data-status=word>
            <span class="letter" aria-hidden="true">{move || listed.get().map(|listed| listed.letter)}</span>
            <div class="file">
                <p class="name" title=name>{label}</p>
                {body}
            </div>
            <button type="button" class="plain remove" aria-label=remove on:click=move |_| page.happened(Action::FileRemoved(id))>
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

fn loaded(page: Page, id: FileId, summary: InputSummary) -> AnyView {
    let part = parts(page, id, &summary);
    let open = assumptions(page, id, &summary.assumptions);
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
        {part}
        {open}
        {readings::view(page, id)}
        <details class="load-report" prop:open={attention > 0}>
            <summary>{title}</summary>
            <ul>
                {lines}
                <li>{format!("Container: {}", summary.container)}</li>
                {summary.expects.map(|expects| view! { <li>{format!("Takes {expects}")}</li> })}
                {summary.normalisation.map(|normalisation| view! { <li>{format!("Normalises by {}", normalisation.name)}</li> })}
            </ul>
        </details>
    }
    .into_any()
}

/// Which of several networks in a file is compared.
fn parts(page: Page, id: FileId, summary: &InputSummary) -> Option<AnyView> {
    let part = summary.part.clone().filter(|_| !summary.others.is_empty())?;
    let mut all: Vec<String> = summary.others.iter().cloned().chain([part.clone()]).collect();
    // The same order whichever is chosen.
    all.sort();
    let options = all
        .into_iter()
        .map(|name| {
            let (value, chosen) = (name.clone(), name == part);
            let text = name.trim_end_matches('.').to_owned();
            view! { <option value=value prop:selected=chosen>{text}</option> }
        })
        .collect_view();
    let choose = move |event| page.happened(Action::PartChosen { id, part: event_target_value(&event) });
    Some(
        view! {
            <label class="part">
                "Part "
                <select on:change=choose>{options}</select>
            </label>
        }
        .into_any(),
    )
}

/// What a file's tensors leave open: what was taken, to be changed.
fn assumptions(page: Page, id: FileId, assumptions: &[Assumption]) -> Option<AnyView> {
    if assumptions.is_empty() {
        return None;
    }
    let fields = assumptions.iter().enumerate().map(|(place, assumption)| {
        let Assumption { key, value, usual, sentence } = assumption.clone();
        let (list, changed) = (format!("usual-{id}-{place}"), key.clone());
        let change = move |event| {
            page.happened(Action::AssumptionChanged { id, key: changed.clone(), value: event_target_value(&event) });
        };
        let options = usual.into_iter().map(|value| view! { <option value=value></option> }).collect_view();
        view! {
            <label title=sentence>
                <span>{key.clone()}</span>
                <input data-assumption=key list=list.clone() prop:value=value spellcheck="false" on:change=change />
                <datalist id=list>{options}</datalist>
            </label>
        }
    });
    Some(
        view! {
            <details class="assumptions">
                <summary>"Assumptions"</summary>
                <p class="fact">"Its tensors do not tell these. Change what was taken, or leave a field empty to have it assumed."</p>
                {fields.collect_view()}
            </details>
        }
        .into_any(),
    )
}
