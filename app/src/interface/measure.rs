//! The measure with its card, the less common settings, and the button.

use leptos::prelude::*;
use repgeo_core::activation::RowPolicy;
use repgeo_core::similarity::Card;

use super::browser;
use super::page::Page;
use crate::protocol::EngineChoice;
use crate::state::{Action, Change, RunPhase, found};

pub(super) fn view(page: Page) -> AnyView {
    let cards = page.peek(|state| state.cards.clone());
    let chosen = page.part(|state| state.settings.measure.clone());
    let card = page.part(|state| state.card());
    let wanted = RwSignal::new(String::new());
    let listed = move || {
        let chosen = chosen.get();
        options(&wanted.with(|words| found(&cards, words, &chosen)), &chosen)
    };
    view! {
        <h2 id="measure-title">"Measure"</h2>
        <input
            type="search"
            id="measure-search"
            placeholder="Find a measure"
            aria-label="Find a measure"
            on:input=move |event| wanted.set(event_target_value(&event))
        />
        <select
            id="measure"
            aria-labelledby="measure-title"
            on:change=move |event| page.happened(Action::Changed(Change::Measure(event_target_value(&event))))
        >
            {listed}
        </select>
        {move || card.get().map(describe)}
        {more(page)}
    }
    .into_any()
}

