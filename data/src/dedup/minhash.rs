//! MinHash: near-duplicates by the share of word shingles that two texts have in common.
//!
//! A text is the set of its shingles, the runs of n words. For a random order of all shingles, two
//! texts have the same least one with probability s, the Jaccard similarity of their sets (Broder
//! 1997, <https://doi.org/10.1109/SEQUEN.1997.666900>). The least ones of `rows` orders together are
//! a band; two texts are found where one of `bands` bands is equal, with probability
//! 1 − (1 − sʳ)ᵇ. The defaults are FineWeb's (<https://arxiv.org/abs/2406.17557>): 5 words, 14 bands
//! of 8 rows.
//!
//! An order is x ↦ (x ⊕ m)·a modulo 2³² with random m and odd a, over 32 bits of a shingle's strong
//! hash: three vector instructions for sixteen orders of one shingle. It is a bijection, so shingles
//! fall together only where their 32 bits do, for one shingle of a text of n with probability
//! n/2³²: the similarity is off by less than 0.001 in texts of up to four million words.

use serde::{Deserialize, Serialize};

use super::error::SettingError;
use super::ngrams::{MOST_WORDS, Ngrams};
use super::words::{Numbers, Words};
use crate::order::{GOLDEN, finalise};

/// The most orders, bands times rows: beyond, nothing is gained but time is lost.
const MOST_ORDERS: usize = 1 << 12;
/// Orders that are worked on together: the 32-bit numbers in the widest vector.
const LANES: usize = 16;
/// Shingles between two rounds over the orders: enough that choosing the vector width costs nothing,
/// and few enough to stay in the nearest cache.
const BLOCK: usize = 256;

/// How near-duplicates are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MinHash {
    /// Words in a shingle.
    pub shingle: usize,
    /// Bands, of which one must be equal.
    pub bands: usize,
    /// Rows in a band, which must all be equal.
    pub rows: usize,
    /// Which orders are drawn. Only signatures of the same seed can be compared.
    pub seed: u64,
}

impl Default for MinHash {
    fn default() -> Self {
        Self {
            shingle: 5,
            bands: 14,
            rows: 8,
            seed: 1,
        }
    }
}

impl MinHash {
    /// Refuses what cannot be worked with.
    ///
    /// # Errors
    /// Names the field, its value, and what would do.
    pub fn validate(&self) -> Result<(), SettingError> {
        SettingError::check("shingle", self.shingle, 1, MOST_WORDS)?;
        SettingError::check("bands", self.bands, 1, MOST_ORDERS)?;
        SettingError::check("rows", self.rows, 1, MOST_ORDERS / self.bands)
    }

    /// The probability that two texts of Jaccard similarity `similarity` are found.
    pub fn found(&self, similarity: f64) -> f64 {
        1.0 - (1.0 - similarity.powf(self.rows as f64)).powf(self.bands as f64)
    }

    /// Draws the orders.
    ///
    /// # Errors
    /// Those of [`MinHash::validate`].
    pub fn sketcher(&self) -> Result<Sketcher, SettingError> {
        self.validate()?;
        let orders = (self.bands * self.rows).next_multiple_of(LANES);
        let mut state = self.seed;
        let (masks, multipliers) = (0..orders)
            .map(|_| {
                state = state.wrapping_add(GOLDEN);
                let drawn = finalise(state);
                ((drawn >> 32) as u32, drawn as u32 | 1)
            })
            .unzip();
        Ok(Sketcher {
            minhash: *self,
            masks,
            multipliers,
        })
    }
}

/// Makes signatures. One serves all threads.
#[derive(Clone, Debug)]
pub struct Sketcher {
    minhash: MinHash,
    /// One for each order, filled up to whole vectors.
    masks: Vec<u32>,
    multipliers: Vec<u32>,
}

impl Sketcher {
    /// What the signatures are made by.
    pub fn minhash(&self) -> &MinHash {
        &self.minhash
    }

