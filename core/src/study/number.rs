//! Values for people.

/// A value for people: three decimals, or scientific notation where three decimals would read as zero.
#[must_use]
pub fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 5e-4 { format!("{value:.3}") } else { format!("{value:.1e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_do_not_read_as_zero() {
        assert_eq!(number(0.8765), "0.876");
        assert_eq!(number(-0.0004), "-4.0e-4");
        assert_eq!(number(0.0), "0.000");
    }
}
