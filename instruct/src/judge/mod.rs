//! Judging answers without a judge: against the answers that people gave.

#[cfg(feature = "judge")]
mod external;
mod nearest;
mod rouge;
mod signs;

#[cfg(feature = "judge")]
pub use external::External;
pub use nearest::{Baseline, baselines};
pub use rouge::rouge_l;
pub use signs::{is_refusal, loops};

use crate::assistant::Answer;
use serde::Serialize;
use slovo_data::score::corpus_chrf;

/// How good answers are.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// How many were judged.
    pub answers: usize,
    /// Share that says, white space around it aside, what was expected.
    pub exact_match: f64,
    /// Mean F1 of the longest common subsequence of words (Lin 2004,
    /// <https://aclanthology.org/W04-1013>).
    pub rouge_l: f64,
    /// Over the whole set (Popović 2015), from 0 to 100.
    pub chrf: f64,
    /// Share of answers with nothing in them.
    pub empty: f64,
    /// Share of answers that say that they will not answer.
    pub refused: f64,
    /// Share of answers that say the same again and again.
    pub looping: f64,
    /// Share of answers that the limit ended, not the model.
    pub unended: f64,
    /// Words of an answer, mean.
    pub words: f64,
    /// What another model thinks of them, from 0 to 100, mean of those that it graded.
    pub grade: Option<f64>,
    /// How many it did not grade.
    pub ungraded: usize,
}

impl Scores {
    /// Of answers, each with the one that was expected.
    pub fn of<'a>(pairs: impl Iterator<Item = (&'a Answer, &'a str)>) -> Self {
        let pairs: Vec<_> = pairs.collect();
        let share = |is: &dyn Fn(&Answer) -> bool| {
            let count = pairs.iter().filter(|(answer, _)| is(answer)).count();
            count as f64 / pairs.len().max(1) as f64
        };
        let mean = |of: &dyn Fn(&Answer, &str) -> f64| {
            let sum: f64 = pairs.iter().map(|(answer, right)| of(answer, right)).sum();
            sum / pairs.len().max(1) as f64
        };
        let said: Vec<&str> = pairs.iter().map(|(answer, _)| answer.text.trim()).collect();
        let right: Vec<[&str; 1]> = pairs.iter().map(|(_, right)| [right.trim()]).collect();
        Self {
            answers: pairs.len(),
            exact_match: mean(&|answer, right| {
                f64::from(u8::from(answer.text.trim() == right.trim()))
            }),
            rouge_l: mean(&|answer, right| rouge_l(&answer.text, right)),
            chrf: corpus_chrf(&said, &right).unwrap_or(0.0),
            empty: share(&|answer| answer.text.trim().is_empty()),
            refused: share(&|answer| is_refusal(&answer.text)),
            looping: share(&|answer| loops(&answer.text)),
            unended: share(&|answer| !answer.ended),
            words: mean(&|answer, _| answer.text.split_whitespace().count() as f64),
            grade: None,
            ungraded: 0,
        }
    }
}
