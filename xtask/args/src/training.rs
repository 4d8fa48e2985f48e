//! Commands that train.

use crate::BackendArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// How progress is shown, on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Progress {
    /// One updating line on a terminal, plain lines elsewhere
    #[default]
    Auto,
    /// The dashboard, which needs a terminal (compiled only when asked for)
    Tui,
    /// Lines of text
    Plain,
    /// One JSON object a line
    Json,
    /// Nothing
    None,
}

impl Progress {
    /// Whether nothing but the progress of steps, or not even that, is said while a run goes.
    pub fn is_quiet(self) -> bool {
        matches!(self, Self::Json | Self::None)
    }
}

/// Flags shared by every command that trains.
#[derive(Args, Clone, Debug)]
pub struct TrainingArgs {
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
    /// Run folder [default: runs/NAME, after the recipe]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Go on from the newest checkpoint of the run folder
    #[arg(long)]
    pub resume: bool,
    /// Seed of everything random [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Change a value of the recipe, e.g. --set schedule.peak=3e-4 (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Optimizer steps [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub steps: Option<u64>,
    /// Print the resolved recipe, its size and its cost, and stop
    #[arg(long)]
    pub dry_run: bool,
    /// How to show progress
    #[arg(long, value_enum, default_value_t, value_name = "HOW")]
    pub progress: Progress,
}

/// Arguments of `pretrain`.
#[derive(Args, Clone, Debug)]
pub struct PretrainArgs {
    /// Recipe file [default: train/recipes/default.ron, which needs no download]
    pub recipe: Option<PathBuf>,
    /// Run folder or model folder to go on with, instead of the recipe's model; its tokenizer reads the text
    #[arg(long, value_name = "DIR")]
    pub base: Option<String>,
    /// Flags shared by every command that trains.
    #[command(flatten)]
    pub training: TrainingArgs,
}
