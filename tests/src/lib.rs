//! What the test files share: where things are, a real browser, and our networks as ONNX files.

pub mod browser;
pub mod onnx;
pub mod places;
