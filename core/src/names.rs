//! Names of layers, tensors and measures: their order as people read them, and which one was probably meant.

use std::cmp::Ordering;

/// Compares names with runs of digits taken as numbers, so that `layer.2` comes before `layer.10`.
pub(crate) fn natural_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.as_bytes(), b.as_bytes());
    loop {
        match (left, right) {
            ([], []) => return a.cmp(b),
            ([], _) => return Ordering::Less,
            (_, []) => return Ordering::Greater,
            ([x, ..], [y, ..]) if x.is_ascii_digit() && y.is_ascii_digit() => {
                let (number_left, rest_left) = split_number(left);
                let (number_right, rest_right) = split_number(right);
                let order = number_left.len().cmp(&number_right.len()).then_with(|| number_left.cmp(number_right));
                if order != Ordering::Equal {
                    return order;
                }
                (left, right) = (rest_left, rest_right);
            }
            ([x, rest_left @ ..], [y, rest_right @ ..]) => {
                if x != y {
                    return x.cmp(y);
                }
                (left, right) = (rest_left, rest_right);
            }
        }
    }
}

/// The known names that were probably meant, the nearest first and equally near ones in natural order: those that at most
/// a third of the letters of the wanted one, and at least one, have to be added to, dropped from or changed in
/// (Levenshtein 1966).
pub(crate) fn nearest<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let letters = wanted.chars().count();
    let limit = (letters / 3).max(1);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        // The distance is at least the difference in length.
        .filter(|name| name.chars().count().abs_diff(letters) <= limit)
        .map(|name| (strsim::levenshtein(wanted, name), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_by(|(near, a), (far, b)| near.cmp(far).then_with(|| natural_order(a, b)));
    near.into_iter().map(|(_, name)| name).collect()
}

/// The leading run of digits without leading zeros, and what follows it.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let start = digits.iter().position(|&byte| byte != b'0').unwrap_or(digits.len());
    (&digits[start..], rest)
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

    #[test]
    fn the_nearest_names_come_first() {
        let known = ["fc.weight", "fc.bias", "layer1.0.conv1.weight", "fc2.weight", "fc10.weight"];
        assert_eq!(nearest("linear.weight", known), Vec::<&str>::new());
        // One letter is changed, one dropped, one added.
        assert_eq!(nearest("fc1.weight", known), ["fc.weight", "fc2.weight", "fc10.weight"]);
        assert_eq!(nearest("layer1.0.conv_1.weight", known), ["layer1.0.conv1.weight"]);
        assert_eq!(nearest("", ["a", "ab"]), ["a"]);
    }
}
