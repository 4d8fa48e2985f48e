//! What every learning stage shares, and pretraining itself.
//!
//! A stage brings a [`Task`](task::Task) (a model with its loss), batches, and a recipe; the rest is
//! here: the [learner] that drives burn-train step by step, the [optimizer] and its [schedule],
//! [checkpoints](checkpoint) that a run goes on from exactly, the [run] folder, and [progress].
//!
//! ```no_run
//! use clap::Parser;
//! use slovo_train::{pretrain::Pretraining, stop::Stop};
//!
//! # fn main() -> slovo_train::Result<()> {
//! let cli = slovo_args::Cli::parse_from(["slovo", "pretrain", "--steps", "100"]);
//! let slovo_args::Command::Pretrain(args) = cli.command else { unreachable!() };
//! let stop = Stop::on_signals()?;
//! let run = Pretraining::prepare(&args, &mut |_| {}, &stop)?;
//! let outcome = run.run(&args.training, &stop)?;
//! println!("validation loss {:?}", outcome.measured.map(|(_, whole)| whole.loss));
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "wgpu")]
mod adapter;
pub mod backend;
pub mod batch;
pub mod checkpoint;
pub mod command;
mod error;
pub mod files;
pub mod keeps;
pub mod launches;
pub mod learner;
pub mod limits;
pub mod material;
pub mod ops;
pub mod optimizer;
pub mod place;
pub mod plan;
pub mod pretrain;
pub mod progress;
pub mod recipe;
pub mod report;
pub mod run;
pub mod samples;
pub mod schedule;
pub mod sentence_encoder;
pub mod start;
pub mod task;

pub use error::{Error, Result};
pub use slovo_data::stop;
