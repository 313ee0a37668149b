//! A network computed in double precision by the definitions of its operations: what the engines are tested against.

use crate::data::ImageShape;
use crate::model::{Graph, Operation, Shape, StateDict};

/// The values of every node for one image, in PyTorch's order.
pub(crate) fn evaluate(graph: &Graph, state: &StateDict, image: &[f64]) -> Vec<Vec<f64>> {
    let mut values: Vec<Vec<f64>> = Vec::new();
    for node in &graph.nodes {
        let tensor = |name: String| state[&name].values.iter().map(|&value| f64::from(value)).collect::<Vec<_>>();
        let input = node.inputs.first().map(|&input| (&values[input], graph.nodes[input].shape));
        let Some((x, from)) = input else {
            values.push(image.to_vec());
            continue;
        };
        let computed = match &node.operation {
            Operation::Input => image.to_vec(),
            Operation::Conv2d { name, kernel, stride, padding, dilation, groups, bias } => {
                let bias = bias.then(|| tensor(format!("{name}.bias")));
                convolve(
                    x,
                    map(from),
                    map(node.shape),
                    &tensor(format!("{name}.weight")),
                    bias,
                    [*kernel, *stride, *padding, *dilation, *groups],
                )
            }
            Operation::BatchNorm { name, epsilon } => {
                let [scale, shift, mean, variance] =
                    ["weight", "bias", "running_mean", "running_var"].map(|part| tensor(format!("{name}.{part}")));
                let positions = x.len() / scale.len();
                let normalise = |(i, x): (usize, &f64)| {
                    let c = i / positions;
                    (x - mean[c]) / (variance[c] + epsilon).sqrt() * scale[c] + shift[c]
                };
                x.iter().enumerate().map(normalise).collect()
            }
            Operation::Linear { name, bias } => {
                let weights = tensor(format!("{name}.weight"));
                let bias = if *bias { tensor(format!("{name}.bias")) } else { vec![0.0; node.shape.len()] };
                let row = |(row, bias): (&[f64], &f64)| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + bias;
                weights.chunks(x.len()).zip(&bias).map(row).collect()
            }
            Operation::GroupNorm { name, groups, epsilon } => {
                let [scale, shift] = ["weight", "bias"].map(|part| tensor(format!("{name}.{part}")));
                let (positions, width) = (x.len() / scale.len(), x.len() / groups);
                let normalise = |(i, value): (usize, &f64)| {
                    let group = &x[i / width * width..][..width];
                    let mean = group.iter().sum::<f64>() / width as f64;
                    let variance = group.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
                    let c = i / positions;
                    (value - mean) / (variance + epsilon).sqrt() * scale[c] + shift[c]
                };
                x.iter().enumerate().map(normalise).collect()
            }
            Operation::Activate(activation) => x.iter().map(|&x| activation.of(x)).collect(),
            Operation::MaxPool2d { kernel, stride, padding } => {
                pool(x, map(from), map(node.shape), [*kernel, *stride, *padding], |window| {
                    window.iter().copied().fold(f64::NEG_INFINITY, f64::max)
                })
            }
            Operation::AvgPool2d { kernel, stride, padding } => {
                pool(x, map(from), map(node.shape), [*kernel, *stride, *padding], |window| {
                    window.iter().sum::<f64>() / (kernel * kernel) as f64
                })
            }
            Operation::AdaptiveAvgPool2d => {
                let (from, to) = (map(from), map(node.shape));
                let span =
                    |i: usize, length: usize, count: usize| i * length / count..((i + 1) * length).div_ceil(count);
                at_every_position(to, |c, row, column| {
                    let (rows, columns) = (span(row, from.height, to.height), span(column, from.width, to.width));
                    let count = (rows.len() * columns.len()) as f64;
                    let at = |y: usize, x_position: usize| x[(c * from.height + y) * from.width + x_position];
                    rows.flat_map(|y| columns.clone().map(move |x| (y, x))).map(|(y, x)| at(y, x)).sum::<f64>() / count
                })
            }
            Operation::Gate => {
                let factors = &values[node.inputs[1]];
                let positions = x.len() / factors.len();
                x.iter().enumerate().map(|(i, x)| x * factors[i / positions]).collect()
            }
            Operation::Concatenate => x.iter().chain(&values[node.inputs[1]]).copied().collect(),
            Operation::GlobalAvgPool => {
                let positions = x.len() / node.shape.len();
                x.chunks(positions).map(|plane| plane.iter().sum::<f64>() / positions as f64).collect()
            }
            Operation::Flatten | Operation::Dropout { .. } => x.clone(),
            Operation::Add => x.iter().zip(&values[node.inputs[1]]).map(|(a, b)| a + b).collect(),
            Operation::SubsampleAndPad { stride, before } => {
                let (from, to, before) = (map(from), map(node.shape), *before);
                at_every_position(to, |c, y, x_position| {
                    let inside = (before..before + from.channels).contains(&c);
                    if inside {
                        x[((c - before) * from.height + y * stride) * from.width + x_position * stride]
                    } else {
                        0.0
                    }
                })
            }
        };
        values.push(computed);
    }
    values
}

fn map(shape: Shape) -> ImageShape {
    match shape {
        Shape::Map(map) => map,
        Shape::Vector(_) => panic!("a map was expected"),
    }
}

fn at_every_position(shape: ImageShape, value: impl Fn(usize, usize, usize) -> f64) -> Vec<f64> {
    let (height, width) = (shape.height, shape.width);
    (0..shape.len()).map(|i| value(i / (height * width), i / width % height, i % width)).collect()
}

/// The index of row `y` and column `x` of the padded map, where it lies on the map.
fn on_map(shape: ImageShape, y: usize, x: usize, padding: usize) -> Option<usize> {
    let (y, x) = (y.checked_sub(padding)?, x.checked_sub(padding)?);
    (y < shape.height && x < shape.width).then_some(y * shape.width + x)
}

fn convolve(
    x: &[f64],
    from: ImageShape,
    to: ImageShape,
    weights: &[f64],
    bias: Option<Vec<f64>>,
    [kernel, stride, padding, dilation, groups]: [usize; 5],
) -> Vec<f64> {
    let positions = from.height * from.width;
    let (inputs, outputs) = (from.channels / groups, to.channels / groups);
    at_every_position(to, |out, top, left| {
        let mut sum = bias.as_ref().map_or(0.0, |bias| bias[out]);
        for channel in 0..inputs {
            for row in 0..kernel {
                for column in 0..kernel {
                    let (y, x_position) = (top * stride + row * dilation, left * stride + column * dilation);
                    if let Some(index) = on_map(from, y, x_position, padding) {
                        let weight = weights[((out * inputs + channel) * kernel + row) * kernel + column];
                        sum += weight * x[(out / outputs * inputs + channel) * positions + index];
                    }
                }
            }
        }
        sum
    })
}

fn pool(
    x: &[f64],
    from: ImageShape,
    to: ImageShape,
    [kernel, stride, padding]: [usize; 3],
    fold: impl Fn(&[f64]) -> f64,
) -> Vec<f64> {
    let positions = from.height * from.width;
    at_every_position(to, |channel, top, left| {
        let window: Vec<f64> = (0..kernel * kernel)
            .filter_map(|i| on_map(from, top * stride + i / kernel, left * stride + i % kernel, padding))
            .map(|index| x[channel * positions + index])
            .collect();
        fold(&window)
    })
}
