//! What every figure keeps to, checked on its marks and on the document.

use plotters::style::RGBColor;

use super::mark::{Mark, Point, Rect};
use super::theme::BEYOND;
use super::{DepthLine, Heatmap, Pairing, Scale};
use crate::study::layer_map::tests::map;
use crate::study::{Cell, LayerMap};

fn names(count: usize, name: impl Fn(usize) -> String) -> Vec<String> {
    (0..count).map(name).collect()
}

/// A complete map of networks with these layers, more alike near the same depth.
fn smooth(rows: Vec<String>, columns: Vec<String>) -> LayerMap {
    let value = |row: usize, column: usize| 1.0 / (1.0 + (row as f64 - column as f64).abs());
    let cells = (0..rows.len())
        .map(|row| (0..columns.len()).map(|column| Some(Cell::Value(value(row, column)))).collect())
        .collect();
    LayerMap { cells, rows, columns, ..map(&[&[Some(0.0)]], true) }
}

fn block(index: usize) -> String {
    format!("layer{}.{}", index / 13, index % 13)
}

fn long(index: usize) -> String {
    format!("model.encoder.transformer.blocks.{index}.attention.output.dense")
}

/// Maps of every kind that must stay readable, each with a size.
fn hard_cases() -> Vec<(LayerMap, (u32, u32))> {
    let mut named = smooth(names(24, long), names(24, long));
    named.a = "vit_base_patch16_224.augreg_in21k_ft_in1k/run-17/checkpoint-90000".to_owned();
    named.b = "深層学習モデルの非常に長い名前と比較するための別のネットワーク".to_owned();
    let mut beyond = smooth(names(12, block), names(12, block));
    beyond.cells[3][4] = Some(Cell::Value(-0.2));
    beyond.cells[4][3] = Some(Cell::Value(1.2));
    let twelve = smooth(names(12, block), names(12, block));
    let fifty = smooth(names(50, block), names(50, block));
    vec![
        (twelve.clone(), (640, 640)),
        (twelve, (374, 420)),
        (fifty.clone(), (640, 640)),
        (fifty, (374, 420)),
        (smooth(names(12, block), names(30, block)), (640, 640)),
        (smooth(names(120, long), names(3, block)), (640, 480)),
        (smooth(names(3, block), names(2, block)), (640, 640)),
        (named.clone(), (640, 640)),
        (named, (374, 420)),
        (beyond, (640, 640)),
    ]
}

fn labels(marks: &[Mark]) -> Vec<(String, Rect)> {
    let label = |mark: &Mark| match mark {
        Mark::Label(label) => Some((label.text.clone(), label.extent())),
        _ => None,
    };
    marks.iter().filter_map(label).collect()
}

fn overlap(x: &Rect, y: &Rect) -> bool {
    x.x < y.right() - 0.01 && y.x < x.right() - 0.01 && x.y < y.bottom() - 0.01 && y.y < x.bottom() - 0.01
}

fn check_labels(marks: &[Mark], size: (f64, f64), case: &str) {
    let labels = labels(marks);
    for (index, (text, extent)) in labels.iter().enumerate() {
        let within = extent.x >= -0.01
            && extent.y >= -0.01
            && extent.right() <= size.0 + 0.01
            && extent.bottom() <= size.1 + 0.01;
        assert!(within, "{case}: `{text}` at {extent:?} leaves the figure of {size:?}");
        for (other, second) in labels.iter().skip(index + 1) {
            assert!(!overlap(extent, second), "{case}: `{text}` {extent:?} overlaps `{other}` {second:?}");
        }
    }
}

#[test]
fn labels_never_overlap_and_never_leave_the_figure() {
    for (map, size) in hard_cases() {
        for scale in [Scale::Fixed, Scale::FitToData] {
            let case = format!("{} × {} in {size:?}, {scale:?}", map.rows.len(), map.columns.len());
            let mut figure = Heatmap::new(map.clone());
            (figure.size, figure.scale, figure.title) = (size, scale, Some("Two networks".to_owned()));
            let layout = figure.layout();
            check_labels(&figure.marks(), (layout.width, layout.height), &case);
            let plot = layout.plot;
            for (text, extent) in labels(&figure.marks()) {
                assert!(!overlap(&extent, &plot), "{case}: `{text}` lies on the plot");
            }

            let mut line = DepthLine::new(map.clone());
            (line.scale, line.size) = (scale, (size.0, 300));
            check_labels(&line.marks(), (f64::from(size.0), 300.0), &format!("line of {case}"));
        }
    }
}

#[test]
fn the_figure_keeps_to_its_size() {
    for (map, size) in hard_cases() {
        let mut figure = Heatmap::new(map);
        figure.size = size;
        let layout = figure.layout();
        assert!(layout.width <= f64::from(size.0) && layout.height <= f64::from(size.1), "{layout:?} in {size:?}");
    }
}

