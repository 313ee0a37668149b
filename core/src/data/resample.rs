//! Bilinear resizing with antialiasing, digit for digit as Pillow's `Image.resize` (`libImaging/Resample.c`): a triangle
//! filter whose support grows with the reduction, weights in fixed point, along rows first, bytes in between. From version 13
//! on, Pillow goes along columns first where the height shrinks much more than the width, as rounded sizes of narrow images may
//! have it; one grey level is the difference then.

/// Bits of the weights behind the point.
const PRECISION: u32 = 32 - 8 - 2;

/// For each place of the result: where its weights begin, and the weights.
type Weights = Vec<(usize, Vec<i32>)>;

/// Resizes one plane from one (height, width) to another.
pub(super) fn resample(
    plane: &[u8],
    (height, width): (usize, usize),
    (to_height, to_width): (usize, usize),
) -> Vec<u8> {
    let rows = if width == to_width {
        plane.to_vec()
    } else {
        let weights = weights(width, to_width);
        let rows = plane.chunks_exact(width.max(1));
        rows.flat_map(|row| weights.iter().map(|(start, weights)| weigh(row[*start..].iter(), weights))).collect()
    };
    if height == to_height {
        return rows;
    }
    let mut resized = Vec::with_capacity(to_height * to_width);
    for (start, weights) in weights(height, to_height) {
        for column in 0..to_width {
            resized.push(weigh(rows[start * to_width + column..].iter().step_by(to_width), &weights));
        }
    }
    resized
}

fn weigh<'a>(values: impl Iterator<Item = &'a u8>, weights: &[i32]) -> u8 {
    let sum = values.zip(weights).map(|(&value, weight)| i32::from(value) * weight).sum::<i32>();
    // The weights of a triangle are not negative and add up to one, but each is rounded.
    ((sum + (1 << (PRECISION - 1))) >> PRECISION).clamp(0, 255) as u8
}

fn weights(from: usize, to: usize) -> Weights {
    let scale = from as f64 / to as f64;
    let support = scale.max(1.0);
    let place = |place: usize| {
        let center = (place as f64 + 0.5) * scale;
        let start = (center - support + 0.5).max(0.0) as usize;
        let end = ((center + support + 0.5) as usize).min(from);
        let triangle = |at: usize| (1.0 - ((at as f64 - center + 0.5) * (1.0 / support)).abs()).max(0.0);
        let values = (start..end).map(triangle).collect::<Vec<_>>();
        let sum = values.iter().sum::<f64>();
        let fixed = |value: f64| (0.5 + value / sum * f64::from(1 << PRECISION)) as i32;
        (start, values.into_iter().map(fixed).collect())
    };
    (0..to).map(place).collect()
}
