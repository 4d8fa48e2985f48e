//! Commands of the assistant.

use crate::{Backend, BackendArgs, TrainingArgs};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `instruct`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct InstructArgs {
    /// What to do with what was tuned.
    #[command(subcommand)]
    pub command: Option<InstructCommand>,
    /// How to tune.
    #[command(flatten)]
    pub tune: TuneArgs,
}

impl InstructArgs {
    /// The backend that is asked for.
    pub fn backend(&self) -> Backend {
        match &self.command {
            None => self.tune.training.backend.backend,
            Some(InstructCommand::Merge(args)) => args.backend.backend,
        }
    }
}

/// How to tune an assistant.
#[derive(Args, Clone, Debug)]
pub struct TuneArgs {
    /// Recipe file [default: instruct/recipes/default.ron, which needs no download]
    pub recipe: Option<PathBuf>,
    /// Run folder, model folder or GGUF file to tune, instead of the recipe's
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// How often to tune, each time with the next seed [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub seeds: Option<u64>,
    /// Address of a model that grades the answers, by OpenAI's protocol, such as `http://127.0.0.1:8080/v1`; with
    /// the key $OPENAI_API_KEY, if that is set
    #[arg(long, value_name = "URL")]
    pub judge: Option<String>,
    /// Which model there [default: the first one]
    #[arg(long, value_name = "NAME", requires = "judge")]
    pub judge_model: Option<String>,
    /// Flags shared by every command that trains.
    #[command(flatten)]
    pub training: TrainingArgs,
}

/// What to do with what was tuned.
#[derive(Clone, Debug, Subcommand)]
pub enum InstructCommand {
    /// Fold an adapter into its base, or take it out again
    Merge(MergeArgs),
}

/// Arguments of `instruct merge`.
#[derive(Args, Clone, Debug)]
pub struct MergeArgs {
    /// The adapter's folder, `adapter` in the run folder of a tuning
    pub adapter: PathBuf,
    /// The model that it was trained on: run folder, model folder or GGUF file
    #[arg(long, value_name = "DIR")]
    pub base: PathBuf,
    /// Folder for the model
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Take the adapter out of a model that it was folded into
    #[arg(long)]
    pub undo: bool,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}
