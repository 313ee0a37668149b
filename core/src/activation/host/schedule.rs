//! How the images of a segment are cut into batches, and how many batches are run before the supervisor is asked.

use super::plan::Segment;

/// Values of the largest map of a batch: 2 MiB, the second-level cache of today's server processors.
const BATCH_VALUES: usize = 1 << 19;
/// Images of a batch at most: enough rows for a matrix product to run at full speed.
const BATCH_IMAGES: usize = 64;
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
        let largest = segment.slots.iter().copied().max().unwrap_or(1).max(1);
        let within_unit = (UNIT_OPERATIONS / segment.operations.max(1.0)) as usize;
        let batch = (BATCH_VALUES / largest).clamp(1, BATCH_IMAGES);
        let batch = batch.min(images.div_ceil(threads)).min(within_unit).max(1);
        let batches = (within_unit / batch).max(1) * threads;
        Self { batch, unit: batch * batches }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Shape;

    fn segment(largest: usize, operations: f64) -> Segment {
        let shape = Shape::Vector(largest);
        Segment {
            layer: String::new(),
            input: shape,
            output: shape,
            steps: Vec::new(),
            result: 0,
            slots: vec![largest],
            operations,
        }
    }

    #[test]
    fn large_maps_make_small_batches() {
        assert_eq!(Schedule::of(&segment(65_536, 1e8), 512, 2), Schedule { batch: 8, unit: 80 });
        assert_eq!(Schedule::of(&segment(8_192, 1e6), 512, 1).batch, 64);
    }

    #[test]
    fn costly_segments_pause_after_every_image() {
        assert_eq!(Schedule::of(&segment(10, 1e10), 512, 1), Schedule { batch: 1, unit: 1 });
    }

    #[test]
    fn few_images_are_shared_among_the_threads() {
        assert_eq!(Schedule::of(&segment(10, 1.0), 6, 4).batch, 2);
    }
}