#[test]
fn every_cell_is_found_under_its_middle() {
    for (map, size) in hard_cases() {
        let mut figure = Heatmap::new(map);
        figure.size = size;
        let layout = figure.layout();
        for row in 0..layout.rows {
            for column in 0..layout.columns {
                let middle = layout.cell(row, column).unwrap().centre();
                assert_eq!(layout.cell_at(middle.x, middle.y), Some((row, column)));
            }
        }
        assert_eq!(layout.cell_at(layout.plot.x - 1.0, layout.plot.y), None);
        assert_eq!(layout.cell_at(layout.plot.right() + 0.1, layout.plot.y), None);
    }
}

/// The colours of the rectangles whose upper left corner is a cell's.
fn cell_colours(figure: &Heatmap) -> Vec<Vec<Option<RGBColor>>> {
    let (marks, layout) = (figure.marks(), figure.layout());
    let colour = |row, column| {
        let cell = layout.cell(row, column)?;
        marks.iter().find_map(|mark| match mark {
            Mark::Rectangle { area, colour } if (area.x, area.y) == (cell.x, cell.y) && area.width > 2.0 => {
                Some(*colour)
            }
            _ => None,
        })
    };
    (0..layout.rows).map(|row| (0..layout.columns).map(|column| colour(row, column)).collect()).collect()
}

const BRIGHT: RGBColor = RGBColor(0xfd, 0xe7, 0x25);
const DARK: RGBColor = RGBColor(0x44, 0x01, 0x54);

#[test]
fn bright_is_more_alike_in_both_directions() {
    let similarity = Heatmap::new(map(&[&[Some(1.0), Some(0.0)]], true));
    assert_eq!(cell_colours(&similarity), [[Some(BRIGHT), Some(DARK)]]);
    let distance = Heatmap::new(map(&[&[Some(1.0), Some(0.0)]], false));
    assert_eq!(cell_colours(&distance), [[Some(DARK), Some(BRIGHT)]]);
}

#[test]
fn fitting_spreads_the_colours_over_the_data() {
    let mut figure = Heatmap::new(map(&[&[Some(0.4), Some(0.6)]], true));
    figure.scale = Scale::FitToData;
    assert_eq!(cell_colours(&figure), [[Some(DARK), Some(BRIGHT)]]);
}

#[test]
fn values_beyond_the_scale_have_their_own_colour_and_are_marked_on_the_bar() {
    let within = Heatmap::new(map(&[&[Some(0.4), Some(0.6)]], true));
    let below = Heatmap::new(map(&[&[Some(-0.1), Some(0.6)]], true));
    assert_eq!(cell_colours(&below)[0][0], Some(BEYOND));
    let pointed = |figure: &Heatmap| figure.marks().iter().filter(|mark| matches!(mark, Mark::Polygon { .. })).count();
    assert_eq!((pointed(&within), pointed(&below)), (0, 1));
    assert!(labels(&below.marks()).iter().any(|(text, _)| text == "< 0"));
}

#[test]
fn absent_cells_are_hatched_and_cells_to_come_are_empty() {
    let mut map = map(&[&[Some(0.5), None, Some(0.5)]], true);
    map.cells[0][2] = None;
    let figure = Heatmap::new(map);
    assert_eq!(cell_colours(&figure)[0].iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, false]);
    let layout = figure.layout();
    let hatched = layout.cell(0, 1).unwrap();
    let marks = figure.marks();
    let lines: Vec<_> = marks
        .iter()
        .filter_map(|mark| if let Mark::Path { points, .. } = mark { Some(points) } else { None })
        .collect();
    assert!(lines.len() >= 3);
    for point in lines.into_iter().flatten() {
        let inside = |value: f64, from: f64, length: f64| (from - 1e-9..=from + length + 1e-9).contains(&value);
        assert!(inside(point.x, hatched.x, hatched.width) && inside(point.y, hatched.y, hatched.height), "{point:?}");
    }
}

#[test]
fn the_line_breaks_at_absent_cells() {
    let mut line = DepthLine::new(map(
        &[
            &[Some(0.9), None, None, None],
            &[None, Some(0.8), None, None],
            &[None, None, None, None],
            &[None, None, None, Some(0.7)],
        ],
        true,
    ));
    assert_eq!(line.pairing, Pairing::SameDepth);
    let runs = |line: &DepthLine| {
        let length = |mark: &Mark| match mark {
            Mark::Path { points, width, .. } if *width > 1.0 => Some(points.len()),
            _ => None,
        };
        line.marks().iter().filter_map(length).collect::<Vec<_>>()
    };
    assert_eq!(runs(&line), [2, 1]);
    line.map.cells[2][0] = Some(Cell::Value(0.5));
    line.pairing = Pairing::BestMatch;
    assert_eq!(runs(&line), [4]);
}

#[test]
fn networks_of_other_depths_are_lined_up_by_best_match_and_the_axis_says_so() {
    let line = DepthLine::new(map(&[&[Some(0.9), Some(0.2)]], true));
    assert_eq!(line.pairing, Pairing::BestMatch);
    assert!(labels(&line.marks()).iter().any(|(text, _)| text.contains("best match in B")));
}

