//! The inverse discrete cosine transform of libjpeg (`jidctint.c`), after Loeffler, Ligtenberg and Moschytz (1989).

const CONSTANT_BITS: u32 = 13;
const BETWEEN_BITS: u32 = 2;

/// A block of samples from coefficients and the numbers that they are multiplied by.
pub(super) fn inverse_transform(coefficients: &[i16; 64], quantisation: &[u16; 64]) -> [u8; 64] {
    let mut between = [0_i64; 64];
    for column in 0..8 {
        let value = |row: usize| i64::from(coefficients[8 * row + column]) * i64::from(quantisation[8 * row + column]);
        let values = one_dimension(std::array::from_fn(value), CONSTANT_BITS - BETWEEN_BITS);
        for (row, value) in values.into_iter().enumerate() {
            between[8 * row + column] = value;
        }
    }
    let mut samples = [0; 64];
    for (row, samples) in between.as_chunks::<8>().0.iter().zip(samples.as_chunks_mut::<8>().0) {
        let values = one_dimension(*row, CONSTANT_BITS + BETWEEN_BITS + 3);
        *samples = values.map(|value| (value + 128).clamp(0, 255) as u8);
    }
    samples
}

/// Eight values, scaled down by this many bits. The constants are cosines, times 2¹³.
fn one_dimension([v0, v1, v2, v3, v4, v5, v6, v7]: [i64; 8], bits: u32) -> [i64; 8] {
    let z = (v2 + v6) * 4433;
    let (even2, even3) = (z - v6 * 15137, z + v2 * 6270);
    let (even0, even1) = ((v0 + v4) << CONSTANT_BITS, (v0 - v4) << CONSTANT_BITS);
    let (a, d, b, c) = (even0 + even3, even0 - even3, even1 + even2, even1 - even2);

    let z5 = (v7 + v3 + v5 + v1) * 9633;
    let (z1, z2) = ((v7 + v1) * -7373, (v5 + v3) * -20995);
    let (z3, z4) = ((v7 + v3) * -16069 + z5, (v5 + v1) * -3196 + z5);
    let odd0 = v7 * 2446 + z1 + z3;
    let odd1 = v5 * 16819 + z2 + z4;
    let odd2 = v3 * 25172 + z2 + z3;
    let odd3 = v1 * 12299 + z1 + z4;

    [a + odd3, b + odd2, c + odd1, d + odd0, d - odd0, c - odd1, b - odd2, a - odd3]
        .map(|value| (value + (1 << (bits - 1))) >> bits)
}
