//! The trait of every measure.

use std::any::Any;

use super::{Card, Geometry, Ingredient};

/// Why a value does not exist, in words for people: `constant in every feature`, `needs at least 4 samples, got 3`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undefined(pub String);

/// A similarity measure in two steps: the costly part once per layer, the cheap part once per pair of layers.
pub trait Measure: Send + Sync + 'static {
    /// What is kept of a layer.
    type Prepared: Send + Sync + 'static;

    /// What the measure says of itself.
    fn card(&self) -> &'static Card;

    /// The parts of the geometry that [`Measure::prepare`] reads.
    fn needs(&self) -> &'static [Ingredient];

    /// The work done once per layer.
    ///
    /// # Errors
    /// [`Undefined`] when the measure does not exist for this representation.
    fn prepare(&self, geometry: &Geometry) -> Result<Self::Prepared, Undefined>;

    /// The value for two representations of the same samples.
    ///
    /// # Errors
    /// [`Undefined`] when the measure does not exist for this pair.
    fn compare(&self, a: &Self::Prepared, b: &Self::Prepared) -> Result<f64, Undefined>;
}

/// What a measure keeps of a layer, its type hidden.
pub struct Prepared(Box<dyn Any + Send + Sync>);

/// A [`Measure`] whose type of preparation is hidden, so that different measures fit one list.
pub trait AnyMeasure: Send + Sync {
    /// See [`Measure::card`].
    fn card(&self) -> &'static Card;

    /// See [`Measure::needs`].
    fn needs(&self) -> &'static [Ingredient];

    /// See [`Measure::prepare`]; also refuses fewer samples than the card asks for.
    ///
    /// # Errors
    /// [`Undefined`] when the measure does not exist for this representation.
    fn prepare(&self, geometry: &Geometry) -> Result<Prepared, Undefined>;

    /// See [`Measure::compare`]; a value that is not finite is an error.
    ///
    /// # Errors
    /// [`Undefined`] when the measure does not exist for this pair, or when the two were prepared by another measure.
    fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Undefined>;
}

impl<M: Measure> AnyMeasure for M {
    fn card(&self) -> &'static Card {
        Measure::card(self)
    }

    fn needs(&self) -> &'static [Ingredient] {
        Measure::needs(self)
    }

    fn prepare(&self, geometry: &Geometry) -> Result<Prepared, Undefined> {
        let minimum = Measure::card(self).minimum_samples;
        if geometry.samples < minimum {
            return Err(Undefined(format!("needs at least {minimum} samples, got {}", geometry.samples)));
        }
        Measure::prepare(self, geometry).map(|prepared| Prepared(Box::new(prepared)))
    }

    fn compare(&self, a: &Prepared, b: &Prepared) -> Result<f64, Undefined> {
        let (Some(a), Some(b)) = (a.0.downcast_ref::<M::Prepared>(), b.0.downcast_ref::<M::Prepared>()) else {
            return Err(Undefined("the two layers were prepared by different measures".to_owned()));
        };
        let value = Measure::compare(self, a, b)?;
        if value.is_finite() { Ok(value) } else { Err(Undefined(format!("the value is not finite ({value})"))) }
    }
}
