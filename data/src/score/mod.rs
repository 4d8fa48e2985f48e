//! How good a translation is, and what is to be beaten.
//!
//! [`Scores`] has the numbers of sacreBLEU 2.6.0 (Post 2018, "A Call for Clarity in Reporting BLEU
//! Scores", <https://aclanthology.org/W18-6319>), so that they can stand beside published ones;
//! [`copy`] and [`Lookup`] are what translates without having learned anything.

mod bleu;
mod chrf;
mod error;
mod lookup;
mod scores;
mod tokenize_13a;

pub use bleu::{Bleu, BleuCounts, corpus_bleu};
pub use chrf::{ChrfCounts, corpus_chrf};
pub use error::ScoreError;
pub use lookup::{Lookup, Match, copy};
pub use scores::Scores;
pub use tokenize_13a::tokenize as tokenize_13a;

/// White space as Python's `str.split` has it: Unicode's, and four control characters.
pub(crate) fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1C}'..='\u{1F}').contains(&c)
}

/// The words between white space, as Python's `str.split` has them.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// The example of sacreBLEU's README, section "Using SacreBLEU from Python": sentences, and two
/// references for each.
#[cfg(test)]
const README: [(&str, [&str; 2]); 3] = [
    (
        "The dog bit the man.",
        ["The dog bit the man.", "The dog had bit the man."],
    ),
    (
        "It wasn't surprising.",
        ["It was not unexpected.", "No one was surprised."],
    ),
    (
        "The man had just bitten him.",
        ["The man bit him first.", "The man had bitten the dog."],
    ),
];
