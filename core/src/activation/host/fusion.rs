//! Which operations of a graph are computed as one.

use crate::model::{Activation, Graph, NodeId, Operation};

/// Operations that are computed as one: `activation(norm(base) + residual)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fused {
    /// The operation that comes first; its inputs are read.
    pub(super) base: NodeId,
    /// The batch normalisation that is folded into the weights of `base`.
    pub(super) norm: Option<NodeId>,
    /// The other term of a sum.
    pub(super) residual: Option<NodeId>,
    /// What comes last.
    pub(super) activation: Activation,
}

/// The fused operations that compute the nodes after `start` up to `end`, each with the node whose value it yields, in
/// an order in which every value is there before it is read.
///
/// An operation is absorbed where nothing else reads it: neither a second operation nor a tap.
pub(super) fn fuse(graph: &Graph, consumers: &[usize], start: NodeId, end: NodeId) -> Vec<(NodeId, Fused)> {
    let finder = Finder { graph, consumers, start };
    let mut absorbed = vec![false; end + 1 - start];
    let mut found = Vec::new();
    for node in (start + 1..=end).rev() {
        if absorbed[node - start] {
            continue;
        }
        let (fused, inner) = finder.chain_to(node);
        inner.into_iter().for_each(|inner| absorbed[inner - start] = true);
        found.push((node, fused));
    }
    found.reverse();
    found
}

/// How many operations and taps read each node.
pub(super) fn consumers(graph: &Graph) -> Vec<usize> {
    let mut counts = vec![0; graph.nodes.len()];
    let read = graph.nodes.iter().flat_map(|node| node.inputs.iter().copied());
    for node in read.chain(graph.taps.iter().map(|tap| tap.node)) {
        // A node that is not there is refused where it is read.
        if let Some(count) = counts.get_mut(node) {
            *count += 1;
        }
    }
    counts
}

struct Finder<'a> {
    graph: &'a Graph,
    consumers: &'a [usize],
    start: NodeId,
}

impl Finder<'_> {
    /// The longest chain that ends in `end`, and the nodes in it before `end`.
    fn chain_to(&self, end: NodeId) -> (Fused, Vec<NodeId>) {
        let mut fused = Fused { base: end, norm: None, residual: None, activation: Activation::Identity };
        let mut inner = Vec::new();
        let activation = match self.operation(end) {
            Operation::Activate(activation) => *activation,
            _ => Activation::Identity,
        };
        if activation != Activation::Identity {
            fused.activation = activation;
            let Some(before) = self.absorbable(end).filter(|&before| self.takes_activation(before)) else {
                return (fused, inner);
            };
            inner.push(before);
            fused.base = before;
        }
        if let (Operation::Add, [a, b]) = (self.operation(fused.base), self.inputs(fused.base)) {
            for (term, other) in [(*a, *b), (*b, *a)] {
                if self.is_free(term) && self.weighted(term).is_some() {
                    inner.push(term);
                    fused.base = term;
                    fused.residual = Some(other);
                    break;
                }
            }
        }
        if let (Operation::BatchNorm { .. }, Some(weighted)) = (self.operation(fused.base), self.weighted(fused.base)) {
            inner.push(weighted);
            fused.norm = Some(fused.base);
            fused.base = weighted;
        }
        (fused, inner)
    }

    /// Whether an activation can be applied by the operation itself.
    fn takes_activation(&self, node: NodeId) -> bool {
        use Operation::{Add, BatchNorm, Conv2d, Linear};
        matches!(self.operation(node), Add | BatchNorm { .. } | Conv2d { .. } | Linear { .. })
    }

    /// The convolution or linear layer that is `node` itself or that a batch normalisation `node` can be folded into.
    fn weighted(&self, node: NodeId) -> Option<NodeId> {
        let has_weights =
            |&node: &NodeId| matches!(self.operation(node), Operation::Conv2d { .. } | Operation::Linear { .. });
        match self.operation(node) {
            Operation::BatchNorm { .. } => self.absorbable(node).filter(has_weights),
            _ => Some(node).filter(has_weights),
        }
    }

    /// The input of an operation with one input, when nothing else reads it.
    fn absorbable(&self, node: NodeId) -> Option<NodeId> {
        let &[input] = self.inputs(node) else { return None };
        Some(input).filter(|&input| self.is_free(input))
    }

    fn is_free(&self, node: NodeId) -> bool {
        node > self.start && self.consumers.get(node) == Some(&1)
    }

    fn operation(&self, node: NodeId) -> &Operation {
        &self.graph.nodes[node].operation
    }

    fn inputs(&self, node: NodeId) -> &[NodeId] {
        &self.graph.nodes[node].inputs
    }
}