/// The measures in groups, as they are listed.
fn options(cards: &[&'static Card], chosen: &str) -> AnyView {
    let option =
        |card: &&'static Card| view! { <option value=card.id prop:selected=card.id == chosen>{card.name}</option> };
    let group = |cards: &[&'static Card]| {
        let options = cards.iter().map(option).collect_view();
        view! { <optgroup label=cards[0].family.title()>{options}</optgroup> }
    };
    cards.chunk_by(|a, b| a.family == b.family).map(group).collect_view().into_any()
}

/// What the measure says of itself.
fn describe(card: &'static Card) -> AnyView {
    let rows = card.facts().into_iter().map(|(term, text)| view! { <dt>{term}</dt><dd>{text}</dd> }).collect_view();
    view! {
        <p class="hint" id="measure-summary">{card.summary}</p>
        <details id="measure-card">
            <summary>"About this measure"</summary>
            <dl>{rows}</dl>
        </details>
    }
    .into_any()
}

fn more(page: Page) -> AnyView {
    let all = page.part(|state| state.settings.all_measures);
    let engine = page.part(|state| state.settings.engine);
    view! {
        <details id="more-settings">
            <summary>"More settings"</summary>
            <div class="fields">
                {row_policy(page)}
                <label for="engine">"Engine"</label>
                <select
                    id="engine"
                    prop:value=move || match engine.get() {
                        EngineChoice::Automatic => "automatic",
                        EngineChoice::Cpu => "cpu",
                        EngineChoice::Webgpu => "webgpu",
                    }
                    on:change=move |event| {
                        let engine = match event_target_value(&event).as_str() {
                            "cpu" => EngineChoice::Cpu,
                            "webgpu" => EngineChoice::Webgpu,
                            _ => EngineChoice::Automatic,
                        };
                        page.happened(Action::Changed(Change::Engine(engine)));
                    }
                >
                    <option value="automatic">"The faster one"</option>
                    <option value="webgpu">"WebGPU"</option>
                    <option value="cpu">"CPU"</option>
                </select>
            </div>
            <label class="check">
                <input
                    type="checkbox"
                    id="all-measures"
                    prop:checked=move || all.get()
                    on:change=move |event| page.happened(Action::Changed(Change::AllMeasures(event_target_checked(&event))))
                />
                "Compute the other measures too"
            </label>
            {noise_floor(page)}
            {intervals(page)}
        </details>
    }
    .into_any()
}

/// Whether what chance makes of the map is computed too, and from how many random orders.
fn noise_floor(page: Page) -> AnyView {
    let wanted = page.part(|state| state.settings.noise_floor);
    let orders = page.part(|state| state.settings.orders);
    view! {
        <label class="check">
            <input
                type="checkbox"
                id="noise-floor"
                prop:checked=move || wanted.get()
                on:change=move |event| page.happened(Action::Changed(Change::NoiseFloor(event_target_checked(&event))))
            />
            "Compute the noise floor: what chance makes of the map"
        </label>
        <Show when=move || wanted.get()>
            <div class="fields">
                <label for="orders">"Random orders of the samples"</label>
                <input
                    type="number"
                    id="orders"
                    min="19"
                    prop:value=move || orders.get().map(|orders| orders.to_string())
                    on:change=move |event| page.happened(Action::Changed(Change::Orders(event_target_value(&event).trim().parse().ok())))
                />
            </div>
        </Show>
    }
    .into_any()
}

/// Whether intervals are computed too, and from how many bootstrap samples.
fn intervals(page: Page) -> AnyView {
    let wanted = page.part(|state| state.settings.intervals);
    let resamples = page.part(|state| state.settings.resamples);
    view! {
        <label class="check">
            <input
                type="checkbox"
                id="intervals"
                prop:checked=move || wanted.get()
                on:change=move |event| page.happened(Action::Changed(Change::Intervals(event_target_checked(&event))))
            />
            "Compute intervals: how much other samples would change the map"
        </label>
        <Show when=move || wanted.get()>
            <div class="fields">
                <label for="resamples">"Bootstrap samples"</label>
                <input
                    type="number"
                    id="resamples"
                    min="199"
                    prop:value=move || resamples.get().map(|resamples| resamples.to_string())
                    on:change=move |event| {
                        page.happened(Action::Changed(Change::Resamples(event_target_value(&event).trim().parse().ok())))
                    }
                />
            </div>
        </Show>
    }
    .into_any()
}

fn row_policy(page: Page) -> AnyView {
    let policy = page.part(|state| state.settings.row_policy);
    let set = move |policy| page.happened(Action::Changed(Change::RowPolicy(policy)));
    view! {
        <label for="row-policy">"Feature maps"</label>
        <select
            id="row-policy"
            prop:value=move || match policy.get() {
                RowPolicy::Flatten => "flatten",
                RowPolicy::AveragePool => "average-pool",
                RowPolicy::PositionsAsSamples => "positions-as-samples",
                RowPolicy::Units { .. } => "units",
            }
            on:change=move |event| set(match event_target_value(&event).as_str() {
                "average-pool" => RowPolicy::AveragePool,
                "positions-as-samples" => RowPolicy::PositionsAsSamples,
                "units" => RowPolicy::Units { count: 1024, seed: 0 },
                _ => RowPolicy::Flatten,
            })
        >
            <option value="flatten">"All values"</option>
            <option value="average-pool">"Mean of each channel"</option>
            <option value="positions-as-samples">"Positions as samples"</option>
            <option value="units">"Some units"</option>
        </select>
        {move || {
            let RowPolicy::Units { count, seed } = policy.get() else { return ().into_any() };
            view! {
                <label for="units-count">"Units"</label>
                <input
                    type="number"
                    id="units-count"
                    min="1"
                    prop:value=count.to_string()
                    on:change=move |event| set(RowPolicy::Units { count: event_target_value(&event).parse().unwrap_or(count).max(1), seed })
                />
                <label for="units-seed">"Seed"</label>
                <input
                    type="number"
                    id="units-seed"
                    min="0"
                    prop:value=seed.to_string()
                    on:change=move |event| set(RowPolicy::Units { count, seed: event_target_value(&event).parse().unwrap_or(seed) })
                />
            }
            .into_any()
        }}
    }
    .into_any()
}

/// The one button: Compare, or Cancel while a comparison runs.
pub(super) fn action(page: Page) -> AnyView {
    let phase = page.part(|state| state.run.as_ref().map(|run| run.phase));
    let obstacle = page.part(|state| if state.run.is_some() { None } else { state.obstacle() });
    let id = move || if phase.get().is_some() { "cancel" } else { "compare" };
    let text = move || match phase.get() {
        None => "Compare",
        Some(RunPhase::Running) => "Cancel",
        Some(RunPhase::Cancelling) => "Cancelling",
    };
    let press = move |_| {
        if phase.get_untracked().is_some() {
            return page.happened(Action::CancelPressed);
        }
        page.happened(Action::ComparePressed);
        // In the next frame the picture has its place, on a telephone before the settings.
        request_animation_frame(|| browser::show("result"));
    };
    view! {
        <div class="action">
            <p id="obstacle">{move || obstacle.get()}</p>
            <button
                type="button"
                class="primary"
                id=id
                aria-describedby="obstacle"
                disabled=move || obstacle.get().is_some() || phase.get() == Some(RunPhase::Cancelling)
                on:click=press
            >
                {text}
            </button>
        </div>
    }
    .into_any()
}
