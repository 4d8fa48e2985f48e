//! The server, asked by clients that behave and by clients that do not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod client;
mod limits;
#[cfg(all(unix, feature = "flex"))]
mod program;
mod shop;
#[path = "../tiny/mod.rs"]
mod tiny;
mod vectors;
