//! The page as a whole: header, three columns, status line.

use leptos::prelude::*;

use super::page::Page;
use super::{cell, drop, keys, measure, networks, probe, result};
use crate::format;
use crate::protocol::EngineReport;
use crate::state::{Action, EngineStatus, Origin, RunPhase, State, ThemeChoice};
use repgeo_core::supervise::Stage;

pub(super) fn view(page: Page) -> AnyView {
    drop::listen(page);
    keys::listen(page);
    let drawn = page.part(|state| state.picture.is_some() || state.run.is_some());
    view! {
        {header(page)}
        <main class:drawn=move || drawn.get()>
            <section class="setup" aria-label="What is compared">
                {networks::view(page)}
                {probe::view(page)}
                {measure::view(page)}
            </section>
            {measure::action(page)}
            <section class="result" id="result" aria-label="Layer map">
                {notice(page)}
                {result::view(page)}
            </section>
            <section class="detail" aria-label="Cell and diagonal">
                {cell::view(page)}
                {cell::diagonal(page)}
            </section>
        </main>
        {status(page)}
        {drop::overlay(page)}
        {keys::dialog()}
    }
    .into_any()
}

fn header(page: Page) -> AnyView {
    view! {
        <header>
            <h1>"RepGeo"</h1>
            <p class="question">"Do these networks represent the world alike?"</p>
            {engine(page)}
            {theme(page)}
            <button type="button" id="help" class="plain" aria-label="Keys" title="Keys" on:click=move |_| keys::open()>"?"</button>
        </header>
    }
    .into_any()
}

/// Which engine computes, and on demand why.
fn engine(page: Page) -> AnyView {
    let status = page.part(|state| state.engine.clone());
    let name = move || match status.get() {
        EngineStatus::Loading => "loading".to_owned(),
        EngineStatus::Starting => "being chosen".to_owned(),
        EngineStatus::Ready(EngineReport { name, .. }) => format!("{name} · why?"),
        EngineStatus::Gone { .. } => "none".to_owned(),
    };
    let reason = move || match status.get() {
        EngineStatus::Loading => "Its code is being loaded; everything else can be used meanwhile.".to_owned(),
        EngineStatus::Starting => "It looks for WebGPU and, where that may be of use, times it.".to_owned(),
        EngineStatus::Ready(EngineReport { reason, .. }) => reason,
        EngineStatus::Gone { reason } => reason,
    };
    let id = move || match status.get() {
        EngineStatus::Ready(EngineReport { id, .. }) => id,
        _ => String::new(),
    };
    view! {
        <details class="engine" id="engine-status" data-engine-id=id>
            <summary>
                <span class="prefix">"Engine: "</span>
                {name}
            </summary>
            <p id="engine-reason">{reason}</p>
        </details>
    }
    .into_any()
}

fn theme(page: Page) -> AnyView {
    let chosen = page.part(|state| state.theme);
    view! {
        <label class="theme">
            <span class="unseen">"Colours"</span>
            <select
                id="theme"
                prop:value=move || chosen.get().word()
                on:change=move |event| page.happened(Action::ThemeChosen(ThemeChoice::of(&event_target_value(&event))))
            >
                <option value="system">"System colours"</option>
                <option value="light">"Light"</option>
                <option value="dark">"Dark"</option>
            </select>
        </label>
    }
    .into_any()
}

fn notice(page: Page) -> AnyView {
    let notice = page.part(|state| state.notice.clone());
    view! {
        <div role="status" class="notice-place">
            {move || {
                notice
                    .get()
                    .map(|text| {
                        view! {
                            <p id="notice">
                                <span>{text}</span>
                                <button type="button" class="plain" aria-label="Dismiss" on:click=move |_| page.happened(Action::NoticeDismissed)>
                                    "×"
                                </button>
                            </p>
                        }
                    })
            }}
        </div>
    }
    .into_any()
}

fn status(page: Page) -> AnyView {
    let text = page.part(status_text);
    let fraction =
        page.part(|state| state.run.as_ref().and_then(|run| run.progress.as_ref()).map(|progress| progress.fraction));
    let running = page.part(|state| state.run.is_some());
    view! {
        <footer>
            <progress
                aria-label="Comparison"
                max="1"
                class:idle=move || !running.get()
                prop:value=move || fraction.get().unwrap_or(0.0)
            ></progress>
            <p id="status">{text}</p>
            <p id="privacy" title="No file and no result is sent anywhere: the page asks no other host for anything.">
                "Nothing has left this tab"
            </p>
            <p class="unseen" aria-live="polite">{page.announcement}</p>
        </footer>
    }
    .into_any()
}

/// Stage, layer and time left; between runs, what was done last.
fn status_text(state: &State) -> String {
    let Some(run) = &state.run else {
        return match (&state.outcome, &state.engine) {
            (Some(outcome), _) => outcome.clone(),
            (None, EngineStatus::Loading) => "Loading the engine".to_owned(),
            (None, EngineStatus::Starting) => "Choosing the engine".to_owned(),
            (None, EngineStatus::Ready(_)) => "Ready".to_owned(),
            (None, EngineStatus::Gone { reason }) => format!("No engine: {reason}"),
        };
    };
    if run.phase == RunPhase::Cancelling {
        return "Cancelling".to_owned();
    }
    let mut parts = Vec::new();
    if matches!(state.picture.as_ref().map(|picture| &picture.origin), Some(Origin::Stored { .. })) {
        parts.push("Computing the shown comparison anew".to_owned());
    }
    match &run.progress {
        None => parts.push("Starting".to_owned()),
        Some(progress) => {
            let stage = match progress.stage {
                Stage::Read => "Reading",
                Stage::Forward => "Running",
                Stage::Prepare => "Preparing",
                Stage::Compare => "Comparing",
                Stage::Null => "Comparing samples in random order",
                Stage::Bootstrap => "Comparing samples drawn anew",
            };
            parts.push(if progress.network.is_empty() {
                stage.to_owned()
            } else {
                format!("{stage} {}", progress.network)
            });
            if !progress.layer.is_empty() {
                parts.push(progress.layer.clone());
            }
        }
    }
    if let Some(left) = run.seconds_left.map(format::time_left).filter(|left| !left.is_empty()) {
        parts.push(left);
    }
    parts.join(" · ")
}
