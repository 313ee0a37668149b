//! What is kept of a layer: the parts that measures read, each with a precision of its own, and the layer's facts.
//!
//! A network runs once; every later question is put to the [`Layer`]s that were kept of it: another measure, the same
//! measure on [permuted](Layer::permuted) or [resampled](Layer::resampled) samples, a reason.

mod coordinates;
#[cfg(feature = "devices")]
mod device;
mod error;
mod facts;
mod host;
mod logits;
mod part;
mod reason;
mod reorder;
#[cfg(test)]
pub(crate) mod sample;
mod self_product;
mod summary;
#[cfg(test)]
mod tests;
mod units;

use std::borrow::Cow;
use std::sync::Arc;

use self::part::Parts;
use crate::activation::{Matrix, Representation};
use crate::supervise::Supervisor;

pub use error::LayerError;
pub use facts::{Farthest, LayerFacts};
pub use logits::Logits;
pub use part::{Coordinates, Gram, Kept, Part, PartId, Precision, RowCorrelation, RowCosine, UnitValues};
pub use reason::Reason;
pub(crate) use reorder::double_centred;
pub use reorder::{Draw, Order};
pub use units::{MAXIMUM_UNITS, Units};

/// The largest number of rows: an n × n matrix in double precision then takes 2 GiB, or 512 MiB where addresses have 32 bits.
pub const MAXIMUM_ROWS: usize = if usize::BITS < 64 { 8_192 } else { 16_384 };

/// What is kept of one layer of one network on a probe set.
///
/// # Numerical behaviour
/// Means, sums over features and decompositions are in double precision. Products are in double precision too, except
/// those of the Gram matrix of single precision activations with p > n: there runs of 512 products are added in single
/// precision, unless one row is so far from the others that its rounding would drown theirs. On a device products are in
/// single precision. Each part says which ([`Kept::precision`]), and no part depends on which others were asked for.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The layer's name.
    pub name: String,
    /// What is known of it.
    pub facts: LayerFacts,
    /// For each row the sample that it is, where rows were drawn.
    origin: Option<Arc<[usize]>>,
    /// Why nothing can be kept of it.
    fault: Option<Reason>,
    /// The rows, where they are kept so that other parts can still be computed.
    rows: Option<Representation>,
    parts: Parts,
}

impl Layer {
    /// Computes the wanted parts of a representation. A matrix on a device is centred and multiplied there by runs of
    /// features, and only n × n (or, for p ≤ n, n × p) values are read back. With `keep_rows` the representation itself is
    /// kept, so that [`Layer::complete`] can add other parts later.
    ///
    /// # Errors
    /// [`LayerError`] when the matrix is empty, misshaped, too tall, not finite, out of scale, or cannot be read back, and
    /// [`LayerError::Cancelled`]. A part that does not exist is no error: [`Layer::part`] says why.
    pub async fn of(
        representation: Cow<'_, Representation>,
        wanted: &[PartId],
        keep_rows: bool,
        supervisor: &impl Supervisor,
    ) -> Result<Self, LayerError> {
        let computed = compute(&representation, wanted, supervisor).await?;
        let mut layer = Self {
            name: representation.layer.clone(),
            facts: LayerFacts {
                samples: representation.rows,
                features: representation.features,
                constant_features: computed.constant_features,
                farthest: None,
                coinciding: None,
            },
            origin: None,
            fault: None,
            rows: None,
            parts: Parts::default(),
        };
        layer.take(computed.parts);
        layer.rows = keep_rows.then(|| representation.into_owned());
        Ok(layer)
    }

    /// A layer of which nothing can be kept, because of a fault: see [`LayerError`].
    #[must_use]
    pub fn unusable(name: &str, rows: usize, features: usize, fault: String) -> Self {
        let (farthest, coinciding) = (None, None);
        Self {
            name: name.to_owned(),
            facts: LayerFacts { samples: rows, features, constant_features: 0, farthest, coinciding },
            origin: None,
            fault: Some(Reason::Unusable { fault }),
            rows: None,
            parts: Parts::default(),
        }
    }

    /// Why nothing can be kept of the layer, where that is so.
    #[must_use]
    pub fn fault(&self) -> Option<&Reason> {
        self.fault.as_ref()
    }

    /// Computes those of the wanted parts that are not there yet, from the kept rows; without them, nothing.
    ///
    /// # Errors
    /// As [`Layer::of`].
    pub async fn complete(&mut self, wanted: &[PartId], supervisor: &impl Supervisor) -> Result<(), LayerError> {
        let missing = self.missing(wanted);
        if let Some(rows) = &self.rows
            && !missing.is_empty()
        {
            let computed = compute(rows, &missing, supervisor).await?;
            self.take(computed.parts);
        }
        Ok(())
    }

    /// Those of these parts that are not there.
    #[must_use]
    pub fn missing(&self, wanted: &[PartId]) -> Vec<PartId> {
        wanted.iter().copied().filter(|&part| !self.parts.has(part)).collect()
    }

    /// Whether [`Layer::complete`] can add parts.
    #[must_use]
    pub fn keeps_rows(&self) -> bool {
        self.rows.is_some()
    }

    /// Drops the rows and every part that is not among these.
    pub fn retain(&mut self, parts: &[PartId]) {
        self.rows = None;
        for part in PartId::ALL {
            if !parts.contains(&part) {
                self.parts.remove(part);
            }
        }
    }

    /// A part.
    ///
    /// # Errors
    /// [`Reason`] when it does not exist for this layer, or was not kept.
    pub fn part<P: Part>(&self) -> Result<&Kept<P::Value>, Reason> {
        if let Some(fault) = &self.fault {
            return Err(fault.clone());
        }
        if P::ID != PartId::RowCorrelation && self.facts.is_constant() {
            return Err(Reason::Constant);
        }
        match P::slot(self) {
            Some(Ok(kept)) => Ok(kept),
            Some(Err(reason)) => Err(reason.clone()),
            None => Err(Reason::NotKept { part: P::ID }),
        }
    }

    /// The parts that are there, with the precision of each.
    #[must_use]
    pub fn precisions(&self) -> Vec<(PartId, Precision)> {
        self.parts.precisions()
    }

    fn take(&mut self, parts: Parts) {
        if let Some(Ok(gram)) = &parts.gram {
            self.facts.learn(gram);
        }
        self.parts.complete(parts);
    }
}

/// What was computed of a representation.
struct Computed {
    constant_features: usize,
    parts: Parts,
}

async fn compute(
    representation: &Representation,
    wanted: &[PartId],
    supervisor: &impl Supervisor,
) -> Result<Computed, LayerError> {
    let Representation { layer, rows, features, matrix, .. } = representation;
    let (rows, features) = (*rows, *features);
    if rows == 0 || features == 0 {
        return Err(LayerError::Empty { layer: layer.clone(), rows, features });
    }
    if rows > MAXIMUM_ROWS {
        return Err(LayerError::TooManyRows { layer: layer.clone(), rows, limit: MAXIMUM_ROWS });
    }
    match matrix {
        Matrix::F32(values) => host::compute(layer, values, rows, features, wanted, supervisor).await,
        Matrix::F64(values) => host::compute(layer, values, rows, features, wanted, supervisor).await,
        #[cfg(feature = "devices")]
        Matrix::Device(blocks) => device::compute(layer, blocks, rows, features, wanted, supervisor).await,
    }
}
