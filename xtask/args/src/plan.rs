//! What a run needs, before it runs.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// The numbers that matrices are multiplied in, for the accelerator's peak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Precision {
    /// float32, what this program trains in
    #[default]
    F32,
    /// float32 that matrix units round to 10 bits
    Tf32,
    /// float16 or bfloat16, in matrix units
    Half,
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Precision::F32 => "f32",
            Precision::Tf32 => "tf32",
            Precision::Half => "half",
        })
    }
}

/// Arguments of `plan`.
#[derive(Args, Clone, Debug)]
#[command(allow_negative_numbers = true)]
pub struct PlanArgs {
    /// Recipe file [default: train/recipes/default.ron]
    #[arg(conflicts_with = "preset")]
    pub recipe: Option<PathBuf>,
    /// Change a value of the recipe, e.g. --set model.n_layers=8 (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE", conflicts_with = "preset")]
    pub set: Vec<String>,
    /// Optimizer steps [default: the recipe's]
    #[arg(long, value_name = "N", conflicts_with = "preset")]
    pub steps: Option<u64>,
    /// Plan a published shape, such as gpt3-175b, instead of a recipe
    #[arg(long, value_name = "NAME")]
    pub preset: Option<String>,
    /// Tokens to train the preset on, e.g. 300e9 [default: what it was published with, or 20 a parameter]
    #[arg(long, value_name = "N", requires = "preset")]
    pub tokens: Option<f64>,
    /// Sequences of the preset that are computed at once
    #[arg(long, value_name = "N", default_value_t = 1, requires = "preset")]
    pub batch: usize,
    /// Tokens in a sequence of the preset [default: its longest, at most 2048]
    #[arg(long, value_name = "N", requires = "preset")]
    pub context: Option<usize>,
    /// What will compute: v100, a100, h100, h200, rtx-4090, mi300x or m1-max
    #[arg(long, value_name = "NAME", conflicts_with_all = ["flops", "tokens_per_second"])]
    pub accelerator: Option<String>,
    /// Peak FLOP/s of another accelerator, e.g. 28e12
    #[arg(long, value_name = "X", conflicts_with = "tokens_per_second")]
    pub flops: Option<f64>,
    /// Measured training speed of one device, instead of a peak and a utilisation
    #[arg(long, value_name = "X", conflicts_with = "utilisation")]
    pub tokens_per_second: Option<f64>,
    /// Which of the accelerator's peaks
    #[arg(long, value_enum, default_value_t, value_name = "P")]
    pub precision: Precision,
    /// Share of the peak that comes out, above 0 and at most 1 [default: 0.4]
    #[arg(long, value_name = "U")]
    pub utilisation: Option<f64>,
    /// How many accelerators
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub count: u64,
    /// Price of an accelerator for an hour
    #[arg(long, value_name = "PRICE")]
    pub price: Option<f64>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
