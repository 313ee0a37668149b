//! What the test files share: where things are, studies and their reports, a real browser, and our networks as ONNX files.

pub mod browser;
pub mod onnx;
pub mod places;
pub mod report;
pub mod study;
