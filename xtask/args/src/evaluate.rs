//! Commands that use a trained model.

use crate::BackendArgs;
use clap::Args;
use std::path::PathBuf;

/// Which model.
#[derive(Args, Clone, Debug)]
pub struct ModelArgs {
    /// Run folder or model folder
    #[arg(long, value_name = "DIR")]
    pub model: PathBuf,
}

/// Arguments of `evaluate`.
#[derive(Args, Clone, Debug)]
pub struct EvaluateArgs {
    /// The model to measure.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Text file, folder or wildcard (repeatable) [default: the run's own validation set]
    #[arg(long, value_name = "PATH")]
    pub data: Vec<String>,
    /// Tokens per window [default: the length the model was trained on]
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Windows computed at once
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub batch: usize,
    /// Also say what `xz -9` and a 5-gram model of the same tokens need (only on the run's own data)
    #[arg(long, conflicts_with = "data")]
    pub baselines: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// Arguments of `generate`.
#[derive(Args, Clone, Debug)]
pub struct GenerateArgs {
    /// The model that speaks.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Text to continue (`-` reads standard input)
    #[arg(long, value_name = "TEXT")]
    pub prompt: String,
    /// Tokens to generate at most [default: 200, or as many as the model has positions left for]
    #[arg(long, value_name = "N")]
    pub tokens: Option<usize>,
    /// 0 takes the likeliest token; 1 samples as the model says
    #[arg(long, default_value_t = 0.8, value_name = "T")]
    pub temperature: f32,
    /// Sample among the K likeliest tokens only
    #[arg(long, value_name = "K")]
    pub top_k: Option<usize>,
    /// Sample among the likeliest tokens that together have probability P
    #[arg(long, value_name = "P")]
    pub top_p: Option<f32>,
    /// Seed of the sampling
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// Arguments of `inspect`.
#[derive(Args, Clone, Debug)]
pub struct InspectArgs {
    /// Model folder, run folder, checkpoint or prepared data
    pub dir: PathBuf,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}
