//! What is right: one class an item, or any number of labels.

/// The right answers for some items. Classes are numbered from 0.
#[derive(Clone, Copy, Debug)]
pub enum Truth<'a> {
    /// Exactly one class an item.
    Single(&'a [usize]),
    /// Any number of labels an item: `[items, classes]`, row by row.
    Multi(&'a [bool]),
}

/// Answers that do not belong to the items.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TruthError {
    /// Nothing to tell apart.
    #[error("there is no class; give at least one")]
    NoClass,
    /// Nothing to learn from.
    #[error("there is no item to learn from; give at least one")]
    NoItem,
    /// Answers for other items, or for another number of classes.
    #[error("{items} items need {expected} answers, but there are {found}")]
    Answers {
        /// Items that are to be judged.
        items: usize,
        /// Answers that they need.
        expected: usize,
        /// Answers that there are.
        found: usize,
    },
    /// A class that does not exist.
    #[error("item {item} (counted from 0) has class {class}, but there are only {classes} classes")]
    Class {
        /// Which item, from 0.
        item: usize,
        /// Its class, from 0.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A class to look for that does not exist.
    #[error("the positive class {class} (counted from 0) is not one of the {classes} classes")]
    Positive {
        /// The class, from 0.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// Other numbers of items and of probabilities.
    #[error(
        "{items} items of {classes} classes need {expected} probabilities, but there are {found}"
    )]
    Probabilities {
        /// Items that are to be scored.
        items: usize,
        /// Number of classes.
        classes: usize,
        /// Probabilities that they need.
        expected: usize,
        /// Probabilities that there are.
        found: usize,
    },
    /// A number that is no probability.
    #[error("item {item} (counted from 0) has {value} as a probability; give one from 0 to 1")]
    NotAProbability {
        /// Which item, from 0.
        item: usize,
        /// What stands there.
        value: f64,
    },
}

impl Truth<'_> {
    /// Items that have answers.
    pub fn items(&self, n_classes: usize) -> usize {
        match self {
            Self::Single(classes) => classes.len(),
            Self::Multi(labels) => labels.len() / n_classes.max(1),
        }
    }

    /// Whether `class` is right for `item`.
    ///
    /// # Panics
    /// Where there is no such item.
    pub fn has(&self, item: usize, class: usize, n_classes: usize) -> bool {
        match self {
            Self::Single(classes) => classes[item] == class,
            Self::Multi(labels) => labels[item * n_classes + class],
        }
    }

    /// For each item whether `class` is right for it.
    pub fn column(&self, class: usize, n_classes: usize) -> Vec<bool> {
        (0..self.items(n_classes))
            .map(|item| self.has(item, class, n_classes))
            .collect()
    }

    /// Refuses answers that do not belong to `items` items of `n_classes` classes.
    ///
    /// # Errors
    /// No class; another number of answers; a class that does not exist.
    pub fn check(&self, items: usize, n_classes: usize) -> Result<(), TruthError> {
        if n_classes == 0 {
            return Err(TruthError::NoClass);
        }
        let (expected, found) = match self {
            Self::Single(classes) => (items, classes.len()),
            Self::Multi(labels) => (items * n_classes, labels.len()),
        };
        if expected != found {
            return Err(TruthError::Answers {
                items,
                expected,
                found,
            });
        }
        let Self::Single(classes) = self else {
            return Ok(());
        };
        match classes.iter().position(|&class| class >= n_classes) {
            Some(item) => Err(TruthError::Class {
                item,
                class: classes[item],
                classes: n_classes,
            }),
            None => Ok(()),
        }
    }
}
