//! Whether inputs stand for the same samples.

use super::StudyError;
use crate::data::SampleIds;

/// The fewest samples of a study: the debiased estimators divide by n − 3.
pub(super) const FEWEST_SAMPLES: usize = 4;

/// Sample ids with the input that they belong to.
pub(super) struct Sampled<'a> {
    pub(super) input: &'a str,
    pub(super) samples: &'a SampleIds,
}

/// Checks that there are enough samples, and that all inputs have the same in the same order.
///
/// # Errors
/// [`StudyError::TooFewSamples`]; [`StudyError::Samples`] names the first input that disagrees with the first of all.
pub(super) fn check(inputs: &[Sampled<'_>]) -> Result<(), StudyError> {
    let Some((first, others)) = inputs.split_first() else { return Ok(()) };
    for other in others {
        if let Some(difference) = difference(first.samples, other.samples) {
            return Err(StudyError::Samples { a: first.input.to_owned(), b: other.input.to_owned(), difference });
        }
    }
    let found = first.samples.ids.len();
    if found < FEWEST_SAMPLES {
        return Err(StudyError::TooFewSamples { minimum: FEWEST_SAMPLES, found });
    }
    Ok(())
}

/// Which samples differ, in words; [`None`] when all agree.
fn difference(a: &SampleIds, b: &SampleIds) -> Option<String> {
    if a.ids.len() != b.ids.len() {
        return Some(format!("{} samples against {}", a.ids.len(), b.ids.len()));
    }
    let mut differing = a.ids.iter().zip(&b.ids).enumerate().filter(|(_, (left, right))| left != right);
    let (position, (left, right)) = differing.next()?;
    let more = differing.count();
    let rest = match more {
        0 => String::new(),
        more => format!(", and {more} more of {}", a.ids.len()),
    };
    Some(format!("sample {position} is `{left}` in the first and `{right}` in the second{rest}"))
}

/// Whether the ids say nothing but the position: the file did not name its samples.
pub(super) fn are_positions(samples: &SampleIds) -> bool {
    samples.ids.iter().enumerate().all(|(position, id)| id.parse() == Ok(position))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sha256Digest;

    fn ids(names: &[&str]) -> SampleIds {
        let content = Sha256Digest::of(names.iter().map(|name| name.as_bytes()));
        SampleIds { ids: names.iter().map(|&name| name.to_owned()).collect(), content }
    }

    fn checked(a: &[&str], b: &[&str]) -> Result<(), StudyError> {
        let (a, b) = (ids(a), ids(b));
        check(&[Sampled { input: "left", samples: &a }, Sampled { input: "right", samples: &b }])
    }

    #[test]
    fn the_error_says_which_samples_differ() {
        let error = checked(&["p", "q", "r", "s"], &["p", "x", "r", "y"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "left and right are not of the same samples: sample 1 is `q` in the first and `x` in the second, and 1 more of 4; \
             compute both from the same samples in the same order"
        );
        let error = checked(&["p", "q", "r", "s"], &["p", "q", "r"]).unwrap_err();
        assert!(error.to_string().contains("4 samples against 3"), "{error}");
    }

    #[test]
    fn the_same_samples_in_another_order_disagree() {
        assert!(checked(&["p", "q", "r", "s"], &["q", "p", "r", "s"]).is_err());
        assert!(checked(&["p", "q", "r", "s"], &["p", "q", "r", "s"]).is_ok());
    }

    #[test]
    fn three_samples_are_too_few() {
        let names = ["p", "q", "r"];
        assert_eq!(checked(&names, &names), Err(StudyError::TooFewSamples { minimum: 4, found: 3 }));
    }

    #[test]
    fn positions_are_recognised() {
        assert!(are_positions(&ids(&["0", "1", "2"])));
        assert!(!are_positions(&ids(&["0", "2", "1"])));
        assert!(!are_positions(&ids(&["00", "1x"])));
    }
}
