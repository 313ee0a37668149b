//! What is drawn over a cell whose colour does not say all.

use plotters::style::RGBColor;

use super::mark::{Mark, Point, Rect};
use super::scale::Place;
use super::theme::BEYOND_MARK;

/// A minus for values below the scale, a plus for values above.
pub(super) fn sign(centre: Point, side: f64, place: Place, marks: &mut Vec<Mark>) {
    let length = (0.5 * side).clamp(2.0, 10.0);
    let thick = (0.12 * side).clamp(1.0, 2.0);
    let bar = |width: f64, height: f64| Mark::Rectangle {
        area: Rect { x: centre.x - width / 2.0, y: centre.y - height / 2.0, width, height },
        colour: BEYOND_MARK,
    };
    marks.push(bar(length, thick));
    if place == Place::Above {
        marks.push(bar(thick, length));
    }
}

/// A cross over a cell, dark on bright colours and bright on dark ones.
pub(super) fn cross(centre: Point, side: f64, position: f64, marks: &mut Vec<Mark>) {
    let reach = (0.22 * side).clamp(1.5, 6.0);
    let colour = if position > 0.5 { RGBColor(0x00, 0x00, 0x00) } else { RGBColor(0xff, 0xff, 0xff) };
    for side in [-1.0, 1.0] {
        let end = |sign: f64| Point { x: centre.x + sign * reach, y: centre.y + sign * side * reach };
        marks.push(Mark::Path { points: vec![end(-1.0), end(1.0)], width: 1.0, colour });
    }
}

/// Diagonal lines over a cell.
pub(super) fn hatch(area: Rect, colour: RGBColor, marks: &mut Vec<Mark>) {
    let step = (area.width.min(area.height) / 2.0).clamp(3.0, 6.0);
    let (right, bottom) = (area.right(), area.bottom());
    // Lines x + y = level, so that they go on from cell to cell.
    let first = ((area.x + area.y) / step).ceil() as i64;
    let last = ((right + bottom) / step).floor() as i64;
    for level in (first..=last).map(|index| index as f64 * step) {
        let from = Point { x: (level - bottom).max(area.x), y: (level - area.x).min(bottom) };
        let to = Point { x: (level - area.y).min(right), y: (level - right).max(area.y) };
        marks.push(Mark::Path { points: vec![from, to], width: 1.0, colour });
    }
}