    /// The signature of a text: one hash for each band, in order.
    ///
    /// A text of fewer words than a shingle is one shingle: it is found where all words are the same.
    /// A text without words has no signature and is nobody's duplicate.
    pub fn signature(&self, text: &str) -> Option<Vec<u64>> {
        let mut minima = vec![u32::MAX; self.masks.len()];
        let mut block = [0; BLOCK];
        let mut filled = 0;
        let mut ngrams = Ngrams::new(self.minhash.shingle);
        for word in Words::new(text, Numbers::Folded) {
            let Some(shingle) = ngrams.push(word.hash) else {
                continue;
            };
            block[filled] = upper(shingle);
            filled += 1;
            if filled == BLOCK {
                self.lower(&mut minima, &block);
                filled = 0;
            }
        }
        if ngrams.words() < self.minhash.shingle {
            block[0] = upper(ngrams.hash()?);
            filled = 1;
        }
        self.lower(&mut minima, &block[..filled]);
        Some(self.bands(&minima))
    }

    /// Lowers each order's minimum to its least of `shingles`.
    fn lower(&self, minima: &mut [u32], shingles: &[u32]) {
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                let (minima, _) = minima.as_chunks_mut::<LANES>();
                let (masks, _) = self.masks.as_chunks::<LANES>();
                let (multipliers, _) = self.multipliers.as_chunks::<LANES>();
                for ((minima, masks), multipliers) in minima.iter_mut().zip(masks).zip(multipliers)
                {
                    let mut least = *minima;
                    for &shingle in shingles {
                        for lane in 0..LANES {
                            let place = (shingle ^ masks[lane]).wrapping_mul(multipliers[lane]);
                            least[lane] = least[lane].min(place);
                        }
                    }
                    *minima = least;
                }
            },
        );
    }

    /// A hash of each band's number and minima: different bands agree by chance only. Of n documents
    /// without a common band about n²·b²/2⁶⁵ pairs do, for b bands: 5 in 10⁹ documents by default.
    fn bands(&self, minima: &[u32]) -> Vec<u64> {
        minima
            .chunks_exact(self.minhash.rows)
            .take(self.minhash.bands)
            .zip(0_u64..)
            .map(|(rows, band)| {
                rows.iter().fold(finalise(band), |hash, &least| {
                    finalise(hash.wrapping_add(GOLDEN) ^ u64::from(least))
                })
            })
            .collect()
    }
}

