//! The outputs of two networks, compared.

use super::answer::finite;
use super::{Cell, StudyError};
use crate::activation::Representation;
use crate::layer::{Logits, Reason};
use crate::similarity::{Measure, Outputs, Samples};
use crate::steps::supervised;
use crate::supervise::{Cancelled, Supervisor};

/// What a network says of the samples, under its name in the study.
pub(super) struct Said<'a> {
    pub(super) name: &'a str,
    pub(super) logits: &'a Result<Logits, Reason>,
}

impl<'a> Said<'a> {
    /// The logits, or why there are none, with the network that is to blame.
    fn known(&self) -> Result<&'a Logits, Cell> {
        self.logits.as_ref().map_err(|reason| {
            let absent = format!("{}: {reason}", self.name);
            Cell::Absent { absent, reason: Some(reason.clone()) }
        })
    }
}

/// The logits of a network with this many classes, from the representation of its last layer; a reason where it has none.
///
/// # Errors
/// [`StudyError::Layer`] when a device does not give them.
pub(super) async fn logits(
    input: &str,
    last: &Representation,
    classes: Option<usize>,
) -> Result<Result<Logits, Reason>, StudyError> {
    let Some(classes) = classes else { return Ok(Err(Reason::NoHead)) };
    Logits::of(last, classes).await.map_err(|error| StudyError::Layer { input: input.to_owned(), error })
}

/// The value of two networks, or why there is none, with the network that is to blame.
///
/// # Errors
/// [`Cancelled`] when the supervisor says so.
pub(super) async fn compare(
    measure: &Measure,
    outputs: &dyn Outputs,
    (a, b): (&Said<'_>, &Said<'_>),
    samples: &Samples,
    supervisor: &impl Supervisor,
) -> Result<Cell, Cancelled> {
    let logits = || {
        let (a, b) = (a.known()?, b.known()?);
        let (first, second) = (a.classes(), b.classes());
        if first != second {
            return Err(Cell::without(Reason::DifferentClasses { first, second }));
        }
        measure.accept_samples(a.samples()).map_err(Cell::without)?;
        Ok((a, b))
    };
    let value = match logits() {
        Ok((a, b)) => supervised(outputs.compare(a, b, samples), supervisor).await?,
        Err(absent) => return Ok(absent),
    };
    Ok(value.and_then(finite).map_or_else(Cell::without, Cell::Value))
}
