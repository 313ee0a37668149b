//! Which dimension of an array is what.

use super::Writer;
use crate::data::pixels::ImageShape;
use crate::file::DataError;

/// The order of the dimensions of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Samples, channels, rows, columns; or without channels, or vectors.
    ChannelsFirst,
    /// Samples, rows, columns, channels.
    ChannelsLast,
    /// Rows, columns, channels, samples.
    SamplesLast,
}

/// What the dimensions of an array are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Axes {
    /// Number of samples.
    pub(super) samples: usize,
    /// The shape of one sample.
    pub(super) shape: ImageShape,
    order: Order,
}

impl Axes {
    /// # Errors
    /// [`DataError::Mismatch`] when the dimensions fit no layout, or two.
    pub(super) fn of(path: &str, lengths: &[usize], writer: Writer) -> Result<Self, DataError> {
        let is_channels = |length| matches!(length, 1 | 3);
        // Frames on top of one another, the planes of a board: fewer than rows and columns.
        let is_fewer = |a: usize, height: usize, width: usize| a < height.min(width);
        let mismatch = |expected: &str| Err(DataError::mismatch(path, expected, format!("the shape {lengths:?}")));
        let axes = |samples, channels, height, width, order| {
            Ok(Self { samples, shape: ImageShape { channels, height, width }, order })
        };
        match *lengths {
            [samples] => axes(samples, 1, 1, 1, Order::ChannelsFirst),
            [samples, width] => axes(samples, 1, 1, width, Order::ChannelsFirst),
            [samples, height, width] => axes(samples, 1, height, width, Order::ChannelsFirst),
            [a, b, c, d] => {
                let matlab = writer == Writer::Matlab;
                match (is_channels(b), is_channels(d), matlab && is_channels(c)) {
                    (true, false, false) => axes(a, b, c, d, Order::ChannelsFirst),
                    (false, true, false) => axes(a, d, b, c, Order::ChannelsLast),
                    (false, false, true) => axes(d, c, a, b, Order::SamplesLast),
                    (false, false, false) if is_fewer(b, c, d) && !is_fewer(d, b, c) => {
                        axes(a, b, c, d, Order::ChannelsFirst)
                    }
                    (false, false, false) if is_fewer(d, b, c) && !is_fewer(b, c, d) => {
                        axes(a, d, b, c, Order::ChannelsLast)
                    }
                    (false, false, false) => {
                        mismatch("channels in the second or in the last dimension, fewer than rows and columns")
                    }
                    _ if matlab => mismatch("1 or 3 channels in one dimension only"),
                    _ => mismatch("1 or 3 channels in the second or in the last dimension, not in both"),
                }
            }
            _ => mismatch("N×H×W, N×H×W×C or N×C×H×W for images, or N×P or N for vectors"),
        }
    }

    /// Whether these are images as in SVHN's files.
    pub(super) fn is_svhn(self) -> bool {
        self.order == Order::SamplesLast && self.is_cifar()
    }

    /// Whether these are images of CIFAR's shape.
    pub(super) fn is_cifar(self) -> bool {
        self.shape == ImageShape { channels: 3, height: 32, width: 32 }
    }

    /// The values, row-major in the array's own dimensions, as images of channels × height × width.
    pub(super) fn channels_first<T: Copy>(self, values: Vec<T>) -> Vec<T> {
        let Self { samples, shape, order } = self;
        if shape.is_empty() || samples == 0 {
            return values;
        }
        let channels = 0..shape.channels;
        match order {
            Order::ChannelsFirst => values,
            Order::ChannelsLast if shape.channels == 1 => values,
            Order::ChannelsLast => {
                let images = values.chunks_exact(shape.len());
                let plane = |image, channel| strided(image, channel, shape.channels);
                images.flat_map(|image| channels.clone().flat_map(move |channel| plane(image, channel))).collect()
            }
            Order::SamplesLast => {
                let positions = shape.channels * samples;
                let plane = |sample, channel| strided(&values, channel * samples + sample, positions);
                (0..samples)
                    .flat_map(|sample| channels.clone().flat_map(move |channel| plane(sample, channel)))
                    .collect()
            }
        }
    }
}

/// Every `step`-th value from `start` on.
fn strided<T: Copy>(values: &[T], start: usize, step: usize) -> impl Iterator<Item = T> {
    values.iter().skip(start).step_by(step).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lengths: &[usize]) -> Result<(usize, ImageShape), String> {
        Axes::of("a", lengths, Writer::Numpy).map(|axes| (axes.samples, axes.shape)).map_err(|error| error.to_string())
    }

    #[test]
    fn channels_are_one_or_three_or_fewer_than_rows_and_columns() {
        let frames = ImageShape { channels: 4, height: 84, width: 84 };
        assert_eq!([of(&[64, 4, 84, 84]), of(&[64, 84, 84, 4])], [Ok((64, frames)), Ok((64, frames))]);
        let colour = ImageShape { channels: 3, height: 2, width: 2 };
        assert_eq!(of(&[5, 3, 2, 2]), Ok((5, colour)));
        let refused = of(&[64, 9, 6, 7]).unwrap_err();
        assert!(refused.contains("fewer than rows and columns"), "{refused}");
        assert!(of(&[64, 3, 8, 3]).is_err());
    }
}
