//! The page in a real browser, one scenario a file.

mod activations;
mod assumptions;
mod cancel;
mod chance;
mod checkpoints;
mod engines;
mod exports;
mod first_visit;
mod harness;
mod hostile;
mod kept;
mod keyboard;
mod large;
mod links;
mod measures;
mod narrow;
mod parts;
mod preparation;
mod refusal;
mod remarks;
mod states;
mod steps;
mod zoo;
