//! Measures of two layers.

pub(super) mod correlation;
mod distance;
pub(super) mod kernel;
pub(super) mod neighbours;
pub(super) mod prediction;
pub(super) mod rsa;
pub(super) mod shape;
pub(super) mod triangle;
pub(super) mod units;

use std::any::Any;

use super::Samples;
use crate::layer::{Layer, Order, PartId, Reason};
use crate::parallel;
use crate::steps::{Steps, finish};

pub use triangle::UnitTriangle;

/// A measure of two layers of the same samples, in two parts: the costly one once per layer, the rest once per pair. Where
/// one of them takes long, it is [in steps](crate::steps).
pub trait Pair: Send + Sync + 'static {
    /// What is kept of a layer.
    type Prepared: Send + Sync + 'static;

    /// The parts of the layer that [`Pair::prepare`] reads.
    fn needs(&self) -> &'static [PartId];

    /// The fewest samples, where that depends on the parameters; otherwise it is the card's.
    fn minimum_samples(&self) -> Option<usize> {
        None
    }

    /// The work done once per layer.
    ///
    /// # Errors
    /// [`Reason`] when the measure does not exist for this layer.
    fn prepare(&self, layer: &Layer, samples: &Samples) -> impl Future<Output = Result<Self::Prepared, Reason>> + Send;

    /// The value for two layers of the same samples.
    ///
    /// # Errors
    /// [`Reason`] when the measure does not exist for this pair.
    fn compare(&self, a: &Self::Prepared, b: &Self::Prepared) -> impl Future<Output = Result<f64, Reason>> + Send;

    /// All pairs of some layers of one network and some of another. By default each pair by itself, on all threads; a
    /// measure whose values are inner products makes one matrix product of it.
    fn map(&self, a: &[&Self::Prepared], b: &[&Self::Prepared]) -> Block {
        each(self, a, b)
    }

    /// Whether [`Pair::map`] is one matrix product, so cheap that no pause is needed within it.
    fn maps_at_once(&self) -> bool {
        false
    }

    /// Whether the value follows from the numbers of samples and of directions alone: any other layers of as many have the
    /// same one, random layers too.
    fn by_construction(&self, _a: &Self::Prepared, _b: &Self::Prepared) -> bool {
        false
    }

    /// Whether the value of a bootstrap sample, in which some samples occur several times, stands for that of a sample without
    /// copies: they add weight, or pairs of them are left out. Otherwise there is no bootstrap interval.
    fn bootstraps(&self) -> bool {
        false
    }

    /// What would be prepared of the permuted layer, where that follows from what was prepared; [`None`] where the permuted
    /// layer has to be prepared instead.
    fn permuted(&self, _prepared: &Self::Prepared, _order: &Order) -> Option<Self::Prepared> {
        None
    }
}

/// The values of all pairs of some layers a and some layers b.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// How many layers b there are.
    columns: usize,
    /// Row by row.
    values: Vec<Result<f64, Reason>>,
}

impl Block {
    /// A block from its values, row by row.
    #[must_use]
    pub fn new(columns: usize, values: Vec<Result<f64, Reason>>) -> Self {
        Self { columns, values }
    }

    /// The value of layer `row` of a and layer `column` of b.
    pub fn get(&self, row: usize, column: usize) -> &Result<f64, Reason> {
        &self.values[row * self.columns + column]
    }
}

/// All pairs, each by itself, on all threads.
fn each<M: Pair + ?Sized>(measure: &M, a: &[&M::Prepared], b: &[&M::Prepared]) -> Block {
    let places: Vec<(usize, usize)> = (0..a.len()).flat_map(|i| (0..b.len()).map(move |j| (i, j))).collect();
    Block { columns: b.len(), values: parallel::map(&places, |&(i, j)| finish(measure.compare(a[i], b[j]))) }
}

/// What a measure keeps of a layer, its type hidden.
pub struct Prepared(Box<dyn Any + Send + Sync>);

impl Prepared {
    /// What a measure keeps, its type hidden.
    pub(in crate::similarity) fn new(kept: impl Any + Send + Sync) -> Self {
        Self(Box::new(kept))
    }

