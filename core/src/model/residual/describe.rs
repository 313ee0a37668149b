//! A residual network in words.

use super::{Residual, ResidualOrder, Shortcut};
use crate::model::normalise::{Norm, NormKind, epsilon_assumption};
use crate::model::{Activation, Assumption};

/// The name that people use, such as `pre-activation ResNet-18 (width 64)`.
pub(super) fn describe(network: &Residual) -> String {
    let blocks = &network.blocks;
    let gated = if blocks.iter().any(|block| block.gate.is_some()) { "SE-" } else { "" };
    let has_sums = blocks.iter().any(|block| block.shortcut != Shortcut::None);
    let layers: usize = blocks.iter().map(|block| block.layers.len()).sum();
    // The stem and the head count as one layer each, however many they are.
    let depth = layers + network.last.len() + 2;
    let name = if !has_sums {
        format!("{gated}network of {} blocks", blocks.len())
    } else if network.order == ResidualOrder::LinearBottleneck {
        format!("{gated}network of {} inverted residual blocks", blocks.len())
    } else if is_wide(network) {
        // The literature counts the projections of the three stages too.
        format!("{gated}Wide ResNet-{}-{}", depth + 2, width(network) / stem_width(network).max(1))
    } else if groups(network) > 1 {
        format!("{gated}ResNeXt-{depth}")
    } else {
        format!("{gated}ResNet-{depth}")
    };
    let before = if network.order.is_pre_activation() { "pre-activation " } else { "" };
    let mut details = vec![format!("width {}", stem_width(network))];
    if groups(network) > 1 && network.order != ResidualOrder::LinearBottleneck {
        details.push(format!("{} groups", groups(network)));
    }
    details.push(network.activation.describe());
    format!("{before}{name} ({})", details.join(", "))
}

/// What tensors leave open.
pub(super) fn assumptions(network: &Residual) -> Vec<Assumption> {
    let mut found = vec![Assumption::new(
        "activation",
        network.activation,
        Activation::ids(),
        format!("the activation is {}", network.activation.describe()),
    )];
    let strides: Vec<String> = network.stem.iter().map(|layer| layer.stride.to_string()).collect();
    let pool = network.stem_pool.map_or_else(|| "none".to_owned(), |pool| pool.to_string());
    let pooled = network.stem_pool.map_or_else(|| "no pooling".to_owned(), |pool| format!("pooling {pool}"));
    let stem = format!("the stem has stride {} and {pooled}", strides.join(", "));
    found.push(Assumption::new("stem-stride", strides.join("+"), ["1", "2"], stem));
    found.push(Assumption::new("stem-pool", pool, ["none", "max:3:2:1"], ""));
    let strides = super::infer::stage_strides(network);
    let sentence = format!("the stages have strides {}", joined(&strides, ", "));
    found.push(Assumption::new("strides", joined(&strides, "+"), [""; 0], sentence));
    if let Some(place) = stride_place(network) {
        let sentence = format!("the stride of a block is in its convolution {place}");
        found.push(Assumption::new("stride-at", place, ["1", "2"], sentence));
    }
    let padding = network.blocks.iter().find_map(|block| match block.shortcut {
        Shortcut::Pad { before, pooled, .. } => Some((before, pooled)),
        _ => None,
    });
    if let Some((before, pooled)) = padding {
        let value = match (pooled, before) {
            (true, _) => "pool",
            (false, 0) => "pad-end",
            (false, _) => "pad-both",
        };
        let sentence = match value {
            "pool" => "shortcuts between stages average positions and pad with zero channels",
            "pad-end" => "shortcuts between stages take every second row and column and add zero channels at the end",
            _ => "shortcuts between stages take every second row and column and pad with zero channels (option A)",
        };
        found.push(Assumption::new("shortcut", value, ["pad-both", "pad-end", "pool"], sentence));
    }
    if network.order.is_pre_activation() && has_projection(network) {
        let (value, sentence) = match network.order {
            ResidualOrder::Pre => ("activated", "shortcuts with a convolution read the block's first activation"),
            _ => ("input", "shortcuts with a convolution read the block's input"),
        };
        found.push(Assumption::new("shortcut-reads", value, ["activated", "input"], sentence));
    }
    if let Some(gate) = network.blocks.iter().find_map(|block| block.gate.as_ref()) {
        let (value, sentence) = match gate.after_activation {
            false => ("sigmoid", "the result of a block is multiplied by a squeeze and excitation of itself"),
            true => (
                "activation-sigmoid",
                "the activation of a block's result is multiplied by a squeeze and excitation of it",
            ),
        };
        found.push(Assumption::new("gate", value, ["sigmoid", "activation-sigmoid"], sentence));
    }
    if let Some(groups) = norm_groups(network) {
        let sentence = format!("normalisations have {groups} groups");
        found.push(Assumption::new("groups", groups, ["1", "2", "8", "16", "32"], sentence));
    }
    found.extend(first_norm(network).map(|norm| epsilon_assumption(norm.epsilon)));
    found
}

fn joined(numbers: &[usize], by: &str) -> String {
    numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(by)
}

fn stem_width(network: &Residual) -> usize {
    network.stem.last().map_or(0, |layer| layer.channels)
}

/// Channels that the first block yields.
fn width(network: &Residual) -> usize {
    network.blocks.first().and_then(|block| block.layers.last()).map_or(0, |layer| layer.channels)
}

fn is_wide(network: &Residual) -> bool {
    let basic = network.blocks.iter().all(|block| block.layers.len() == 2);
    basic && groups(network) == 1 && width(network) > stem_width(network)
}

fn groups(network: &Residual) -> usize {
    network.blocks.iter().flat_map(|block| &block.layers).map(|layer| layer.groups).max().unwrap_or(1)
}

fn has_projection(network: &Residual) -> bool {
    network.blocks.iter().any(|block| matches!(block.shortcut, Shortcut::Projection { .. }))
}

/// Which convolution of bottlenecks has the stride, counted from 1.
fn stride_place(network: &Residual) -> Option<usize> {
    let three = network.blocks.iter().filter(|block| block.layers.len() == 3 && block.layers[1].groups == 1);
    three.filter_map(|block| block.layers.iter().position(|layer| layer.stride > 1)).next().map(|index| index + 1)
}

fn norm_groups(network: &Residual) -> Option<usize> {
    match first_norm(network)?.kind {
        NormKind::Group(groups) => Some(groups),
        NormKind::Batch => None,
    }
}

fn first_norm(network: &Residual) -> Option<&Norm> {
    let within = network.stem.iter().chain(network.blocks.iter().flat_map(|block| &block.layers)).chain(&network.last);
    within.filter_map(|layer| layer.norm.as_ref()).chain(&network.final_norm).next()
}
