//! Every command's arguments, defined once.
//!
//! `xtask` parses a whole command line with [`Cli`] before anything is compiled, so that `--help`
//! and a misspelt flag answer at once; then it builds the binary of the command's [`Stage`] and
//! hands the same line over. The stage parses it with the same [`Cli`].

mod backend;
mod bytes;
mod classify;
mod data;
mod embed;
mod evaluate;
mod import;
mod instruct;
mod plan;
mod project;
mod talk;
mod training;

pub use backend::{Backend, BackendArgs};
pub use bytes::Bytes;
pub use classify::{
    ClassifyArgs, ClassifyCommand, EvaluateClassifierArgs, ExplainArgs, PredictArgs, RowArgs,
    RowFormat, TrainClassifierArgs,
};
pub use data::{PrepareArgs, TokenizerArgs, TokenizerCommand, TokenizerKind, TokenizerSpecials};
pub use embed::{EmbedArgs, PoolingKind};
pub use evaluate::{EvaluateArgs, GenerateArgs, InspectArgs, ModelArgs, ReportArgs, Search};
pub use import::ImportArgs;
pub use instruct::{InstructArgs, InstructCommand, MergeArgs, TuneArgs};
pub use plan::{PlanArgs, Precision};
pub use project::{BenchArgs, BenchName, CheckArgs, CheckStep, DoctorArgs, RaceWork};
pub use talk::{ChatArgs, ServeArgs};
pub use training::{PretrainArgs, Progress, TrainingArgs};

use clap::{Parser, Subcommand};

/// Exit codes of every command.
pub mod exit {
    /// The command did what it was asked to do.
    pub const DONE: u8 = 0;
    /// It failed; standard error says why.
    pub const FAILED: u8 = 1;
    /// The command line, a recipe or an input is wrong.
    pub const USAGE: u8 = 2;
    /// Stopped on request, with everything needed to go on written.
    pub const STOPPED: u8 = 3;
}

/// Raw text to a base language model, and a base model to a classifier or an assistant.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    version,
    max_term_width = 100,
    after_help = "Results go to standard output, progress and logs to standard error.\n\
                  Exit codes: 0 finished, 1 failed, 2 wrong usage, recipe or input, 3 stopped on request."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order in which a person meets them.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Turn source files into clean documents, a tokenizer and token shards
    Prepare(PrepareArgs),
    /// Train a tokenizer or use one by itself
    Tokenizer(TokenizerArgs),
    /// Train a base model
    Pretrain(PretrainArgs),
    /// Say what a run needs before it runs: memory, FLOPs, time and cost
    Plan(PlanArgs),
    /// Measure a model on held-out text: loss, perplexity, bits per byte
    Evaluate(EvaluateArgs),
    /// Continue a text
    Generate(GenerateArgs),
    /// Turn texts into sentence vectors with an encoder
    Embed(EmbedArgs),
    /// Train a classifier on labelled text, or use one: predict, evaluate, explain
    Classify(ClassifyArgs),
    /// Tune a base model to follow instructions, or to answer as people prefer
    Instruct(InstructArgs),
    /// Talk with an assistant
    Chat(ChatArgs),
    /// Serve a model to programs that speak OpenAI's protocol, and to browsers
    Serve(ServeArgs),
    /// Make a model folder of a model from elsewhere: Hugging Face, GGUF
    Import(ImportArgs),
    /// Say what is in a model folder, a run folder or prepared data
    Inspect(InspectArgs),
    /// Write a run's report again, or lay several runs side by side
    Report(ReportArgs),
    /// List the backends, the devices and what is missing
    Doctor(DoctorArgs),
    /// Run a benchmark of the README
    Bench(BenchArgs),
    /// Run what continuous integration runs: format, lints, tests, docs, licences
    Check(CheckArgs),
}

/// The program that carries out a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `slovo-data`: text only, compiled without the tensor library.
    Data,
    /// `slovo-train`: everything that computes, but for the stages below.
    Train,
    /// `slovo-classify`: classifiers.
    Classify,
    /// `slovo-instruct`: assistants.
    Instruct,
    /// `xtask` itself.
    Xtask,
}

