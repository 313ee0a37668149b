//! Axis titles and captions.

use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::mark::{Label, Mark, Point, Turn};
use super::metrics::{CAPTION_LINE, MARGIN, MEDIUM, SMALL};
use super::text::{shortened, width};

/// `layers of NAME, deeper →`; where the room is small without the first words, and then with the name shortened.
pub(super) fn depth(name: &str, size: f64, room: f64) -> String {
    const END: &str = ", deeper →";
    let whole = format!("layers of {name}{END}");
    if width(&whole, size) <= room {
        return whole;
    }
    format!("{}{END}", shortened(name, size, (room - width(END, size)).max(0.0)))
}

/// A title below a horizontal axis, or to the left of a vertical one, at the middle of its near side.
pub(super) fn title(text: String, at: Point, turn: Turn, colour: RGBColor) -> Mark {
    Mark::Label(Label { text, at, size: MEDIUM, colour, anchor: (HPos::Center, VPos::Top), turn, bold: false })
}

/// Lines of small text from the left margin.
pub(super) fn caption(lines: &[String], top: f64, colour: RGBColor, marks: &mut Vec<Mark>) {
    for (index, line) in lines.iter().enumerate() {
        marks.push(Mark::Label(Label {
            text: line.clone(),
            at: Point { x: MARGIN, y: top + index as f64 * CAPTION_LINE },
            size: SMALL,
            colour,
            anchor: (HPos::Left, VPos::Top),
            turn: Turn::None,
            bold: false,
        }));
    }
}
