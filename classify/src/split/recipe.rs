//! What a recipe may say about the split.

use serde::{Deserialize, Serialize};

/// How examples are divided. A share of 0 leaves its side empty; otherwise an empty side is an
/// error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum SplitRecipe {
    /// By chance, with the same mixture of classes on each side.
    Random {
        /// Share of the examples, from 0 to 1.
        validation: f64,
        /// Share of the examples, from 0 to 1.
        test: f64,
    },
    /// As a file says: `{"train": [0, 2], "validation": [5], "test": [1]}`, numbers of rows from
    /// 0. Rows that were left out keep their number; rows that the file does not name are on no
    /// side. `val` will do for `validation`, which may be missing, as `test` may.
    Indices {
        /// The JSON file; may begin with `$SLOVO_DATA`.
        path: String,
    },
    /// Whole groups by chance. A group's side depends on its name and the seed alone, so that it
    /// stays where it is when others are added.
    Groups {
        /// Share of the groups, from 0 to 1.
        validation: f64,
        /// Share of the groups, from 0 to 1.
        test: f64,
    },
    /// Whole groups by name; all others are learned from.
    NamedGroups {
        /// Names of groups.
        validation: Vec<String>,
        /// Names of groups.
        test: Vec<String>,
    },
    /// Whole sources of the recipe, by their number from 0; all others are learned from. For data
    /// that comes as a file for each side.
    Sources {
        /// Where the validation side comes from.
        validation: HeldOut,
        /// Sources.
        test: Vec<usize>,
    },
}

/// Where the validation side comes from when the test side is a source of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum HeldOut {
    /// Sources of the recipe, by their number from 0.
    Sources(Vec<usize>),
    /// By chance, this share of what is not the test side, with the same mixture of classes.
    Share(f64),
}
