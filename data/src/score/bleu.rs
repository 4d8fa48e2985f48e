//! BLEU: how many runs of one to four tokens a translation shares with its references (Papineni et
//! al. 2002, <https://aclanthology.org/P02-1040>).
//!
//! The numbers are those of sacreBLEU 2.6.0 by default, signature
//! `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`.

use std::collections::HashMap;
use std::fmt;
use std::iter::Sum;

use serde::{Deserialize, Serialize};

use super::tokenize_13a::tokenize;
use super::{ScoreError, error, words};

/// The longest runs of tokens that count.
pub const MAX_ORDER: usize = 4;

/// A score and what it is made of. It prints as sacreBLEU does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bleu {
    /// From 0 to 100.
    pub score: f64,
    /// The share of the runs of 1, 2, 3 and 4 tokens that are right, in percent; where none is,
    /// what smoothing makes of it.
    pub precisions: [f64; MAX_ORDER],
    /// What the score is multiplied by for being shorter than the references, at most 1.
    pub brevity_penalty: f64,
    /// Tokens of the translations.
    pub length: u64,
    /// Tokens of the references, of each sentence the one nearest in length.
    pub reference_length: u64,
}

/// Counts of one sentence; those of a corpus are their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BleuCounts {
    correct: [u64; MAX_ORDER],
    total: [u64; MAX_ORDER],
    length: u64,
    reference_length: u64,
}

/// BLEU of translations, each with one or more references.
///
/// # Errors
/// No sentence; a sentence without a reference; other numbers of sentences and of references.
pub fn corpus_bleu<H, R, S>(hypotheses: &[H], references: &[R]) -> Result<Bleu, ScoreError>
where
    H: AsRef<str>,
    R: AsRef<[S]>,
    S: AsRef<str>,
{
    error::check(hypotheses.len(), references)?;
    let counts = hypotheses.iter().zip(references);
    let counts: BleuCounts = counts
        .map(|(hypothesis, refs)| BleuCounts::of(hypothesis.as_ref(), refs.as_ref()))
        .sum();
    Ok(counts.bleu())
}

impl BleuCounts {
    /// Counts one sentence. Without a reference nothing is right and nothing was to be said.
    pub fn of<S: AsRef<str>>(hypothesis: &str, references: &[S]) -> Self {
        let hypothesis = tokenize(hypothesis);
        let hypothesis: Vec<&str> = words(&hypothesis).collect();
        let references: Vec<String> = references.iter().map(|r| tokenize(r.as_ref())).collect();
        let references: Vec<Vec<&str>> = references.iter().map(|r| words(r).collect()).collect();

        let lengths = references.iter().map(Vec::len);
        let nearest = lengths.min_by_key(|&length| (length.abs_diff(hypothesis.len()), length));
        let mut counts = Self {
            length: hypothesis.len() as u64,
            reference_length: nearest.unwrap_or_default() as u64,
            ..Self::default()
        };
        for order in 1..=MAX_ORDER {
            // A run may be right as often as the reference that has it most often.
            let mut allowed: HashMap<&[&str], u64> = HashMap::new();
            for reference in &references {
                for (run, count) in runs(reference, order) {
                    let most = allowed.entry(run).or_default();
                    *most = count.max(*most);
                }
            }
            for (run, count) in runs(&hypothesis, order) {
                let right = allowed.get(run).copied().unwrap_or_default();
                counts.total[order - 1] += count;
                counts.correct[order - 1] += count.min(right);
            }
        }
        counts
    }

    /// BLEU of all that was counted. For one short sentence, see [`BleuCounts::sentence_bleu`].
    pub fn bleu(&self) -> Bleu {
        self.score(false)
    }

    /// BLEU of one sentence: orders that are longer than it are left out, as in sacreBLEU's
    /// `sentence_bleu` (signature `eff:yes`).
    pub fn sentence_bleu(&self) -> Bleu {
        self.score(true)
    }

