//! Exports the engines' constructors.
//!
//! Crates beneath Burn register themselves in constructors. Unless these are exported, the linker calls all of them at the
//! start of every exported function, such as the one that makes room for a handle: a seventh of a comparison's time. The
//! engines call them once instead.

#![allow(clippy::disallowed_methods, reason = "the ban is on code that runs in a browser; this runs on the host")]

fn main() {
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "wasm32") {
        for engine in ["engine", "engine-webgpu"] {
            println!("cargo::rustc-link-arg-bin={engine}=--export=__wasm_call_ctors");
        }
    }
    println!("cargo::rerun-if-changed=build.rs");
}
