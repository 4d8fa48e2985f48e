//! Both scores of a translated text.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Bleu, ScoreError, corpus_bleu, corpus_chrf};

/// BLEU and chrF2 of a text, as sacreBLEU 2.6.0 computes them by default.
///
/// ```
/// use slovo_data::score::Scores;
///
/// let scores = Scores::of(&["Open the red file."], &["Open the blue file."])?;
/// assert_eq!(format!("{:.2}", scores.bleu.score), "30.21");
/// # Ok::<(), slovo_data::score::ScoreError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// Signature `nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0`.
    pub bleu: Bleu,
    /// From 0 to 100; signature `nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0`.
    pub chrf: f64,
}

impl Scores {
    /// Scores translations, each with one reference; both are plain text, not tokens.
    ///
    /// # Errors
    /// No sentence; other numbers of sentences and of references.
    pub fn of<H, R>(hypotheses: &[H], references: &[R]) -> Result<Self, ScoreError>
    where
        H: AsRef<str>,
        R: AsRef<str>,
    {
        let references: Vec<[&str; 1]> = references.iter().map(|text| [text.as_ref()]).collect();
        Ok(Self {
            bleu: corpus_bleu(hypotheses, &references)?,
            chrf: corpus_chrf(hypotheses, &references)?,
        })
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BLEU {:.2}, chrF {:.2}", self.bleu.score, self.chrf)
    }
}
