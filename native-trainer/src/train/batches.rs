//! Batches of images on a device, in a seeded order.

use anyhow::{Context as _, Result};
use burn::tensor::{Device, Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use repgeo_core::data::{Normalisation, ProbeSet};

use super::augment::Augmentation;

/// Labelled images, normalised, on the host.
#[derive(Debug)]
pub(crate) struct Images<'a> {
    set: &'a ProbeSet,
    labels: &'a [u32],
    values: Vec<f32>,
    /// What a black pixel of each channel is.
    black: Vec<f32>,
}

/// Images `[n, channels, height, width]` and their classes `[n]`.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) images: Tensor<4>,
    pub(crate) classes: Tensor<1, Int>,
}

impl<'a> Images<'a> {
    /// Normalises all images.
    #[allow(clippy::cast_possible_truncation, reason = "networks compute in single precision")]
    pub(crate) fn new(set: &'a ProbeSet, normalisation: &Normalisation) -> Result<Self> {
        let labels = set.labels.as_deref().with_context(|| format!("{}: the images have no labels", set.name))?;
        let values = set.batch(0..set.len(), normalisation)?;
        let black = normalisation.mean.iter().zip(&normalisation.std).map(|(mean, std)| (-mean / std) as f32).collect();
        Ok(Self { set, labels, values, black })
    }

    /// Number of images.
    pub(crate) fn len(&self) -> usize {
        self.set.len()
    }

    /// The images at these indices, each changed as `augmentation` draws.
    pub(crate) fn batch(
        &self,
        indices: &[usize],
        augmentation: Augmentation,
        generator: &mut ChaCha8Rng,
        device: &Device,
    ) -> Batch {
        let shape = self.set.shape;
        let mut values = Vec::with_capacity(indices.len() * shape.len());
        let mut classes = Vec::with_capacity(indices.len());
        for &index in indices {
            let image = self.values.chunks(shape.len()).nth(index);
            if let (Some(image), Some(&label)) = (image, self.labels.get(index)) {
                augmentation.draw(generator).append(image, shape, &self.black, &mut values);
                classes.push(i64::from(label));
            }
        }
        let count = classes.len();
        let images = TensorData::new(values, [count, shape.channels, shape.height, shape.width]);
        Batch {
            images: Tensor::from_data(images, device),
            classes: Tensor::from_data(TensorData::new(classes, [count]), device),
        }
    }
}

/// The generator of one epoch: the same for the same seed and epoch, whatever was drawn before.
pub(crate) fn generator_of(seed: u64, epoch: usize) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    // Stream 0 draws the initial weights.
    generator.set_stream(epoch as u64 + 1);
    generator
}

/// The numbers below `count` in random order (Fisher and Yates).
pub(crate) fn shuffled(count: usize, generator: &mut ChaCha8Rng) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        order.swap(last, below(last as u64 + 1, generator));
    }
    order
}

/// A random number below `bound`, each equally likely: the upper half of a 128-bit product, drawn again where the lower
/// half is in the uneven rest (Lemire 2019).
#[allow(clippy::cast_possible_truncation, reason = "the halves of the product")]
fn below(bound: u64, generator: &mut ChaCha8Rng) -> usize {
    let rest = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(generator.next_u64()) * u128::from(bound);
        if product as u64 >= rest {
            return (product >> 64) as usize;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_has_its_own_order_with_every_image_once() {
        let order = |seed, epoch| shuffled(1000, &mut generator_of(seed, epoch));
        assert_eq!(order(1, 2), order(1, 2));
        assert_ne!(order(1, 2), order(1, 3));
        assert_ne!(order(1, 2), order(2, 2));
        let mut sorted = order(1, 2);
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
    }

    #[test]
    fn every_permutation_of_three_is_equally_likely() {
        let mut generator = generator_of(5, 0);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..12_000 {
            *counts.entry(shuffled(3, &mut generator)).or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count| (1800..2200).contains(count)), "{counts:?}");
    }
}
