//! The colours of a figure other than those of its data.

use plotters::style::RGBColor;
use serde::{Deserialize, Serialize};

/// Where a figure is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Theme {
    /// A light page.
    Light,
    /// A dark page.
    Dark,
    /// White paper: black ink, for figures that leave the page.
    #[default]
    Paper,
}

impl Theme {
    /// What the figure is drawn on.
    #[must_use]
    pub fn background(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0xfb, 0xfb, 0xfa),
            Self::Dark => RGBColor(0x16, 0x18, 0x1c),
            Self::Paper => RGBColor(0xff, 0xff, 0xff),
        }
    }

    /// Titles, labels and frames.
    #[must_use]
    pub fn ink(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x1d, 0x1f, 0x23),
            Self::Dark => RGBColor(0xe8, 0xe8, 0xe6),
            Self::Paper => RGBColor(0x00, 0x00, 0x00),
        }
    }

    /// Captions and hatching; at least 4.5 : 1 against the background (WCAG 2.2, contrast minimum).
    #[must_use]
    pub fn muted(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0x5b, 0x60, 0x69),
            Self::Dark => RGBColor(0xa2, 0xa7, 0xb0),
            Self::Paper => RGBColor(0x50, 0x50, 0x50),
        }
    }

    /// Grid lines.
    #[must_use]
    pub fn grid(self) -> RGBColor {
        match self {
            Self::Light => RGBColor(0xe2, 0xe3, 0xe2),
            Self::Dark => RGBColor(0x2d, 0x30, 0x37),
            Self::Paper => RGBColor(0xe0, 0xe0, 0xe0),
        }
    }

    /// The line of a plot.
    #[must_use]
    pub fn line(self) -> RGBColor {
        match self {
            Self::Light | Self::Paper => RGBColor(0x31, 0x68, 0x8e),
            Self::Dark => RGBColor(0x4c, 0xb8, 0xa4),
        }
    }
}

/// Values that lie beyond the colour scale: a colour that viridis does not pass through, light enough for a dark mark.
pub(super) const BEYOND: RGBColor = RGBColor(0xf2, 0xb5, 0xd4);

/// The mark on [`BEYOND`].
pub(super) const BEYOND_MARK: RGBColor = RGBColor(0x2b, 0x10, 0x22);

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance of WCAG 2.2.
    fn luminance(RGBColor(r, g, b): RGBColor) -> f64 {
        let linear = |channel: u8| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(x: RGBColor, y: RGBColor) -> f64 {
        let (x, y) = (luminance(x), luminance(y));
        (x.max(y) + 0.05) / (x.min(y) + 0.05)
    }

    #[test]
    fn text_and_lines_can_be_read() {
        for theme in [Theme::Light, Theme::Dark, Theme::Paper] {
            assert!(contrast(theme.ink(), theme.background()) >= 7.0, "{theme:?}");
            assert!(contrast(theme.muted(), theme.background()) >= 4.5, "{theme:?}");
            assert!(contrast(theme.line(), theme.background()) >= 3.0, "{theme:?}");
        }
        assert!(contrast(BEYOND_MARK, BEYOND) >= 7.0);
    }
}
