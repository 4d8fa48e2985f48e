//! The server, asked by clients that behave and by clients that do not.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod answers;
mod client;
mod limits;
mod shop;
#[path = "../tiny/mod.rs"]
mod tiny;
mod vectors;
