//! chrF2: how many runs of one to six characters a translation shares with its reference, recall
//! counted twice as much as precision (Popović 2015, <https://aclanthology.org/W15-3049>).
//!
//! Made for languages that say by endings what others say by words. The numbers are those of
//! sacreBLEU 2.6.0 by default, signature
//! `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0`.

use std::collections::HashMap;
use std::iter::Sum;

use super::{ScoreError, error, words};

/// The longest runs of characters that count.
pub const MAX_ORDER: usize = 6;

/// Recall weighs β² times as much as precision.
const BETA_SQUARED: f64 = 4.0;

/// Counts of one sentence against the reference that suits it best; those of a corpus are their
/// sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChrfCounts {
    hypothesis: [u64; MAX_ORDER],
    reference: [u64; MAX_ORDER],
    common: [u64; MAX_ORDER],
}

/// chrF2 of translations, each with one or more references: from 0 to 100.
///
/// # Errors
/// No sentence; a sentence without a reference; other numbers of sentences and of references.
pub fn corpus_chrf<H, R, S>(hypotheses: &[H], references: &[R]) -> Result<f64, ScoreError>
where
    H: AsRef<str>,
    R: AsRef<[S]>,
    S: AsRef<str>,
{
    error::check(hypotheses.len(), references)?;
    let counts = hypotheses.iter().zip(references);
    let counts: ChrfCounts = counts
        .map(|(hypothesis, refs)| ChrfCounts::of(hypothesis.as_ref(), refs.as_ref()))
        .sum();
    Ok(counts.chrf())
}

impl ChrfCounts {
    /// Counts one sentence against each reference and keeps the best, the first of equals.
    pub fn of<S: AsRef<str>>(hypothesis: &str, references: &[S]) -> Self {
        let hypothesis = Characters::of(hypothesis);
        let mut best: Option<(f64, Self)> = None;
        for reference in references {
            let counts = Self::against(&hypothesis, &Characters::of(reference.as_ref()));
            let score = counts.chrf();
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, counts));
            }
        }
        best.map(|(_, counts)| counts).unwrap_or_default()
    }

    fn against(hypothesis: &Characters, reference: &Characters) -> Self {
        let mut counts = Self::default();
        for order in 1..=MAX_ORDER {
            let (said, right) = (hypothesis.runs(order), reference.runs(order));
            let at = order - 1;
            // A reference too short for this order says nothing about it.
            if !right.is_empty() {
                counts.hypothesis[at] = said.values().sum();
            }
            counts.reference[at] = right.values().sum();
            for (run, count) in said {
                counts.common[at] += right.get(run).map_or(0, |&right| right.min(count));
            }
        }
        counts
    }

    /// chrF2 of all that was counted: from 0 to 100. Orders that either side is too short for are
    /// left out, so it serves for one sentence as well.
    pub fn chrf(&self) -> f64 {
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for order in 0..MAX_ORDER {
            let (said, right) = (self.hypothesis[order], self.reference[order]);
            if said > 0 && right > 0 {
                precision += self.common[order] as f64 / said as f64;
                recall += self.common[order] as f64 / right as f64;
                orders += 1.0;
            }
        }
        if precision + recall == 0.0 {
            return 0.0;
        }
        let (precision, recall) = (precision / orders, recall / orders);
        let both = (1.0 + BETA_SQUARED) * precision * recall;
        100.0 * both / (BETA_SQUARED * precision + recall)
    }
}

impl Sum for ChrfCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, more| {
            for order in 0..MAX_ORDER {
                sum.hypothesis[order] += more.hypothesis[order];
                sum.reference[order] += more.reference[order];
                sum.common[order] += more.common[order];
            }
            sum
        })
    }
}

/// A sentence without its white space, and where its characters begin and end.
struct Characters {
    text: String,
    bounds: Vec<usize>,
}

impl Characters {
    fn of(sentence: &str) -> Self {
        let text: String = words(sentence).collect();
        let starts = text.char_indices().map(|(at, _)| at);
        let bounds = starts.chain([text.len()]).collect();
        Self { text, bounds }
    }