    /// What a measure keeps, where it is of this type.
    ///
    /// # Errors
    /// [`Reason::OtherMeasure`].
    pub(in crate::similarity) fn get<T: Any>(&self) -> Result<&T, Reason> {
        self.0.downcast_ref().ok_or(Reason::OtherMeasure)
    }
}

/// A [`Pair`] whose type of preparation is hidden, so that different measures fit one list. A value that is not finite is a
/// reason.
pub trait AnyPair: Send + Sync {
    /// See [`Pair::needs`].
    fn needs(&self) -> &'static [PartId];

    /// See [`Pair::minimum_samples`].
    fn minimum_samples(&self) -> Option<usize>;

    /// See [`Pair::prepare`].
    ///
    /// # Errors
    /// [`Reason`] when the measure does not exist for this layer.
    fn prepare<'a>(&'a self, layer: &'a Layer, samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>>;

    /// See [`Pair::map`].
    fn map(&self, a: &[&Prepared], b: &[&Prepared]) -> Block;

    /// See [`Pair::compare`].
    ///
    /// # Errors
    /// [`Reason`] when the measure does not exist for this pair.
    fn compare<'a>(&'a self, a: &'a Prepared, b: &'a Prepared) -> Steps<'a, Result<f64, Reason>>;

    /// See [`Pair::maps_at_once`].
    fn maps_at_once(&self) -> bool;

    /// See [`Pair::by_construction`].
    fn by_construction(&self, a: &Prepared, b: &Prepared) -> bool;

    /// See [`Pair::bootstraps`].
    fn bootstraps(&self) -> bool;

    /// See [`Pair::permuted`].
    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared>;
}

/// What this very measure prepared.
fn own<'a, M: Pair>(prepared: &[&'a Prepared]) -> Option<Vec<&'a M::Prepared>> {
    prepared.iter().map(|one| one.0.downcast_ref()).collect()
}

/// The value, or the reason that it is not finite.
fn finite(value: Result<f64, Reason>) -> Result<f64, Reason> {
    value.and_then(
        |number| if number.is_finite() { Ok(number) } else { Err(Reason::NotFinite { value: number.to_string() }) },
    )
}

impl<M: Pair> AnyPair for M {
    fn needs(&self) -> &'static [PartId] {
        Pair::needs(self)
    }

    fn minimum_samples(&self) -> Option<usize> {
        Pair::minimum_samples(self)
    }

    fn prepare<'a>(&'a self, layer: &'a Layer, samples: &'a Samples) -> Steps<'a, Result<Prepared, Reason>> {
        Box::pin(async {
            let prepared = Pair::prepare(self, layer, samples).await?;
            Ok(Prepared(Box::new(prepared)))
        })
    }

    fn compare<'a>(&'a self, a: &'a Prepared, b: &'a Prepared) -> Steps<'a, Result<f64, Reason>> {
        Box::pin(async {
            let (Some(a), Some(b)) = (a.0.downcast_ref(), b.0.downcast_ref()) else {
                return Err(Reason::OtherMeasure);
            };
            finite(Pair::compare(self, a, b).await)
        })
    }

    fn map(&self, a: &[&Prepared], b: &[&Prepared]) -> Block {
        let mut block = match (own::<M>(a), own::<M>(b)) {
            (Some(own_a), Some(own_b)) => Pair::map(self, &own_a, &own_b),
            _ => Block { columns: b.len(), values: vec![Err(Reason::OtherMeasure); a.len() * b.len()] },
        };
        block.values = block.values.into_iter().map(finite).collect();
        block
    }

    fn maps_at_once(&self) -> bool {
        Pair::maps_at_once(self)
    }

    fn by_construction(&self, a: &Prepared, b: &Prepared) -> bool {
        match (a.0.downcast_ref(), b.0.downcast_ref()) {
            (Some(a), Some(b)) => Pair::by_construction(self, a, b),
            _ => false,
        }
    }

    fn bootstraps(&self) -> bool {
        Pair::bootstraps(self)
    }

    fn permuted(&self, prepared: &Prepared, order: &Order) -> Option<Prepared> {
        let prepared = prepared.0.downcast_ref()?;
        Pair::permuted(self, prepared, order).map(|permuted| Prepared(Box::new(permuted)))
    }
}
