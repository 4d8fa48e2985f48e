//! The same model on every backend that was built: the device is a parameter.
//!
//! `cargo xtask check backends` builds flex, ndarray and wgpu into one program; a plain `cargo test`
//! has flex alone.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../devices/mod.rs"]
mod devices;
#[path = "../reference/mod.rs"]
mod reference;
#[path = "../shapes/mod.rs"]
mod shapes;
#[path = "../tensors/mod.rs"]
mod tensors;

mod on_every_backend;
