//! The layer map of two networks as a figure.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::prelude::DrawingBackend;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, VPos};

use super::colour_bar::ColourBar;
use super::layout::{Content, Layout};
use super::mark::{Label, Mark, Painter, Point, Turn, frame};
use super::metrics::{GAP, LABEL_PITCH, LARGE, MARGIN, MEDIUM, SMALL};
use super::pattern::{cross, hatch, sign};
use super::scale::{Limits, Place, Scale};
use super::text::{shortened, shown, width};
use super::theme::{BEYOND, Theme};
use super::viridis::viridis;
use super::{axes, svg};
use crate::study::{Cell, Comparison, LayerMap, number, sentence_of};

/// How far a cell reaches under its neighbours.
const OVERLAP: f64 = 0.5;
/// Ticks on the colour bar, at most about.
const BAR_TICKS: usize = 5;
/// Round ticks are left out within this share of the bar from a labelled end.
const END_SHARE: f64 = 0.08;

/// The layer map of two networks: rows are the layers of the first, columns those of the second, first layers at the top
/// left. Bright is more alike, whichever direction the measure has. Cells that are not computed yet are empty, cells
/// that have no value are hatched, values beyond the scale have a colour and a sign of their own. Where it is known what
/// chance makes of the map, cells that are no more alike than their noise floor are crossed, and a line beside the colour bar
/// spans the floors.
#[derive(Debug, Clone, PartialEq)]
pub struct Heatmap {
    /// What is shown.
    pub map: LayerMap,
    /// The colours other than those of the cells.
    pub theme: Theme,
    /// Which values the ends of the colour bar stand for.
    pub scale: Scale,
    /// Width and height that the figure may take, in CSS pixels.
    pub size: (u32, u32),
    /// A line above the plot.
    pub title: Option<String>,
    /// Lines below the plot; see [`Heatmap::standard_caption`].
    pub caption: Option<String>,
}

impl Heatmap {
    /// The figure of a map on white paper with the standard caption, 640 × 640 pixels at most.
    #[must_use]
    pub fn new(map: LayerMap) -> Self {
        let caption = Some(Self::standard_caption(&map));
        Self { map, theme: Theme::default(), scale: Scale::default(), size: (640, 640), title: None, caption }
    }

    /// The same for one pair of a report; [`None`] when the report has no such measure or pair.
    #[must_use]
    pub fn of(comparison: &Comparison, measure: usize, pair: usize) -> Option<Self> {
        LayerMap::of(comparison, measure, pair).map(Self::new)
    }

    /// Which measure, how many samples, and what crosses mean where there are some.
    #[must_use]
    pub fn standard_caption(map: &LayerMap) -> String {
        let plain = format!("{}, n = {} samples.", map.measure, map.samples);
        match &map.null {
            Some(null) => format!(
                "{plain} Crossed: no more alike than chance ({} random orders, α = {}); the line beside the colours spans the \
                 noise floors.",
                null.spec.permutations, null.spec.alpha
            ),
            None => plain,
        }
    }

    /// Where the parts of the figure lie, in CSS pixels.
    #[must_use]
    pub fn layout(&self) -> Layout {
        let bar_ticks: Vec<String> = self.bar_ticks().into_iter().map(|(_, label)| label).collect();
        Layout::of(&Content {
            size: self.size,
            rows: &self.map.rows,
            columns: &self.map.columns,
            bar_ticks: &bar_ticks,
            titled: self.title.is_some(),
            caption_lines: self.caption_lines().len(),
        })
    }

    /// Draws on any back end of plotters, scaled so that the figure's size fits the area.
    ///
    /// # Errors
    /// Those of the back end.
    pub fn draw<B: DrawingBackend>(
        &self,
        area: &DrawingArea<B, Shift>,
    ) -> Result<(), DrawingAreaErrorKind<B::ErrorType>> {
        area.fill(&self.theme.background())?;
        let (width, height) = area.dim_in_pixel();
        let scale = f64::min(
            f64::from(width) / f64::from(self.size.0.max(1)),
            f64::from(height) / f64::from(self.size.1.max(1)),
        );
        Painter { scale, font: 1.0 }.paint(&self.marks(), area)
    }

    /// Draws on a canvas, whose width and height in device pixels the caller has set: [`Heatmap::size`] is in CSS
    /// pixels, and the figure is scaled from the one to the other.
    ///
    /// # Errors
    /// In words, when the canvas gives no 2-D context or refuses to draw.
    #[cfg(feature = "canvas")]
    pub fn draw_on_canvas(&self, canvas: web_sys::HtmlCanvasElement) -> Result<(), super::CanvasError> {
        super::canvas::draw(canvas, |area| self.draw(area))
    }

