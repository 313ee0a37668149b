//! The right column: one cell in full, and the diagonal.

use leptos::html;
use leptos::prelude::*;
use repgeo_core::figure::DepthLine;

use super::figure;
use super::page::Page;
use crate::state::{CellDetail, ChanceDetail, LayerDetail, State};

pub(super) fn view(page: Page) -> AnyView {
    let detail = page.part(|state| state.cell_detail());
    view! {
        <div class="panel">
            {move || match detail.get() {
                Some(detail) => describe(detail),
                None => view! { <h2>"Cell"</h2><p class="hint">"Nothing is computed yet."</p> }.into_any(),
            }}
        </div>
    }
    .into_any()
}

fn describe(detail: CellDetail) -> AnyView {
    let CellDetail {
        row,
        column,
        why,
        value,
        absent,
        direction,
        interval,
        chance,
        a,
        b,
        samples,
        row_policy,
        warnings,
    } = detail;
    let warnings = warnings.into_iter().map(|warning| view! { <li>{warning}</li> }).collect_view();
    let missing = absent.map(|reason| view! { <p class="message">{reason}</p> });
    view! {
        <h2>{why}</h2>
        <div id="cell" data-row=row.to_string() data-column=column.to_string()>
            <p class="pair">
                {a.title.clone()}
                <span aria-hidden="true">" × "</span>
                <span class="unseen">" and "</span>
                {b.title.clone()}
            </p>
            <p class="large" id="cell-value">{value}</p>
            {missing}
            <p class="hint">{direction}</p>
            <dl>
                {interval.map(|interval| view! { <dt>"95 % interval"</dt><dd id="cell-interval">{interval}</dd> })}
                {chance.map(of_chance)}
                {layer(a)}
                {layer(b)}
                {samples.map(|samples| view! { <dt>"Samples"</dt><dd>{samples}</dd> })}
                {row_policy.map(|policy| view! { <dt>"Feature maps"</dt><dd>{policy}</dd> })}
            </dl>
            <ul class="warnings">{warnings}</ul>
        </div>
    }
    .into_any()
}

/// What chance makes of the value.
fn of_chance(ChanceDetail { floor, within, score, p, q }: ChanceDetail) -> AnyView {
    let verdict = if within { " (the value is within it)" } else { "" };
    view! {
        <dt>"Noise floor"</dt>
        <dd id="cell-floor">{floor}{verdict}</dd>
        <dt>"Calibrated score"</dt>
        <dd id="cell-score">{score}</dd>
        <dt>"p"</dt>
        <dd id="cell-p">{p}</dd>
        <dt>"q over the map"</dt>
        <dd id="cell-q">{q}</dd>
    }
    .into_any()
}

fn layer(layer: LayerDetail) -> AnyView {
    let LayerDetail { letter, network, shape, .. } = layer;
    view! {
        <dt>{letter}</dt>
        <dd>
            {network}
            {shape.map(|shape| view! { <br />{shape} })}
        </dd>
    }
    .into_any()
}

/// How alike the layers of the same depth are, as a line over depth.
pub(super) fn diagonal(page: Page) -> AnyView {
    let canvas = NodeRef::<html::Canvas>::new();
    figure::keep(page, canvas, depth_line, DepthLine::draw_on_canvas);
    let title = page.part(|state| state.diagonal_title());
    let empty = page.part(|state| state.picture.is_none());
    view! {
        <div class="panel" hidden=move || empty.get()>
            <h2>{title}</h2>
            <div id="diagonal">
                <canvas node_ref=canvas role="img" aria-label="The values over depth; the table holds them"></canvas>
            </div>
        </div>
    }
    .into_any()
}

/// The figure of the shown map, its inputs under their letters.
fn depth_line(state: &State, size: (u32, u32)) -> Option<DepthLine> {
    let mut map = state.shown_map()?;
    (map.a, map.b) = state.picture.as_ref()?.letters()?;
    let (theme, scale) = (state.figure_theme(), state.scale);
    Some(DepthLine { theme, scale, size, caption: None, ..DepthLine::new(map) })
}
