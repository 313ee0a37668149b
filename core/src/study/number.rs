//! Values for people.

/// A value for people: three decimals, or scientific notation where three decimals would read as zero.
#[must_use]
pub fn number(value: f64) -> String {
    if value == 0.0 || value.abs() >= 5e-4 { format!("{value:.3}") } else { format!("{value:.1e}") }
}

/// Bytes for people: `13.1 GB`.
#[must_use]
pub fn bytes(count: u64) -> String {
    let count = count as f64;
    match [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")].into_iter().find(|(unit, _)| count >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", count / unit),
        None => format!("{count} bytes"),
    }
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
