//! The sides of a split, and the rules that hold for all of them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::groups::{by_group, by_source, check_known, hashed, named};
use super::stratified::stratified;
use super::{SplitError, SplitRecipe, indices};
use crate::labelled::Labelled;

/// Indices of examples, ascending; no example is on two sides, and some may be on none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// What is learned from.
    pub train: Vec<usize>,
    /// What decides between settings, and when to stop.
    pub validation: Vec<usize>,
    /// What the result is measured on, once.
    pub test: Vec<usize>,
}

/// A part of the examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    /// What is learned from.
    Train,
    /// What decides between settings, and when to stop.
    Validation,
    /// What the result is measured on, once.
    Test,
}

impl Side {
    /// Its name in reports: `train`, `validation` or `test`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl Split {
    /// Divides `labelled`: a pure function of recipe, seed and examples.
    ///
    /// # Errors
    /// Shares that leave nothing, an empty side, names or numbers that do not exist or stand on
    /// two sides, a class that nothing is learned about.
    pub fn new(recipe: &SplitRecipe, seed: u64, labelled: &Labelled) -> Result<Self, SplitError> {
        let examples = &labelled.examples;
        // Which sides may be empty, because the recipe asks for it.
        let (split, may_be_empty) = match recipe {
            SplitRecipe::Random { validation, test } => {
                check_shares(*validation, *test)?;
                let all: Vec<usize> = (0..examples.len()).collect();
                let split = stratified(&all, *validation, *test, seed, examples);
                (split, [*validation == 0.0, *test == 0.0])
            }
            SplitRecipe::Indices { path } => indices::read(path, labelled)?,
            SplitRecipe::Groups { validation, test } => {
                check_shares(*validation, *test)?;
                let split = by_group(examples, |group| hashed(group, seed, *validation, *test))?;
                (split, [*validation == 0.0, *test == 0.0])
            }
            SplitRecipe::NamedGroups { validation, test } => {
                let sides = named(validation, test, "group")?;
                let split = by_group(examples, |group| {
                    sides.get(group).copied().unwrap_or(Side::Train)
                })?;
                let groups = examples.iter().filter_map(|example| example.group.clone());
                check_known(sides.into_keys(), groups.collect(), "group")?;
                (split, [validation.is_empty(), test.is_empty()])
            }
            SplitRecipe::Sources { validation, test } => {
                by_source(examples, seed, validation, test)?
            }
        };
        split.check(may_be_empty, labelled)?;
        Ok(split)
    }

    /// The examples of one side.
    pub fn side(&self, side: Side) -> &[usize] {
        match side {
            Side::Train => &self.train,
            Side::Validation => &self.validation,
            Side::Test => &self.test,
        }
    }

    pub(super) fn put(&mut self, side: Side, example: usize) {
        match side {
            Side::Train => self.train.push(example),
            Side::Validation => self.validation.push(example),
            Side::Test => self.test.push(example),
        }
    }

    pub(crate) fn check(
        &self,
        may_be_empty: [bool; 2],
        labelled: &Labelled,
    ) -> Result<(), SplitError> {
        let [validation, test] = may_be_empty;
        for (side, may_be_empty) in [
            (Side::Train, false),
            (Side::Validation, validation),
            (Side::Test, test),
        ] {
            if self.side(side).is_empty() && !may_be_empty {
                let examples = labelled.examples.len();
                return Err(SplitError::EmptySide { side, examples });
            }
        }
        let train = self.train.iter().map(|&i| &labelled.examples[i]);
        let learned: BTreeSet<usize> = train
            .flat_map(|example| &example.classes)
            .copied()
            .collect();
        for (class, name) in labelled.classes.iter().enumerate() {
            if !learned.contains(&class) {
                let all = labelled.examples.iter();
                let examples = all
                    .filter(|example| example.classes.contains(&class))
                    .count();
                let class = name.clone();
                return Err(SplitError::AbsentClass { class, examples });
            }
        }
        Ok(())
    }
}

/// The splits [`SplitRecipe::Random`] of the seeds `0..n`, for a mean and its spread.
///
/// # Errors
/// As [`Split::new`].
pub fn repeated(
    validation: f64,
    test: f64,
    n: u64,
    labelled: &Labelled,
) -> Result<Vec<Split>, SplitError> {
    let recipe = SplitRecipe::Random { validation, test };
    (0..n)
        .map(|seed| Split::new(&recipe, seed, labelled))
        .collect()
}

pub(super) fn check_shares(validation: f64, test: f64) -> Result<(), SplitError> {
    let are_shares = [validation, test]
        .iter()
        .all(|share| (0.0..1.0).contains(share));
    if !are_shares || validation + test >= 1.0 {
        return Err(SplitError::Shares { validation, test });
    }
    Ok(())
}
