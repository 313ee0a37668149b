//! Figures on an HTML canvas.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::prelude::DrawingBackend;
use plotters_canvas::CanvasBackend;
use web_sys::HtmlCanvasElement;

/// Why a figure was not drawn on a canvas.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the canvas: {0}")]
pub struct CanvasError(String);

type BackendError = <CanvasBackend as DrawingBackend>::ErrorType;

pub(super) fn draw(
    canvas: HtmlCanvasElement,
    paint: impl FnOnce(&DrawingArea<CanvasBackend, Shift>) -> Result<(), DrawingAreaErrorKind<BackendError>>,
) -> Result<(), CanvasError> {
    let backend =
        CanvasBackend::with_canvas_object(canvas).ok_or_else(|| CanvasError("it gives no 2-D context".to_owned()))?;
    paint(&backend.into_drawing_area()).map_err(|error| CanvasError(error.to_string()))
}
