//! Standalone SVG documents.

use plotters::drawing::IntoDrawingArea;
use plotters::prelude::SVGBackend;
use plotters::style::RGBColor;

use super::mark::{Mark, Painter};
use super::text::printable;

/// Units of the document's coordinates in one CSS pixel: plotters places marks at whole units.
const UNITS: f64 = 10.0;
/// plotters divides a font's size by this before it writes it.
const FONT: f64 = 1.24;

/// What a document is made of.
pub(super) struct Document<'a> {
    /// Width and height in CSS pixels.
    pub(super) size: (f64, f64),
    pub(super) background: RGBColor,
    /// The short accessible name.
    pub(super) title: &'a str,
    /// What the figure shows, in words.
    pub(super) description: &'a str,
    pub(super) marks: &'a [Mark],
}

pub(super) fn document(document: &Document<'_>) -> String {
    let (width, height) = document.size;
    let units = |length: f64| (length * UNITS).round().max(1.0) as u32;
    let mut drawn = String::new();
    {
        let area = SVGBackend::with_string(&mut drawn, (units(width), units(height))).into_drawing_area();
        let painter = Painter { scale: UNITS, font: FONT };
        let done = area.fill(&document.background).and_then(|()| painter.paint(document.marks, &area));
        debug_assert!(done.is_ok(), "a string takes every mark: {done:?}");
    }
    let content = drawn.split_once('>').map_or("", |(_, content)| content);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {} {}\" role=\"img\">\n\
         <title>{}</title>\n<desc>{}</desc>{content}",
        units(width),
        units(height),
        escaped(document.title),
        escaped(document.description),
    )
}

fn escaped(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
