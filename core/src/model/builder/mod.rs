//! Builds a [`Graph`] operation by operation and checks every shape on the way.

mod normalisation;
mod pooling;

use super::{Activation, Graph, ModelError, Node, NodeId, Operation, Parameter, ParameterRole, Shape, Tap};
use crate::data::ImageShape;

/// What PyTorch adds to the variance in normalisations.
pub(super) const EPSILON: f64 = 1e-5;
/// The most values that a feature map of one sample or a tensor may have; more is taken for a broken file.
const MOST_VALUES: usize = 1 << 30;
/// The most operations of a network; more is taken for a broken file.
const MOST_NODES: usize = 20_000;

/// A convolution with square kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convolution {
    /// Channels of the result.
    pub channels: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Step.
    pub stride: usize,
    /// Zeros added at each side.
    pub padding: usize,
    /// Distance of neighbouring values of the kernel.
    pub dilation: usize,
    /// Groups of channels.
    pub groups: usize,
    /// Whether there is a bias.
    pub bias: bool,
}

impl Convolution {
    /// A convolution without bias whose result has the size of its input divided by `stride`; `kernel` is odd.
    #[must_use]
    pub fn same(channels: usize, kernel: usize, stride: usize) -> Self {
        Self { channels, kernel, stride, padding: kernel / 2, dilation: 1, groups: 1, bias: false }
    }
}

/// Builds a [`Graph`]: every operation reads the current node and becomes it.
#[derive(Debug)]
pub struct GraphBuilder {
    architecture: String,
    graph: Graph,
}

impl GraphBuilder {
    /// Begins with the images. `architecture` is what errors call the network.
    ///
    /// # Errors
    /// [`ModelError`] when the images have no values or too many.
    pub fn new(architecture: impl Into<String>, input: ImageShape) -> Result<Self, ModelError> {
        let graph = Graph { nodes: Vec::new(), parameters: Vec::new(), taps: Vec::new() };
        let mut builder = Self { architecture: architecture.into(), graph };
        builder.push("input", Operation::Input, Vec::new(), Shape::Map(input))?;
        Ok(builder)
    }

    /// The current node.
    #[must_use]
    pub fn current(&self) -> NodeId {
        self.graph.nodes.len().saturating_sub(1)
    }

    /// The shape of one sample at a node.
    ///
    /// # Errors
    /// [`ModelError`] when there is no such node.
    pub fn shape(&self, node: NodeId) -> Result<Shape, ModelError> {
        let count = self.graph.nodes.len();
        self.graph
            .nodes
            .get(node)
            .map(|node| node.shape)
            .ok_or_else(|| self.error("an operation", format!("a node below {count}"), node.to_string()))
    }

    /// Convolution of the node `from`.
    ///
    /// # Errors
    /// [`ModelError`] when the shapes do not fit.
    pub fn conv_of(&mut self, from: NodeId, name: &str, convolution: Convolution) -> Result<NodeId, ModelError> {
        let Convolution { channels, kernel, stride, padding, dilation, groups, bias } = convolution;
        let input = self.map_at(name, from)?;
        let even = |channels: usize| groups > 0 && channels.is_multiple_of(groups);
        if !(even(channels) && even(input.channels)) {
            let found = format!("{} to {channels} channels", input.channels);
            return Err(self.error(name, format!("channels that fall into {groups} groups"), found));
        }
        // The side that a kernel with gaps covers.
        let covered = kernel.checked_sub(1).and_then(|gaps| gaps.checked_mul(dilation)).map(|gaps| gaps + 1);
        let covered = covered.filter(|_| dilation > 0).unwrap_or(0);
        let size = Window { kernel: covered, stride, padding };
        let shape = ImageShape {
            channels,
            height: self.slide(name, input.height, size)?,
            width: self.slide(name, input.width, size)?,
        };
        self.parameter(
            format!("{name}.weight"),
            vec![channels, input.channels / groups, kernel, kernel],
            ParameterRole::Weight,
        )?;
        if bias {
            self.parameter(format!("{name}.bias"), vec![channels], ParameterRole::Bias)?;
        }
        let operation = Operation::Conv2d { name: name.to_owned(), kernel, stride, padding, dilation, groups, bias };
        self.push(name, operation, vec![from], Shape::Map(shape))
    }

    /// Convolution of the current node.
    ///
    /// # Errors
    /// [`ModelError`] when the shapes do not fit.
    pub fn conv(&mut self, name: &str, convolution: Convolution) -> Result<NodeId, ModelError> {
        self.conv_of(self.current(), name, convolution)
    }

