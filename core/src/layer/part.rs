//! What can be kept of a layer.

use std::fmt;
use std::sync::Arc;

use faer::Mat;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Layer, Reason, Units};

/// The name of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PartId {
    /// [`Gram`].
    Gram,
    /// [`Coordinates`].
    Coordinates,
    /// [`UnitValues`].
    Units,
    /// [`RowCorrelation`].
    RowCorrelation,
    /// [`RowCosine`].
    RowCosine,
}

impl PartId {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Gram, Self::Coordinates, Self::Units, Self::RowCorrelation, Self::RowCosine];

    /// Bytes that the part takes for n rows of p features.
    #[must_use]
    pub fn bytes(self, rows: usize, features: usize) -> u64 {
        let (rows, features) = (rows as u64, features as u64);
        let values = match self {
            Self::Gram | Self::RowCorrelation | Self::RowCosine => rows.saturating_mul(rows),
            Self::Coordinates => rows.saturating_mul(features.min(rows)),
            Self::Units => rows.saturating_mul(features.min(super::units::MAXIMUM_UNITS as u64)),
        };
        values.saturating_mul(8)
    }
}

impl fmt::Display for PartId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gram => "the Gram matrix",
            Self::Coordinates => "the matrix of coordinates",
            Self::Units => "the matrix of units",
            Self::RowCorrelation => "the correlation matrix",
            Self::RowCosine => "the matrix of cosines",
        })
    }
}

/// What the products in a part were formed in. Sums over runs of products are in double precision in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// IEEE 754 binary32.
    Single,
    /// IEEE 754 binary64.
    Double,
}

impl Precision {
    /// The unit of rounding: 2⁻²³ or 2⁻⁵².
    #[must_use]
    pub fn rounding(self) -> f64 {
        match self {
            Self::Single => f64::from(f32::EPSILON),
            Self::Double => f64::EPSILON,
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "f32",
            Self::Double => "f64",
        })
    }
}

/// A part, with the precision that it was computed in: its own, whatever else was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept<T> {
    /// The part itself.
    pub value: T,
    /// What its products were formed in.
    pub precision: Precision,
}

/// A part that may have been asked for, and may exist.
pub(super) type Slot<T> = Option<Result<Arc<Kept<T>>, Reason>>;

/// A part as a type, so that [`Layer::part`] can hand it out under its own type.
pub trait Part {
    /// What is kept.
    type Value;
    /// The part's name.
    const ID: PartId;
    /// Where a layer keeps it.
    #[doc(hidden)]
    fn slot(layer: &Layer) -> Option<Result<&Kept<Self::Value>, &Reason>>;
}

/// The Gram matrix Xc Xcᵀ, n × n and exactly symmetric, with Xc = X less its column means.
#[derive(Debug, Clone, Copy)]
pub struct Gram;

/// Z, n × min(n, p) or fewer columns, with Z Zᵀ = Xc Xcᵀ: the layer up to a rotation of its features. Xc itself where p ≤ n,
/// else principal coordinates V S of the Gram matrix in descending order, where eigenvalues up to 4 √n × rounding × the
/// largest are rounding and left out. Its columns are no units: what matches units needs [`UnitValues`].
#[derive(Debug, Clone, Copy)]
pub struct Coordinates;

/// Xc itself, column by column the units of the layer; of more than [`super::MAXIMUM_UNITS`] as many, chosen by a seed.
#[derive(Debug, Clone, Copy)]
pub struct UnitValues;

/// Pearson correlation between each two rows of X across features, n × n, exactly symmetric with ones on the diagonal.
#[derive(Debug, Clone, Copy)]
pub struct RowCorrelation;

/// The cosine ⟨xᵢ, xⱼ⟩ / (‖xᵢ‖ ‖xⱼ‖) of each two rows of X itself, not centred: n × n, exactly symmetric with ones on the
/// diagonal.
#[derive(Debug, Clone, Copy)]
pub struct RowCosine;

macro_rules! part {
    ($part:ident, $id:ident, $value:ty, $field:ident) => {
        impl Part for $part {
            type Value = $value;
            const ID: PartId = PartId::$id;
            fn slot(layer: &Layer) -> Option<Result<&Kept<$value>, &Reason>> {
                layer.parts.$field.as_ref().map(|kept| kept.as_ref().map(Arc::as_ref))
            }
        }
    };
}

part!(Gram, Gram, Mat<f64>, gram);
part!(Coordinates, Coordinates, Mat<f64>, coordinates);
part!(UnitValues, Units, Units, units);
part!(RowCorrelation, RowCorrelation, Mat<f64>, row_correlation);
part!(RowCosine, RowCosine, Mat<f64>, row_cosine);

/// All parts of a layer.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub(super) gram: Slot<Mat<f64>>,
    pub(super) coordinates: Slot<Mat<f64>>,
    pub(super) units: Slot<Units>,
    pub(super) row_correlation: Slot<Mat<f64>>,
    pub(super) row_cosine: Slot<Mat<f64>>,
}

impl Parts {
    /// Whether a part was asked for before, whether or not it exists.
    pub(super) fn has(&self, part: PartId) -> bool {
        match part {
            PartId::Gram => self.gram.is_some(),
            PartId::Coordinates => self.coordinates.is_some(),
            PartId::Units => self.units.is_some(),
            PartId::RowCorrelation => self.row_correlation.is_some(),
            PartId::RowCosine => self.row_cosine.is_some(),
        }
    }

    /// Drops a part.
    pub(super) fn remove(&mut self, part: PartId) {
        match part {
            PartId::Gram => self.gram = None,
            PartId::Coordinates => self.coordinates = None,
            PartId::Units => self.units = None,
            PartId::RowCorrelation => self.row_correlation = None,
            PartId::RowCosine => self.row_cosine = None,
        }
    }

    /// The parts that exist, with the precision of each.
    pub(super) fn precisions(&self) -> Vec<(PartId, Precision)> {
        fn of<T>(slot: &Slot<T>) -> Option<Precision> {
            slot.as_ref()?.as_ref().ok().map(|kept| kept.precision)
        }
        let all = [
            (PartId::Gram, of(&self.gram)),
            (PartId::Coordinates, of(&self.coordinates)),
            (PartId::Units, of(&self.units)),
            (PartId::RowCorrelation, of(&self.row_correlation)),
            (PartId::RowCosine, of(&self.row_cosine)),
        ];
        all.into_iter().filter_map(|(part, precision)| Some((part, precision?))).collect()
    }

    /// Takes over what the other has and this has not.
    pub(super) fn complete(&mut self, other: Self) {
        let Self { gram, coordinates, units, row_correlation, row_cosine } = other;
        self.gram = self.gram.take().or(gram);
        self.coordinates = self.coordinates.take().or(coordinates);
        self.units = self.units.take().or(units);
        self.row_correlation = self.row_correlation.take().or(row_correlation);
        self.row_cosine = self.row_cosine.take().or(row_cosine);
    }
}
