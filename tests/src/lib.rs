//! What the test files share: where things are, studies and their reports, a real browser, our networks as ONNX files, and files
//! as PyTorch writes them, among them the zoo's.

pub mod browser;
pub mod onnx;
pub mod places;
pub mod pytorch;
pub mod report;
pub mod study;
pub mod zoo;
