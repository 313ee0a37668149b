//! The result as files.

use leptos::prelude::*;
use repgeo_core::figure::Heatmap;
use wasm_bindgen::JsCast;
use web_sys::HtmlCanvasElement;

use super::browser;
use super::figure::fit;
use super::page::Page;

/// Pixels of an exported PNG for each pixel of the figure: 1920 across, enough for a column of print at 300 dpi.
const PNG_SCALE: f64 = 3.0;

pub(super) fn view(page: Page) -> AnyView {
    let complete = page.part(|state| state.picture.as_ref().is_some_and(|picture| picture.report.is_some()));
    let button = move |id: &'static str, text: &'static str, title: &'static str, export: fn(Page)| {
        view! {
            <button type="button" id=id class="button" title=title disabled=move || !complete.get() on:click=move |_| export(page)>
                {text}
            </button>
        }
    };
    view! {
        <div class="exports" role="group" aria-label="Export">
            <span>"Export"</span>
            {button("export-csv", "CSV", "All values of all measures and pairs", csv)}
            {button("export-json", "JSON", "The report: settings, files with their hashes, all values in full precision", json)}
            {button("export-svg", "SVG", "The shown map on white, with vector text", svg)}
            {button("export-png", "PNG", "The shown map on white, 3 pixels for each", png)}
        </div>
    }
    .into_any()
}

fn csv(page: Page) {
    if let Some((name, csv)) = page.peek(|state| Some((state.export_name()?, state.picture.as_ref()?.csv()?))) {
        browser::save_text(&format!("{name}.csv"), "text/csv", &csv);
    }
}

fn json(page: Page) {
    if let Some((name, json)) = page.peek(|state| Some((state.export_name()?, state.picture.as_ref()?.json()?))) {
        match json {
            Ok(json) => browser::save_text(&format!("{name}.json"), "application/json", &json),
            Err(error) => browser::complain(&error.to_string()),
        }
    }
}

fn svg(page: Page) {
    if let Some((name, figure)) = page.peek(|state| Some((state.export_name()?, paper(state)?))) {
        browser::save_text(&format!("{name}.svg"), "image/svg+xml", &figure.to_svg());
    }
}

fn png(page: Page) {
    let Some((name, mut figure)) = page.peek(|state| Some((state.export_name()?, paper(state)?))) else { return };
    let Ok(Ok(canvas)) = document().create_element("canvas").map(JsCast::dyn_into::<HtmlCanvasElement>) else {
        return browser::complain("the page gives no canvas");
    };
    // Cut to what is drawn.
    let layout = figure.layout();
    figure.size = (layout.width.ceil() as u32, layout.height.ceil() as u32);
    fit(&canvas, figure.size, PNG_SCALE);
    match figure.draw_on_canvas(canvas.clone()) {
        Ok(()) => browser::save_png(format!("{name}.png"), &canvas),
        Err(error) => browser::complain(&error.to_string()),
    }
}

/// The shown map as it goes into a paper.
fn paper(state: &crate::state::State) -> Option<Heatmap> {
    let map = state.shown_map()?;
    Some(Heatmap { scale: state.scale, ..Heatmap::new(map) })
}
