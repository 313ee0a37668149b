//! The interface: views of [`crate::state::State`], and its effects on the browser.

mod architecture;
mod browser;
mod cell;
mod chooser;
mod drop;
mod exports;
mod figure;
mod frame;
mod keys;
mod link;
mod map;
mod measure;
mod networks;
mod page;
mod preparation;
mod probe;
mod readings;
mod result;
mod start;
mod table;

pub use start::start;
