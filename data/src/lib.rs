//! Text to documents, tokens, shards and batches.
//!
//! ```text
//! source ─► clean ─► tokenizer ─► shard ─► order ─► batch
//! ```
//!
//! A [`recipe`] says which text becomes which tokens, [`prepare()`] makes a folder of it, and
//! [`Batches`] gives batch *i* of a run as a pure function of (seed, recipe, *i*); [`MaskedBatches`]
//! gives it with words hidden. Nothing here knows a model: a batch is plain numbers. Pairs of texts,
//! for translation, go the same way: [`prepare_pairs`], [`PairBatches`], and [`score`] for what a
//! model makes of them.
//!
//! ```
//! use std::sync::atomic::AtomicBool;
//!
//! use slovo_data::recipe::{DataRecipe, from_ron_str};
//! use slovo_data::{Batches, Windows, prepare};
//!
//! # let folder = tempfile::tempdir()?;
//! # let text = folder.path().join("text.txt");
//! # let out = folder.path().join("prepared");
//! std::fs::write(&text, "To be, or not to be, that is the question.\n".repeat(100))?;
//! let recipe: DataRecipe = from_ron_str(&format!(
//!     "(name: \"hamlet\", sources: [Files(paths: [{text:?}])],
//!       tokenizer: Char, split: Position(validation: 0.1))"
//! ))?;
//! let prepared = prepare(&recipe, Some(&out), &mut |_| {}, &AtomicBool::new(false))?;
//!
//! let batches = Batches::new(prepared.train.clone(), Windows::Shuffled, 16, 4, 1337)?;
//! let batch = batches.batch(1_000); // [4, 16], whatever was asked for before
//! assert_eq!(batch.inputs[1..16], batch.targets[..15]);
//! println!("{}", prepared.tokenizer.decode(&batch.inputs[..16])?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod baseline;
pub mod batch;
mod batches;
mod best_fit;
pub mod cargo_corpus;
pub mod clean;
pub mod contamination;
pub mod dedup;
pub mod document;
mod document_windows;
mod error;
pub mod files;
pub mod inspect;
pub mod mask;
pub mod masked_batch;
pub mod memory;
pub mod mixture;
pub mod order;
pub mod pairs;
mod prefetch;
pub mod prepare;
pub mod recipe;
pub mod report;
mod sample;
pub mod score;
pub mod shard;
pub mod source;
pub mod split;
pub mod stop;
pub mod tokenizer;
pub mod untrusted;

pub use batch::{EvalWindows, TokenBatch, Waste};
pub use batches::{Batches, Mix};
pub use error::Error;
pub use mask::Masking;
pub use masked_batch::{MaskedBatch, MaskedBatches, MaskedWindows};
pub use order::Windows;
pub use pairs::{EvalPairs, PairBatch, PairBatches, Pairs};
pub use prefetch::{BatchSource, Prefetch};
pub use prepare::{PairReport, Prepared, PreparedPairs, Progress, prepare, prepare_pairs};
pub use report::Report;
pub use sample::{Sample, Samples};
pub use shard::Shards;
pub use tokenizer::Tokenizer;
