//! What the parts of a network cost, for progress and for the size of batches.

use crate::model::{Activation, Graph, Node, Operation, Shape};

impl Graph {
    /// Multiplications and additions of the plain algorithms for one image, from each tap to the next.
    #[cfg(any(test, feature = "devices"))]
    pub(super) fn operations_per_tap(&self) -> Vec<f64> {
        let mut start = 0;
        let span = self.taps.iter().map(|tap| {
            let nodes = self.nodes.get(start + 1..=tap.node);
            start = tap.node;
            // Taps that are not in order cost nothing: the network refuses to run to them.
            nodes.map_or(0.0, |nodes| nodes.iter().map(|node| self.operations(node)).sum())
        });
        span.collect()
    }

    /// Multiplications and additions of the plain algorithms for one image.
    pub(crate) fn operations_in_all(&self) -> f64 {
        self.nodes.iter().map(|node| self.operations(node)).sum()
    }

    /// Multiplications and additions of the plain algorithm of one operation for one image.
    pub(super) fn operations(&self, node: &Node) -> f64 {
        let input = node.inputs.first().and_then(|&input| self.nodes.get(input)).map(|input| input.shape);
        let per_value = match (&node.operation, input) {
            (Operation::Conv2d { kernel, groups, .. }, Some(Shape::Map(from))) => {
                2 * kernel * kernel * (from.channels / (*groups).max(1))
            }
            (Operation::Linear { .. }, Some(from)) => 2 * from.len(),
            (Operation::MaxPool2d { kernel, .. } | Operation::AvgPool2d { kernel, .. }, _) => kernel * kernel,
            (Operation::GlobalAvgPool, Some(Shape::Map(from))) => from.height * from.width,
            (Operation::AdaptiveAvgPool2d, Some(from)) => from.len() / node.shape.len().max(1),
            (Operation::BatchNorm { .. }, _) => 2,
            (Operation::GroupNorm { .. } | Operation::Activate(Activation::Gelu | Activation::Silu), _) => 8,
            _ => 1,
        };
        node.shape.len() as f64 * per_value as f64
    }
}

#[cfg(test)]
mod tests {
    use crate::data::ImageShape;
    use crate::model::{Architecture, Resnet};

    #[test]
    fn resnet18_costs_what_is_published() {
        let shape = ImageShape { channels: 3, height: 32, width: 32 };
        let graph = Architecture::from(Resnet::resnet18_cifar(64, 3, 10)).graph(shape).unwrap();
        let operations = graph.operations_per_tap();
        assert_eq!(operations.len(), 11);
        // 0.56 billion multiplications, each with one addition.
        let total: f64 = operations.iter().sum();
        assert!((1.11e9..1.13e9).contains(&total), "{total}");
    }
}
