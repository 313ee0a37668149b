//! How the images of a segment are cut into batches, and how many batches are run before the supervisor is asked.

use super::plan::Segment;
use crate::activation::rows::channels_and_positions;

/// Positions of the output maps of a batch: 128 tiles of 4 × 4, enough rows for a matrix product to run at full speed,
/// few enough that the maps of a batch stay in a second-level cache.
const BATCH_POSITIONS: usize = 2048;
/// Images of a batch at most.
const BATCH_IMAGES: usize = 128;
/// Operations between two pauses, for each thread: well under 0.3 s even in WebAssembly on a slow machine.
const UNIT_OPERATIONS: f64 = 4e9;

/// Sizes for one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Schedule {
    /// Images that one thread computes at once.
    pub(super) batch: usize,
    /// Images between two pauses; a multiple of `batch`.
    pub(super) unit: usize,
}

impl Schedule {
    /// For `images` images on `threads` threads.
    pub(super) fn of(segment: &Segment, images: usize, threads: usize) -> Self {
        let (_, positions) = channels_and_positions(segment.output);
        let within_unit = (UNIT_OPERATIONS / segment.operations.max(1.0)) as usize;
        let batch = (BATCH_POSITIONS / positions.max(1)).clamp(1, BATCH_IMAGES);
        let batch = batch.min(images.div_ceil(threads)).min(within_unit).max(1);
        let batches = (within_unit / batch).max(1) * threads;
        Self { batch, unit: batch * batches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::ImageShape;
    use crate::model::Shape;

    fn segment(side: usize, operations: f64) -> Segment {
        let shape = Shape::Map(ImageShape { channels: 3, height: side, width: side });
        Segment {
            layer: String::new(),
            input: shape,
            output: shape,
            steps: Vec::new(),
            result: 0,
            slots: vec![shape.len()],
            operations,
        }
    }

    #[test]
    fn large_maps_make_small_batches() {
        assert_eq!(Schedule::of(&segment(32, 1e8), 512, 2), Schedule { batch: 2, unit: 80 });
        assert_eq!(Schedule::of(&segment(4, 1e6), 512, 1).batch, 128);
    }

    #[test]
    fn costly_segments_pause_after_every_image() {
        assert_eq!(Schedule::of(&segment(10, 1e10), 512, 1), Schedule { batch: 1, unit: 1 });
    }

    #[test]
    fn few_images_are_shared_among_the_threads() {
        assert_eq!(Schedule::of(&segment(4, 1.0), 6, 4).batch, 2);
    }
}
