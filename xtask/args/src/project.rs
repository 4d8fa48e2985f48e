//! Commands about this project and this machine.

use crate::BackendArgs;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Which backend to build and look at.
    #[command(flatten)]
    pub backend: BackendArgs,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// The benchmarks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BenchName {
    /// Training tokens per second
    #[default]
    Train,
    /// Tokens per second of one text, greedily, and what the memory allows
    Generate,
    /// Each operation, forward and backward: fused, and as tensor operations
    Ops,
    /// This program and PyTorch in turns
    Race,
    /// Peak memory of training, planned and measured
    Memory,
}

/// What `bench race` compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RaceWork {
    /// Training
    Train,
    /// Generating with a key-value cache
    Generate,
}

/// Arguments of `bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// Which benchmark
    #[arg(value_enum, default_value_t)]
    pub name: BenchName,
    /// Which model shape: A (L4 C128 T64), B (L6 C384 T256), C (GPT-2 124M, T256) [default: A, to
    /// generate C; for ops and race all; for memory all, and the recipes `default` and
    /// `shakespeare-char-cpu`]
    #[arg(long, value_parser = ["A", "B", "C", "default", "shakespeare-char-cpu"])]
    pub config: Option<String>,
    /// Timed training steps, after four that are not
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub steps: usize,
    /// For generate: a decoder of yours instead of a shape
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    pub model: Option<PathBuf>,
    /// For generate: tokens of the text that is continued
    #[arg(long, default_value_t = 4, value_name = "N")]
    pub prompt: usize,
    /// Tokens to generate
    #[arg(long, default_value_t = 64, value_name = "N")]
    pub tokens: usize,
    /// The race's other side: a Python that has torch
    #[arg(long, value_name = "PYTHON", required_if_eq("name", "race"))]
    pub peer: Option<PathBuf>,
    /// What the race is about [default: training on A, B and C, then generating on C]
    #[arg(long, value_enum)]
    pub work: Option<RaceWork>,
    /// Turns of the race
    #[arg(long, default_value_t = 5, value_name = "N")]
    pub rounds: usize,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// What `check` can check, in the order in which it does: what fails fast comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum CheckStep {
    /// The code is formatted
    Format,
    /// Tracked files hold no machine's paths, no unfinished code, nothing large
    Words,
    /// The tree in ARCHITECTURE.md names every source file
    Tree,
    /// Every dependency's licence is one that we accept
    Licences,
    /// Clippy and the compiler warn of nothing
    Lints,
    /// Unit tests, integration tests and the examples of the documentation
    Tests,
    /// The documentation builds, and its links lead somewhere
    Docs,
    /// The backends that the other steps leave out compile without a warning
    Features,
    /// flex, ndarray and wgpu in one program: the same model, the same losses
    Backends,
    /// Only when named, minutes: kills, signals, damaged files, full disks, broken numbers
    Robustness,
    /// Only when named, with --python: weights in and out, held against Python's transformers
    Transformers,
    /// Only when named, with --python, minutes: the server, asked by OpenAI's package, by a browser, by 64
    /// at once
    Clients,
}

impl CheckStep {
    /// Whether the step runs when none is named.
    pub fn is_usual(self) -> bool {
        !matches!(self, Self::Robustness | Self::Transformers | Self::Clients)
    }
}

/// Arguments of `check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// Run only these steps [default: all but robustness, transformers and clients]
    #[arg(value_enum, value_name = "STEP")]
    pub steps: Vec<CheckStep>,
    /// For `transformers`: a Python that has torch and transformers; for `clients`: one that has openai
    #[arg(long, value_name = "PYTHON", required_if_eq_any([("steps", "transformers"), ("steps", "clients")]))]
    pub python: Option<PathBuf>,
    /// For `transformers`: a model folder to look at too (repeatable); for `clients`: the model to serve
    #[arg(long, value_name = "DIR", requires = "python")]
    pub model: Vec<PathBuf>,
}