    fn score(&self, effective_order: bool) -> Bleu {
        let (length, reference_length) = (self.length as f64, self.reference_length as f64);
        let brevity_penalty = match self.length {
            _ if self.length >= self.reference_length => 1.0,
            0 => 0.0,
            _ => (1.0 - reference_length / length).exp(),
        };
        let mut bleu = Bleu {
            score: 0.0,
            precisions: [0.0; MAX_ORDER],
            brevity_penalty,
            length: self.length,
            reference_length: self.reference_length,
        };
        if self.correct.iter().all(|&correct| correct == 0) {
            return bleu;
        }
        // Chen and Cherry 2014, method 3: each order without a right run halves what it is given.
        let mut smoothing = 1.0;
        let mut present = 0;
        for (order, (&correct, &total)) in self.correct.iter().zip(&self.total).enumerate() {
            if total == 0 {
                break;
            }
            present = order + 1;
            let right = if correct == 0 {
                smoothing *= 2.0;
                1.0 / smoothing
            } else {
                correct as f64
            };
            bleu.precisions[order] = 100.0 * right / total as f64;
        }
        let orders = if effective_order { present } else { MAX_ORDER };
        // The logarithm of 0 is −∞, and what it is averaged into becomes 0, as it should.
        let logarithms: f64 = bleu.precisions[..orders].iter().map(|p| p.ln()).sum();
        bleu.score = brevity_penalty * (logarithms / orders as f64).exp();
        bleu
    }
}

impl fmt::Display for Bleu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [one, two, three, four] = self.precisions;
        let ratio = match self.reference_length {
            0 => 0.0,
            length => self.length as f64 / length as f64,
        };
        write!(
            f,
            "BLEU = {:.2} {one:.1}/{two:.1}/{three:.1}/{four:.1} (BP = {:.3} ratio = {ratio:.3} \
             hyp_len = {} ref_len = {})",
            self.score, self.brevity_penalty, self.length, self.reference_length
        )
    }
}

impl Sum for BleuCounts {
    fn sum<I: Iterator<Item = Self>>(counts: I) -> Self {
        counts.fold(Self::default(), |mut sum, more| {
            for order in 0..MAX_ORDER {
                sum.correct[order] += more.correct[order];
                sum.total[order] += more.total[order];
            }
            sum.length += more.length;
            sum.reference_length += more.reference_length;
            sum
        })
    }
}

