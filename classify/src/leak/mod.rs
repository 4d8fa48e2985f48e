//! Texts that stand on two sides of a split: what was learned by heart measures nothing.
//!
//! [`Leaks::find`] looks for three kinds of duplicates ([`Kind`]); [`Leaks::report`] says what they
//! are, [`Leaks::deduplicated_test`] leaves them out of the test, and [`Leaks::dropping`] out of the
//! split. [`distinct`] removes duplicates before there is a split.
//!
//! Near duplicates are pairs whose sets of runs of five characters have a Jaccard similarity of at
//! least a threshold (Broder 1997, "On the resemblance and containment of documents"). MinHash and
//! banding find candidates (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter
//! 3, <http://www.mmds.org>), and the similarity of each is then computed exactly: no pair is
//! reported that is none. One may be missed: at the threshold itself with a probability of less than
//! 1 in 5,000 (at the default, of 1 in 20,000), above it with a smaller one.

mod bands;
mod error;
mod find;
mod minhash;
mod normal;
mod report;
mod shingles;
#[cfg(test)]
mod tests;

pub use error::LeakError;
pub use find::{DropLeaked, Kind, Leak, Leaks};
pub use normal::{distinct, normalise};
pub use report::{Crossing, Excerpt, LeakPair, LeakReport, Within};

/// The similarity from which texts are near duplicates, unless said otherwise.
pub const DEFAULT_THRESHOLD: f64 = 0.8;
