//! What a figure is made of, and how it is painted on any back end of plotters.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::element::{Circle, PathElement, Polygon, Rectangle};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, FontTransform, RGBColor, ShapeStyle, TextStyle};

#[cfg(test)]
use super::text::width;
use super::text::{FAMILY, printable};

/// A place in CSS pixels from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Down.
    pub y: f64,
}

/// A rectangle in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Rect {
    pub(super) fn right(&self) -> f64 {
        self.x + self.width
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    pub(super) fn centre(&self) -> Point {
        Point { x: self.x + self.width / 2.0, y: self.y + self.height / 2.0 }
    }

    pub(super) fn contains(&self, point: Point) -> bool {
        (self.x..self.right()).contains(&point.x) && (self.y..self.bottom()).contains(&point.y)
    }
}

/// One line of text.
#[derive(Clone)]
pub(super) struct Label {
    pub(super) text: String,
    pub(super) at: Point,
    /// Height of the font in CSS pixels.
    pub(super) size: f64,
    pub(super) colour: RGBColor,
    /// Which part of the text, along and across its line, lies at `at`.
    pub(super) anchor: (HPos, VPos),
    pub(super) turn: Turn,
    pub(super) bold: bool,
}

/// How a text's line runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// To the right.
    None,
    /// Downwards.
    Clockwise,
    /// Upwards.
    Counterclockwise,
}

/// A thing that is drawn.
#[derive(Clone)]
pub(super) enum Mark {
    Rectangle { area: Rect, colour: RGBColor },
    Polygon { corners: Vec<Point>, colour: RGBColor },
    Path { points: Vec<Point>, width: f64, colour: RGBColor },
    Disc { centre: Point, radius: f64, colour: RGBColor },
    Label(Label),
}

/// The outline of a rectangle, one pixel wide, drawn outside of it.
pub(super) fn frame(area: Rect, colour: RGBColor) -> [Mark; 4] {
    let side = |x, y, width, height| Mark::Rectangle { area: Rect { x, y, width, height }, colour };
    [
        side(area.x - 1.0, area.y - 1.0, area.width + 2.0, 1.0),
        side(area.x - 1.0, area.bottom(), area.width + 2.0, 1.0),
        side(area.x - 1.0, area.y, 1.0, area.height),
        side(area.right(), area.y, 1.0, area.height),
    ]
}

#[cfg(test)]
impl Label {
    /// An estimate of the rectangle that the text covers.
    pub(super) fn extent(&self) -> Rect {
        let (along, across) = (width(&self.text, self.size), self.size);
        let start = match self.anchor.0 {
            HPos::Left => 0.0,
            HPos::Center => -along / 2.0,
            HPos::Right => -along,
        };
        let top = match self.anchor.1 {
            VPos::Top => 0.0,
            VPos::Center => -across / 2.0,
            VPos::Bottom => -across,
        };
        let Point { x, y } = self.at;
        match self.turn {
            Turn::None => Rect { x: x + start, y: y + top, width: along, height: across },
            Turn::Clockwise => Rect { x: x - top - across, y: y + start, width: across, height: along },
            Turn::Counterclockwise => Rect { x: x + top, y: y - start - along, width: across, height: along },
        }
    }
}

/// How marks become device pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Painter {
    /// Device pixels in one CSS pixel.
    pub(super) scale: f64,
    /// What the back end takes as a font's size for a height of one device pixel.
    pub(super) font: f64,
}

impl Painter {
    pub(super) fn paint<B: DrawingBackend>(
        self,
        marks: &[Mark],
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        for mark in marks {
            match mark {
                Mark::Rectangle { area: rectangle, colour } => {
                    let start = Point { x: rectangle.x, y: rectangle.y };
                    let end = Point { x: rectangle.right(), y: rectangle.bottom() };
                    area.draw(&Rectangle::new([self.pixel(start), self.pixel(end)], colour.filled()))?;
                }
                Mark::Polygon { corners, colour } => {
                    let corners: Vec<_> = corners.iter().map(|corner| self.pixel(*corner)).collect();
                    area.draw(&Polygon::new(corners, colour.filled()))?;
                }
                Mark::Path { points, width, colour } => {
                    let points: Vec<_> = points.iter().map(|point| self.pixel(*point)).collect();
                    let style = ShapeStyle::from(*colour).stroke_width((width * self.scale).round().max(1.0) as u32);
                    area.draw(&PathElement::new(points, style))?;
                }
                Mark::Disc { centre, radius, colour } => {
                    let radius = (radius * self.scale).round().max(1.0) as i32;
                    area.draw(&Circle::new(self.pixel(*centre), radius, colour.filled()))?;
                }
                Mark::Label(label) => self.paint_label(label, area)?,
            }
        }
        area.present()
    }

    fn paint_label<B: DrawingBackend>(
        self,
        label: &Label,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        let style = if label.bold { FontStyle::Bold } else { FontStyle::Normal };
        let turn = match label.turn {
            Turn::None => FontTransform::None,
            Turn::Clockwise => FontTransform::Rotate90,
            Turn::Counterclockwise => FontTransform::Rotate270,
        };
        let size = label.size * self.scale * self.font;
        let font = FontDesc::new(FontFamily::Name(FAMILY), size, style).transform(turn);
        let style = TextStyle::from(font).color(&label.colour).pos(Pos::new(label.anchor.0, label.anchor.1));
        area.draw_text(&printable(&label.text), &style, self.pixel(label.at))
    }

    fn pixel(self, point: Point) -> (i32, i32) {
        ((point.x * self.scale).round() as i32, (point.y * self.scale).round() as i32)
    }
}
