//! Broken and hostile files: they lie, nest, swell and multiply, the same at every run.
//!
//! Nothing here reads them: that is up to the tests of the readers and of the page, and to the fuzz targets, whose seeds they are.

mod case;
mod entry;
mod sentence;

pub mod archives;
pub mod arrays;
pub mod headers;
pub mod impossible;
pub mod kinds;
pub mod large;
pub mod mutations;
pub mod opcodes;
pub mod others;
pub mod pickles;
pub mod polyglots;
pub mod safetensors;
pub mod shared;
pub mod zips;

pub use case::{Case, Expected, State};
pub use mutations::Mutant;
pub use sentence::fault_of_refusal;

/// Every case but those of [`large`].
#[must_use]
pub fn cases() -> Vec<Case> {
    let groups = [
        pickles::cases(),
        archives::cases(),
        headers::cases(),
        opcodes::cases(),
        shared::cases(),
        zips::cases(),
        polyglots::cases(),
        safetensors::cases(),
        arrays::cases(),
        kinds::cases(),
        others::activations(),
        others::images(),
        impossible::networks(),
        impossible::shapes(),
    ];
    groups.into_iter().flatten().collect()
}

/// Every mutant.
#[must_use]
pub fn mutants() -> Vec<Mutant> {
    let groups = [mutations::checkpoints(), mutations::pickles(), mutations::activations(), mutations::images()];
    groups.into_iter().flatten().collect()
}
