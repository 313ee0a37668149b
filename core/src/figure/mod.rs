//! Draws a comparison with plotters on any back end: canvas, SVG, PNG.
//!
//! A figure is first laid out as marks in CSS pixels, which needs no fonts and no back end, and then painted. What is
//! drawn is therefore the same everywhere, and the page knows from [`Heatmap::layout`] which cell lies under a pointer.

mod axes;
#[cfg(feature = "canvas")]
mod canvas;
mod colour_bar;
mod depth_line;
mod heatmap;
mod layout;
mod mark;
mod metrics;
mod pattern;
mod scale;
mod svg;
mod text;
mod theme;
mod viridis;

#[cfg(test)]
mod tests;

#[cfg(feature = "canvas")]
pub use canvas::CanvasError;
pub use depth_line::{DepthLine, Pairing};
pub use heatmap::Heatmap;
pub use layout::Layout;
pub use mark::{Point, Rect};
pub use scale::Scale;
pub use theme::Theme;
