//! What can be wrong with a split.

use slovo_data::source::SourceError;

use super::Side;

/// Examples that cannot be divided as asked. Every case is the person's to mend (exit code 2), but
/// for a file that the system does not give.
#[derive(Debug, thiserror::Error)]
pub enum SplitError {
    /// Shares that are none, or that leave nothing to learn from.
    #[error(
        "split: validation is {validation} and test is {test}; give shares from 0 to 1 that leave \
         something to learn from, such as 0.1 and 0.2"
    )]
    Shares {
        /// The share for validation.
        validation: f64,
        /// The share for the test.
        test: f64,
    },
    /// A side that nothing came to.
    #[error(
        "split: the {} side is empty, of {examples} examples; give it a larger share or name \
         what belongs to it{}",
        side.name(),
        match side {
            Side::Train => "",
            Side::Validation | Side::Test => ", or leave it out by a share of 0",
        }
    )]
    EmptySide {
        /// The side.
        side: Side,
        /// All examples.
        examples: usize,
    },
    /// A class that nothing is learned about.
    #[error(
        "split: no example of the class `{class}` is on the train side, of {examples} in all; {}",
        match examples {
            0 => "take it out of labels, or add texts of it",
            _ => "divide otherwise, so that some are learned from, or take it out of labels",
        }
    )]
    AbsentClass {
        /// The class.
        class: String,
        /// Its examples on any side.
        examples: usize,
    },
    /// A group or a source that stands on two sides.
    #[error("split: {what} {name} is named twice; it can be on one side, once")]
    Twice {
        /// `group`, `source` or `row`.
        what: &'static str,
        /// Which one.
        name: String,
    },
    /// Groups or sources that no example is of.
    #[error(
        "split: no example belongs to {what} {}; there are {}",
        missing.join(", "),
        known.join(", ")
    )]
    Unknown {
        /// `group` or `source`.
        what: &'static str,
        /// Named in the recipe.
        missing: Vec<String>,
        /// Met in the examples, at most twenty.
        known: Vec<String>,
    },
    /// A split by group, and an example without one.
    #[error("split: {place} belongs to no group; let its source say group, or take Random")]
    NoGroup {
        /// The example.
        place: String,
    },
    /// A file of row numbers that is none.
    #[error(
        "split: {path}: {what}; it should be as {{\"train\": [0, 2], \"validation\": [5], \"test\": [1]}}"
    )]
    File {
        /// The file.
        path: String,
        /// What was found.
        what: String,
    },
    /// The file of row numbers cannot be found or opened.
    #[error("split: {0}")]
    Source(#[from] SourceError),
}

impl SplitError {
    /// Whether the recipe or the input is at fault rather than the machine (exit code 2, not 1).
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Source(error) => error.is_usage(),
            _ => true,
        }
    }
}
