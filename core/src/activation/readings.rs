//! Which of the networks that a checkpoint's tensors may be of is run on given images.

use super::ActivationError;
use crate::checkpoint::{Network, Settled};
use crate::data::{ImageShape, ProbeSet};
use crate::model::{Architecture, Graph, Operation};

/// The architectures that have the checkpoint's tensors and take images of this shape; the likeliest first.
#[must_use]
pub fn readings_for(network: &Network, shape: ImageShape) -> Vec<Architecture> {
    // Said by the user, means over windows may be more than the map has positions.
    let said = network.choices.contains_key("head");
    let runs = |reading: &&Architecture| reading.graph(shape).is_ok_and(|graph| said || !enlarges(&graph));
    let takes = |reading: &&Architecture| reading.expected_input().accepts(shape) && runs(reading);
    let exact: Vec<Architecture> = network.readings.iter().filter(takes).cloned().collect();
    if !exact.is_empty() {
        return exact;
    }
    // Images of another size may leave as many positions.
    network.readings.iter().filter(runs).cloned().collect()
}

/// Whether means over windows are more than the positions of the map that they are taken of: the images are smaller than those
/// that such a network is made for.
fn enlarges(graph: &Graph) -> bool {
    graph.nodes.iter().any(|node| {
        let from = node.inputs.first().and_then(|&input| graph.nodes.get(input));
        node.operation == Operation::AdaptiveAvgPool2d && from.is_some_and(|from| node.shape.len() > from.shape.len())
    })
}

/// The only one of these, else the only one that is likelier than all others.
///
/// # Errors
/// [`ActivationError::Undecided`] with what to say, when there are several.
pub fn likeliest_reading(network: &Network, readings: &[Architecture]) -> Result<usize, ActivationError> {
    let likeliest = readings.iter().map(Architecture::likelihood).max().unwrap_or(0);
    let mut likely = (0..readings.len()).filter(|&index| readings[index].likelihood() == likeliest);
    match (likely.next(), likely.next()) {
        (Some(only), None) => Ok(only),
        _ => {
            let likely: Vec<Architecture> =
                readings.iter().filter(|reading| reading.likelihood() == likeliest).cloned().collect();
            Err(ActivationError::Undecided { network: network.file.clone(), choices: choices(&likely) })
        }
    }
}

/// What to say to choose each of these readings: of what is assumed of them all, that in which they differ.
pub(super) fn choices(readings: &[Architecture]) -> String {
    /// How many are listed.
    const MOST: usize = 6;
    let assumed: Vec<_> = readings.iter().map(Architecture::assumptions).collect();
    let differs = |key: &str| {
        let mut values = assumed.iter().map(|all| all.iter().find(|one| one.key == key).map(|one| one.value.as_str()));
        let first = values.next();
        values.any(|value| Some(value) != first)
    };
    let saying = |(reading, assumed): (&Architecture, &Vec<crate::model::Assumption>)| {
        let keys: Vec<String> =
            assumed.iter().filter(|one| differs(&one.key)).map(|one| format!("{}={}", one.key, one.value)).collect();
        format!("{} ({})", keys.join(","), reading.describe())
    };
    let mut listed: Vec<String> = readings.iter().zip(&assumed).take(MOST).map(saying).collect();
    if readings.len() > MOST {
        listed.push(format!("{} more", readings.len() - MOST));
    }
    listed.join("; ")
}

/// What has to be said of a network to have another with the same tensors: of what is assumed of that, where they differ.
#[must_use]
pub fn difference(from: &Architecture, to: &Architecture) -> String {
    let assumed = from.assumptions();
    let is_same = |key: &str, value: &str| assumed.iter().any(|one| one.key == key && one.value == value);
    let said = to.assumptions().into_iter().filter(|one| !is_same(&one.key, &one.value));
    said.map(|one| format!("{}={}", one.key, one.value)).collect::<Vec<_>>().join(",")
}

/// Settles by the images' shape and by what is usual which network a checkpoint is.
///
/// # Errors
/// [`ActivationError::Images`] when no reading takes the images, [`ActivationError::Undecided`] when several do.
pub fn settle(network: &mut Network, probe: &ProbeSet) -> Result<(), ActivationError> {
    let mut readings = readings_for(network, probe.shape);
    if readings.is_empty() {
        return Err(images_error(network, probe));
    }
    network.architecture = readings.swap_remove(likeliest_reading(network, &readings)?);
    network.settled = Some(Settled::default());
    Ok(())
}

/// That no reading takes the images.
pub(super) fn images_error(network: &Network, probe: &ProbeSet) -> ActivationError {
    let likeliest = network.readings.iter().map(Architecture::likelihood).max().unwrap_or(0);
    let mut expected: Vec<String> = Vec::new();
    for reading in network.readings.iter().filter(|reading| reading.likelihood() == likeliest) {
        let images = match reading.graph(probe.shape).is_ok_and(|graph| enlarges(&graph)) {
            true => format!(
                "larger images, such as {}, of which it takes means over windows (or head=adaptive:SIDE said of it)",
                reading.canonical_input()
            ),
            false => reading.expected_input().to_string(),
        };
        if !expected.contains(&images) {
            expected.push(images);
        }
    }
    ActivationError::Images {
        network: network.file.clone(),
        probe: probe.name.clone(),
        expected: expected.join(" or ") + &of_part(network),
        found: probe.shape.to_string(),
    }
}

/// Which part of the file expects the images, where other layers of it were left aside.
fn of_part(network: &Network) -> String {
    let aside = network.report.unexpected.iter().any(|tensor| tensor.name.ends_with(".weight"));
    let taken = network.wrappers.last().filter(|prefix| aside && prefix.ends_with('.'));
    match (network.part.as_ref(), &network.others[..], taken) {
        (Some(part), others @ [_, ..], _) => {
            format!(" in its part {part}, beside which it holds {} (--part NAME, Part on the page)", others.join(", "))
        }
        (_, _, Some(part)) => format!(" in its part {part} (another: --part NAME, Part on the page)"),
        _ => String::new(),
    }
}
