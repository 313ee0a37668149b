//! The parts of a matrix on the host.

use std::any::TypeId;
use std::ops::Range;
use std::sync::Arc;

use faer::Mat;

use super::part::{Parts, Slot};
use super::self_product::{Factor, self_product};
use super::summary::{Columns, RowScales, Rows, Value};
use super::{Computed, Kept, LayerError, PartId, Precision, Reason, Units, coordinates, units};
use crate::steps::supervised;
use crate::supervise::Supervisor;

/// A row whose squared distance from the mean is this many times the median one asks for products in double precision.
/// One far row moves the mean, and with it all others: rounding in proportion to its square over n² enters the products
/// of the near ones. In n rows no ratio exceeds n².
const FAR: f64 = 100.0;

pub(super) async fn compute<V: Value + 'static>(
    layer: &str,
    values: &[V],
    rows: usize,
    features: usize,
    wanted: &[PartId],
    supervisor: &impl Supervisor,
) -> Result<Computed, LayerError> {
    if rows.checked_mul(features) != Some(values.len()) {
        let found = values.len().to_string();
        return Err(LayerError::Shape { layer: layer.to_owned(), rows, features, found });
    }
    let columns = Columns::of(layer, values, features)?;
    supervisor.pause().await?;
    let wants = |part| wanted.contains(&part);
    let mut parts = Parts::default();
    if wants(PartId::Gram) {
        parts.gram = Some(Ok(Arc::new(gram(values, rows, &columns, supervisor).await?)));
    }
    if wants(PartId::Coordinates) {
        parts.coordinates = Some(if features <= rows {
            Ok(Arc::new(Kept { value: centred(values, rows, &columns), precision: Precision::Double }))
        } else {
            // Coordinates divide by small eigenvalues, which single precision products would drown.
            let double = match &parts.gram {
                Some(Ok(gram)) if gram.precision == Precision::Double => Arc::clone(gram),
                _ => Arc::new(product::<V, f64>(values, rows, &columns, supervisor).await?),
            };
            supervised(coordinates::principal(&double), supervisor).await?.map(Arc::new)
        });
    }
    if wants(PartId::Units) {
        let kept = units::chosen(features);
        let values = Mat::from_fn(rows, kept.len(), |row, unit| {
            values[row * features + kept[unit]].into() - columns.means[kept[unit]]
        });
        let value = Units { features: kept, values };
        parts.units = Some(Ok(Arc::new(Kept { value, precision: Precision::Double })));
    }
    if wants(PartId::RowCorrelation) {
        parts.row_correlation = correlation(layer, values, rows, features, supervisor).await?;
    }
    if wants(PartId::RowCosine) {
        parts.row_cosine = Some(cosine(values, rows, features, supervisor).await?);
    }
    Ok(Computed { constant_features: columns.constant, parts })
}

/// Xc Xcᵀ in the precision that the values ask for.
async fn gram<V: Value + 'static>(
    values: &[V],
    rows: usize,
    columns: &Columns,
    supervisor: &impl Supervisor,
) -> Result<Kept<Mat<f64>>, LayerError> {
    // Where p ≤ n double precision is cheap.
    if TypeId::of::<V>() == TypeId::of::<f32>() && columns.means.len() > rows {
        let single = product::<V, f32>(values, rows, columns, supervisor).await?;
        if !has_far_row(&single.value) {
            return Ok(single);
        }
    }
    product::<V, f64>(values, rows, columns, supervisor).await
}

/// Whether one row is so far from the mean that double precision is called for.
pub(super) fn has_far_row(gram: &Mat<f64>) -> bool {
    let rows = gram.nrows();
    let mut squares: Vec<f64> = (0..rows).map(|row| gram[(row, row)]).collect();
    squares.sort_by(f64::total_cmp);
    let ratio = FAR.min((rows * rows) as f64 / 4.0);
    squares[rows - 1] > ratio * squares[rows / 2]
}

/// Xc Xcᵀ, with products formed in the precision of F.
async fn product<V: Value, F: Factor>(
    values: &[V],
    rows: usize,
    columns: &Columns,
    supervisor: &impl Supervisor,
) -> Result<Kept<Mat<f64>>, LayerError> {
    let Columns { means, scale, .. } = columns;
    let features = means.len();
    let fill = |row: usize, range: Range<usize>, out: &mut [F]| {
        let means = &means[range.clone()];
        for ((out, &value), mean) in out.iter_mut().zip(part(values, features, row, range)).zip(means) {
            *out = F::nearest((value.into() - mean) * scale);
        }
    };
    let mut gram = self_product(rows, features, supervisor, fill).await?;
    // Powers of two: the products are exact.
    gram *= faer::Scale(1.0 / scale);
    gram *= faer::Scale(1.0 / scale);
    Ok(Kept { value: gram, precision: F::PRECISION })
}

/// Xc.
fn centred<V: Value>(values: &[V], rows: usize, columns: &Columns) -> Mat<f64> {
    let features = columns.means.len();
    let mut centred = Mat::zeros(rows, features);
    for (row, source) in values.chunks_exact(features).enumerate() {
        for ((out, &value), mean) in centred.row_mut(row).iter_mut().zip(source).zip(&columns.means) {
            *out = value.into() - mean;
        }
    }
    centred
}

/// Pearson correlation between rows.
async fn correlation<V: Value>(
    layer: &str,
    values: &[V],
    rows: usize,
    features: usize,
    supervisor: &impl Supervisor,
) -> Result<Slot<Mat<f64>>, LayerError> {
    let Rows { means, scales, constant } = Rows::of(layer, values, features)?;
    if let Some(row) = constant {
        return Ok(Some(Err(Reason::ConstantRow { row })));
    }
    let fill = |row: usize, range: Range<usize>, out: &mut [f64]| {
        let (mean, scale) = (means[row], scales[row]);
        for (out, &value) in out.iter_mut().zip(part(values, features, row, range)) {
            *out = (value.into() - mean) * scale;
        }
    };
    let mut value = self_product(rows, features, supervisor, fill).await?;
    coordinates::normalise_diagonal(&mut value);
    Ok(Some(Ok(Arc::new(Kept { value, precision: Precision::Double }))))
}

/// Cosines of rows.
async fn cosine<V: Value>(
    values: &[V],
    rows: usize,
    features: usize,
    supervisor: &impl Supervisor,
) -> Result<Result<Arc<Kept<Mat<f64>>>, Reason>, LayerError> {
    let RowScales { scales, zero } = RowScales::of(values, features);
    if let Some(row) = zero {
        return Ok(Err(Reason::ZeroRow { row }));
    }
    let fill = |row: usize, range: Range<usize>, out: &mut [f64]| {
        let scale = scales[row];
        for (out, &value) in out.iter_mut().zip(part(values, features, row, range)) {
            *out = value.into() * scale;
        }
    };
    let mut value = self_product(rows, features, supervisor, fill).await?;
    coordinates::normalise_diagonal(&mut value);
    Ok(Ok(Arc::new(Kept { value, precision: Precision::Double })))
}

/// Part of a row of a row-major matrix.
#[inline(always)]
fn part<V>(values: &[V], features: usize, row: usize, range: Range<usize>) -> &[V] {
    &values[row * features + range.start..row * features + range.end]
}