    /// `y = W x + b` with `features` values.
    ///
    /// # Errors
    /// [`ModelError`] when the current node is not a vector.
    pub fn linear(&mut self, name: &str, features: usize, bias: bool) -> Result<NodeId, ModelError> {
        let inputs = match self.shape(self.current())? {
            Shape::Vector(inputs) => inputs,
            Shape::Map(map) => return Err(self.error(name, "a vector", in_words(map))),
        };
        self.parameter(format!("{name}.weight"), vec![features, inputs], ParameterRole::Weight)?;
        if bias {
            self.parameter(format!("{name}.bias"), vec![features], ParameterRole::Bias)?;
        }
        let operation = Operation::Linear { name: name.to_owned(), bias };
        self.push(name, operation, vec![self.current()], Shape::Vector(features))
    }

    /// A function of each value; nothing is added for the identity.
    ///
    /// # Errors
    /// [`ModelError`] when the network grows too large.
    pub fn activate(&mut self, activation: Activation) -> Result<NodeId, ModelError> {
        match activation {
            Activation::Identity => Ok(self.current()),
            _ => self.elementwise("an activation", Operation::Activate(activation)),
        }
    }

    /// `max(0, x)`.
    ///
    /// # Errors
    /// [`ModelError`] when the network grows too large.
    pub fn relu(&mut self) -> Result<NodeId, ModelError> {
        self.activate(Activation::Relu)
    }

    /// Dropout; nothing is added where `rate` is zero.
    ///
    /// # Errors
    /// [`ModelError`] when `rate` is not in `[0, 1)`.
    pub fn dropout(&mut self, rate: f64) -> Result<NodeId, ModelError> {
        if rate == 0.0 {
            return Ok(self.current());
        }
        if !(0.0..1.0).contains(&rate) {
            return Err(self.error("dropout", "a rate from 0 to below 1", rate.to_string()));
        }
        self.elementwise("dropout", Operation::Dropout { rate })
    }

    /// A map as one vector.
    ///
    /// # Errors
    /// [`ModelError`] when the current node is not a map.
    pub fn flatten(&mut self) -> Result<NodeId, ModelError> {
        let map = self.map_at("flatten", self.current())?;
        self.push("flatten", Operation::Flatten, vec![self.current()], Shape::Vector(map.len()))
    }

    /// The sum of two nodes.
    ///
    /// # Errors
    /// [`ModelError`] when their shapes differ.
    pub fn add(&mut self, left: NodeId, right: NodeId) -> Result<NodeId, ModelError> {
        let (a, b) = (self.shape(left)?, self.shape(right)?);
        if a != b {
            return Err(self.error("a sum", shape_in_words(a), shape_in_words(b)));
        }
        self.push("a sum", Operation::Add, vec![left, right], a)
    }

    /// Each channel of the map `map` times the value of that channel at `gate`, a vector or a map of one position.
    ///
    /// # Errors
    /// [`ModelError`] when their channels differ.
    pub fn gate(&mut self, map: NodeId, gate: NodeId) -> Result<NodeId, ModelError> {
        let gated = self.map_at("a gate", map)?;
        let factors = self.shape(gate)?;
        if channels_of(factors) != gated.channels || factors.len() != gated.channels {
            return Err(self.error("a gate", format!("{} values", gated.channels), shape_in_words(factors)));
        }
        self.push("a gate", Operation::Gate, vec![map, gate], Shape::Map(gated))
    }

    /// The channels of two maps, one after the other.
    ///
    /// # Errors
    /// [`ModelError`] when their sizes differ.
    pub fn concatenate(&mut self, left: NodeId, right: NodeId) -> Result<NodeId, ModelError> {
        let (a, b) = (self.map_at("a concatenation", left)?, self.map_at("a concatenation", right)?);
        if (a.height, a.width) != (b.height, b.width) {
            return Err(self.error("a concatenation", in_words(a), in_words(b)));
        }
        let channels = a.channels.saturating_add(b.channels);
        self.push(
            "a concatenation",
            Operation::Concatenate,
            vec![left, right],
            Shape::Map(ImageShape { channels, ..a }),
        )
    }

    /// He et al. 2015, option A, of the node `from`: `before` of the zero channels come before the others.
    ///
    /// # Errors
    /// [`ModelError`] when there are more channels than `channels`.
    pub fn subsample_and_pad(
        &mut self,
        from: NodeId,
        stride: usize,
        channels: usize,
        before: usize,
    ) -> Result<NodeId, ModelError> {
        let map = self.map_at("a shortcut", from)?;
        if before.saturating_add(map.channels) > channels {
            let expected = format!("at least {before} + {} channels", map.channels);
            return Err(self.error("a shortcut", expected, channels.to_string()));
        }
        let window = Window { kernel: 1, stride, padding: 0 };
        let shape = ImageShape {
            channels,
            height: self.slide("a shortcut", map.height, window)?,
            width: self.slide("a shortcut", map.width, window)?,
        };
        self.push("a shortcut", Operation::SubsampleAndPad { stride, before }, vec![from], Shape::Map(shape))
    }

