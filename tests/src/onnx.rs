//! Our networks as ONNX files, so that other runtimes can run them.
//!
//! Written by hand for exactly the operations of [`Operation`], as messages of protocol buffers by the field numbers of
//! `onnx.proto`; opset 17, initialisers in single precision, the batch dimension free.

use anyhow::{Context as _, ensure};
use repgeo_core::model::{Activation, Graph, Node, NodeId, Operation, Shape, StateDict};

/// The version of the file format that came with opset 17.
const IR_VERSION: i64 = 8;
/// The version of the operators.
const OPSET: i64 = 17;
/// The free dimension.
const BATCH: &str = "n";

/// `TensorProto.DataType`.
const FLOAT: i64 = 1;
/// `TensorProto.DataType`.
const INT64: i64 = 7;

/// The name of the images' input.
pub const INPUT: &str = "input";

/// What a node's value is called in the file.
#[must_use]
pub fn value_name(graph: &Graph, node: NodeId) -> String {
    match graph.nodes.get(node).map(|node| &node.operation) {
        Some(Operation::Input) => INPUT.to_owned(),
        _ => format!("value{node}"),
    }
}

/// A network as the bytes of a `ModelProto`, with the values of these nodes as its outputs.
///
/// # Errors
/// When a tensor is missing or has another shape than the graph asks for, or there is no such node.
pub fn model(graph: &Graph, state: &StateDict, outputs: &[NodeId]) -> anyhow::Result<Vec<u8>> {
    let mut writer = Writer { graph, message: Message::default() };
    for (id, node) in graph.nodes.iter().enumerate() {
        writer.node(id, node).with_context(|| format!("operation {id}, {:?}", node.operation))?;
    }
    for parameter in &graph.parameters {
        let tensor = state.get(&parameter.name).with_context(|| format!("{}: no such tensor", parameter.name))?;
        ensure!(
            tensor.shape == parameter.shape && tensor.values.len() == parameter.len(),
            "{}: expected the shape {:?}, found {:?} with {} values",
            parameter.name,
            parameter.shape,
            tensor.shape,
            tensor.values.len()
        );
        let bytes: Vec<u8> = tensor.values.iter().flat_map(|value| value.to_le_bytes()).collect();
        writer.tensor(&parameter.name, FLOAT, &parameter.shape, &bytes);
    }
    writer.message.text(2, "network");
    let input = graph.nodes.first().context("the graph has no nodes")?;
    writer.message.message(11, &value_info(INPUT, input.shape));
    for &output in outputs {
        let node = graph.nodes.get(output).with_context(|| format!("no node {output}"))?;
        writer.message.message(12, &value_info(&value_name(graph, output), node.shape));
    }

    let mut opset = Message::default();
    opset.text(1, "");
    opset.integer(2, OPSET);
    let mut model = Message::default();
    model.integer(1, IR_VERSION);
    model.text(2, "repgeo");
    model.message(7, &writer.message);
    model.message(8, &opset);
    Ok(model.0)
}

/// Writes a `GraphProto`.
struct Writer<'a> {
    graph: &'a Graph,
    message: Message,
}

