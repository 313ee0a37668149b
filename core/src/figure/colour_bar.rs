//! The colour bar: what the colours mean.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::layout::Layout;
use super::mark::{Label, Mark, Point, Rect, Turn, frame};
use super::metrics::{BAR, BAR_END, GAP, SMALL};
use super::pattern::sign;
use super::scale::{Limits, Place};
use super::text::shortened;
use super::theme::BEYOND;
use super::viridis::viridis;
use crate::study::LayerMap;

/// Height of a pointed end, which stands for values beyond the scale.
const POINTED: f64 = 14.0;

/// The colour bar of a map.
pub(super) struct ColourBar<'a> {
    /// What is shown.
    pub(super) map: &'a LayerMap,
    /// What the ends stand for.
    pub(super) limits: &'a Limits,
    /// The values that are named, with their labels.
    pub(super) ticks: Vec<(f64, String)>,
    /// The colour of frame and labels.
    pub(super) ink: RGBColor,
}

impl ColourBar<'_> {
    /// Draws the bar, most alike at the top, with ticks, the meaning of its ends and the measure's name. An end beyond which
    /// there are values is pointed, in the colour of those.
    pub(super) fn draw(self, layout: &Layout, marks: &mut Vec<Mark>) {
        let Self { map, limits, ticks, ink } = self;
        let has = |wanted: Place| map.values().any(|(.., value)| limits.place(value) == wanted);
        let (at_top, at_bottom) =
            if limits.higher_is_more_alike { (Place::Above, Place::Below) } else { (Place::Below, Place::Above) };

        let mut bar = layout.bar;
        if has(at_top) {
            bar.y += POINTED + 2.0;
            bar.height -= POINTED + 2.0;
            pointed(bar, -1.0, at_top, limits, ink, marks);
        }
        if has(at_bottom) {
            bar.height -= POINTED + 2.0;
            pointed(bar, 1.0, at_bottom, limits, ink, marks);
        }

        let steps = bar.height.round().max(2.0) as usize;
        let step = bar.height / steps as f64;
        for index in 0..steps {
            let overlap = if index + 1 < steps { 0.5 } else { 0.0 };
            let area = Rect { x: bar.x, y: bar.y + index as f64 * step, width: bar.width, height: step + overlap };
            let position = 1.0 - (index as f64 + 0.5) / steps as f64;
            marks.push(Mark::Rectangle { area, colour: viridis(position) });
        }
        marks.extend(frame(bar, ink));

        floors(bar, map, limits, ink, marks);
        for (value, text) in ticks {
            if let Place::Within(position) = limits.place(value) {
                let y = bar.y + (1.0 - position) * bar.height;
                let tick = Rect { x: bar.right() + 1.0, y: y - 0.5, width: 3.0, height: 1.0 };
                marks.push(Mark::Rectangle { area: tick, colour: ink });
                marks.push(small(text, Point { x: bar.right() + GAP, y }, (HPos::Left, VPos::Center), ink));
            }
        }
        let x = layout.bar.x;
        let (above, below) = (layout.bar.y - BAR_END, layout.bar.bottom() + BAR_END);
        marks.push(small("more alike".to_owned(), Point { x, y: above }, (HPos::Left, VPos::Top), ink));
        marks.push(small("less alike".to_owned(), Point { x, y: below }, (HPos::Left, VPos::Bottom), ink));
        let fitted = if limits.fitted { ", fitted to the data" } else { "" };
        marks.push(Mark::Label(Label {
            text: shortened(&format!("{}{fitted}", map.measure), SMALL, layout.bar.height),
            at: Point { x: x + BAR + GAP + layout.bar_ticks + GAP, y: layout.bar.centre().y },
            size: SMALL,
            colour: ink,
            anchor: (HPos::Center, VPos::Bottom),
            turn: Turn::Clockwise,
            bold: false,
        }));
    }
}

/// A line to the left of the bar from the lowest to the highest noise floor of the map.
fn floors(bar: Rect, map: &LayerMap, limits: &Limits, ink: RGBColor, marks: &mut Vec<Mark>) {
    let floors = map.values().filter_map(|(row, column, _)| Some(map.chance(row, column)?.floor));
    let places = floors.map(|floor| {
        let share = limits.share(floor).clamp(0.0, 1.0);
        if limits.higher_is_more_alike { share } else { 1.0 - share }
    });
    let Some((low, high)) = places.fold(None, |ends, place| match ends {
        None => Some((place, place)),
        Some((low, high)) => Some((f64::min(low, place), f64::max(high, place))),
    }) else {
        return;
    };
    let y = |place: f64| bar.y + (1.0 - place) * bar.height;
    let area = Rect { x: bar.x - 5.0, y: y(high) - 1.0, width: 2.0, height: y(low) - y(high) + 2.0 };
    marks.push(Mark::Rectangle { area, colour: ink });
}

/// A triangle beyond the upper (`side` = −1) or lower (`side` = 1) end of the bar, with a sign and a label.
fn pointed(bar: Rect, side: f64, place: Place, limits: &Limits, ink: RGBColor, marks: &mut Vec<Mark>) {
    let base = if side < 0.0 { bar.y - 3.0 } else { bar.bottom() + 3.0 };
    let tip = base + side * POINTED;
    let corners = vec![
        Point { x: bar.x - 1.0, y: base },
        Point { x: bar.right() + 1.0, y: base },
        Point { x: bar.centre().x, y: tip },
    ];
    marks.push(Mark::Polygon { corners: corners.clone(), colour: BEYOND });
    let outline = corners.iter().chain(corners.first()).copied().collect();
    marks.push(Mark::Path { points: outline, width: 1.0, colour: ink });
    let centre = Point { x: bar.centre().x, y: base + side * 0.33 * POINTED };
    sign(centre, 10.0, place, marks);
    let (relation, limit) = if place == Place::Below { ("<", limits.low) } else { (">", limits.high) };
    let label = format!("{relation} {}", trimmed(limit));
    let at = Point { x: bar.right() + GAP, y: base + side * 0.6 * POINTED };
    marks.push(small(label, at, (HPos::Left, VPos::Center), ink));
}

fn trimmed(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

fn small(text: String, at: Point, anchor: (HPos, VPos), colour: RGBColor) -> Mark {
    Mark::Label(Label { text, at, size: SMALL, colour, anchor, turn: Turn::None, bold: false })
}
