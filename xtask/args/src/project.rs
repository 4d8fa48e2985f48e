//! Commands about this project and this machine.

use crate::BackendArgs;
use clap::{Args, ValueEnum};

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
    /// Peak memory of training, planned and measured
    Memory,
}

/// Arguments of `bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// Which benchmark
    #[arg(value_enum, default_value_t)]
    pub name: BenchName,
    /// Which model shape: A (L4 C128 T64), B (L6 C384 T256), C (GPT-2 124M, T256) [default: A; for
    /// memory all of them, and the recipes `default` and `shakespeare-char-cpu`]
    #[arg(long, value_parser = ["A", "B", "C", "default", "shakespeare-char-cpu"])]
    pub config: Option<String>,
    /// Timed steps, after four that are not
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub steps: usize,
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
}

impl CheckStep {
    /// Whether the step runs when none is named.
    pub fn is_usual(self) -> bool {
        self != Self::Robustness
    }
}

/// Arguments of `check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// Run only these steps [default: all but robustness]
    #[arg(value_enum, value_name = "STEP")]
    pub steps: Vec<CheckStep>,
}