fn runs<'a, 'b>(tokens: &'a [&'b str], order: usize) -> HashMap<&'a [&'b str], u64> {
    let mut runs = HashMap::new();
    for run in tokens.windows(order) {
        *runs.entry(run).or_default() += 1;
    }
    runs
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::score::README;

    /// Sentence, references, `BLEU().sentence_score`, `BLEU(effective_order=True).sentence_score`
    /// of sacreBLEU 2.6.0 (`case:mixed|tok:13a|smooth:exp`, `eff:no` and `eff:yes`).
    const SENTENCES: [(&str, &[&str], f64, f64); 10] = [
        (
            "The cat sat on the mat.",
            &["The cat sat on the mat."],
            100.00000000,
            100.00000000,
        ),
        (
            "The cat sat on a mat, at 3.5 km/h.",
            &["The cat was sitting on the mat at 3.5 km/h."],
            45.25888008,
            45.25888008,
        ),
        (
            "Кошка сидела на коврике — и спала.",
            &["Кошка сидит на коврике и спит."],
            13.88809517,
            13.88809517,
        ),
        (
            "Кошка сидит на 10-м коврике.",
            &[
                "Кот сидит на коврике.",
                "Кошка сидела на 10-м коврике, и спала.",
            ],
            64.34588842,
            64.34588842,
        ),
        (
            "the the the the the the the",
            &["The cat is on the mat", "there is a cat on the mat"],
            6.56727474,
            6.56727474,
        ),
        ("two words", &["two words here"], 0.0, 60.65306597),
        ("«Да», — сказал он", &["Нет"], 0.0, 0.0),
        ("", &["Нет."], 0.0, 0.0),
        ("x", &[""], 0.0, 0.0),
        ("", &[""], 0.0, 0.0),
    ];

    #[test]
    fn sentences_score_as_in_sacrebleu() {
        for (hypothesis, references, full, effective) in SENTENCES {
            let counts = BleuCounts::of(hypothesis, references);
            assert!((counts.bleu().score - full).abs() < 1e-6, "{hypothesis}");
            let found = counts.sentence_bleu().score;
            assert!((found - effective).abs() < 1e-6, "{hypothesis}");
        }
    }

    /// `BLEU().corpus_score` of sacreBLEU 2.6.0: the first three with
    /// `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp`, all with `nrefs:var`.
    #[test]
    fn a_corpus_scores_as_in_sacrebleu() {
        let precisions = [78.57142857, 52.0, 40.90909091, 36.84210526];
        check(3, 1, 49.81476262721256, precisions, 28, 27);
        let precisions = [64.70588235, 46.51162791, 33.33333333, 30.0];
        check(SENTENCES.len(), 2, 41.65108565377679, precisions, 51, 45);
    }

    fn check(sentences: usize, most: usize, score: f64, shares: [f64; 4], len: u64, of: u64) {
        let rows = &SENTENCES[..sentences];
        let hypotheses: Vec<&str> = rows.iter().map(|row| row.0).collect();
        let references: Vec<_> = rows.iter().map(|r| &r.1[..r.1.len().min(most)]).collect();
        let bleu = corpus_bleu(&hypotheses, &references).unwrap();
        assert!((bleu.score - score).abs() < 1e-6, "{bleu:?}");
        for (found, share) in bleu.precisions.into_iter().zip(shares) {
            assert!((found - share).abs() < 1e-6, "{bleu:?}");
        }
        assert_eq!((bleu.length, bleu.reference_length), (len, of));
    }

    /// Sentences and results of sacreBLEU's README, section "Using SacreBLEU from Python", and
    /// `test_corpus_bleu_cases` of its `test/test_bleu.py` (48.530827).
    #[test]
    fn the_examples_of_sacrebleus_readme_score_as_printed_there() {
        let all = README.map(|(said, references)| (said, references.to_vec()));
        let found = corpus_bleu(&all.each_ref().map(|row| row.0), &all.map(|row| row.1)).unwrap();
        assert_eq!(
            found.to_string(),
            "BLEU = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18)"
        );
        assert!((found.score - 48.530827).abs() < 1e-6);
        // The first sentence without its first reference.
        let some = README.map(|(said, references)| match said {
            "The dog bit the man." => (said, references[1..].to_vec()),
            _ => (said, references.to_vec()),
        });
        let found = corpus_bleu(&some.each_ref().map(|row| row.0), &some.map(|row| row.1)).unwrap();
        assert_eq!(
            found.to_string(),
            "BLEU = 29.44 82.4/42.9/27.3/12.5 (BP = 0.889 ratio = 0.895 hyp_len = 17 ref_len = 19)"
        );
        let nothing = [""; 3];
        let found = corpus_bleu(&nothing, &README.map(|row| row.1)).unwrap();
        assert_eq!(found.score, 0.0);
    }

    #[test]
    fn the_brevity_penalty_is_that_of_the_paper() {
        let bleu = BleuCounts::of("a b c d e f", &["a b c d e f g h i"]).bleu();
        assert_eq!(bleu.precisions, [100.0; 4]);
        assert!((bleu.brevity_penalty - (-0.5_f64).exp()).abs() < 1e-12);
        // Of two references equally far in length, the shorter counts.
        let bleu = BleuCounts::of("a b c", &["a b c d", "a b"]).bleu();
        assert_eq!((bleu.length, bleu.reference_length), (3, 2));
    }

    #[test]
    fn what_cannot_be_scored_is_said() {
        let none: [&str; 0] = [];
        let empty = corpus_bleu(&none, &[] as &[Vec<&str>]);
        assert_eq!(empty.unwrap_err(), ScoreError::Empty);
        let lengths = corpus_bleu(&["a"], &[["a"], ["b"]]).unwrap_err();
        assert!(lengths.to_string().contains("1 sentences") && lengths.to_string().contains("2"));
        let missing = corpus_bleu(&["a", "b"], &[vec!["a"], vec![]]).unwrap_err();
        assert_eq!(missing, ScoreError::NoReference { sentence: 1 });
    }
}
