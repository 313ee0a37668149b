//! Names: their order as people read them, and those that are spelt alike.

use std::cmp::Ordering;

/// Compares names with runs of digits taken as numbers, so that `layer.2` comes before `layer.10`.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        match (left.first(), right.first()) {
            (None, None) => return a.cmp(b),
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (number_left, rest_left) = split_number(left);
                let (number_right, rest_right) = split_number(right);
                let order = number_left.len().cmp(&number_right.len()).then_with(|| number_left.cmp(number_right));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_left, rest_right);
            }
            (Some(x), Some(y)) => {
                if x != y {
                    return x.cmp(y);
                }
                (left, right) = (left.get(1..).unwrap_or_default(), right.get(1..).unwrap_or_default());
            }
        }
    }
}

/// The leading run of digits without leading zeros, and what follows it.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let start = digits.iter().position(|&byte| byte != b'0').unwrap_or(digits.len());
    (digits.get(start..).unwrap_or_default(), rest)
}

/// Names that are spelt like the wanted one, nearest first, three at most: those that begin with it, and those that up to
/// three letters have to be added to, dropped from or changed in (Levenshtein 1966).
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let distance = |known: &str| if known.starts_with(wanted) { 0 } else { strsim::levenshtein(wanted, known) };
    let mut nearest: Vec<(usize, &str)> = known.into_iter().map(|known| (distance(known), known)).collect();
    nearest.retain(|&(distance, _)| !wanted.is_empty() && distance <= 3);
    nearest.sort_by_key(|&(distance, _)| distance);
    nearest.into_iter().map(|(_, known)| known).take(3).collect()
}

/// `; did you mean a or b?`, or nothing.
pub(crate) fn hint(nearest: &[&str]) -> String {
    if nearest.is_empty() { String::new() } else { format!("; did you mean {}?", nearest.join(" or ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_compare_as_numbers() {
        let mut names = vec!["layer10.0", "layer2.10", "layer2.9", "layer02.1", "conv"];
        names.sort_by(|a, b| natural_order(a, b));
        assert_eq!(names, ["conv", "layer02.1", "layer2.9", "layer2.10", "layer10.0"]);
    }
}
