//! What a translation has to beat: the held-out pairs, translated without a network.

use serde::{Deserialize, Serialize};

use super::keep;
use crate::Error;
use crate::pairs::Pairs;
use crate::prepare::PreparedPairs;
use crate::score::{Lookup, Scores, copy};

/// No more training pairs than this are looked up in: they take about 300 MB.
pub const LOOKUP_PAIRS: u64 = 200_000;

/// No more held-out pairs than this are translated: the scores then move by less than a point.
pub const HELD_OUT_PAIRS: u64 = 10_000;

/// Both yardsticks for one held-out split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairBaselines {
    /// Fingerprint of the data that they were measured on.
    pub fingerprint: String,
    /// Held-out pairs that were translated: all, or the first [`HELD_OUT_PAIRS`].
    pub pairs: u64,
    /// Training pairs that were looked up in: all, or the first [`LOOKUP_PAIRS`].
    pub lookup_pairs: u64,
    /// The source as its own translation.
    pub copy: Scores,
    /// The translation of the training source most like it.
    pub lookup: Scores,
}

impl PreparedPairs {
    /// Measures both yardsticks, or reads what was measured before: they are kept in the folder as
    /// `baselines.json`.
    ///
    /// # Errors
    /// Tokens that cannot be decoded.
    pub fn baselines(&self) -> Result<PairBaselines, Error> {
        keep(
            &self.dir,
            |kept: &PairBaselines| kept.fingerprint == self.fingerprint,
            || {
                let (known, translations) = texts(&self.train, LOOKUP_PAIRS)?;
                let (sources, references) = texts(&self.validation, HELD_OUT_PAIRS)?;
                let found = Lookup::new(&known).nearest(&sources);
                let found: Vec<&str> = found
                    .into_iter()
                    .map(|found| found.map_or("", |found| translations[found.sentence].as_str()))
                    .collect();
                Ok(PairBaselines {
                    fingerprint: self.fingerprint.clone(),
                    pairs: sources.len() as u64,
                    lookup_pairs: known.len() as u64,
                    copy: Scores::of(&copy(&sources), &references)?,
                    lookup: Scores::of(&found, &references)?,
                })
            },
        )
    }
}

/// The first sources and targets.
fn texts(pairs: &Pairs, most: u64) -> Result<(Vec<String>, Vec<String>), Error> {
    (0..pairs.len().min(most)).map(|i| pairs.texts(i)).collect()
}
