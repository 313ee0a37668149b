//! Sizes and distances that all figures share, in CSS pixels.

/// Height of tick labels, bar labels and captions.
pub(super) const SMALL: f64 = 11.0;
/// Height of axis titles.
pub(super) const MEDIUM: f64 = 12.5;
/// Height of the figure's title.
pub(super) const LARGE: f64 = 15.0;
/// Space around the figure.
pub(super) const MARGIN: f64 = 10.0;
/// Space between a label and what it labels.
pub(super) const GAP: f64 = 6.0;
/// Width of the colour bar.
pub(super) const BAR: f64 = 14.0;
/// Room for the words at each end of the colour bar.
pub(super) const BAR_END: f64 = SMALL + GAP + 2.0;
/// Height of one line of the caption.
pub(super) const CAPTION_LINE: f64 = 15.0;
/// Least distance between the middles of neighbouring tick labels across their lines.
pub(super) const LABEL_PITCH: f64 = 12.5;
