//! How alike two networks are over depth, as a line.

use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind};
use plotters::prelude::DrawingBackend;
use plotters::style::text_anchor::{HPos, VPos};
use serde::{Deserialize, Serialize};

use super::mark::{Label, Mark, Painter, Point, Rect, Turn, frame};
use super::metrics::{CAPTION_LINE, GAP, LABEL_PITCH, MARGIN, MEDIUM, SMALL};
use super::pattern::hatch;
use super::scale::{Limits, Place, Scale};
use super::text::{labels, shortened, shown, width};
use super::theme::Theme;
use super::{axes, svg};
use crate::study::{Cell, IntervalRecord, LayerMap, same_depth, sentence_of};

/// Ticks on the vertical axis, at most about.
const TICKS: usize = 5;
/// Space between a value beyond the scale and the frame, as a share of the scale.
const BEYOND_SPACE: f64 = 0.04;
/// The most room that a layer's label may take below the plot.
const LABEL_ROOM: f64 = 90.0;

/// Which layer of the second network a layer of the first is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pairing {
    /// The layer at the same depth: the same position where both have as many layers, else the nearest in relative depth.
    SameDepth,
    /// The layer that is most alike.
    BestMatch,
}

/// How alike each layer of the first network is to its partner in the second. More alike is up, whichever direction the
/// measure has; the axis takes in every value. A layer without a value is hatched, one not computed yet is empty. Where it is
/// known what chance makes of the map, a thin line shows the noise floors: of the pairs, or of the searches for best matches.
/// Values of layers at the same depth have their intervals, where those are known; a best match was searched for, and its
/// interval would not say so.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthLine {
    /// What is shown.
    pub map: LayerMap,
    /// Which layers are compared.
    pub pairing: Pairing,
    /// The colours.
    pub theme: Theme,
    /// Which values the vertical axis takes in at least.
    pub scale: Scale,
    /// Width and height in CSS pixels.
    pub size: (u32, u32),
    /// A line below the plot.
    pub caption: Option<String>,
}

struct Plan {
    plot: Rect,
    limits: Limits,
    upright: bool,
    labels: Vec<String>,
    label_room: f64,
    tick_room: f64,
}

