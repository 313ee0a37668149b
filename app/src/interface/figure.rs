//! A figure on a canvas that fills its place.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::Array;
use leptos::html;
use leptos::prelude::*;
use repgeo_core::figure::CanvasError;
use wasm_bindgen::prelude::*;
use web_sys::{HtmlCanvasElement, ResizeObserver};

use super::browser::complain;
use super::page::Page;
use crate::state::State;

/// Device pixels in one CSS pixel.
pub(super) fn device_pixels() -> f64 {
    window().device_pixel_ratio().max(1.0)
}

/// Keeps a figure on a canvas: `of` makes it for the size of the canvas's place, which is followed; it is drawn whenever it
/// has changed.
pub(super) fn keep<F: PartialEq + Send + Sync + 'static>(
    page: Page,
    canvas: NodeRef<html::Canvas>,
    of: fn(&State, (u32, u32)) -> Option<F>,
    draw: fn(&F, HtmlCanvasElement) -> Result<(), CanvasError>,
) -> Memo<Option<F>> {
    let size = RwSignal::new((0, 0));
    let figure = page.part(move |state| {
        let size = size.get();
        if size.0 > 0 && size.1 > 0 { of(state, size) } else { None }
    });
    keep_measured(canvas, size);
    keep_drawn(canvas, size, figure, draw);
    figure
}

/// Keeps `size` at the size of the canvas's place, in CSS pixels.
///
/// The observer tells the first size too, after the page was laid out: asking for it earlier would lay the page out
/// twice, in the task that has just built it.
fn keep_measured(canvas: NodeRef<html::Canvas>, size: RwSignal<(u32, u32)>) {
    canvas.on_load(move |canvas| {
        let Some(place) = canvas.parent_element() else { return };
        let measured = place.clone();
        let measure = move || {
            let now = (measured.client_width().unsigned_abs(), measured.client_height().unsigned_abs());
            if size.try_get_untracked().is_some_and(|before| before != now) {
                size.set(now);
            }
        };
        let changed = Closure::<dyn Fn(Array)>::new(move |_| measure());
        match ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            Ok(observer) => observer.observe(&place),
            Err(error) => complain(&format!("the size of a figure cannot be followed: {error:?}")),
        }
        changed.forget();
    });
}

/// Draws a figure whenever it has changed: at most once a frame, however many cells arrive.
///
/// Each figure is drawn in a task of its own after the frame, not in the frame's task, which lays out and paints the page
/// and is the longest of all when the figures appear.
fn keep_drawn<F: PartialEq + Send + Sync + 'static>(
    canvas: NodeRef<html::Canvas>,
    size: RwSignal<(u32, u32)>,
    figure: Memo<Option<F>>,
    draw: fn(&F, HtmlCanvasElement) -> Result<(), CanvasError>,
) {
    let scheduled = Rc::new(Cell::new(false));
    Effect::new(move |_| {
        figure.track();
        let Some(canvas) = canvas.get() else { return };
        if scheduled.replace(true) {
            return;
        }
        let scheduled = scheduled.clone();
        let draw_now = move || {
            scheduled.set(false);
            let _ = figure.try_with_untracked(|figure| {
                let Some(figure) = figure else { return };
                fit(&canvas, size.get_untracked(), device_pixels());
                // The table is still there.
                if let Err(error) = draw(figure, canvas) {
                    complain(&error.to_string());
                }
            });
        };
        request_animation_frame(move || set_timeout(draw_now, Duration::ZERO));
    });
}

/// Gives a canvas the device pixels that a figure of `size` CSS pixels needs.
pub(super) fn fit(canvas: &HtmlCanvasElement, size: (u32, u32), scale: f64) {
    let pixels = |length: u32| (f64::from(length) * scale).round() as u32;
    canvas.set_width(pixels(size.0));
    canvas.set_height(pixels(size.1));
}