impl Command {
    /// Which program carries this command out.
    pub fn stage(&self) -> Stage {
        match self {
            Command::Prepare(_) | Command::Tokenizer(_) => Stage::Data,
            Command::Pretrain(_)
            | Command::Plan(_)
            | Command::Evaluate(_)
            | Command::Generate(_)
            | Command::Embed(_)
            | Command::Import(_)
            | Command::Inspect(_)
            | Command::Report(_)
            | Command::Doctor(_)
            | Command::Bench(_) => Stage::Train,
            Command::Classify(_) => Stage::Classify,
            Command::Instruct(_) | Command::Chat(_) | Command::Serve(_) => Stage::Instruct,
            Command::Check(_) => Stage::Xtask,
        }
    }

    /// The backend the command asks for; `None` for a command that computes nothing.
    pub fn backend(&self) -> Option<Backend> {
        match self {
            Command::Pretrain(args) => Some(args.training.backend.backend),
            Command::Evaluate(args) => Some(args.backend.backend),
            Command::Generate(args) => Some(args.backend.backend),
            Command::Chat(args) => Some(args.backend.backend),
            Command::Serve(args) => Some(args.backend.backend),
            Command::Embed(args) => Some(args.backend.backend),
            Command::Classify(args) => Some(args.backend()),
            Command::Instruct(args) => Some(args.backend()),
            Command::Doctor(args) => Some(args.backend.backend),
            Command::Bench(args) => Some(args.backend.backend),
            Command::Import(_) | Command::Inspect(_) | Command::Plan(_) | Command::Report(_) => {
                Some(Backend::Flex)
            }
            Command::Prepare(_) | Command::Tokenizer(_) | Command::Check(_) => None,
        }
    }

    /// Whether the dashboard has to be compiled in.
    pub fn needs_dashboard(&self) -> bool {
        let training = match self {
            Command::Pretrain(args) => &args.training,
            Command::Classify(args) if args.command.is_none() => &args.train.training,
            Command::Instruct(args) if args.command.is_none() => &args.tune.training,
            _ => return false,
        };
        training.progress == Progress::Tui
    }

    /// Whether the client of a judge has to be compiled in.
    pub fn needs_judge(&self) -> bool {
        matches!(self, Command::Instruct(args) if args.tune.judge.is_some())
    }

    /// Whether what reads and writes Parquet has to be compiled in: its line names such files, or its recipe does.
    pub fn needs_parquet(&self) -> bool {
        let (recipe, sets, exported) = match self {
            Command::Prepare(args) => (&args.recipe, &args.set, args.export_documents.as_ref()),
            Command::Pretrain(args) => (&args.recipe, &args.training.set, None),
            Command::Instruct(args) if args.command.is_none() => {
                (&args.tune.recipe, &args.tune.training.set, None)
            }
            _ => return false,
        };
        let exported = exported.map(|path| path.display().to_string());
        // One that cannot be read is told of by the stage.
        let recipe = recipe
            .as_ref()
            .and_then(|path| std::fs::read_to_string(path).ok());
        let texts = sets.iter().chain(&exported).chain(&recipe);
        texts
            .map(|text| text.to_lowercase())
            .any(|text| text.contains("parquet"))
    }

    /// Whether the client of the hub has to be compiled in.
    pub fn needs_hub(&self) -> bool {
        matches!(self, Command::Import(args) if args.is_from_hub())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_misspelt_flag_names_the_right_one() {
        let error = Cli::try_parse_from(["xtask", "pretrain", "--bakend", "wgpu"]).unwrap_err();
        assert!(error.to_string().contains("--backend"), "{error}");
    }

    #[test]
    fn the_backend_reaches_the_build() {
        let cli = Cli::try_parse_from(["xtask", "pretrain", "--backend", "wgpu"]).unwrap();
        assert_eq!(cli.command.backend(), Some(Backend::Wgpu));
        assert_eq!(cli.command.stage(), Stage::Train);
    }
}