impl DepthLine {
    /// The figure of a map on white paper, 640 × 300 pixels: layers of the same depth where both networks have as many
    /// layers, else each layer's best match.
    #[must_use]
    pub fn new(map: LayerMap) -> Self {
        let pairing = if map.rows.len() == map.columns.len() { Pairing::SameDepth } else { Pairing::BestMatch };
        Self { map, pairing, theme: Theme::default(), scale: Scale::default(), size: (640, 300), caption: None }
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

    /// Draws on a canvas; see [`super::Heatmap::draw_on_canvas`].
    ///
    /// # Errors
    /// In words, when the canvas gives no 2-D context or refuses to draw.
    #[cfg(feature = "canvas")]
    pub fn draw_on_canvas(&self, canvas: web_sys::HtmlCanvasElement) -> Result<(), super::CanvasError> {
        super::canvas::draw(canvas, |area| self.draw(area))
    }

    /// A standalone SVG document with vector text.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::document(&svg::Document {
            size: (f64::from(self.size.0), f64::from(self.size.1)),
            background: self.theme.background(),
            title: &format!("{} over depth: {} and {}", self.map.measure, self.map.a, self.map.b),
            description: &sentence_of(&self.map),
            marks: &self.marks(),
        })
    }

    pub(super) fn marks(&self) -> Vec<Mark> {
        let plan = self.plan();
        let mut marks = Vec::new();
        self.draw_grid(&plan, &mut marks);
        self.draw_floor(&plan, &mut marks);
        self.draw_line(&plan, &mut marks);
        marks.extend(frame(plan.plot, self.theme.ink()));
        self.draw_labels(&plan, &mut marks);
        marks
    }

    /// The cell that a layer of the first network contributes.
    fn cell(&self, row: usize) -> Option<&Cell> {
        match self.pairing {
            Pairing::SameDepth => {
                let column = same_depth(row, self.map.rows.len(), self.map.columns.len());
                self.map.cell(row, column)
            }
            Pairing::BestMatch => match self.map.best_match(row) {
                Some((column, _)) => self.map.cell(row, column),
                None => self.map.cell(row, 0),
            },
        }
    }

    /// The interval of what a layer of the first network contributes.
    fn interval(&self, row: usize) -> Option<(f64, f64)> {
        if self.pairing == Pairing::BestMatch {
            return None;
        }
        match self.map.interval(row, same_depth(row, self.map.rows.len(), self.map.columns.len()))? {
            IntervalRecord::Known { low, high, .. } => Some((*low, *high)),
            IntervalRecord::Absent { .. } => None,
        }
    }

    /// The noise floor of what a layer of the first network contributes.
    fn floor(&self, row: usize) -> Option<f64> {
        match self.pairing {
            Pairing::SameDepth => {
                let column = same_depth(row, self.map.rows.len(), self.map.columns.len());
                self.map.chance(row, column).map(|chance| chance.floor)
            }
            Pairing::BestMatch => {
                let null = self.map.null.as_ref()?;
                null.best_of_rows.get(row)?.as_ref().map(|search| search.floor)
            }
        }
    }

    /// The limits of the scale, widened where a value lies beyond.
    fn limits(&self) -> Limits {
        let mut limits = Limits::of(&self.map, self.scale);
        let space = BEYOND_SPACE * (limits.high - limits.low);
        for row in 0..self.map.rows.len() {
            let value = match self.cell(row) {
                Some(Cell::Value(value)) => Some(*value),
                _ => None,
            };
            let ends = self.interval(row).into_iter().flat_map(|(low, high)| [low, high]);
            for value in value.into_iter().chain(self.floor(row)).chain(ends) {
                if value < limits.low {
                    limits.low = value - space;
                } else if value > limits.high {
                    limits.high = value + space;
                }
            }
        }
        limits
    }

    fn plan(&self) -> Plan {
        let limits = self.limits();
        let tick_room = limits.labelled_ticks(TICKS).iter().map(|(_, text)| width(text, SMALL)).fold(0.0, f64::max);
        let left = MARGIN + MEDIUM + GAP + tick_room + GAP;
        let right = f64::from(self.size.0) - 2.0 * MARGIN;
        let plot_width = (right - left).max(1.0);
        let labels = labels(&self.map.rows, LABEL_ROOM);
        let widest = labels.iter().map(|label| width(label, SMALL)).fold(0.0, f64::max);
        let upright = plot_width / self.map.rows.len().max(1) as f64 <= widest + GAP;
        let label_room = if upright { widest } else { SMALL };
        let caption = if self.caption.is_some() { CAPTION_LINE + GAP } else { 0.0 };
        let bottom = f64::from(self.size.1) - MARGIN - caption - MEDIUM - GAP - label_room - GAP;
        let top = MARGIN + SMALL + GAP;
        let plot = Rect { x: left.round(), y: top, width: plot_width.round(), height: (bottom - top).round().max(1.0) };
        Plan { plot, limits, upright, labels, label_room, tick_room }
    }

    fn draw_grid(&self, plan: &Plan, marks: &mut Vec<Mark>) {
        let Plan { plot, limits, .. } = plan;
        for (value, text) in limits.labelled_ticks(TICKS) {
            let Some(y) = height_of(plan, value) else { continue };
            let colour = self.theme.grid();
            marks
                .push(Mark::Rectangle { area: Rect { x: plot.x, y: y - 0.5, width: plot.width, height: 1.0 }, colour });
            marks.push(Mark::Label(Label {
                text,
                at: Point { x: plot.x - GAP, y },
                size: SMALL,
                colour: self.theme.ink(),
                anchor: (HPos::Right, VPos::Center),
                turn: Turn::None,
                bold: false,
            }));
        }
    }

    /// The noise floors as a thin line, named at its end.
    fn draw_floor(&self, plan: &Plan, marks: &mut Vec<Mark>) {
        let colour = self.theme.muted();
        let pitch = plan.plot.width / self.map.rows.len().max(1) as f64;
        let point = |row: usize| {
            let y = height_of(plan, self.floor(row)?)?;
            Some(Point { x: plan.plot.x + (row as f64 + 0.5) * pitch, y })
        };
        let points: Vec<Option<Point>> = (0..self.map.rows.len()).map(point).collect();
        for run in points.split(Option::is_none) {
            let points: Vec<Point> = run.iter().copied().flatten().collect();
            if points.len() > 1 {
                marks.push(Mark::Path { points, width: 1.0, colour });
            } else {
                marks.extend(points.into_iter().map(|centre| Mark::Disc { centre, radius: 1.5, colour }));
            }
        }
        if points.iter().any(Option::is_some) {
            marks.push(Mark::Label(Label {
                text: "thin: noise floor".to_owned(),
                at: Point { x: plan.plot.right(), y: plan.plot.y - GAP },
                size: SMALL,
                colour,
                anchor: (HPos::Right, VPos::Bottom),
                turn: Turn::None,
                bold: false,
            }));
        }
    }

    fn draw_line(&self, plan: &Plan, marks: &mut Vec<Mark>) {
        let colour = self.theme.line();
        let pitch = plan.plot.width / self.map.rows.len().max(1) as f64;
        let mut runs: Vec<Vec<Point>> = vec![Vec::new()];
        for row in 0..self.map.rows.len() {
            let left = plan.plot.x + row as f64 * pitch;
            let point = match self.cell(row) {
                Some(Cell::Value(value)) => height_of(plan, *value).map(|y| Point { x: left + pitch / 2.0, y }),
                Some(Cell::Absent { .. }) => {
                    hatch(Rect { x: left, width: pitch, ..plan.plot }, self.theme.grid(), marks);
                    None
                }
                None => None,
            };
            match (point, runs.last_mut()) {
                (Some(point), Some(run)) => run.push(point),
                _ => runs.push(Vec::new()),
            }
        }
        let radius = (pitch / 4.0).clamp(1.5, 3.5);
        for row in 0..self.map.rows.len() {
            let ends = self.interval(row).and_then(|(low, high)| Some((height_of(plan, low)?, height_of(plan, high)?)));
            if let Some((low, high)) = ends {
                let x = plan.plot.x + (row as f64 + 0.5) * pitch;
                marks.push(Mark::Path { points: vec![Point { x, y: low }, Point { x, y: high }], width: 1.0, colour });
                for y in [low, high] {
                    let points = vec![Point { x: x - radius, y }, Point { x: x + radius, y }];
                    marks.push(Mark::Path { points, width: 1.0, colour });
                }
            }
        }
        for run in runs.into_iter().filter(|run| !run.is_empty()) {
            marks.push(Mark::Path { points: run.clone(), width: 2.0, colour });
            marks.extend(run.into_iter().map(|centre| Mark::Disc { centre, radius, colour }));
        }
    }

    fn draw_labels(&self, plan: &Plan, marks: &mut Vec<Mark>) {
        let (plot, ink) = (plan.plot, self.theme.ink());
        let pitch = plot.width / self.map.rows.len().max(1) as f64;
        let least = if plan.upright { LABEL_PITCH } else { 0.0 };
        for row in shown(plan.labels.len(), pitch, least) {
            marks.push(Mark::Label(Label {
                text: plan.labels[row].clone(),
                at: Point { x: plot.x + (row as f64 + 0.5) * pitch, y: plot.bottom() + GAP },
                size: SMALL,
                colour: ink,
                anchor: if plan.upright { (HPos::Right, VPos::Center) } else { (HPos::Center, VPos::Top) },
                turn: if plan.upright { Turn::Counterclockwise } else { Turn::None },
                bold: false,
            }));
        }
        marks.push(axes::title(
            self.depth_title(plot.width),
            Point { x: plot.centre().x, y: plot.bottom() + 2.0 * GAP + plan.label_room },
            Turn::None,
            ink,
        ));
        marks.push(Mark::Label(Label {
            text: shortened(&self.map.measure, MEDIUM, plot.height),
            at: Point { x: plot.x - 2.0 * GAP - plan.tick_room, y: plot.centre().y },
            size: MEDIUM,
            colour: ink,
            anchor: (HPos::Center, VPos::Bottom),
            turn: Turn::Counterclockwise,
            bold: false,
        }));
        marks.push(Mark::Label(Label {
            text: "↑ more alike".to_owned(),
            at: Point { x: plot.x, y: plot.y - GAP },
            size: SMALL,
            colour: self.theme.muted(),
            anchor: (HPos::Left, VPos::Bottom),
            turn: Turn::None,
            bold: false,
        }));
        if let Some(caption) = &self.caption {
            let room = f64::from(self.size.0) - 2.0 * MARGIN;
            let top = f64::from(self.size.1) - MARGIN - SMALL;
            axes::caption(&[shortened(caption, SMALL, room)], top, self.theme.muted(), marks);
        }
    }

    /// Which layers, and which partner each has.
    fn depth_title(&self, room: f64) -> String {
        let partner = match self.pairing {
            Pairing::SameDepth if self.map.rows.len() == self.map.columns.len() => "with the same layer of",
            Pairing::SameDepth => "with the layer at the same relative depth of",
            Pairing::BestMatch => "each with its best match in",
        };
        let around = width(&format!("layers of , deeper →, {partner} "), MEDIUM);
        let name = |name: &str| shortened(name, MEDIUM, ((room - around) / 2.0).max(0.0));
        let (a, b) = (name(&self.map.a), name(&self.map.b));
        let legible = |name: &str| name.chars().any(char::is_alphanumeric);
        if legible(&a) && legible(&b) {
            format!("layers of {a}, deeper →, {partner} {b}")
        } else {
            axes::depth(&self.map.a, MEDIUM, room)
        }
    }
}

/// The height of a value in the plot, more alike higher up.
fn height_of(plan: &Plan, value: f64) -> Option<f64> {
    match plan.limits.place(value) {
        Place::Within(position) => Some(plan.plot.y + (1.0 - position) * plan.plot.height),
        Place::Below | Place::Above => None,
    }
}
