//! PNG and JPEG images as a probe set.

use super::classes::classes;
use super::picture::{self, Picture};
use super::source::{Source, with_advice};
use crate::data::pixels::{ImageShape, Pixels};
use crate::data::preparation::Preparation;
use crate::data::probe_set::ProbeSet;
use crate::file::{Allowance, DataError, counted};

/// Broken images that are named.
const NAMED: usize = 10;

/// Images whose headers were read, and what became of the others.
struct Readable<'a> {
    images: Vec<(&'a Source<'a>, Picture)>,
    broken: Vec<DataError>,
}

/// Reads images in the order of the sources, resized and cropped; several folders are classes.
pub(super) fn read(
    name: String,
    sources: &[Source<'_>],
    left_out_before: Vec<DataError>,
    preparation: Preparation,
) -> Result<ProbeSet, DataError> {
    let Readable { images, broken: unreadable } = readable(sources, preparation.skip_broken)?;
    let mut broken = left_out_before;
    broken.extend(unreadable);
    let shape = common_shape(&name, &images, preparation, broken.first())?;
    let mut allowance = Allowance::for_input(sources.iter().map(|source| source.bytes.len()).sum());
    let (mut pixels, mut paths, mut turned) = (Vec::new(), Vec::with_capacity(images.len()), 0);
    let mut deep = 0;
    for (source, picture) in &images {
        let planes = match picture::planes(&source.name, &source.bytes, shape.channels) {
            Ok(planes) => planes,
            Err(error) if preparation.skip_broken => {
                broken.push(error);
                continue;
            }
            Err(error) if sources.len() > 1 => return Err(with_advice(error)),
            Err(error) => return Err(error),
        };
        allowance.spend(&source.name, shape.len())?;
        if preparation.keeps_sizes() {
            pixels.extend(planes);
        } else {
            for plane in planes.chunks_exact(picture.height * picture.width) {
                pixels.extend(preparation.apply(plane, picture.height, picture.width));
            }
        }
        paths.push(source.name.as_str());
        turned += usize::from(picture.turned);
        deep += usize::from(picture.deep);
    }
    if let (true, Some(error)) = (paths.is_empty(), broken.first()) {
        return Err(error.clone());
    }
    let (labels, class_names) = classes(&paths)?;
    let mut notes = Vec::new();
    notes.extend(preparation.describe());
    if !class_names.is_empty() {
        let count = counted(class_names.len(), "folder");
        notes.push(format!("classes are the {count}, numbered in the order of their names as text"));
    }
    if turned > 0 {
        let count = counted(turned, "image");
        notes.push(format!("the orientation that a tag asks for was ignored in {count}, as Pillow and torchvision do"));
    }
    if deep > 0 {
        let count = counted(deep, "image");
        let others = "Pillow does the same with colours, but cuts grey values off at 255";
        notes.push(format!("of the 16 bits of each channel of {count} the higher 8 were taken; {others}"));
    }
    notes.extend(left_out(&broken));
    Ok(ProbeSet::new(name, shape, Pixels::U8(pixels), labels, class_names)?.with_notes(notes))
}

/// Which files could not be read and were left out, and why; nothing where there are none.
pub(super) fn left_out(broken: &[DataError]) -> Option<String> {
    if broken.is_empty() {
        return None;
    }
    let named = broken.iter().take(NAMED).map(|error| match error {
        DataError::Unrecognised { file, reason, .. } => format!("{file}: {reason}"),
        other => other.to_string(),
    });
    let named = named.collect::<Vec<_>>().join("; ");
    let more = broken.len().checked_sub(NAMED).filter(|more| *more > 0);
    let more = more.map_or(String::new(), |more| format!("; and {more} more"));
    let were = if broken.len() == 1 { "was" } else { "were" };
    Some(format!("{} could not be read and {were} left out: {named}{more}", counted(broken.len(), "file")))
}

fn readable<'a>(sources: &'a [Source<'a>], skip_broken: bool) -> Result<Readable<'a>, DataError> {
    let (mut images, mut broken) = (Vec::with_capacity(sources.len()), Vec::new());
    for source in sources {
        match picture::header(&source.name, &source.bytes) {
            Ok(picture) => images.push((source, picture)),
            Err(error) if skip_broken => broken.push(error),
            Err(error) if sources.len() > 1 => return Err(with_advice(error)),
            Err(error) => return Err(error),
        }
    }
    Ok(Readable { images, broken })
}

/// Height and width of the first image, which all must share once they are resized and cropped, and one channel when all
/// are grey.
fn common_shape(
    name: &str,
    images: &[(&Source<'_>, Picture)],
    preparation: Preparation,
    broken: Option<&DataError>,
) -> Result<ImageShape, DataError> {
    let mut common = None;
    for (source, picture) in images {
        let size = preparation.size(&source.name, picture.height, picture.width)?;
        let (first, (height, width)) = common.get_or_insert((&source.name, size));
        if size != (*height, *width) {
            let expected = format!("{width}×{height} pixels, as in {first}");
            let advice = "bring all to one size, under Image size on the page or with --resize SHORT --crop SIDE";
            let found = format!("{}×{}; {advice}", size.1, size.0);
            return Err(DataError::mismatch(&source.name, expected, found));
        }
    }
    match (common, broken) {
        (Some((_, (height, width))), _) => {
            let channels = if images.iter().all(|(_, picture)| picture.grey) { 1 } else { 3 };
            Ok(ImageShape { channels, height, width })
        }
        (None, Some(error)) => Err(error.clone()),
        (None, None) => Err(DataError::mismatch(name, "at least one PNG or JPEG image", "none")),
    }
}
