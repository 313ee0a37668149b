//! The pixels of a probe set as numbers: statistics, network input, pictures for people.

use std::ops::Range;

use super::normalisation::Normalisation;
use super::pixels::Pixels;
use super::probe_set::ProbeSet;
use crate::file::{DataError, counted};

impl ProbeSet {
    /// Mean and population standard deviation of each channel over all images and positions, of `x / 255` for bytes and of
    /// the values themselves for floating-point numbers. Named `probe-set`.
    ///
    /// # Numerical behaviour
    /// Bytes are summed exactly in integers; floating-point values in double precision, in two passes.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when a channel is constant, because nothing can be divided by its deviation of zero.
    pub fn statistics(&self) -> Result<Normalisation, DataError> {
        let channels = 0..self.shape.channels;
        let moments = match &self.pixels {
            Pixels::U8(values) => channels.map(|channel| byte_moments(self.channel(values, channel))).collect(),
            Pixels::F32(values) => {
                channels.map(|channel| float_moments(|| self.channel(values, channel))).collect::<Vec<_>>()
            }
        };
        if let Some((channel, (mean, _))) = moments.iter().enumerate().find(|(_, (_, std))| *std == 0.0) {
            let found = format!("channel {channel} with the value {mean} everywhere; choose a preset or `none`");
            return Err(DataError::mismatch(&self.name, "more than one value in each channel, to normalise by", found));
        }
        let (mean, std) = moments.into_iter().unzip();
        Ok(Normalisation { name: "probe-set".into(), mean, std })
    }

    /// The values of one channel in all images.
    fn channel<'a, T: Copy>(&self, values: &'a [T], channel: usize) -> impl Iterator<Item = T> + 'a {
        let positions = (self.shape.height * self.shape.width).max(1);
        values.chunks_exact(positions).skip(channel).step_by(self.shape.channels.max(1)).flatten().copied()
    }

    /// The normalised images `range`, as a network takes them.
    ///
    /// # Shapes
    /// `range.len()` × channels × height × width, row-major.
    ///
    /// # Errors
    /// [`DataError::Mismatch`] when the range goes beyond the set, or the normalisation does not fit the channels.
    pub fn batch(&self, range: Range<usize>, normalisation: &Normalisation) -> Result<Vec<f32>, DataError> {
        normalisation.check(self.shape.channels)?;
        if range.start > range.end || range.end > self.len() {
            let expected = format!("a range within {}", counted(self.len(), "image"));
            return Err(DataError::mismatch(&self.name, expected, format!("{} to {}", range.start, range.end)));
        }
        let (start, end) = (range.start * self.shape.len(), range.end * self.shape.len());
        Ok(match &self.pixels {
            Pixels::U8(values) => {
                let tables = normalisation.mean.iter().zip(&normalisation.std).map(|(mean, std)| {
                    std::array::from_fn::<f32, 256, _>(|byte| ((byte as f64 / 255.0 - mean) / std) as f32)
                });
                let tables = tables.collect::<Vec<_>>();
                self.map_channels(&values[start..end], &tables, |table, &byte| table[usize::from(byte)])
            }
            Pixels::F32(values) => {
                let moments = normalisation.mean.iter().zip(&normalisation.std).collect::<Vec<_>>();
                self.map_channels(&values[start..end], &moments, |&(mean, std), &value| {
                    ((f64::from(value) - mean) / std) as f32
                })
            }
        })
    }

    /// Maps each value with what belongs to its channel.
    fn map_channels<T, C>(&self, values: &[T], per_channel: &[C], map: impl Fn(&C, &T) -> f32) -> Vec<f32> {
        let positions = (self.shape.height * self.shape.width).max(1);
        let mut mapped = Vec::with_capacity(values.len());
        for (plane, channel) in values.chunks_exact(positions).zip(per_channel.iter().cycle()) {
            mapped.extend(plane.iter().map(|value| map(channel, value)));
        }
        mapped
    }

    /// Image `index` for the eye: height × width pixels of red, green, blue and full opacity, row by row; absent when there
    /// is no such image. Images of 3 channels are in colour, others show their first channel in grey. Floating-point
    /// values are spread so that the image's lowest is black and its highest white.
    #[must_use]
    pub fn thumbnail(&self, index: usize) -> Option<Vec<u8>> {
        let range = index.checked_mul(self.shape.len())?..index.checked_add(1)?.checked_mul(self.shape.len())?;
        let image = match &self.pixels {
            Pixels::U8(values) => values.get(range)?.to_vec(),
            Pixels::F32(values) => spread(values.get(range)?),
        };
        let mut planes = image.chunks_exact((self.shape.height * self.shape.width).max(1));
        let red = planes.next()?;
        let (green, blue) = if self.shape.channels == 3 { (planes.next()?, planes.next()?) } else { (red, red) };
        Some(red.iter().zip(green).zip(blue).flat_map(|((&red, &green), &blue)| [red, green, blue, 255]).collect())
    }
}

/// Mean and population standard deviation of `x / 255`.
fn byte_moments(values: impl Iterator<Item = u8>) -> (f64, f64) {
    let mut counts = [0_u64; 256];
    for value in values {
        counts[usize::from(value)] += 1;
    }
    let moment = |power: u32| (0_u128..).zip(&counts).map(|(value, &count)| value.pow(power) * u128::from(count)).sum();
    let (number, sum, squares): (u128, u128, u128) = (moment(0), moment(1), moment(2));
    // The numerator of the variance is an exact integer, so that nothing cancels.
    let scaled_variance = number * squares - sum * sum;
    let scale = number as f64 * 255.0;
    (sum as f64 / scale, (scaled_variance as f64).sqrt() / scale)
}