#[test]
fn documents_are_valid_xml_with_text_whatever_the_names_are() {
    let mut map = smooth(vec!["<conv>&\u{0}\u{8}".to_owned(), "\"fc\"".to_owned()], names(2, block));
    map.a = "a<b>&amp;]]>\u{ffff}".to_owned();
    for svg in [Heatmap::new(map.clone()).to_svg(), DepthLine::new(map).to_svg()] {
        let document = roxmltree::Document::parse(&svg).unwrap();
        let root = document.root_element();
        assert!(root.has_tag_name(("http://www.w3.org/2000/svg", "svg")) && root.attribute("width").is_some());
        let texts: Vec<String> = root
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")))
            .filter_map(|node| node.text().map(|text| text.trim().to_owned()))
            .collect();
        assert!(texts.contains(&"\"fc\"".to_owned()), "{texts:?}");
        assert!(texts.contains(&"<conv>&\u{fffd}\u{fffd}".to_owned()), "{texts:?}");
        for part in ["title", "desc"] {
            assert!(root.children().any(|node| node.tag_name().name() == part && node.text().is_some()), "{part}");
        }
    }
}

#[test]
fn cells_within_chance_are_crossed_and_their_floors_stand_beside_the_bar() {
    use crate::study::{NullRecord, NullSpec};

    let plain = map(&[&[Some(0.9), Some(0.2)], &[Some(0.1), Some(0.8)]], true);
    let all = |value: f64| vec![vec![Some(value); 2]; 2];
    let mut known = plain.clone();
    known.null = Some(NullRecord {
        spec: NullSpec { permutations: 99, seed: 0, alpha: 0.05 },
        p: all(0.01),
        q: all(0.01),
        floor: vec![vec![Some(0.25), Some(0.25)], vec![Some(0.25), Some(0.75)]],
        score: vec![vec![Some(0.8), Some(0.0)], vec![Some(0.0), Some(0.2)]],
        best: None,
        best_of_rows: vec![None, None],
        diagonal_mean: None,
    });
    let paths = |map: &LayerMap| {
        let marks = Heatmap::new(map.clone()).marks();
        marks.iter().filter(|mark| matches!(mark, Mark::Path { .. })).count()
    };
    assert_eq!(paths(&known), paths(&plain) + 2 * 2);
    let figure = Heatmap::new(known.clone());
    let bar = figure.layout().bar;
    let line = figure.marks().iter().find_map(|mark| match mark {
        Mark::Rectangle { area, .. } if area.width == 2.0 && area.right() < bar.x => Some(*area),
        _ => None,
    });
    // From 0.75 down to 0.25 on a bar of 0 to 1, and a pixel at either end.
    assert!((line.unwrap().height - (0.5 * bar.height + 2.0)).abs() < 1e-9, "{line:?}");
    let paths = |map: &LayerMap| {
        let marks = DepthLine::new(map.clone()).marks();
        marks
            .into_iter()
            .filter_map(|mark| if let Mark::Path { points, .. } = mark { Some(points) } else { None })
            .collect()
    };
    let (drawn, without): (Vec<Vec<Point>>, Vec<Vec<Point>>) = (paths(&known), paths(&plain));
    assert_eq!((drawn.len(), without.len()), (2, 1));
    let (floors, values) = (&drawn[0], &drawn[1]);
    assert_eq!(values, &without[0]);
    // On the line through the two values, which are drawn on the same axis.
    let place = |value: f64| values[0].y + (0.9 - value) / (0.9 - 0.8) * (values[1].y - values[0].y);
    for (point, floor) in floors.iter().zip([0.25, 0.75]) {
        assert!((point.y - place(floor)).abs() < 1e-9, "{floors:?}");
    }
    assert!(figure.caption.unwrap().contains("no more alike than chance (99 random orders, α = 0.05)"));
}

#[test]
fn values_of_the_same_depth_stand_in_their_intervals() {
    use crate::inference::IntervalMethod;
    use crate::study::{BootstrapRecord, BootstrapSpec, IntervalRecord};

    let values: &[Option<f64>] = &[Some(0.9), Some(0.2)];
    let plain = map(&[values, &[Some(0.1), Some(0.8)]], true);
    let interval = |low, high| IntervalRecord::Known { low, high, standard_error: 0.1 };
    let absent = || IntervalRecord::Absent { absent: "too few".to_owned() };
    let spec = BootstrapSpec { resamples: 999, seed: 0, level: 0.95, interval: IntervalMethod::Bca };
    let cells = vec![vec![interval(0.7, 0.95), interval(0.1, 0.3)], vec![interval(0.0, 0.2), absent()]];
    let known = LayerMap { bootstrap: Some(BootstrapRecord { spec, cells }), ..plain.clone() };
    let marks = |line: &DepthLine| line.marks().into_iter().filter(|mark| matches!(mark, Mark::Path { .. })).count();
    let (with, without) = (DepthLine::new(known.clone()), DepthLine::new(plain));
    // One bar with two ends, at the only layer whose partner has an interval.
    assert_eq!(marks(&with), marks(&without) + 3);
    let searched = DepthLine { pairing: Pairing::BestMatch, ..with };
    assert_eq!(marks(&searched), marks(&without));
}
