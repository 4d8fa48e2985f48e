//! How often each word occurs: scikit-learn's `CountVectorizer`.
//!
//! Words are the runs of two or more word characters of the lower-cased text, its pattern
//! `\b\w\w+\b`. A word character is a letter, a digit or `_`; Unicode's alphabetic marks count as
//! letters, which in Python's `\w` they do not, so words of Hindi or Thai are not torn apart.

use rayon::prelude::*;

use super::linear::Row;
use super::vocabulary::{Runs, Vocabulary};

/// No more words than this are counted, those that occur in most texts.
pub const MOST_WORDS: usize = 400_000;

/// Words that are counted.
#[derive(Clone, Debug)]
pub(super) struct WordCounts {
    vocabulary: Vocabulary<String>,
}

impl WordCounts {
    /// The words of training texts.
    pub(super) fn learn(texts: &[&str]) -> Self {
        let distinct = |text: &str| {
            let mut words = words(text);
            words.dedup();
            words
        };
        Self {
            vocabulary: Vocabulary::learn(texts, MOST_WORDS, distinct),
        }
    }

    /// Words that are counted.
    pub(super) fn columns(&self) -> usize {
        self.vocabulary.texts_with().len()
    }

    /// Counts of the words of each text.
    pub(super) fn rows(&self, texts: &[&str]) -> Vec<Row> {
        let row = |text: &&str| {
            let words = words(text);
            let counts = Runs(words.iter().peekable());
            let known = counts.filter_map(|(word, count)| {
                let column = self.vocabulary.column(word.as_str())?;
                Some((column, count as f32))
            });
            known.collect()
        };
        texts.par_iter().map(row).collect()
    }
}

/// The words of a text in rising order.
fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let between = |c: char| !(c.is_alphanumeric() || c == '_');
    let words = lower.split(between);
    let words = words.filter(|word| word.chars().nth(1).is_some());
    let mut words: Vec<String> = words.map(str::to_owned).collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_count_vectorizer() {
        let found = words("It's a FREE £1.50-phone, x2 übrig snake_case Да!");
        let expected = [
            "50",
            "free",
            "it",
            "phone",
            "snake_case",
            "x2",
            "übrig",
            "да",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn rows_count_known_words() {
        let words = WordCounts::learn(&["call me now", "call home"]);
        let rows = words.rows(&["Call, call me a taxi", ""]);
        assert_eq!(&*rows[0], [(0, 2.0), (2, 1.0)]);
        assert!(rows[1].is_empty() && words.columns() == 4);
    }
}
