//! The engine for any device of Burn: maps and representations stay on the device.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::job::Job;
use super::rows::{channels_and_positions, chosen_units};
use super::{ActivationError, Matrix, Representation, RowPolicy};
use crate::model::{BurnNetwork, NetworkError, Shape, Value};
use crate::supervise::Supervisor;

/// Operations between two pauses where nobody has measured the device: 0.2 s at 100 GFLOP/s.
const UNIT_OPERATIONS: f64 = 2e10;
/// Seconds between two pauses where somebody has.
const UNIT_SECONDS: f64 = 0.2;
/// Images of a batch at most; more no longer make a device faster.
const BATCH_IMAGES: usize = 256;
/// Values of the largest map of a batch at most: 128 MiB, the smallest buffer that WebGPU promises.
const BATCH_VALUES: usize = 1 << 25;

/// Runs networks on a device of Burn.
#[derive(Debug, Clone)]
pub struct DeviceEngine {
    device: Device,
    id: String,
    description: String,
    unit_operations: f64,
}

impl DeviceEngine {
    /// `id` is for machines (`webgpu`, `cuda`), `description` is for people.
    #[must_use]
    pub fn new(device: Device, id: impl Into<String>, description: impl Into<String>) -> Self {
        Self { device, id: id.into(), description: description.into(), unit_operations: UNIT_OPERATIONS }
    }

    /// Fits the work between two pauses to a device that was measured.
    #[must_use]
    pub fn with_speed(self, operations_per_second: f64) -> Self {
        Self { unit_operations: operations_per_second * UNIT_SECONDS, ..self }
    }

    /// For machines.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// For people.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// See [`super::represent`]. A tap's maps are shared by its representation and by the next segment, never copied.
    pub(super) async fn represent<E: From<ActivationError>>(
        &self,
        job: &Job<'_>,
        watcher: &impl Supervisor,
        mut each: impl AsyncFnMut(Representation) -> Result<(), E>,
    ) -> Result<(), E> {
        let failed = |layer: &str, error: NetworkError| job.device_error(layer, error.to_string());
        let network = BurnNetwork::from_state(job.graph, job.state, &self.device).map_err(|e| failed("weights", e))?;
        let costs = job.graph.operations_per_tap();
        let total = costs.iter().sum::<f64>().max(1.0);
        let mut done = 0.0;
        let mut maps: Option<Vec<Value>> = None;
        for (index, (tap, cost)) in job.graph.taps.iter().zip(costs).enumerate() {
            let starts: Vec<usize> = match &maps {
                Some(maps) => offsets(maps),
                None => (0..job.images()).step_by(self.batch(job, total)).collect(),
            };
            let mut inputs = maps.take().map(Vec::into_iter);
            let mut outputs = Vec::with_capacity(starts.len());
            for (block, &start) in starts.iter().enumerate() {
                job.report(watcher, &tap.name, (done + cost * start as f64 / job.images() as f64) / total);
                watcher.pause().await.map_err(ActivationError::from)?;
                let value = match inputs.as_mut().and_then(Iterator::next) {
                    Some(value) => value,
                    None => {
                        let end = starts.get(block + 1).copied().unwrap_or(job.images());
                        Value::Map(self.images(job, start..end)?)
                    }
                };
                let output =
                    network.run_to_tap(index.checked_sub(1), value, index).map_err(|e| failed(&tap.name, e))?;
                wait(&output).await.map_err(|reason| job.device_error(&tap.name, reason))?;
                outputs.push(output);
            }
            done += cost;
            let shape = job.graph.nodes[tap.node].shape;
            each(self.representation(job, &tap.name, shape, &outputs)?).await?;
            maps = Some(outputs);
        }
        Ok(())
    }

    /// Images that are computed at once.
    fn batch(&self, job: &Job<'_>, total: f64) -> usize {
        let largest = job.graph.nodes.iter().map(|node| node.shape.len()).max().unwrap_or(1).max(1);
        let taps = job.graph.taps.len().max(1) as f64;
        let within_unit = (self.unit_operations * taps / total) as usize;
        within_unit.min(BATCH_VALUES / largest).clamp(1, BATCH_IMAGES)
    }

    /// The normalised images `range` on the device.
    fn images(&self, job: &Job<'_>, range: std::ops::Range<usize>) -> Result<Tensor<4>, ActivationError> {
        let shape = job.probe.shape;
        let sides = [range.len(), shape.channels, shape.height, shape.width];
        Ok(Tensor::from_data(TensorData::new(job.batch(range)?, sides), &self.device))
    }

    fn representation(
        &self,
        job: &Job<'_>,
        layer: &str,
        shape: Shape,
        maps: &[Value],
    ) -> Result<Representation, ActivationError> {
        let (channels, positions) = channels_and_positions(shape);
        let units = match job.policy {
            RowPolicy::Units { count, seed } => {
                Some(self.indices(job, layer, &chosen_units(shape.len(), count, seed))?)
            }
            _ => None,
        };
        let blocks: Vec<Tensor<2>> = maps
            .iter()
            .map(|value| match (job.policy, value.clone()) {
                (RowPolicy::AveragePool, Value::Map(map)) => {
                    map.flatten::<3>(2, 3).mean_dim(2).reshape([-1, channels as i64])
                }
                (RowPolicy::PositionsAsSamples, Value::Map(map)) => {
                    map.permute([0, 2, 3, 1]).reshape([-1, channels as i64])
                }
                (_, value) => match &units {
                    Some(units) => value.into_rows().select(1, units.clone()),
                    None => value.into_rows(),
                },
            })
            .collect();
        let rows = match job.policy {
            RowPolicy::PositionsAsSamples => job.images() * positions,
            _ => job.images(),
        };
        let features = blocks.first().map_or(0, |block| block.dims()[1]);
        Ok(job.representation(layer, rows, features, Matrix::Device(blocks)))
    }

    fn indices(&self, job: &Job<'_>, layer: &str, units: &[usize]) -> Result<Tensor<1, Int>, ActivationError> {
        let index = |&unit: &usize| {
            let refused = |_| job.device_error(layer, format!("expected units up to {}, found {unit}", i32::MAX));
            i32::try_from(unit).map_err(refused)
        };
        let units = units.iter().map(index).collect::<Result<Vec<_>, _>>()?;
        let count = units.len();
        Ok(Tensor::from_data(TensorData::new(units, [count]), &self.device))
    }
}

/// The index of each block's first image.
fn offsets(maps: &[Value]) -> Vec<usize> {
    let starts = maps.iter().scan(0, |next, value| {
        let start = *next;
        *next += value.samples();
        Some(start)
    });
    starts.collect()
}

/// Waits until the device has computed a value, by asking for one number of it. Without this, work would pile up on the
/// device, and neither progress nor a request to stop would mean anything.
async fn wait(value: &Value) -> Result<(), String> {
    let first = value.clone().into_rows().slice([0..1, 0..1]);
    first.into_data_async().await.map(drop).map_err(|error| error.to_string())
}
