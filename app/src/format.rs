//! Numbers as the page writes them.

use repgeo_core::study::{Cell, IntervalRecord};

/// Three significant decimals; a value below a thousandth in scientific notation, so that it never reads as zero.
#[must_use]
pub fn value(value: f64) -> String {
    if value != 0.0 && value.abs() < 0.0005 {
        format!("{value:.1e}").replace('-', "−")
    } else {
        format!("{value:.3}").replace('-', "−")
    }
}

/// A cell as the page writes it: its value, or a dash where there is none.
#[must_use]
pub fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Value(number) => value(*number),
        Cell::Absent { .. } => "—".to_owned(),
    }
}

/// An interval as the page writes it: its ends, or why there is none.
#[must_use]
pub fn interval(interval: &IntervalRecord) -> String {
    match interval {
        IntervalRecord::Known { low, high, .. } => format!("{} to {}", value(*low), value(*high)),
        IntervalRecord::Absent { absent } => format!("none: {absent}"),
    }
}

/// A count with thin groups: `12 345`.
#[must_use]
pub fn count(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A number of parameters: `11.2 M`, `0.7 M`, `268 k`.
#[must_use]
pub fn parameters(parameters: usize) -> String {
    match parameters {
        0..1_000 => format!("{parameters}"),
        1_000..500_000 => format!("{:.0}\u{202f}k", parameters as f64 / 1e3),
        _ => format!("{:.1}\u{202f}M", parameters as f64 / 1e6),
    }
}

/// A size in bytes: `812 kB`, `44.7 MB`.
#[must_use]
pub fn bytes(bytes: f64) -> String {
    if bytes < 999_500.0 {
        format!("{:.0}\u{202f}kB", (bytes / 1e3).ceil())
    } else {
        format!("{:.1}\u{202f}MB", bytes / 1e6)
    }
}

/// A time that was taken: `0.8 s`, `43 s`, `2 min 10 s`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 9.95 => format!("{seconds:.1}\u{202f}s"),
        seconds if seconds < 99.5 => format!("{seconds:.0}\u{202f}s"),
        seconds => format!("{:.0}\u{202f}min {:.0}\u{202f}s", (seconds / 60.0).floor(), seconds % 60.0),
    }
}

/// A time that is left: `about 40 s left`, `about 3 min left`; nothing for less than a second.
#[must_use]
pub fn time_left(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1.0 => String::new(),
        seconds if seconds < 10.0 => format!("about {seconds:.0}\u{202f}s left"),
        seconds if seconds < 90.0 => format!("about {:.0}\u{202f}s left", (seconds / 5.0).round() * 5.0),
        seconds => format!("about {:.0}\u{202f}min left", seconds / 60.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_three_decimals_and_small_ones_do_not_read_as_zero() {
        assert_eq!(value(0.874_49), "0.874");
        assert_eq!(value(1.0), "1.000");
        assert_eq!(value(-0.0123), "−0.012");
        assert_eq!(value(0.0), "0.000");
        assert_eq!(value(-0.000_285_6), "−2.9e−4");
    }

    #[test]
    fn an_absent_cell_is_a_dash() {
        assert_eq!(cell(&Cell::Absent { absent: "constant".into(), reason: None }), "—");
    }

    #[test]
    fn counts_and_sizes_read_as_people_write_them() {
        assert_eq!(count(999), "999");
        assert_eq!(count(1_234_567), "1\u{202f}234\u{202f}567");
        assert_eq!(parameters(268_336), "268\u{202f}k");
        assert_eq!(parameters(11_173_962), "11.2\u{202f}M");
        assert_eq!(parameters(700_778), "0.7\u{202f}M");
        assert_eq!(bytes(1.0), "1\u{202f}kB");
        assert_eq!(bytes(44_728_431.0), "44.7\u{202f}MB");
    }

    #[test]
    fn times_taken() {
        assert_eq!(seconds(0.83), "0.8\u{202f}s");
        assert_eq!(seconds(43.4), "43\u{202f}s");
        assert_eq!(seconds(130.0), "2\u{202f}min 10\u{202f}s");
    }

    #[test]
    fn time_left_is_never_more_exact_than_known() {
        assert_eq!(time_left(0.4), "");
        assert_eq!(time_left(7.4), "about 7\u{202f}s left");
        assert_eq!(time_left(43.0), "about 45\u{202f}s left");
        assert_eq!(time_left(170.0), "about 3\u{202f}min left");
    }
}
