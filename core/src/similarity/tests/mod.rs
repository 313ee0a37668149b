//! What holds for every registered measure.

mod degenerate;
mod identities;
mod properties;
pub(super) mod sample;
