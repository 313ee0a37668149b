//! What a refusal has to be.

/// What is wrong with the text of a refusal; nothing where it is one sentence that begins with the file's name.
#[must_use]
pub fn fault_of_refusal(name: &str, text: &str) -> Option<&'static str> {
    let rest = text.strip_prefix(name);
    // What is quoted from the file may hold anything.
    let own: String = text.split('`').step_by(2).collect();
    match () {
        () if !rest.is_some_and(|rest| rest.starts_with([':', '/'])) => Some("it does not begin with the file's name"),
        () if text.len() >= 1500 => Some("it is long"),
        () if text.chars().any(char::is_control) => Some("it has control characters"),
        () if own.ends_with('.') || own.contains(". ") => Some("it is more than one sentence"),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::fault_of_refusal;

    #[test]
    fn one_sentence_that_begins_with_the_name_is_a_refusal() {
        for text in ["a.pth: expected 2, found 1", "a.pth/data.pkl: found `x. y.` and more"] {
            assert_eq!(fault_of_refusal("a.pth", text), None, "{text}");
        }
        let long = format!("a.pth: {}", "x".repeat(2000));
        for text in ["b.pth: no", "a.pth", "a.pthx: no", "a.pth: no.", "a.pth: no. No", "a.pth: no\nno", &long] {
            assert!(fault_of_refusal("a.pth", text).is_some(), "{text}");
        }
    }
}
