//! The layers of a network on a device: made from the tensors of a state, and read back into one.

use burn::module::{Module, Param, RunningState};
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{BatchNorm, BatchNormConfig, Dropout, DropoutConfig, Linear, LinearConfig, PaddingConfig2d};
use burn::tensor::{Device, Tensor, TensorData};

use super::{NetworkError, input_error};
use crate::model::state::{StateDict, StateTensor};
use crate::model::{Graph, Node, Operation};

/// A layer that keeps something.
#[derive(Module, Debug)]
#[allow(clippy::large_enum_variant, reason = "a network has few layers")]
pub(super) enum Layer {
    Conv2d(Conv2d),
    BatchNorm(BatchNorm),
    Linear(Linear),
    Dropout(Dropout),
    GroupNorm(Affine),
}

/// Scale and shift of a normalisation without running statistics.
#[derive(Module, Debug)]
pub(in crate::model) struct Affine {
    pub(in crate::model) scale: Param<Tensor<1>>,
    pub(in crate::model) shift: Param<Tensor<1>>,
}

impl Layer {
    /// Adds its tensors to a state under the layer's name.
    ///
    /// # Errors
    /// [`NetworkError::ReadBack`] when the device fails.
    pub(super) async fn read_back(&self, state: &mut StateDict, name: &str) -> Result<(), NetworkError> {
        match self {
            Self::Conv2d(conv) => {
                read_back(state, name, "weight", conv.weight.val()).await?;
                if let Some(bias) = &conv.bias {
                    read_back(state, name, "bias", bias.val()).await?;
                }
            }
            Self::Linear(linear) => {
                read_back(state, name, "weight", linear.weight.val().transpose()).await?;
                if let Some(bias) = &linear.bias {
                    read_back(state, name, "bias", bias.val()).await?;
                }
            }
            Self::BatchNorm(norm) => {
                read_back(state, name, "weight", norm.gamma.val()).await?;
                read_back(state, name, "bias", norm.beta.val()).await?;
                read_back(state, name, "running_mean", norm.running_mean.value_sync()).await?;
                read_back(state, name, "running_var", norm.running_var.value_sync()).await?;
            }
            Self::GroupNorm(affine) => {
                read_back(state, name, "weight", affine.scale.val()).await?;
                read_back(state, name, "bias", affine.shift.val()).await?;
            }
            Self::Dropout(_) => {}
        }
        Ok(())
    }
}

/// Makes layers from the tensors of a state.
pub(super) struct Source<'a> {
    pub(super) graph: &'a Graph,
    pub(super) state: &'a StateDict,
    pub(super) device: &'a Device,
}

impl Source<'_> {
    /// The layer of an operation that keeps something.
    pub(super) fn layer(&self, node: &Node) -> Result<Option<Layer>, NetworkError> {
        Ok(Some(match &node.operation {
            Operation::Conv2d { name, kernel, stride, padding, dilation, groups, bias } => {
                let weight: Tensor<4> = self.tensor(name, "weight")?;
                let [outputs, own_inputs, ..] = weight.dims();
                let inputs = own_inputs * groups;
                // Placeholder weights are never drawn: burn initialises them only when they are read.
                let mut conv = Conv2dConfig::new([inputs, outputs], [*kernel; 2])
                    .with_stride([*stride; 2])
                    .with_padding(PaddingConfig2d::Explicit(*padding, *padding, *padding, *padding))
                    .with_dilation([*dilation; 2])
                    .with_groups(*groups)
                    .with_bias(false)
                    .init(self.device);
                conv.weight = Param::from_tensor(weight);
                conv.bias = self.bias(name, *bias)?;
                Layer::Conv2d(conv)
            }
            Operation::BatchNorm { name, epsilon } => {
                let gamma: Tensor<1> = self.tensor(name, "weight")?;
                let mut norm = BatchNormConfig::new(gamma.dims()[0]).with_epsilon(*epsilon).init(self.device);
                norm.gamma = Param::from_tensor(gamma);
                norm.beta = Param::from_tensor(self.tensor(name, "bias")?);
                norm.running_mean = RunningState::new(self.tensor(name, "running_mean")?);
                norm.running_var = RunningState::new(self.tensor(name, "running_var")?);
                Layer::BatchNorm(norm)
            }
            Operation::Linear { name, bias } => {
                let weight: Tensor<2> = self.tensor(name, "weight")?;
                let [outputs, inputs] = weight.dims();
                let mut linear = LinearConfig::new(inputs, outputs).with_bias(false).init(self.device);
                // Burn keeps `[inputs, outputs]`; the copy makes it contiguous there.
                linear.weight = Param::from_tensor(weight.transpose().mul_scalar(1.0));
                linear.bias = self.bias(name, *bias)?;
                Layer::Linear(linear)
            }
            Operation::GroupNorm { name, .. } => Layer::GroupNorm(Affine {
                scale: Param::from_tensor(self.tensor(name, "weight")?),
                shift: Param::from_tensor(self.tensor(name, "bias")?),
            }),
            Operation::Dropout { rate } => Layer::Dropout(DropoutConfig::new(*rate).init()),
            _ => return Ok(None),
        }))
    }

    fn bias(&self, layer: &str, wanted: bool) -> Result<Option<Param<Tensor<1>>>, NetworkError> {
        wanted.then(|| self.tensor(layer, "bias").map(Param::from_tensor)).transpose()
    }

    fn tensor<const D: usize>(&self, layer: &str, suffix: &str) -> Result<Tensor<D>, NetworkError> {
        let name = format!("{layer}.{suffix}");
        let parameter = self.graph.parameters.iter().find(|parameter| parameter.name == name);
        let Some(expected) = parameter.map(|parameter| parameter.shape.clone()) else {
            return Err(input_error("graph", format!("a parameter {name}"), "none"));
        };
        let error = |found: String| NetworkError::Tensor { tensor: name.clone(), expected: expected.clone(), found };
        let tensor = self.state.get(&name).ok_or_else(|| error("none".to_owned()))?;
        let sound = tensor.shape == expected
            && expected.len() == D
            && tensor.values.len() == expected.iter().product::<usize>();
        if !sound {
            return Err(error(format!("the shape {:?} with {} values", tensor.shape, tensor.values.len())));
        }
        Ok(Tensor::from_data(TensorData::new(tensor.values.clone(), expected), self.device))
    }
}

/// The name of what keeps tensors.
pub(super) fn name_of(operation: &Operation) -> Option<&str> {
    match operation {
        Operation::Conv2d { name, .. }
        | Operation::BatchNorm { name, .. }
        | Operation::GroupNorm { name, .. }
        | Operation::Linear { name, .. } => Some(name),
        _ => None,
    }
}

async fn read_back<const D: usize>(
    state: &mut StateDict,
    layer: &str,
    suffix: &str,
    tensor: Tensor<D>,
) -> Result<(), NetworkError> {
    let name = format!("{layer}.{suffix}");
    let shape = tensor.dims().to_vec();
    let failed = |reason: String| NetworkError::ReadBack { tensor: name.clone(), reason };
    let data = tensor.into_data_async().await.map_err(|error| failed(format!("{error:?}")))?;
    let values = data.convert::<f32>().try_into_vec::<f32>().map_err(|error| failed(format!("{error:?}")))?;
    state.insert(name, StateTensor { shape, values });
    Ok(())
}
