//! The clean pairs of a recipe, as often as they are needed: each once.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use crate::Error;
use crate::clean::{CleanReport, Verdict, clean};
use crate::files::hex;
use crate::recipe::{Clean, DataRecipe, Split};
use crate::source::{Inputs, PairCounts, PairText};

/// The pairs of a recipe.
pub(super) struct PairCorpus<'a> {
    inputs: &'a Inputs,
    clean: Clean,
    /// Files that are held out whole.
    groups: &'a [String],
}

/// What takes a clean pair and the SHA-256 of its source.
pub(super) type Take<'t> = &'t mut dyn FnMut(PairText, &[u8; 32]) -> Result<(), Error>;

/// What one reading of everything found.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub read: PairCounts,
    /// A side counts as a document.
    pub clean: CleanReport,
    /// Pairs given on.
    pub pairs: u64,
    pub too_short: u64,
    pub duplicates: u64,
    /// Over the pairs given on.
    pub fingerprint: String,
}

impl<'a> PairCorpus<'a> {
    pub(super) fn new(inputs: &'a Inputs, recipe: &'a DataRecipe) -> Self {
        Self {
            inputs,
            // A side without text is no side.
            clean: Clean {
                min_chars: recipe.clean.min_chars.max(1),
                ..recipe.clean
            },
            groups: match &recipe.split {
                Split::Groups(groups) => groups,
                _ => &[],
            },
        }
    }

    /// The first reading: gives every clean pair to `take` and counts.
    pub(super) fn scan(&self, stop: &AtomicBool, take: Take<'_>) -> Result<Seen, Error> {
        let mut seen = Seen::default();
        let mut fingerprint = Sha256::new();
        let mut met: HashSet<u128> = HashSet::new();
        let mut pairs = self.inputs.pairs(&self.clean);
        for pair in pairs.by_ref() {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Stopped);
            }
            let mut pair = pair?;
            let mut side = |text: &mut String| {
                let raw = std::mem::take(text);
                let bytes = raw.len();
                let verdict = clean(raw, &self.clean);
                seen.clean.count(bytes, &verdict);
                match verdict {
                    Verdict::Keep { text: kept, .. } => {
                        *text = kept.trim().to_owned();
                        true
                    }
                    Verdict::Drop { .. } => false,
                }
            };
            let (source, target) = (side(&mut pair.source), side(&mut pair.target));
            if !(source && target) {
                seen.too_short += 1;
                continue;
            }
            let source: [u8; 32] = Sha256::digest(pair.source.as_bytes()).into();
            let both = Sha256::new().chain_update(source);
            let both: [u8; 32] = both.chain_update(pair.target.as_bytes()).finalize().into();
            if !met.insert(self.identity(&pair, &both)) {
                seen.duplicates += 1;
                continue;
            }
            seen.pairs += 1;
            fingerprint.update(both);
            take(pair, &source)?;
        }
        seen.read = pairs.counts();
        seen.fingerprint = hex(&fingerprint.finalize());
        Ok(seen)
    }

    /// A later reading.
    ///
    /// # Errors
    /// Files that give other pairs than the first time; whatever `take` returns.
    pub(super) fn each(
        &self,
        first: &Seen,
        stop: &AtomicBool,
        take: Take<'_>,
    ) -> Result<(), Error> {
        let fingerprint = self.scan(stop, take)?.fingerprint;
        match fingerprint == first.fingerprint {
            true => Ok(()),
            false => Err(Error::Changed {
                first: first.fingerprint.clone(),
                second: fingerprint,
            }),
        }
    }

    /// Half of the pair's SHA-256, with a bit for whether it lies in a file that is held out: a copy
    /// elsewhere must not take the held-out one away.
    fn identity(&self, pair: &PairText, both: &[u8; 32]) -> u128 {
        let half = u128::from_le_bytes(std::array::from_fn(|at| both[at]));
        half << 1 | u128::from(self.groups.contains(&pair.from.group))
    }
}
