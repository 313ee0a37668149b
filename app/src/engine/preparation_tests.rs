//! Images of several sizes, and broken ones.

use repgeo_core::checkpoint::Reading;
use repgeo_core::data::Preparation;
use repgeo_core::file::NamedBytes;

use super::{Holdings, Opening};
use crate::protocol::{Event, ProbeSummary, Purpose};

/// Of 4 × 2 pixels.
const GREY: &[u8] = include_bytes!("../../../core/src/data/format/fixtures/grey.png");
/// Of 5 × 2 pixels.
const WIDE: &[u8] = include_bytes!("../../../core/src/data/format/fixtures/wide.png");
const ARCHIVE: &[u8] = include_bytes!("../../../core/src/data/format/fixtures/animals.zip");

/// Opens files together.
fn opened(files: &[&[u8]], purpose: Purpose, preparation: Preparation) -> Vec<Event> {
    let (mut holdings, mut opening) = (Holdings::default(), Opening::new(purpose, preparation));
    for (id, bytes) in (1..).zip(files) {
        let file = NamedBytes { name: format!("{id}.png"), bytes: bytes.to_vec() };
        assert_eq!(holdings.take(&mut opening, id, file, Reading::default()), None);
    }
    holdings.finish(opening)
}

fn refused(events: &[Event]) -> &str {
    let [Event::Refused { id: 1, reason }] = events else { panic!("expected one refusal, found {events:?}") };
    reason
}

fn loaded(events: Vec<Event>) -> ProbeSummary {
    let [Event::ProbeLoaded { summary, .. }] = &events[..] else { panic!("expected a probe set, found {events:?}") };
    summary.clone()
}

#[test]
fn images_of_several_sizes_are_refused_once_and_brought_to_one() {
    let broken = &WIDE[..40];
    let files = [GREY, WIDE, broken];
    let together = |preparation| opened(&files, Purpose::Probe, preparation);
    let events = together(Preparation::default());
    assert!(refused(&events).contains("leave it out, under Image size on the page"), "{events:?}");
    let events = together(Preparation { skip_broken: true, ..Preparation::default() });
    assert!(refused(&events).contains("bring all to one size, under Image size on the page"), "{events:?}");

    let summary = loaded(together(Preparation { resize: Some(2), crop: Some(2), skip_broken: true }));
    assert_eq!((summary.count, summary.shape.height, summary.shape.width), (2, 2, 2));
    let [size, left_out] = &summary.notes[..] else { panic!("{:?}", summary.notes) };
    assert!(size.starts_with("the images were resized to a shorter side of 2 pixels"), "{size}");
    assert!(left_out.starts_with("1 file could not be read and was left out: 3.png"), "{left_out}");
}

#[test]
fn images_in_an_archive_are_prepared_wherever_it_was_dropped() {
    for purpose in [Purpose::Any, Purpose::Probe] {
        let archive = |crop| opened(&[ARCHIVE], purpose, Preparation { crop, ..Preparation::default() });
        let events = archive(Some(100));
        assert!(refused(&events).contains("expected at least 100×100 pixels to crop"), "{events:?}");
        let shape = loaded(archive(Some(2))).shape;
        assert_eq!((shape.height, shape.width), (2, 2));
    }
}