    /// Makes the current node a tap.
    ///
    /// # Errors
    /// [`ModelError`] when a tap of this name exists already.
    pub fn tap(&mut self, name: &str) -> Result<(), ModelError> {
        if self.graph.taps.iter().any(|tap| tap.name == name) {
            return Err(self.error("taps", "names that differ", format!("{name} twice")));
        }
        self.graph.taps.push(Tap { name: name.to_owned(), node: self.current() });
        Ok(())
    }

    /// The finished graph.
    ///
    /// # Errors
    /// [`ModelError`] when a tap is not a cut, two tensors share a name, or the last node is not a vector of logits.
    pub fn finish(self) -> Result<Graph, ModelError> {
        if let Shape::Map(map) = self.shape(self.current())? {
            return Err(self.error("the last operation", "a vector of logits", in_words(map)));
        }
        for tap in &self.graph.taps {
            let mut after = self.graph.nodes.iter().skip(tap.node + 1);
            if after.any(|node| node.inputs.iter().any(|&input| input < tap.node)) {
                return Err(self.error(
                    &tap.name,
                    "a tap that all later operations depend on",
                    "one that is passed by",
                ));
            }
        }
        let mut names: Vec<&str> = self.graph.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.array_windows().find(|[a, b]| a == b) {
            return Err(self.error("tensors", "names that differ", format!("{name} twice")));
        }
        Ok(self.graph)
    }

    /// An error of this network.
    pub(super) fn error(&self, part: &str, expected: impl Into<String>, found: impl Into<String>) -> ModelError {
        ModelError {
            architecture: self.architecture.clone(),
            part: part.to_owned(),
            expected: expected.into(),
            found: found.into(),
        }
    }

    fn elementwise(&mut self, part: &str, operation: Operation) -> Result<NodeId, ModelError> {
        self.push(part, operation, vec![self.current()], self.shape(self.current())?)
    }

    fn map_at(&self, part: &str, node: NodeId) -> Result<ImageShape, ModelError> {
        match self.shape(node)? {
            Shape::Map(map) => Ok(map),
            Shape::Vector(features) => Err(self.error(part, "a feature map", format!("a vector of {features}"))),
        }
    }

    /// How many windows fit along a side.
    fn slide(&self, part: &str, side: usize, window: Window) -> Result<usize, ModelError> {
        let Window { kernel, stride, padding } = window;
        if kernel == 0 || stride == 0 {
            return Err(self.error(part, "a kernel and a stride above 0", format!("kernel {kernel}, stride {stride}")));
        }
        let padded = padding.checked_mul(2).and_then(|padding| padding.checked_add(side));
        let room = padded.and_then(|padded| padded.checked_sub(kernel)).ok_or_else(|| {
            self.error(
                part,
                format!("an input of at least {kernel} pixels a side"),
                format!("{side} and padding {padding}"),
            )
        })?;
        Ok(room / stride + 1)
    }

    fn parameter(&mut self, name: String, shape: Vec<usize>, role: ParameterRole) -> Result<(), ModelError> {
        if !countable(&shape) {
            return Err(self.error(&name, format!("1 to {MOST_VALUES} values"), format!("the shape {shape:?}")));
        }
        self.graph.parameters.push(Parameter { name, shape, role });
        Ok(())
    }

    fn push(
        &mut self,
        part: &str,
        operation: Operation,
        inputs: Vec<NodeId>,
        shape: Shape,
    ) -> Result<NodeId, ModelError> {
        let sides = match shape {
            Shape::Map(map) => vec![map.channels, map.height, map.width],
            Shape::Vector(features) => vec![features],
        };
        if !countable(&sides) {
            return Err(self.error(part, format!("1 to {MOST_VALUES} values"), format!("the shape {sides:?}")));
        }
        if self.graph.nodes.len() >= MOST_NODES {
            return Err(self.error(part, format!("at most {MOST_NODES} operations"), "more"));
        }
        self.graph.nodes.push(Node { operation, inputs, shape });
        Ok(self.current())
    }
}

/// A sliding window.
#[derive(Clone, Copy)]
struct Window {
    kernel: usize,
    stride: usize,
    padding: usize,
}

/// Number of channels of a map, of features of a vector.
fn channels_of(shape: Shape) -> usize {
    match shape {
        Shape::Map(map) => map.channels,
        Shape::Vector(features) => features,
    }
}

/// Whether a shape has values, and not absurdly many.
fn countable(shape: &[usize]) -> bool {
    let values = shape.iter().try_fold(1_usize, |product, &side| product.checked_mul(side));
    values.is_some_and(|values| (1..=MOST_VALUES).contains(&values))
}

fn in_words(map: ImageShape) -> String {
    format!("a map of {}×{}×{}", map.channels, map.height, map.width)
}

fn shape_in_words(shape: Shape) -> String {
    match shape {
        Shape::Map(map) => in_words(map),
        Shape::Vector(features) => format!("a vector of {features}"),
    }
}