/// The half of a shingle's hash that is put in order.
fn upper(shingle: u64) -> u32 {
    (shingle >> 32) as u32
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn sketcher() -> Sketcher {
        MinHash::default().sketcher().unwrap()
    }

    /// Two texts with `shared` shingles in common and `own` that only one of them has, each.
    fn pair(number: u64, shared: usize, own: usize) -> [String; 2] {
        // In letters: a run of digits would become one.
        let word = |text: &mut String, kind: u64, at: usize| {
            let hash = finalise(number << 24 ^ kind << 20 ^ at as u64);
            text.extend((0..16).map(|nibble| char::from(b'a' + (hash >> (nibble * 4)) as u8 % 16)));
            text.push(' ');
        };
        [1, 2].map(|kind| {
            let mut text = String::new();
            for at in 0..shared + 4 {
                word(&mut text, 0, at);
            }
            for at in 0..own {
                word(&mut text, kind, at);
            }
            text
        })
    }

    fn shingles(text: &str) -> std::collections::BTreeSet<u64> {
        let mut ngrams = Ngrams::new(5);
        Words::new(text, Numbers::Folded)
            .filter_map(|word| ngrams.push(word.hash))
            .collect()
    }

    #[test]
    fn pairs_are_found_as_often_as_the_formula_says() {
        const PAIRS: u64 = 3_000;
        for seed in [1, 2, 1 << 63] {
            let minhash = MinHash {
                seed,
                ..MinHash::default()
            };
            let sketcher = minhash.sketcher().unwrap();
            // 200 shingles in the union.
            for (shared, own, similarity, published) in [
                (100, 50, 0.5, 0.0533),
                (140, 30, 0.7, 0.5645),
                (160, 20, 0.8, 0.9235),
                (180, 10, 0.9, 0.9996),
                (0, 100, 0.0, 0.0),
            ] {
                let mut found = 0;
                for number in 0..PAIRS {
                    let [a, b] = pair(number, shared, own);
                    if number < 20 {
                        let (a, b) = (shingles(&a), shingles(&b));
                        let both = a.intersection(&b).count() as f64;
                        assert_eq!(both / a.union(&b).count() as f64, similarity);
                    }
                    let (a, b) = (sketcher.signature(&a), sketcher.signature(&b));
                    let (a, b) = (a.unwrap(), b.unwrap());
                    found += u64::from(a.iter().zip(&b).any(|(a, b)| a == b));
                }
                let found = found as f64 / PAIRS as f64;
                assert!((minhash.found(similarity) - published).abs() < 1e-4);
                println!(
                    "seed {seed}, similarity {similarity}: {found:.4}, {published:.4} expected"
                );
                assert!((found - published).abs() < 0.03, "{similarity}: {found}");
                assert!(similarity > 0.0 || found == 0.0, "{found}");
            }
        }
    }

    #[test]
    fn punctuation_case_and_numbers_do_not_change_a_signature() {
        let sketcher = sketcher();
        let hash = sketcher.signature("On 12 May the ship left port, and was not seen again.");
        let same = sketcher.signature("on 7 MAY the ship left port -- and was\nnot seen again");
        assert_eq!(hash, same);
        let other =
            sketcher.signature("On 12 June some boats left port, and were never seen again.");
        assert!(
            hash.unwrap()
                .iter()
                .zip(&other.unwrap())
                .all(|(a, b)| a != b)
        );
    }

    #[test]
    fn a_short_text_is_one_shingle_and_a_blank_one_has_none() {
        let sketcher = sketcher();
        let hash = sketcher.signature("Yes, of course");
        assert_eq!(hash, sketcher.signature("yes of course."));
        for other in ["Yes", "course of yes", "yes of course it is"] {
            assert_ne!(hash, sketcher.signature(other), "{other}");
        }
        for blank in ["", " \n", "... -- !"] {
            assert_eq!(sketcher.signature(blank), None);
        }
    }

    #[test]
    fn the_number_of_times_a_shingle_stands_does_not_count() {
        let sketcher = sketcher();
        let text = "a rose is a rose is a rose is ";
        let long = sketcher.signature(&text.repeat(1_000));
        assert_eq!(sketcher.signature(&text.repeat(2)), long);
    }

    /// Files of signatures outlive the program: whatever changes these numbers needs a new version
    /// of their format.
    #[test]
    fn a_signature_is_the_same_next_year() {
        let signature = sketcher()
            .signature("To be, or not to be, that is the question.")
            .unwrap();
        assert_eq!(signature.len(), 14);
        assert_eq!(
            signature[..2],
            [10_335_797_590_824_992_766, 9_802_656_338_291_579_089]
        );
    }

    #[test]
    fn settings_are_held_to_their_limits() {
        let read = ron::from_str::<MinHash>("(bands: 20, rows: 450)").unwrap();
        assert_eq!((read.shingle, read.bands, read.seed), (5, 20, 1));
        let fault = read.sketcher().unwrap_err();
        assert_eq!(
            fault.to_string(),
            "rows is 450; give a number from 1 to 204"
        );
        for wrong in [
            MinHash {
                shingle: 0,
                ..MinHash::default()
            },
            MinHash {
                bands: 0,
                ..MinHash::default()
            },
            MinHash {
                rows: usize::MAX,
                ..MinHash::default()
            },
        ] {
            assert!(wrong.validate().is_err(), "{wrong:?}");
        }
        assert!(ron::from_str::<MinHash>("(band: 20)").is_err());
        let one = MinHash {
            bands: 1,
            rows: 1,
            shingle: 1,
            seed: 0,
        };
        assert_eq!(one.sketcher().unwrap().signature("word").unwrap().len(), 1);
    }
}
