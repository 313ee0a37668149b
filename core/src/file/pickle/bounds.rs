//! Whether the values of a pickle can be walked: no cycle, no deep nesting, no explosion when shared values are copied.

use super::arena::{Node, NodeId};
use crate::file::{PartFault, limits};

/// Where the walk is with a value.
#[derive(Clone, Copy, PartialEq)]
enum Visit {
    Untouched,
    /// On the path from the start to here: meeting it again closes a cycle.
    Open,
    /// Levels below it, and values when every shared one is copied.
    Done {
        depth: u32,
        values: u64,
    },
}

/// Checks every value, reachable from the root or not: readers hold them all for a while.
///
/// # Errors
/// [`PartFault::Malformed`] on a cycle, or beyond [`limits::PICKLE_DEPTH`] or [`limits::PICKLE_VALUES`].
pub(super) fn check(nodes: &[Node], part: &str) -> Result<(), PartFault> {
    let mut visits = vec![Visit::Untouched; nodes.len()];
    let mut path: Vec<(usize, usize)> = Vec::new();
    for start in 0..nodes.len() {
        if visits[start] == Visit::Untouched {
            visits[start] = Visit::Open;
            path.push((start, 0));
        }
        while let Some((node, next)) = path.pop() {
            match child(nodes, node, next) {
                Some(below) => {
                    path.push((node, next + 1));
                    match visits[below] {
                        Visit::Untouched => {
                            visits[below] = Visit::Open;
                            path.push((below, 0));
                        }
                        Visit::Open => {
                            return Err(PartFault::malformed(
                                part,
                                "values that contain no cycle",
                                "a value that contains itself",
                            ));
                        }
                        Visit::Done { .. } => {}
                    }
                }
                None => {
                    let (depth, values) = measure(nodes, &visits, node);
                    if depth > limits::PICKLE_DEPTH {
                        return Err(PartFault::malformed(
                            part,
                            format!("at most {} levels of nesting", limits::PICKLE_DEPTH),
                            "more",
                        ));
                    }
                    if values > limits::PICKLE_VALUES {
                        return Err(PartFault::malformed(
                            part,
                            format!("at most {} values, shared ones counted at each use", limits::PICKLE_VALUES),
                            format!("{values}"),
                        ));
                    }
                    visits[node] = Visit::Done { depth, values };
                }
            }
        }
    }
    Ok(())
}

/// The `index`-th value that a value refers to.
fn child(nodes: &[Node], node: usize, index: usize) -> Option<usize> {
    let Node { items, parts, .. } = &nodes[node];
    let child: Option<&NodeId> = items.get(index).or_else(|| parts.get(index.checked_sub(items.len())?));
    child.map(|&id| id as usize)
}

/// Depth and number of values of a value whose children are all done.
fn measure(nodes: &[Node], visits: &[Visit], node: usize) -> (u32, u64) {
    let (mut depth, mut values) = (0, 1_u64);
    let Node { items, parts, .. } = &nodes[node];
    for &below in items.iter().chain(parts) {
        if let Visit::Done { depth: below_depth, values: below_values } = visits[below as usize] {
            depth = depth.max(below_depth + 1);
            values = values.saturating_add(below_values);
        }
    }
    (depth, values)
}
