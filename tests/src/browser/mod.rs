//! The page in a real browser: a server for the built page, Chromium with its driver, and a [`Page`] to act on.
//!
//! Every [`visit`] ends with two checks that hold for all scenarios: the browser's console has no error, and no request
//! left for another origin.

mod capabilities;
mod driver;
mod page;
mod raw;
mod server;
mod sink;
mod visit;

pub use capabilities::{Graphics, Options};
pub use page::Page;
pub use server::Served;
pub use visit::{visit, visit_site};
