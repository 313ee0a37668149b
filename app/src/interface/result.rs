//! The middle column: the map or the table, what it says, and the exports.

use leptos::prelude::*;
use repgeo_core::figure::Scale;

use super::page::Page;
use super::{exports, map, table};
use crate::state::{Action, Quantity, View};

pub(super) fn view(page: Page) -> AnyView {
    let shown = page.part(|state| state.view);
    let empty = page.part(|state| state.picture.is_none());
    let sentence = page.part(|state| state.sentence());
    let stale = page.part(|state| state.is_stale());
    view! {
        <div class="bar">
            <h2>{page.part(|state| state.map_title())}</h2>
            {pair(page)}
            {quantity(page)}
            {scale(page)}
            {views(page)}
        </div>
        <div class="picture" class:empty=move || empty.get()>
            {move || match (empty.get(), shown.get()) {
                (true, _) => waiting(page),
                (false, View::Map) => map::view(page),
                (false, View::Table) => table::view(page),
            }}
        </div>
        <Show when=move || !empty.get() && shown.get() == View::Map>{map::readout(page)}</Show>
        <p id="sentence">{sentence}</p>
        <Show when=move || stale.get()>
            <p class="hint">"Networks or settings have changed since this map was computed; press Compare to compute it anew."</p>
        </Show>
        {remarks(page)}
        {exports::view(page)}
    }
    .into_any()
}

/// What the report says of how it was computed: what matters most at once, the rest on demand.
fn remarks(page: Page) -> AnyView {
    let remarks = page.part(|state| state.remarks());
    let first = move || items(remarks.get().first);
    let rest = move || items(remarks.get().rest);
    let more = move || match remarks.with(|remarks| remarks.rest.len()) {
        1 => "1 more remark".to_owned(),
        count => format!("{count} more remarks"),
    };
    view! {
        <Show when=move || remarks.with(|remarks| !remarks.first.is_empty())>
            <section id="remarks" aria-label="Remarks on how this was computed">
                <ul class="warnings">{first}</ul>
                <Show when=move || remarks.with(|remarks| !remarks.rest.is_empty())>
                    <details>
                        <summary>{more}</summary>
                        <ul class="warnings">{rest}</ul>
                    </details>
                </Show>
            </section>
        </Show>
    }
    .into_any()
}

fn items(remarks: Vec<String>) -> AnyView {
    remarks.into_iter().map(|remark| view! { <li>{remark}</li> }).collect_view().into_any()
}

/// What is said where the map will be.
fn waiting(page: Page) -> AnyView {
    let text = page.part(|state| {
        if state.run.is_some() {
            "The map appears when the first layers are known.".to_owned()
        } else {
            state.obstacle().unwrap_or_else(|| "Press Compare to draw the map.".to_owned())
        }
    });
    view! { <p class="waiting">{text}</p> }.into_any()
}

/// Which two of more than two are shown.
fn pair(page: Page) -> AnyView {
    let pairs = page.part(|state| state.picture.as_ref().map_or_else(Vec::new, |picture| picture.pair_names()));
    let chosen = page.part(|state| state.picture.as_ref().map(|picture| picture.pair));
    view! {
        {move || {
            let names = pairs.get();
            if names.len() < 2 {
                return ().into_any();
            }
            let options = names.into_iter().enumerate().map(|(index, name)| view! { <option value=index.to_string()>{name}</option> }).collect_view();
            view! {
                <label>
                    <span class="unseen">"Networks in rows and columns"</span>
                    <select
                        id="pair"
                        prop:value=move || chosen.get().map(|pair| pair.to_string())
                        on:change=move |event| {
                            if let Ok(pair) = event_target_value(&event).parse() {
                                page.happened(Action::PairChosen(pair));
                            }
                        }
                    >
                        {options}
                    </select>
                </label>
            }
            .into_any()
        }}
    }
    .into_any()
}

/// Values or calibrated scores, where there are some.
fn quantity(page: Page) -> AnyView {
    let known = page.part(|state| state.knows_chance());
    let quantity = page.part(|state| state.quantity);
    view! {
        <Show when=move || known.get()>
            <label>
                <span class="unseen">"Shown quantity"</span>
                <select
                    id="quantity"
                    prop:value=move || if quantity.get() == Quantity::Score { "score" } else { "value" }
                    on:change=move |event| {
                        page.happened(Action::QuantityChosen(if event_target_value(&event) == "score" { Quantity::Score } else { Quantity::Value }));
                    }
                >
                    <option value="value">"Value"</option>
                    <option value="score">"Calibrated score"</option>
                </select>
            </label>
        </Show>
    }
    .into_any()
}

fn scale(page: Page) -> AnyView {
    let scale = page.part(|state| state.scale);
    view! {
        <label>
            <span class="unseen">"Colour scale"</span>
            <select
                id="scale"
                prop:value=move || if scale.get() == Scale::Fixed { "fixed" } else { "fit-to-data" }
                on:change=move |event| {
                    page.happened(Action::ScaleChosen(if event_target_value(&event) == "fixed" { Scale::Fixed } else { Scale::FitToData }));
                }
            >
                <option value="fixed">"Fixed scale"</option>
                <option value="fit-to-data">"Scale fitted to data"</option>
            </select>
        </label>
    }
    .into_any()
}

fn views(page: Page) -> AnyView {
    let shown = page.part(|state| state.view);
    let button = move |id: &'static str, view: View, text: &'static str| {
        view! {
            <button
                type="button"
                id=id
                aria-pressed=move || if shown.get() == view { "true" } else { "false" }
                on:click=move |_| page.happened(Action::ViewChosen(view))
            >
                {text}
            </button>
        }
    };
    view! {
        <div class="segments" role="group" aria-label="Shown as">
            {button("view-map", View::Map, "Map")}
            {button("view-table", View::Table, "Table")}
        </div>
    }
    .into_any()
}
