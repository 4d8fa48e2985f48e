//! Labelled text to a classifier: trained, measured, used, questioned.
//!
//! ```text
//! labelled ─► split, leak ─► encode ─► front ─► fit ─► saved ─► predict, explain
//!                                                └─► tell (metrics, baseline) ─► report
//! ```
//!
//! A [`recipe`] says which texts, what the classifier begins with and which of it learns;
//! [`classification`] trains it as often as asked for, by the learner that pretraining has, and writes
//! the report. [`SavedClassifier`] is what another program uses:
//!
//! ```no_run
//! use burn::tensor::Device;
//! use slovo_classify::SavedClassifier;
//!
//! # fn main() -> slovo_classify::Result<()> {
//! let filter = SavedClassifier::load("runs/spam-minilm".as_ref(), &Device::default())?;
//! for found in filter.predict(&["Win a prize now!", "See you at six."], |i| format!("text {i}"))? {
//!     println!("{}: {:.3}", filter.labels()[found.class], found.probability());
//! }
//! let why = filter.explain("Win a prize now!", None)?;
//! println!("{}", slovo_classify::explain::terminal(&why, true));
//! # Ok(())
//! # }
//! ```

mod against;
pub mod base;
pub mod baseline;
pub mod batch;
pub mod classification;
pub mod command;
pub mod encode;
mod error;
pub mod explain;
pub mod fit;
pub mod front;
mod ground;
mod keep;
pub mod labelled;
pub mod leak;
pub mod metrics;
pub mod order;
pub mod recipe;
pub mod report;
pub mod saved;
mod scores;
mod seeds;
pub mod split;
pub mod task;
mod tell;
mod truth;

pub use error::{Error, Result};
pub use saved::{Prediction, SavedClassifier};
pub use scores::{ClassRow, ScoreOptions, Scores};
pub use seeds::SeedScores;
pub use truth::{Truth, TruthError};

/// A file of the shared data; where it is absent the test is skipped, and says so.
#[cfg(test)]
fn shared(name: &str) -> Option<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data");
    let path = std::path::Path::new(folder).join(name);
    if path.exists() {
        return Some(path.display().to_string());
    }
    eprintln!("skipped: {} is absent", path.display());
    None
}