    fn runs(&self, order: usize) -> HashMap<&str, u64> {
        let mut runs = HashMap::new();
        for run in self.bounds.windows(order + 1) {
            *runs.entry(&self.text[run[0]..run[order]]).or_default() += 1;
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::score::README;

    /// Sentence, references, `CHRF().sentence_score` of sacreBLEU 2.6.0
    /// (`case:mixed|eff:yes|nc:6|nw:0|space:no`).
    const SENTENCES: [(&str, &[&str], f64); 10] = [
        (
            "The cat sat on the mat.",
            &["The cat sat on the mat."],
            100.0,
        ),
        (
            "The cat sat on a mat, at 3.5 km/h.",
            &["The cat was sitting on the mat at 3.5 km/h."],
            42.51136966,
        ),
        (
            "Кошка сидела на коврике — и спала.",
            &["Кошка сидит на коврике и спит."],
            55.79717698,
        ),
        (
            "Кошка сидит на 10-м коврике.",
            &[
                "Кот сидит на коврике.",
                "Кошка сидела на 10-м коврике, и спала.",
            ],
            61.04971886,
        ),
        (
            "the the the the the the the",
            &["The cat is on the mat", "there is a cat on the mat"],
            13.27089257,
        ),
        ("two words", &["two words here"], 61.83842397),
        ("«Да», — сказал он", &["Нет"], 0.0),
        ("", &["Нет."], 0.0),
        ("x", &[""], 0.0),
        ("", &[""], 0.0),
    ];

    #[test]
    fn sentences_score_as_in_sacrebleu() {
        for (hypothesis, references, score) in SENTENCES {
            let found = ChrfCounts::of(hypothesis, references).chrf();
            assert!((found - score).abs() < 1e-6, "{hypothesis}: {found}");
        }
    }

    /// `CHRF().corpus_score` of sacreBLEU 2.6.0: the first three with `nrefs:1`, all with
    /// `nrefs:var`.
    #[test]
    fn a_corpus_scores_as_in_sacrebleu() {
        for (sentences, most, score) in [(3, 1, 59.829979025713655), (10, 2, 51.25473126589617)] {
            let rows = &SENTENCES[..sentences];
            let hypotheses: Vec<&str> = rows.iter().map(|row| row.0).collect();
            let references: Vec<_> = rows.iter().map(|r| &r.1[..r.1.len().min(most)]).collect();
            let found = corpus_chrf(&hypotheses, &references).unwrap();
            assert!((found - score).abs() < 1e-6, "{found}");
        }
    }

    /// sacreBLEU's README, section "Using SacreBLEU from Python"; then `test_cases_effective_order`
    /// of its `test/test_chrf.py`, whose β of 3 changes nothing where precision equals recall.
    #[test]
    fn sacrebleus_own_examples_score_as_there() {
        let found = corpus_chrf(&README.map(|row| row.0), &README.map(|row| row.1)).unwrap();
        assert_eq!(format!("{found:.2}"), "59.73");
        let cases: [(&[&str], &[&str], f64); 7] = [
            (&["a"], &["a"], 100.0),
            (&[""], &["reference"], 0.0),
            (&["a b c"], &["a b c"], 100.0),
            (&["a b c"], &["abc"], 100.0),
            (&[""], &["c"], 0.0),
            (&["a", "b"], &["a", "c"], 50.0),
            (&["aa"], &["ab"], 25.0),
        ];
        for (said, references, score) in cases {
            let references: Vec<[&str; 1]> = references.iter().map(|&text| [text]).collect();
            let found = corpus_chrf(said, &references).unwrap();
            assert!((found - score).abs() < 1e-4, "{said:?}: {found}");
        }
    }

    #[test]
    fn white_space_does_not_count() {
        assert_eq!(ChrfCounts::of("a b\tc", &["abc"]).chrf(), 100.0);
    }
}
