//! What the test files share: where things are, and a real browser.

pub mod browser;
pub mod places;
