//! The geometry of a matrix on the host.

use std::any::TypeId;
use std::ops::Range;

use faer::Mat;

use super::product::{Factor, self_product};
use super::summary::{Columns, Rows, Value};
use super::{Geometry, GeometryError, Ingredient, coordinates};
use crate::supervise::Supervisor;

pub(super) async fn geometry<V: Value + 'static>(
    layer: &str,
    values: &[V],
    rows: usize,
    features: usize,
    ingredients: &[Ingredient],
    supervisor: &impl Supervisor,
) -> Result<Geometry, GeometryError> {
    if rows.checked_mul(features) != Some(values.len()) {
        let found = values.len().to_string();
        return Err(GeometryError::Shape { layer: layer.to_owned(), rows, features, found });
    }
    let columns = Columns::of(layer, values, features)?;
    supervisor.pause().await?;
    let wants = |ingredient| ingredients.contains(&ingredient);
    let principal = wants(Ingredient::Coordinates) && features > rows;
    // Coordinates divide by small eigenvalues, which single precision products would drown; where p ≤ n double precision is
    // cheap anyway.
    let single = TypeId::of::<V>() == TypeId::of::<f32>() && features > rows && !principal;
    let gram = if !wants(Ingredient::Gram) && !principal {
        None
    } else if single {
        Some(gram::<V, f32>(values, rows, &columns, supervisor).await?)
    } else {
        Some(gram::<V, f64>(values, rows, &columns, supervisor).await?)
    };
    let rounding = if single { f32::ROUNDING } else { f64::ROUNDING };
    let coordinates = match &gram {
        _ if !wants(Ingredient::Coordinates) => None,
        Some(gram) if principal => Some(coordinates::principal(layer, gram, rounding)?),
        _ => Some(centred(values, rows, &columns)),
    };
    let (constant_row, correlation) = if wants(Ingredient::Correlation) {
        correlation(layer, values, rows, features, supervisor).await?
    } else {
        (None, None)
    };
    Ok(Geometry {
        samples: rows,
        features,
        constant_features: columns.constant,
        constant_row,
        rounding,
        gram,
        coordinates,
        correlation,
    })
}

/// Xc Xcᵀ.
async fn gram<V: Value, F: Factor>(
    values: &[V],
    rows: usize,
    columns: &Columns,
    supervisor: &impl Supervisor,
) -> Result<Mat<f64>, GeometryError> {
    let Columns { means, scale, .. } = columns;
    let features = means.len();
    let fill = |row: usize, range: Range<usize>, out: &mut [F]| {
        let means = means.get(range.clone()).unwrap_or_default();
        for ((out, &value), mean) in out.iter_mut().zip(part(values, features, row, range)).zip(means) {
            *out = F::nearest((value.into() - mean) * scale);
        }
    };
    let mut gram = self_product(rows, features, supervisor, fill).await?;
    // Powers of two: the products are exact.
    gram *= faer::Scale(1.0 / scale);
    gram *= faer::Scale(1.0 / scale);
    Ok(gram)
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

/// Pearson correlation between rows, or the first constant row.
async fn correlation<V: Value>(
    layer: &str,
    values: &[V],
    rows: usize,
    features: usize,
    supervisor: &impl Supervisor,
) -> Result<(Option<usize>, Option<Mat<f64>>), GeometryError> {
    let Rows { means, scales, constant } = Rows::of(layer, values, features)?;
    if constant.is_some() {
        return Ok((constant, None));
    }
    let fill = |row: usize, range: Range<usize>, out: &mut [f64]| {
        let (Some(mean), Some(scale)) = (means.get(row), scales.get(row)) else { return };
        for (out, &value) in out.iter_mut().zip(part(values, features, row, range)) {
            *out = (value.into() - mean) * scale;
        }
    };
    let mut products = self_product(rows, features, supervisor, fill).await?;
    coordinates::normalise_diagonal(&mut products);
    Ok((None, Some(products)))
}

/// Part of a row of a row-major matrix.
#[inline(always)]
fn part<V>(values: &[V], features: usize, row: usize, range: Range<usize>) -> &[V] {
    values.get(row * features + range.start..row * features + range.end).unwrap_or_default()
}
