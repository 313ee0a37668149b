//! The geometry of a matrix on a device: centred and multiplied there by runs of features, read back as n × n values.

use std::ops::Range;
use std::sync::Arc;

use burn::tensor::{FloatDType, Tensor, TensorData};
use faer::Mat;

use super::part::{Parts, Slot};
use super::self_product::mirror;
use super::{Computed, Kept, LayerError, PartId, Precision, Reason, coordinates, host};
use crate::steps::supervised;
use crate::supervise::Supervisor;

/// The most features of one product: longer sums would lose precision.
const RUN: usize = 4_096;

/// The most bytes of one run. WebGPU grants 128 MB per buffer; a run, its centred copy and its transpose share the memory.
const RUN_BYTES: usize = 32 << 20;

/// The ranges of values that single precision squares can follow.
const SCALES: Range<f64> = 1e-30..1e37;

pub(super) async fn compute(
    layer: &str,
    blocks: &[Tensor<2>],
    rows: usize,
    features: usize,
    wanted: &[PartId],
    supervisor: &impl Supervisor,
) -> Result<Computed, LayerError> {
    let matrix = Blocks { layer, blocks, rows, features };
    matrix.check()?;
    let wants = |part| wanted.contains(&part);
    if features <= rows || wants(PartId::Units) {
        // The matrix is no larger than its Gram matrix, or is asked for itself.
        return matrix.on_host(wanted, supervisor).await;
    }
    let columns = matrix.spread(0).await?;
    let constant_features = columns.iter().filter(|&&spread| spread == 0.0).count();
    let mut parts = Parts::default();
    if wants(PartId::Gram) || wants(PartId::Coordinates) {
        let largest = columns.iter().copied().fold(0.0, f64::max);
        let value = matrix.gram(matrix.scale(largest)?, supervisor).await?;
        if host::has_far_row(&value) {
            return matrix.on_host(wanted, supervisor).await;
        }
        let gram = Arc::new(Kept { value, precision: Precision::Single });
        if wants(PartId::Coordinates) {
            let principal = supervised(coordinates::principal(&gram), supervisor).await?;
            parts.coordinates = Some(principal.map(Arc::new));
        }
        parts.gram = wants(PartId::Gram).then_some(Ok(gram));
    }
    if wants(PartId::RowCorrelation) {
        parts.row_correlation = matrix.correlation(supervisor).await?;
    }
    if wants(PartId::RowCosine) {
        parts.row_cosine = matrix.cosine(supervisor).await?;
    }
    Ok(Computed { constant_features, parts })
}

/// The n × p values of a matrix on a device, row-major.
pub(super) async fn values(
    layer: &str,
    blocks: &[Tensor<2>],
    rows: usize,
    features: usize,
) -> Result<Vec<f32>, LayerError> {
    let matrix = Blocks { layer, blocks, rows, features };
    matrix.check()?;
    matrix.values().await
}

/// An n × p matrix as consecutive blocks of rows.
struct Blocks<'a> {
    layer: &'a str,
    blocks: &'a [Tensor<2>],
    rows: usize,
    features: usize,
}

