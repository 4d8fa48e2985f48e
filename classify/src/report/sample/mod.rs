//! Reports to test with, and to look at.
#![allow(clippy::unwrap_used)]

mod kinds;
mod spam;
mod stream;
mod texts;

pub use kinds::{many_classes, nothing, several_labels};
pub use spam::spam;
