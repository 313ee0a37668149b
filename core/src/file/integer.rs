//! Integers as floating-point values.

/// The integer in double precision; NaN where that would be another number, beyond 2⁵³.
pub(crate) fn exact(integer: i128) -> f64 {
    const LARGEST: u128 = 1 << f64::MANTISSA_DIGITS;
    if integer.unsigned_abs() <= LARGEST { integer as f64 } else { f64::NAN }
}