impl Blocks<'_> {
    fn check(&self) -> Result<(), LayerError> {
        let shapes: Vec<[usize; 2]> = self.blocks.iter().map(Tensor::dims).collect();
        let height: usize = shapes.iter().map(|&[height, _]| height).sum();
        if height == self.rows && shapes.iter().all(|&[_, width]| width == self.features) {
            return Ok(());
        }
        let found = format!("blocks of {shapes:?}");
        Err(LayerError::Shape { layer: self.layer.to_owned(), rows: self.rows, features: self.features, found })
    }

    /// The values, row-major.
    async fn values(&self) -> Result<Vec<f32>, LayerError> {
        let mut values = Vec::with_capacity(self.rows * self.features);
        for block in self.blocks {
            values.extend(self.read(block.clone()).await?);
        }
        Ok(values)
    }

    /// Everything, from the values read back.
    async fn on_host(&self, wanted: &[PartId], supervisor: &impl Supervisor) -> Result<Computed, LayerError> {
        let values = self.values().await?;
        host::compute(self.layer, &values, self.rows, self.features, wanted, supervisor).await
    }

    /// For each column (dimension 0) or row (1) its largest value less its smallest.
    async fn spread(&self, dimension: usize) -> Result<Vec<f64>, LayerError> {
        let (high, low) = self.extremes(dimension).await?;
        let spread: Vec<f64> = high.iter().zip(&low).map(|(&high, &low)| f64::from(high) - f64::from(low)).collect();
        match spread.iter().find(|spread| !spread.is_finite()) {
            Some(_) => Err(self.not_finite()),
            None => Ok(spread),
        }
    }

    /// For each column (dimension 0) or row (1) its largest value and its smallest.
    async fn extremes(&self, dimension: usize) -> Result<(Vec<f32>, Vec<f32>), LayerError> {
        let gather = |each: fn(Tensor<2>, usize) -> Tensor<2>| {
            let parts: Vec<_> = self.blocks.iter().map(|block| each(block.clone(), dimension)).collect();
            if dimension == 0 { each(Tensor::cat(parts, 0), 0) } else { Tensor::cat(parts, 0) }
        };
        let high = self.read(gather(Tensor::max_dim)).await?;
        let low = self.read(gather(Tensor::min_dim)).await?;
        Ok((high, low))
    }

    /// The power of two that brings `largest` to between 1 and 2; 1 for zero.
    fn scale(&self, largest: f64) -> Result<f64, LayerError> {
        if largest == 0.0 {
            return Ok(1.0);
        }
        if !SCALES.contains(&largest) {
            let layer = self.layer.to_owned();
            return Err(LayerError::Scale { layer, largest, smallest: SCALES.start, greatest: SCALES.end });
        }
        Ok(2.0_f64.powi(-(largest.log2().floor() as i32)))
    }

    /// Xc Xcᵀ.
    async fn gram(&self, scale: f64, supervisor: &impl Supervisor) -> Result<Mat<f64>, LayerError> {
        let centred = |run: Tensor<2>| {
            // Less the first row, so that a constant column becomes exactly zero.
            let shifted = run.clone() * scale - run.narrow(0, 0, 1) * scale;
            let mean = shifted.clone().mean_dim(0);
            shifted - mean
        };
        let mut gram = self.self_product(centred, supervisor).await?;
        gram *= faer::Scale(1.0 / scale);
        gram *= faer::Scale(1.0 / scale);
        Ok(gram)
    }

    /// Pearson correlation between rows.
    async fn correlation(&self, supervisor: &impl Supervisor) -> Result<Slot<Mat<f64>>, LayerError> {
        let spread = self.spread(1).await?;
        if let Some(row) = spread.iter().position(|&spread| spread == 0.0) {
            return Ok(Some(Err(Reason::ConstantRow { row })));
        }
        let mut scales = Vec::with_capacity(self.rows);
        for spread in spread {
            scales.push(self.scale(spread)? as f32);
        }
        let Some(device) = self.blocks.first().map(Tensor::device) else { return Err(self.no_blocks()) };
        let scales = Tensor::<2>::from_data(TensorData::new(scales, [self.rows, 1]), &device);
        let first = self.run(0..1);
        let shifted = |run: Tensor<2>| run * scales.clone() - first.clone() * scales.clone();
        let sum = self.runs().map(|range| shifted(self.run(range)).sum_dim(1)).reduce(|sum, part| sum + part);
        let Some(sum) = sum else { return Err(self.no_blocks()) };
        let mean = sum / self.features as f64;
        let mut value = self.self_product(|run| shifted(run) - mean.clone(), supervisor).await?;
        coordinates::normalise_diagonal(&mut value);
        Ok(Some(Ok(Arc::new(Kept { value, precision: Precision::Single }))))
    }

    /// Cosines of rows.
    async fn cosine(&self, supervisor: &impl Supervisor) -> Result<Slot<Mat<f64>>, LayerError> {
        let (high, low) = self.extremes(1).await?;
        let mut scales = Vec::with_capacity(self.rows);
        for (row, (high, low)) in high.iter().zip(&low).enumerate() {
            let largest = f64::from(high.abs().max(low.abs()));
            if largest == 0.0 {
                return Ok(Some(Err(Reason::ZeroRow { row })));
            }
            scales.push(self.scale(largest)? as f32);
        }
        let Some(device) = self.blocks.first().map(Tensor::device) else { return Err(self.no_blocks()) };
        let scales = Tensor::<2>::from_data(TensorData::new(scales, [self.rows, 1]), &device);
        let mut value = self.self_product(|run| run * scales.clone(), supervisor).await?;
        coordinates::normalise_diagonal(&mut value);
        Ok(Some(Ok(Arc::new(Kept { value, precision: Precision::Single }))))
    }

    /// M Mᵀ on the host, for M made of runs that are centred or scaled.
    async fn self_product(
        &self,
        factor: impl Fn(Tensor<2>) -> Tensor<2>,
        supervisor: &impl Supervisor,
    ) -> Result<Mat<f64>, LayerError> {
        // Summed in pairs, as in a binary counter: the error grows with the logarithm of the number of runs.
        let mut sums: Vec<(u32, Tensor<2>)> = Vec::new();
        for range in self.runs() {
            let factor = factor(self.run(range));
            let mut sum = factor.clone().matmul(factor.transpose());
            let mut level = 0;
            while let Some((_, other)) = sums.pop_if(|(other, _)| *other == level) {
                sum = other + sum;
                level += 1;
            }
            sums.push((level, sum));
            supervisor.pause().await?;
        }
        let Some((_, sum)) = sums.into_iter().rev().reduce(|(_, sum), (level, other)| (level, other + sum)) else {
            return Err(self.no_blocks());
        };
        let values = self.read(sum).await?;
        if values.iter().any(|value| !value.is_finite()) {
            return Err(self.not_finite());
        }
        let mut product = Mat::zeros(self.rows, self.rows);
        for (row, values) in values.chunks_exact(self.rows).enumerate() {
            for (entry, &value) in product.row_mut(row).iter_mut().zip(values) {
                *entry = f64::from(value);
            }
        }
        mirror(&mut product);
        Ok(product)
    }

    /// The features, run by run.
    fn runs(&self) -> impl Iterator<Item = Range<usize>> {
        let width = (RUN_BYTES / size_of::<f32>() / self.rows).clamp(1, RUN);
        let features = self.features;
        (0..features).step_by(width).map(move |start| start..features.min(start + width))
    }

    /// All rows of some features, in single precision.
    fn run(&self, range: Range<usize>) -> Tensor<2> {
        let parts: Vec<_> =
            self.blocks.iter().map(|block| block.clone().slice([0..block.dims()[0], range.clone()])).collect();
        Tensor::cat(parts, 0).cast(FloatDType::F32)
    }

    async fn read(&self, tensor: Tensor<2>) -> Result<Vec<f32>, LayerError> {
        let failed = |reason| LayerError::Device { layer: self.layer.to_owned(), reason };
        let data = tensor.into_data_async().await.map_err(|error| failed(error.to_string()))?;
        data.convert::<f32>().try_into_vec().map_err(|error| failed(error.to_string()))
    }

    fn no_blocks(&self) -> LayerError {
        let (rows, features) = (self.rows, self.features);
        LayerError::Shape { layer: self.layer.to_owned(), rows, features, found: "none".to_owned() }
    }

    fn not_finite(&self) -> LayerError {
        LayerError::NotFinite {
            layer: self.layer.to_owned(),
            found: "an infinite value or one that is not a number".to_owned(),
        }
    }
}
