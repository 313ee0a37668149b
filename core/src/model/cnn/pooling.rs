//! What is said of the pooling after convolutions, by a user or the file's modules.

use super::candidates::Found;
use super::likelihood::ALEXNET;
use crate::model::modules::{self, Pools};
use crate::model::pool::MaybePool;
use crate::model::{InferenceError, Pool, Said};

/// What is known of pooling.
#[derive(Debug, Clone, Default)]
pub(super) struct Pooling {
    /// After each convolution, where it is known of all.
    pub(super) fixed: Option<Vec<Option<Pool>>>,
    /// The same where it is known.
    pub(super) known: Vec<Option<Option<Pool>>>,
    /// What is tried first.
    pub(super) suggested: Option<Vec<Option<Pool>>>,
    /// The one that is somewhere.
    pub(super) usual: Option<Pool>,
}

impl Found {
    /// What was said of pooling, else what the file's modules say.
    pub(super) fn pools(&self, said: &Said<'_>) -> Result<Pooling, InferenceError> {
        let count = self.convs.len();
        let what = expected(MaybePool::EXPECTED, count);
        let pools = broadcast(said.list::<MaybePool>("pool", &what)?, count, "pool", &what)?;
        if let Some(pools) = pools {
            let fixed = pools.into_iter().map(|MaybePool(pool)| pool).collect();
            return Ok(Pooling { fixed: Some(fixed), ..Pooling::default() });
        }
        // Programs do not say how large windows are.
        if !modules::say_numbers(said.modules()) && self.convs.iter().map(|conv| conv.kernel).eq(ALEXNET) {
            return Ok(Pooling::default());
        }
        let linear = self.linear.first().map(|layer| layer.name.as_str());
        let names: Vec<&str> = self.names().into_iter().chain(linear).collect();
        let Pools { each, suggested, usual } = modules::pools_after(said.modules(), &names, count)?;
        Ok(Pooling { fixed: each.iter().copied().collect(), known: each, suggested, usual })
    }
}

/// What can be said of each convolution.
pub(super) fn expected(what: &str, count: usize) -> String {
    format!("{what} for all convolutions, or one for each of {count} joined by +")
}

/// One for all, or one for each.
pub(super) fn broadcast<T: Clone>(
    said: Option<Vec<T>>,
    count: usize,
    key: &str,
    expected: &str,
) -> Result<Option<Vec<T>>, InferenceError> {
    let Some(mut said) = said else { return Ok(None) };
    if let [one] = &said[..] {
        said = vec![one.clone(); count];
    }
    if said.len() == count {
        return Ok(Some(said));
    }
    Err(InferenceError::Choice {
        key: key.to_owned(),
        expected: expected.to_owned(),
        found: format!("{} of them", said.len()),
    })
}
