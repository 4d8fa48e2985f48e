//! Commands about this project and this machine.

use crate::BackendArgs;
use clap::{Args, ValueEnum};

/// Arguments of `doctor`.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {
    /// Which backend to build and look at.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// The benchmarks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum BenchName {
    /// Training tokens per second
    #[default]
    Train,
}

/// Arguments of `bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArgs {
    /// Which benchmark
    #[arg(value_enum, default_value_t)]
    pub name: BenchName,
    /// Which model shape: A (L4 C128 T64), B (L6 C384 T256), C (GPT-2 124M, T256)
    #[arg(long, default_value = "A", value_parser = ["A", "B", "C"])]
    pub config: String,
    /// Timed steps, after four that are not
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub steps: usize,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// Arguments of `check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArgs {
    /// Run only these steps: format, lints, tests, docs, licences, features
    pub steps: Vec<String>,
}