/// Mean and population standard deviation.
fn float_moments<I: Iterator<Item = f32>>(values: impl Fn() -> I) -> (f64, f64) {
    let number = values().count() as f64;
    let mean = values().map(f64::from).sum::<f64>() / number;
    let variance = values().map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / number;
    (mean, variance.sqrt())
}

/// The values as bytes, the lowest as 0 and the highest as 255.
fn spread(values: &[f32]) -> Vec<u8> {
    let low = values.iter().copied().fold(f32::INFINITY, f32::min);
    let high = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let extent = f64::from(high) - f64::from(low);
    let byte = |value: &f32| (255.0 * (f64::from(*value) - f64::from(low)) / extent).round() as u8;
    if extent > 0.0 { values.iter().map(byte).collect() } else { vec![0; values.len()] }
}

#[cfg(test)]
mod tests {
    use super::super::pixels::ImageShape;
    use super::*;

    fn colour(pixels: Pixels) -> ProbeSet {
        ProbeSet::new("set", ImageShape { channels: 3, height: 1, width: 2 }, pixels, None, Vec::new()).unwrap()
    }

    fn two_images() -> ProbeSet {
        colour(Pixels::U8(vec![0, 255, 10, 20, 1, 2, 51, 102, 30, 40, 3, 5]))
    }

    #[test]
    fn statistics_match_numpy() {
        // x = np.array([...]).reshape(2, 3, 1, 2) / 255; x.mean((0, 2, 3)), x.std((0, 2, 3))
        let statistics = two_images().statistics().unwrap();
        let close =
            |values: &[f64], expected: [f64; 3]| values.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-15);
        assert_eq!(statistics.name, "probe-set");
        assert!(close(&statistics.mean, [0.4, 0.09803921568627452, 0.010784313725490196]), "{statistics:?}");
        assert!(
            close(&statistics.std, [0.37416573867739417, 0.0438444701470547, 0.005800078218725114]),
            "{statistics:?}"
        );
    }

    #[test]
    fn floating_point_values_are_taken_as_they_are() {
        let bytes = two_images();
        let Pixels::U8(values) = &bytes.pixels else { panic!("expected bytes") };
        let floats = colour(Pixels::F32(values.iter().map(|&value| f32::from(value)).collect()));
        let (expected, found) = (bytes.statistics().unwrap(), floats.statistics().unwrap());
        let scaled = |values: Vec<f64>| values.into_iter().map(|value| value * 255.0).collect::<Vec<_>>();
        for (x, y) in
            scaled(expected.mean).into_iter().zip(found.mean).chain(scaled(expected.std).into_iter().zip(found.std))
        {
            assert!((x - y).abs() < 1e-12, "{x} {y}");
        }
    }

    #[test]
    fn a_constant_channel_has_no_statistics() {
        let set = colour(Pixels::U8(vec![1, 2, 51, 51, 3, 4]));
        assert_eq!(
            set.statistics().unwrap_err().to_string(),
            "set: expected more than one value in each channel, to normalise by, found channel 1 with the value 0.2 \
             everywhere; choose a preset or `none`"
        );
    }

    #[test]
    fn a_batch_normalised_by_its_own_statistics_has_mean_zero_and_deviation_one() {
        let set = two_images();
        let batch = set.batch(0..2, &set.statistics().unwrap()).unwrap();
        let again = colour(Pixels::F32(batch)).statistics().unwrap();
        assert!(again.mean.iter().all(|mean| mean.abs() < 1e-7), "{again:?}");
        assert!(again.std.iter().all(|std| (std - 1.0).abs() < 1e-7), "{again:?}");
    }

    #[test]
    fn a_batch_is_the_formula_channel_by_channel() {
        let normalisation = Normalisation::preset("imagenet", 3).unwrap();
        let batch = two_images().batch(1..2, &normalisation).unwrap();
        let pixels = [51.0, 102.0, 30.0, 40.0, 3.0, 5.0];
        for (index, (found, pixel)) in batch.iter().zip(pixels).enumerate() {
            let (mean, std) = (normalisation.mean[index / 2], normalisation.std[index / 2]);
            assert_eq!(*found, ((pixel / 255.0 - mean) / std) as f32);
        }
        let floats = colour(Pixels::F32(vec![0.5; 6])).batch(0..1, &normalisation).unwrap();
        assert_eq!(floats[4], ((0.5 - 0.406) / 0.225) as f32);
    }

    #[test]
    fn a_batch_beyond_the_set_or_of_other_channels_is_refused() {
        let none = Normalisation::preset("none", 3).unwrap();
        let error = two_images().batch(1..3, &none).unwrap_err().to_string();
        assert_eq!(error, "set: expected a range within 2 images, found 1 to 3");
        assert!(two_images().batch(0..1, &Normalisation::preset("mnist", 1).unwrap()).is_err());
    }

    #[test]
    fn thumbnails_are_opaque_pixels() {
        assert_eq!(two_images().thumbnail(0).unwrap(), [0, 10, 1, 255, 255, 20, 2, 255]);
        assert_eq!(two_images().thumbnail(2), None);
        let shape = ImageShape { channels: 1, height: 1, width: 3 };
        let grey = ProbeSet::new("grey", shape, Pixels::F32(vec![-1.0, 0.0, 1.0]), None, Vec::new()).unwrap();
        assert_eq!(grey.thumbnail(0).unwrap(), [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
    }
}
