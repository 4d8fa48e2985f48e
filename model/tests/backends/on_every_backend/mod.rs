//! `cargo xtask check` tells by this name which tests compute on all backends: they are the slow ones.

mod generation;
mod golden;
mod gradients;
mod sentences;
