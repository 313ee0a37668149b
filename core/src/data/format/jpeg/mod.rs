//! JPEG (ITU-T T.81), baseline and progressive, decoded to the same bytes as libjpeg-turbo's default: its slow integer
//! inverse transform, its smooth upsampling of colour and its conversion of colours. Networks are trained on images that
//! libjpeg decoded, through Pillow or OpenCV, and other decoders differ from it by tens of grey levels at the edges.

mod bits;
mod colour;
mod frame;
mod huffman;
mod inverse_transform;
mod scan;
mod segments;
mod upsample;
mod whole;

use crate::file::DataError;
use frame::Frame;
use segments::{Header, Segments};

pub(super) use segments::header;

/// The most scans of an image. Progressive ones have about ten; each looks at all blocks, however short it is.
const SCANS: usize = 100;

/// A place in the file, what is expected there and what is found.
type Fault = (usize, String, String);

fn fault(offset: usize, expected: impl Into<String>, found: impl Into<String>) -> Fault {
    (offset, expected.into(), found.into())
}

/// A decoded image: one plane when it is grey, else red, green and blue.
///
/// # Errors
/// [`DataError`] when the file is broken, cut off or of another kind of JPEG.
pub(super) fn decode(path: &str, bytes: &[u8]) -> Result<Vec<Vec<u8>>, DataError> {
    whole::check_whole(path, bytes)?;
    let malformed = |(offset, expected, found)| DataError::Malformed { file: path.to_owned(), offset, expected, found };
    planes(bytes).map_err(malformed)
}

fn planes(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut segments = Segments::new(bytes);
    let mut frame: Option<Frame> = None;
    let mut scans = 0;
    while let Some(scan) = segments.next_scan()? {
        scans += 1;
        if scans > SCANS {
            return Err(fault(scan.data, format!("at most {SCANS} scans"), "more"));
        }
        let header = segments.header()?;
        let frame = match &mut frame {
            Some(frame) => frame,
            None => frame.insert(Frame::new(header, bytes.len())?),
        };
        let end = scan::decode(frame, &segments.tables, &scan, bytes)?;
        segments.resume_at(end);
    }
    let header: &Header = segments.header()?;
    let Some(frame) = frame else { return Err(fault(bytes.len(), "a scan", "the end of the image")) };
    let planes = frame.samples()?;
    Ok(colour::convert(planes, header.colours()))
}