impl Writer<'_> {
    fn node(&mut self, id: NodeId, node: &Node) -> anyhow::Result<()> {
        let mut inputs: Vec<String> = node.inputs.iter().map(|&input| value_name(self.graph, input)).collect();
        let mut parameters = |name: &str, parts: &[&str]| {
            inputs.extend(parts.iter().map(|part| format!("{name}.{part}")));
        };
        let mut attributes = Attributes::default();
        let kind = match &node.operation {
            Operation::Input => return Ok(()),
            Operation::Conv2d { name, kernel, stride, padding, dilation, groups, bias } => {
                parameters(name, if *bias { &["weight", "bias"] } else { &["weight"] });
                attributes.integers("kernel_shape", &[*kernel; 2])?;
                attributes.integers("strides", &[*stride; 2])?;
                attributes.integers("pads", &[*padding; 4])?;
                attributes.integers("dilations", &[*dilation; 2])?;
                attributes.integer("group", i64::try_from(*groups)?);
                "Conv"
            }
            Operation::BatchNorm { name, epsilon } => {
                parameters(name, &["weight", "bias", "running_mean", "running_var"]);
                attributes.float("epsilon", *epsilon as f32);
                "BatchNormalization"
            }
            Operation::Linear { name, bias } => {
                parameters(name, if *bias { &["weight", "bias"] } else { &["weight"] });
                attributes.integer("transB", 1);
                "Gemm"
            }
            Operation::Activate(Activation::Relu) => "Relu",
            Operation::Activate(Activation::Tanh) => "Tanh",
            Operation::Activate(Activation::Sigmoid) => "Sigmoid",
            Operation::MaxPool2d { kernel, stride, padding } => {
                attributes.integers("kernel_shape", &[*kernel; 2])?;
                attributes.integers("strides", &[*stride; 2])?;
                attributes.integers("pads", &[*padding; 4])?;
                "MaxPool"
            }
            Operation::AvgPool2d { kernel, stride, padding } => {
                attributes.integers("pads", &[*padding; 4])?;
                attributes.integer("count_include_pad", 1);
                attributes.integers("kernel_shape", &[*kernel; 2])?;
                attributes.integers("strides", &[*stride; 2])?;
                "AveragePool"
            }
            Operation::GlobalAvgPool => {
                // ONNX keeps both dimensions of the positions, with a length of one.
                let pooled = format!("{}.pooled", value_name(self.graph, id));
                self.operator("GlobalAveragePool", &inputs, &pooled, &Attributes::default());
                inputs = vec![pooled];
                "Flatten"
            }
            Operation::Flatten => "Flatten",
            Operation::Dropout { .. } => "Identity",
            Operation::Add => "Add",
            Operation::SubsampleAndPad { stride, before } => {
                return self.subsample_and_pad(id, node, *stride, *before);
            }
            other => anyhow::bail!("expected an operation that is written here, found {other:?}"),
        };
        self.operator(kind, &inputs, &value_name(self.graph, id), &attributes);
        Ok(())
    }

    /// Every `stride`-th row and column, then zero channels, `before` of them before the others.
    fn subsample_and_pad(&mut self, id: NodeId, node: &Node, stride: usize, before: usize) -> anyhow::Result<()> {
        let input = node.inputs.first().context("it reads nothing")?;
        let from = self.graph.nodes.get(*input).context("it reads a node that does not exist")?.shape;
        let (Shape::Map(from), Shape::Map(to)) = (from, node.shape) else {
            anyhow::bail!("expected feature maps, found {from:?} and {:?}", node.shape);
        };
        let stride = i64::try_from(stride)?;
        let added = to.channels.checked_sub(from.channels).context("it has fewer channels than it reads")?;
        let after = added.checked_sub(before).context("more zero channels come first than there are")?;
        let (before, after) = (i64::try_from(before)?, i64::try_from(after)?);

        let name = value_name(self.graph, id);
        let mut slice = vec![value_name(self.graph, *input)];
        for (part, values) in
            [("starts", [0, 0]), ("ends", [i64::MAX, i64::MAX]), ("axes", [2, 3]), ("steps", [stride, stride])]
        {
            slice.push(self.integers(format!("{name}.{part}"), &values));
        }
        let sliced = format!("{name}.sliced");
        self.operator("Slice", &slice, &sliced, &Attributes::default());
        let pads = self.integers(format!("{name}.pads"), &[0, before, 0, 0, 0, after, 0, 0]);
        self.operator("Pad", &[sliced, pads], &name, &Attributes::default());
        Ok(())
    }

    fn operator(&mut self, kind: &str, inputs: &[String], output: &str, attributes: &Attributes) {
        let mut node = Message::default();
        for input in inputs {
            node.text(1, input);
        }
        node.text(2, output);
        node.text(3, output);
        node.text(4, kind);
        for attribute in &attributes.0 {
            node.message(5, attribute);
        }
        self.message.message(1, &node);
    }

    /// A constant vector of integers; its name.
    fn integers(&mut self, name: String, values: &[i64]) -> String {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.tensor(&name, INT64, &[values.len()], &bytes);
        name
    }

    fn tensor(&mut self, name: &str, kind: i64, shape: &[usize], bytes: &[u8]) {
        let mut tensor = Message::default();
        for &length in shape {
            tensor.varint_field(1, length as u64);
        }
        tensor.integer(2, kind);
        tensor.text(8, name);
        tensor.bytes(9, bytes);
        self.message.message(5, &tensor);
    }
}

