//! Draws a comparison with plotters on any back end: canvas, SVG, PNG.
