//! Small random changes of training images that leave their class as it is.

use clap::ValueEnum;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;
use repgeo_core::data::ImageShape;
use serde::{Deserialize, Serialize};

/// Most pixels that an image is shifted by, along each side.
const MOST_SHIFT: u32 = 2;

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Augmentation {
    /// Nothing.
    None,
    /// A horizontal flip of every second image and a shift by up to two pixels, black coming in at the border.
    FlipShift,
}

/// How one image is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Change {
    flip: bool,
    down: isize,
    right: isize,
}

impl Augmentation {
    /// Draws a change. Every draw takes equally many random numbers.
    pub(crate) fn draw(self, generator: &mut ChaCha8Rng) -> Change {
        match self {
            Self::None => Change { flip: false, down: 0, right: 0 },
            Self::FlipShift => Change {
                flip: generator.next_u32() & 1 == 1,
                down: shift(generator.next_u32()),
                right: shift(generator.next_u32()),
            },
        }
    }
}

fn shift(random: u32) -> isize {
    let shift = random % (2 * MOST_SHIFT + 1);
    isize::try_from(shift).unwrap_or(0) - isize::try_from(MOST_SHIFT).unwrap_or(0)
}

impl Change {
    /// Appends the changed image, channels × height × width, to `batch`.
    pub(crate) fn append(self, image: &[f32], shape: ImageShape, black: &[f32], batch: &mut Vec<f32>) {
        let ImageShape { height, width, .. } = shape;
        for (plane, &black) in image.chunks(height * width).zip(black) {
            for row in 0..height {
                let from = row.checked_add_signed(-self.down).and_then(|row| plane.chunks(width).nth(row));
                for column in 0..width {
                    let column = if self.flip { width - 1 - column } else { column };
                    let pixel = column.checked_add_signed(-self.right).and_then(|column| from?.get(column));
                    batch.push(pixel.copied().unwrap_or(black));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng as _;

    use super::*;

    const SHAPE: ImageShape = ImageShape { channels: 2, height: 2, width: 3 };
    const IMAGE: [f32; 12] = [1., 2., 3., 4., 5., 6., 7., 8., 9., 10., 11., 12.];

    fn changed(change: Change) -> Vec<f32> {
        let mut batch = Vec::new();
        change.append(&IMAGE, SHAPE, &[-1.0, -2.0], &mut batch);
        batch
    }

    #[test]
    fn images_are_flipped_and_shifted_with_black_at_the_border() {
        assert_eq!(changed(Change { flip: false, down: 0, right: 0 }), IMAGE);
        assert_eq!(
            changed(Change { flip: true, down: 0, right: 0 }),
            [3., 2., 1., 6., 5., 4., 9., 8., 7., 12., 11., 10.]
        );
        assert_eq!(
            changed(Change { flip: false, down: 1, right: -1 }),
            [-1., -1., -1., 2., 3., -1., -2., -2., -2., 8., 9., -2.]
        );
        assert_eq!(
            changed(Change { flip: true, down: 0, right: 1 }),
            [2., 1., -1., 5., 4., -1., 8., 7., -2., 11., 10., -2.]
        );
        assert_eq!(
            changed(Change { flip: false, down: -2, right: 0 }),
            [-1., -1., -1., -1., -1., -1., -2., -2., -2., -2., -2., -2.]
        );
    }

    #[test]
    fn all_changes_are_drawn_about_equally_often() {
        let mut generator = ChaCha8Rng::seed_from_u64(3);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..50_000 {
            let Change { flip, down, right } = Augmentation::FlipShift.draw(&mut generator);
            *counts.entry((flip, down, right)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 50);
        assert!(counts.values().all(|count| (800..1200).contains(count)), "{counts:?}");
    }
}