/// A `ValueInfoProto`: batches of samples of this shape.
fn value_info(name: &str, shape: Shape) -> Message {
    let lengths = match shape {
        Shape::Map(map) => vec![map.channels, map.height, map.width],
        Shape::Vector(features) => vec![features],
    };
    let mut dimensions = Message::default();
    let mut batch = Message::default();
    batch.text(2, BATCH);
    dimensions.message(1, &batch);
    for length in lengths {
        let mut dimension = Message::default();
        dimension.varint_field(1, length as u64);
        dimensions.message(1, &dimension);
    }
    let mut tensor = Message::default();
    tensor.integer(1, FLOAT);
    tensor.message(2, &dimensions);
    let mut kind = Message::default();
    kind.message(1, &tensor);
    let mut info = Message::default();
    info.text(1, name);
    info.message(2, &kind);
    info
}

/// The `AttributeProto`s of a node.
#[derive(Default)]
struct Attributes(Vec<Message>);

impl Attributes {
    fn float(&mut self, name: &str, value: f32) {
        let mut attribute = Self::named(name, 1);
        attribute.key(2, 5);
        attribute.0.extend(value.to_le_bytes());
        self.0.push(attribute);
    }

    fn integer(&mut self, name: &str, value: i64) {
        let mut attribute = Self::named(name, 2);
        attribute.integer(3, value);
        self.0.push(attribute);
    }

    fn integers(&mut self, name: &str, values: &[usize]) -> anyhow::Result<()> {
        let mut attribute = Self::named(name, 7);
        for &value in values {
            attribute.integer(8, i64::try_from(value)?);
        }
        self.0.push(attribute);
        Ok(())
    }

    /// With its `AttributeProto.AttributeType`.
    fn named(name: &str, kind: i64) -> Message {
        let mut attribute = Message::default();
        attribute.text(1, name);
        attribute.integer(20, kind);
        attribute
    }
}

/// A message of protocol buffers.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn key(&mut self, field: u64, wire_type: u64) {
        self.varint((field << 3) | wire_type);
    }

    fn varint_field(&mut self, field: u64, value: u64) {
        self.key(field, 0);
        self.varint(value);
    }

    fn integer(&mut self, field: u64, value: i64) {
        self.varint_field(field, value.cast_unsigned());
    }

    fn bytes(&mut self, field: u64, bytes: &[u8]) {
        self.key(field, 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: u64, text: &str) {
        self.bytes(field, text.as_bytes());
    }

    fn message(&mut self, field: u64, message: &Self) {
        self.bytes(field, &message.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the encoding's specification: `a: 150`, `b: "testing"`, `c { a: 150 }` and -2.
    #[test]
    fn messages_are_those_of_the_specification() {
        let mut inner = Message::default();
        inner.integer(1, 150);
        assert_eq!(inner.0, [0x08, 0x96, 0x01]);
        let mut outer = Message::default();
        outer.text(2, "testing");
        outer.message(3, &inner);
        assert_eq!(outer.0, [&[0x12, 0x07][..], b"testing", &[0x1a, 0x03, 0x08, 0x96, 0x01]].concat());
        let mut negative = Message::default();
        negative.integer(1, -2);
        assert_eq!(negative.0, [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]);
    }

    #[test]
    fn a_missing_or_misshaped_tensor_is_named() {
        use repgeo_core::data::ImageShape;
        use repgeo_core::model::{GraphBuilder, StateTensor, initial_state};

        let mut builder = GraphBuilder::new("one layer", ImageShape { channels: 1, height: 2, width: 2 }).unwrap();
        builder.flatten().unwrap();
        builder.linear("fc", 3, true).unwrap();
        let graph = builder.finish().unwrap();
        let mut state = initial_state(&graph, 0);
        assert!(model(&graph, &state, &[2]).is_ok());
        assert!(model(&graph, &state, &[3]).unwrap_err().to_string().contains('3'));
        state.insert("fc.bias".to_owned(), StateTensor { shape: vec![2], values: vec![0.0; 2] });
        assert!(model(&graph, &state, &[2]).unwrap_err().to_string().contains("fc.bias"));
        state.remove("fc.bias");
        assert!(model(&graph, &state, &[2]).unwrap_err().to_string().contains("fc.bias"));
    }
}
