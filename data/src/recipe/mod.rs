//! Recipes: what a run is, as a RON file.
//!
//! [`DataRecipe`] says which text becomes which shards. The loader beside it ([`load_ron`],
//! [`apply_sets`], [`to_ron_string`]) serves every stage's recipe, so that a typo gets the same
//! kind of answer everywhere: file, line, column, what was found and what exists.

mod data_recipe;
mod error;
mod judgement;
mod load;
mod pairs;
mod ron_tree;
mod set;
mod source;

pub use data_recipe::{Clean, DataRecipe, Encoding, Split, SplitUnit, TokenizerRecipe};
pub use error::RecipeError;
pub use judgement::{Contamination, Duplicates};
pub use load::{from_ron_str, load_ron, to_ron_string};
pub use set::apply_sets;
pub use source::{FileFormat, OnBadLine, OutlinkList, PairFormat, Source, TableColumns};