    /// A standalone SVG document with vector text, cut to what is drawn, with the map in one sentence as its description.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let layout = self.layout();
        svg::document(&svg::Document {
            size: (layout.width, layout.height),
            background: self.theme.background(),
            title: &format!("{}: layers of {} and {}", self.map.measure, self.map.a, self.map.b),
            description: &sentence_of(&self.map),
            marks: &self.marks(),
        })
    }

    pub(super) fn limits(&self) -> Limits {
        Limits::of(&self.map, self.scale)
    }

    /// The values that the colour bar names, with their labels: round values, and both ends where they are not round.
    pub(super) fn bar_ticks(&self) -> Vec<(f64, String)> {
        let limits = self.limits();
        let mut ticks = limits.labelled_ticks(BAR_TICKS);
        for end in [limits.low, limits.high] {
            let distance = |tick: f64| (limits.share(tick) - limits.share(end)).abs();
            if ticks.iter().all(|(tick, _)| distance(*tick) > 1e-6) {
                ticks.retain(|(tick, _)| distance(*tick) > END_SHARE);
                ticks.push((end, number(end)));
            }
        }
        ticks
    }

    pub(super) fn caption_lines(&self) -> Vec<String> {
        let room = f64::from(self.size.0) - 2.0 * MARGIN;
        let mut lines: Vec<String> = Vec::new();
        for word in self.caption.iter().flat_map(|caption| caption.split_whitespace()) {
            match lines.last_mut() {
                Some(line) if width(&format!("{line} {word}"), SMALL) <= room => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(shortened(word, SMALL, room)),
            }
        }
        lines
    }

    pub(super) fn marks(&self) -> Vec<Mark> {
        let layout = self.layout();
        let limits = self.limits();
        let mut marks = Vec::new();
        self.draw_cells(&layout, &limits, &mut marks);
        marks.extend(frame(layout.plot, self.theme.ink()));
        self.draw_labels(&layout, &mut marks);
        let bar = ColourBar { map: &self.map, limits: &limits, ticks: self.bar_ticks(), ink: self.theme.ink() };
        bar.draw(&layout, &mut marks);
        marks
    }

    fn draw_cells(&self, layout: &Layout, limits: &Limits, marks: &mut Vec<Mark>) {
        for row in 0..layout.rows {
            for column in 0..layout.columns {
                let mut area = layout.area(row, column);
                match self.map.cell(row, column) {
                    None => {}
                    Some(Cell::Absent { .. }) => hatch(area, self.theme.muted(), marks),
                    Some(Cell::Value(value)) => {
                        let place = limits.place(*value);
                        let cell = area;
                        // Neighbours that are drawn later cover the overlap; without it, a renderer that smooths edges
                        // lets the background through.
                        let has = |row, column| self.map.value(row, column).is_some();
                        let beside = has(row, column + 1);
                        if beside {
                            area.width += OVERLAP;
                        }
                        if has(row + 1, column) && (!beside || has(row + 1, column + 1)) {
                            area.height += OVERLAP;
                        }
                        marks.push(Mark::Rectangle { area, colour: colour(place) });
                        let side = cell.width.min(cell.height);
                        match place {
                            Place::Within(position) if self.map.is_chance(row, column) => {
                                cross(cell.centre(), side, position, marks);
                            }
                            Place::Within(_) => {}
                            Place::Below | Place::Above => sign(cell.centre(), side, place, marks),
                        }
                    }
                }
            }
        }
    }

    fn draw_labels(&self, layout: &Layout, marks: &mut Vec<Mark>) {
        let ink = self.theme.ink();
        let plot = layout.plot;
        let (pitch_x, pitch_y) = layout.pitch();
        let middle_y = |row: usize| plot.y + (row as f64 + 0.5) * pitch_y;
        let middle_x = |column: usize| plot.x + (column as f64 + 0.5) * pitch_x;

        for row in shown(layout.rows, pitch_y, LABEL_PITCH) {
            marks.push(Mark::Label(Label {
                text: layout.row_labels[row].clone(),
                at: Point { x: plot.x - GAP, y: middle_y(row) },
                size: SMALL,
                colour: ink,
                anchor: (HPos::Right, VPos::Center),
                turn: Turn::None,
                bold: false,
            }));
        }
        let least = if layout.upright { LABEL_PITCH } else { 0.0 };
        for column in shown(layout.columns, pitch_x, least) {
            marks.push(Mark::Label(Label {
                text: layout.column_labels[column].clone(),
                at: Point { x: middle_x(column), y: plot.bottom() + GAP },
                size: SMALL,
                colour: ink,
                anchor: if layout.upright { (HPos::Right, VPos::Center) } else { (HPos::Center, VPos::Top) },
                turn: if layout.upright { Turn::Counterclockwise } else { Turn::None },
                bold: false,
            }));
        }
        marks.push(axes::title(
            axes::depth(&self.map.b, MEDIUM, plot.width.max(160.0)),
            Point { x: plot.centre().x, y: plot.bottom() + 2.0 * GAP + layout.label_room.1 },
            Turn::None,
            ink,
        ));
        marks.push(axes::title(
            axes::depth(&self.map.a, MEDIUM, plot.height.max(160.0)),
            Point { x: plot.x - 2.0 * GAP - layout.label_room.0, y: plot.centre().y },
            Turn::Clockwise,
            ink,
        ));
        if let Some(title) = &self.title {
            marks.push(Mark::Label(Label {
                text: shortened(title, LARGE, layout.width - 2.0 * MARGIN),
                at: Point { x: MARGIN, y: MARGIN },
                size: LARGE,
                colour: ink,
                anchor: (HPos::Left, VPos::Top),
                turn: Turn::None,
                bold: true,
            }));
        }
        axes::caption(&self.caption_lines(), layout.caption, self.theme.muted(), marks);
    }
}

fn colour(place: Place) -> RGBColor {
    match place {
        Place::Within(position) => viridis(position),
        Place::Below | Place::Above => BEYOND,
    }
}
