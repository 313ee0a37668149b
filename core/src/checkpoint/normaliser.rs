//! Means and standard deviations that a file stores beside a network, which normalises images by them itself.

use super::read::Checkpoint;
use crate::data::Normalisation;
use crate::model::{ExpectedInput, StateTensor};

/// What the two tensors of such a module are called.
const NAMES: [(&str, &str); 10] = [
    ("mean", "std"),
    ("new_mean", "new_std"),
    ("_mean", "_std"),
    ("means", "stds"),
    ("mean", "stddev"),
    ("data_mean", "data_std"),
    ("image_mean", "image_std"),
    ("input_mean", "input_std"),
    ("norm_mean", "norm_std"),
    ("pixel_mean", "pixel_std"),
];
/// The most channels of an image.
const MOST_CHANNELS: usize = 4;
/// A larger mean is one of pixels from 0 to 255.
const LARGEST_OF_UNIT: f64 = 2.0;

/// Means and standard deviations of images, and the tensors that they are from.
pub(super) struct Normaliser {
    normalisation: Normalisation,
    pub(super) tensors: Vec<String>,
}

/// Takes means and deviations of images out of the tensors; nothing where there are none, or copies that differ.
pub(super) fn take_normaliser(checkpoint: &mut Checkpoint) -> Option<Normaliser> {
    let mut found: Vec<(String, String, Normalisation)> = Vec::new();
    for name in &checkpoint.order {
        let (module, own) = name.rsplit_once('.').map_or(("", name.as_str()), |(module, own)| (module, own));
        for (_, deviations) in NAMES.iter().filter(|(mean, _)| *mean == own) {
            let deviations =
                if module.is_empty() { (*deviations).to_owned() } else { format!("{module}.{deviations}") };
            let values = |name: &str| checkpoint.state.get(name).and_then(of_channels);
            let both = values(name).zip(values(&deviations));
            if let Some(normalisation) = both.and_then(|(mean, std)| of_images(mean, std)) {
                found.push((name.clone(), deviations, normalisation));
            }
        }
    }
    let (mean, std, normalisation) = found.first()?.clone();
    if found.iter().any(|(.., other)| *other != normalisation) {
        return None;
    }
    let tensors: Vec<String> = found.into_iter().flat_map(|(mean, std, _)| [mean, std]).collect();
    for name in &tensors {
        checkpoint.state.remove(name);
        checkpoint.precisions.remove(name);
        checkpoint.order.retain(|other| other != name);
    }
    let normalisation = Normalisation { name: format!("{mean} and {std} of the file"), ..normalisation };
    Some(Normaliser { normalisation, tensors })
}

impl Normaliser {
    /// The normalisation for a network that takes such images, one mean for each channel; nothing where it takes none that these
    /// are the statistics of.
    pub(super) fn of(&self, expected: ExpectedInput) -> Option<Normalisation> {
        /// Fewer values are no image.
        const FEWEST_PIXELS: usize = 16;
        let Normalisation { name, mean, std } = &self.normalisation;
        let channels = match (expected.channels, expected.features) {
            (Some(channels), _) => channels,
            (None, Some(features)) if features >= FEWEST_PIXELS * mean.len() && features % mean.len() == 0 => {
                mean.len()
            }
            _ => return None,
        };
        let spread = |values: &[f64]| match values {
            [one] => Some(vec![*one; channels]),
            each => (each.len() == channels).then(|| each.to_vec()),
        };
        Some(Normalisation { name: name.clone(), mean: spread(mean)?, std: spread(std)? })
    }
}

/// The values of a tensor that has one for each channel.
fn of_channels(tensor: &StateTensor) -> Option<Vec<f64>> {
    let axes = tensor.shape.iter().filter(|&&length| length != 1).count();
    let fits = axes <= 1 && (1..=MOST_CHANNELS).contains(&tensor.values.len());
    fits.then(|| tensor.values.iter().map(|&value| f64::from(value)).collect())
}

/// Statistics of pixels, which are none of anything else by their values.
fn of_images(mut mean: Vec<f64>, mut std: Vec<f64>) -> Option<Normalisation> {
    const WHITE: f64 = 255.0;
    let usable = mean.len() == std.len()
        && mean.iter().all(|mean| (0.0..=WHITE).contains(mean))
        && std.iter().all(|std| *std > 0.0 && *std <= WHITE);
    if !usable {
        return None;
    }
    if mean.iter().any(|mean| *mean > LARGEST_OF_UNIT) {
        mean.iter_mut().chain(&mut std).for_each(|value| *value /= WHITE);
    }
    Some(Normalisation { name: String::new(), mean, std })
}
