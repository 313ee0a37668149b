//! Options that would do nothing.

use anyhow::{Result, ensure};

use super::Arguments;

/// Refuses options of networks where all inputs are activations: those hold their samples already. Where
/// both are compared, the options are for the networks.
///
/// # Errors
/// When such an option was given.
pub(super) fn check(arguments: &Arguments, networks: bool) -> Result<()> {
    let of_networks = [
        ("--probe", !arguments.probe.is_empty()),
        ("--samples", arguments.samples.is_some()),
        ("--subset", arguments.subset.is_some()),
        ("--normalize", arguments.normalize.is_some()),
        ("--part", !arguments.part.is_empty()),
        ("--architecture", !arguments.architecture.is_empty()),
        ("--device", arguments.device.is_some()),
    ];
    let of_networks = of_networks.into_iter().chain(arguments.preparation.given());
    let given: Vec<&str> = of_networks.filter_map(|(name, given)| given.then_some(name)).collect();
    ensure!(
        given.is_empty() || networks,
        "{}: applies to networks, and all files here hold activations; leave it out",
        given.join(", ")
    );
    Ok(())
}
