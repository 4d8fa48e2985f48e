//! Which texts a classifier learns from, and which it is measured on.
//!
//! A [`SplitRecipe`] says how, [`Split::new`] does it: by chance, as a published file says, or by
//! whole groups or files, where texts of one author or one day would give each other away. A split
//! is a pure function of recipe, seed and examples.

mod divide;
mod error;
mod groups;
mod indices;
mod recipe;
mod stratified;
#[cfg(test)]
mod tests;

pub use divide::{Side, Split, repeated};
pub use error::SplitError;
pub use recipe::{HeldOut, SplitRecipe};

/// Separates the streams that one seed gives; data preparation has those up to 5.
const RANDOM: u64 = 16;
const GROUPS: u64 = 17;
