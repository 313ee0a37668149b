//! The map: a picture that the pointer and the keyboard read.

use leptos::ev;
use leptos::html;
use leptos::prelude::*;
use repgeo_core::figure::{Heatmap, Rect};

use super::figure;
use super::page::Page;
use crate::state::{Action, State, Step, reading};

pub(super) fn view(page: Page) -> AnyView {
    let canvas = NodeRef::<html::Canvas>::new();
    let figure = figure::keep(page, canvas, heatmap, Heatmap::draw_on_canvas);
    let layout = Memo::new(move |_| figure.with(|figure| figure.as_ref().map(Heatmap::layout)));
    let under = move |event: &ev::PointerEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        layout.with_untracked(|layout| layout.as_ref().and_then(|layout| layout.cell_at(x, y)))
    };
    let point = move |event: ev::PointerEvent| {
        let cell = under(&event);
        if page.peek(|state| state.selection.pointed != cell) {
            page.happened(Action::CellPointed(cell));
        }
    };
    let press = move |event: ev::PointerEvent| {
        if let Some((row, column)) = under(&event) {
            page.happened(Action::CellPressed(row, column));
        }
    };
    let selection = page.part(|state| state.selection);
    let place = move |cell: Option<(usize, usize)>| {
        let (row, column) = cell?;
        layout.with(|layout| layout.as_ref()?.cell(row, column))
    };
    let label = page.part(|state| match state.picture.as_ref().and_then(|picture| picture.map()) {
        Some(map) => format!(
            "{}: {} layers of {} in rows, {} layers of {} in columns. Arrow keys move.",
            map.measure,
            map.rows.len(),
            map.a,
            map.columns.len(),
            map.b
        ),
        None => "No map yet".to_owned(),
    });
    view! {
        <div
            id="map"
            role="application"
            aria-roledescription="layer map"
            tabindex="0"
            aria-label=label
            aria-describedby="sentence"
            on:pointermove=point
            on:pointerleave=move |_| page.happened(Action::CellPointed(None))
            on:pointerup=press
            on:focus=move |_| page.happened(Action::FocusEntered)
            on:blur=move |_| page.happened(Action::FocusLeft)
            on:keydown=move |event| key(page, &event)
        >
            <canvas node_ref=canvas aria-hidden="true"></canvas>
            {mark("pin", Signal::derive(move || place(selection.get().pinned)))}
            {mark("cursor", Signal::derive(move || {
                let selection = selection.get();
                place(selection.pointed.or(selection.cursor.filter(|_| selection.focused)))
            }))}
        </div>
    }
    .into_any()
}

/// A frame around a cell.
fn mark(class: &'static str, place: Signal<Option<Rect>>) -> AnyView {
    let pixels = move |of: fn(Rect) -> f64| move || place.get().map(|rect| format!("{:.1}px", of(rect)));
    view! {
        <div
            class=class
            hidden=move || place.get().is_none()
            style:left=pixels(|rect| rect.x)
            style:top=pixels(|rect| rect.y)
            style:width=pixels(|rect| rect.width)
            style:height=pixels(|rect| rect.height)
        ></div>
    }
    .into_any()
}

fn key(page: Page, event: &ev::KeyboardEvent) {
    if event.meta_key() || event.alt_key() {
        return;
    }
    let step = |step| Some(Action::Stepped(step));
    let action = match (event.key().as_str(), event.ctrl_key()) {
        ("ArrowUp", false) => step(Step::Up),
        ("ArrowDown", false) => step(Step::Down),
        ("ArrowLeft", false) => step(Step::Left),
        ("ArrowRight", false) => step(Step::Right),
        ("Home", false) => step(Step::RowStart),
        ("End", false) => step(Step::RowEnd),
        ("Home", true) => step(Step::First),
        ("End", true) => step(Step::Last),
        ("Enter" | " ", false) => Some(Action::PinToggled),
        _ => None,
    };
    if let Some(action) = action {
        event.prevent_default();
        page.happened(action);
    }
}

/// The figure of the shown map, its inputs under letter and name.
fn heatmap(state: &State, size: (u32, u32)) -> Option<Heatmap> {
    let mut map = state.shown_map()?;
    let (a, b) = state.picture.as_ref()?.letters()?;
    map.a = format!("{a}: {}", map.a);
    map.b = format!("{b}: {}", map.b);
    let theme = state.figure_theme();
    Some(Heatmap { theme, scale: state.scale, size, caption: None, ..Heatmap::new(map) })
}

/// The pointed or focused cell in words.
pub(super) fn readout(page: Page) -> AnyView {
    let text = page.part(|state| {
        let picture = state.picture.as_ref()?;
        Some(reading(picture.map()?, picture.letters()?, state.selection.current()?))
    });
    view! {
        <p id="readout">{move || text.get().unwrap_or_else(|| "Point at a cell, or focus the map and use the arrow keys.".to_owned())}</p>
    }
    .into_any()
}
