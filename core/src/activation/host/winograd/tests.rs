//! Against the definition of the convolution, in double precision.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::data::ImageShape;

fn random(count: usize, generator: &mut ChaCha8Rng) -> Vec<f32> {
    (0..count).map(|_| 2.0 * generator.random::<f32>() - 1.0).collect()
}

/// Relative to the largest output; the largest error over maps of many sizes, so that tiles hang over every edge.
#[test]
fn the_error_is_that_of_single_precision() {
    let mut generator = ChaCha8Rng::seed_from_u64(1);
    for (inputs, outputs, height, width, padding) in
        [(8, 5, 4, 4, 1), (16, 16, 8, 8, 1), (17, 33, 5, 11, 1), (9, 8, 9, 6, 0), (64, 48, 13, 3, 1), (256, 8, 8, 8, 1)]
    {
        let input = ImageShape { channels: inputs, height, width };
        let (down, across) = (height + 2 * padding - 2, width + 2 * padding - 2);
        let output = ImageShape { channels: outputs, height: down, width: across };
        let geometry = Geometry { input, output, kernel: 3, stride: 1, padding, dilation: 1 };
        let images = 3;
        let weights = random(outputs * inputs * 9, &mut generator);
        let bias = random(outputs, &mut generator);
        let maps = random(images * input.len(), &mut generator);
        let residual = random(images * output.len(), &mut generator);
        let mut found = vec![0.0; images * output.len()];
        let ending = Ending { residual: Some(&residual), activation: Activation::Relu };
        Winograd::new(geometry, &weights, bias.clone()).run(images, &maps, ending, &mut found, &mut Memory::default());
        let mut largest = [0.0f64; 2];
        for (index, &found) in found.iter().enumerate() {
            let (position, o) = (index / outputs, index % outputs);
            let (image, y, x) = (position / (down * across), position / across % down, position % across);
            let mut sum = f64::from(bias[o]) + f64::from(residual[index]);
            for tap in 0..9 {
                let (row, column) = (y + tap / 3, x + tap % 3);
                if row < padding || column < padding || row - padding >= height || column - padding >= width {
                    continue;
                }
                let pixel = &maps[((image * height + row - padding) * width + column - padding) * inputs..][..inputs];
                for (i, &value) in pixel.iter().enumerate() {
                    sum += f64::from(weights[(o * inputs + i) * 9 + tap]) * f64::from(value);
                }
            }
            let expected = sum.max(0.0);
            largest = [largest[0].max(expected), largest[1].max((f64::from(found) - expected).abs())];
        }
        let error = largest[1] / largest[0];
        println!("{inputs} to {outputs} channels, {height} × {width}: largest relative error {error:.1e}");
        assert!(error < 5e-6, "{inputs} to {outputs} channels, {height} × {width}: {error:.1e}");
    }
}

#[test]
fn only_what_is_faster_so_is_computed_so() {
    let suits = |channels, side, kernel, stride| {
        let input = ImageShape { channels, height: side, width: side };
        let output = ImageShape { channels, height: side / stride, width: side / stride };
        Winograd::suits(&Geometry { input, output, kernel, stride, padding: kernel / 2, dilation: 1 })
    };
    assert!(suits(16, 32, 3, 1) && suits(512, 4, 3, 1) && suits(512, 7, 3, 1));
    assert!(!suits(3, 32, 3, 1), "few channels");
    assert!(!suits(512, 2, 3, 1), "small maps");
    assert!(!suits(64, 32, 3, 2), "steps");
    assert!(!suits(64, 32, 5, 1) && !suits(64, 32, 1, 1), "other kernels");
}
