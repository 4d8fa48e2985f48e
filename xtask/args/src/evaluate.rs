//! Commands that use a trained model.

use crate::BackendArgs;
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, ValueEnum};
use std::num::NonZeroUsize;
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
    /// Run folder or prepared data whose held-out text is measured instead, source by source
    #[arg(long, value_name = "DIR", conflicts_with_all = ["data", "baselines"])]
    pub held_out: Option<PathBuf>,
    /// Tokens per window [default: the length the model was trained on]
    #[arg(long, value_name = "N")]
    pub context: Option<usize>,
    /// Windows (of an encoder–decoder: sources) computed at once
    #[arg(long, default_value_t = 16, value_name = "N")]
    pub batch: usize,
    /// Also say what simpler means reach on the run's own data: `xz -9` and a 5-gram model of the same
    /// tokens; for translations, copying the source and looking it up in the training pairs
    #[arg(long, conflicts_with = "data")]
    pub baselines: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// How a translation is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Search {
    /// The likeliest by beam search: 4 beams, length penalty 0.6, up to 50 tokens more than the source
    Beam,
    /// The likeliest token at each place
    Greedy,
    /// Drawn, as --temperature and what follows it say
    Sample,
}

/// Arguments of `generate`.
#[derive(Args, Clone, Debug)]
#[command(group(
    ArgGroup::new("text").args(["prompt", "prompts", "source", "mask"]).required(true).multiple(true)
))]
pub struct GenerateArgs {
    /// The model that speaks.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Text to continue (repeatable; `-` reads standard input)
    #[arg(long, value_name = "TEXT")]
    pub prompt: Vec<String>,
    /// File of texts to continue, one a line
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Text to translate, with an encoder–decoder; or a file of texts, one a line (repeatable; `-`
    /// reads standard input)
    #[arg(
        long,
        value_name = "TEXT|FILE",
        conflicts_with_all = ["prompt", "prompts", "mask", "samples", "stop", "slide", "logprobs"]
    )]
    pub source: Vec<String>,
    /// How a translation is looked for
    #[arg(long, value_enum, default_value_t = Search::Beam, requires = "source")]
    pub search: Search,
    /// Text whose `[MASK]` are to be filled, with an encoder (repeatable)
    #[arg(
        long,
        value_name = "TEXT",
        conflicts_with_all = ["prompt", "prompts", "samples", "stop", "slide", "logprobs", "tokens"]
    )]
    pub mask: Vec<String>,
    /// How many of the likeliest tokens are told for each mask
    #[arg(long, default_value = "5", value_name = "K", requires = "mask")]
    pub top: NonZeroUsize,
    /// Continuations of each prompt; number I, from 0, is drawn with seed + I
    #[arg(long, default_value = "1", value_name = "N")]
    pub samples: NonZeroUsize,
    /// Continuations computed at once
    #[arg(long, default_value = "16", value_name = "N")]
    pub batch: NonZeroUsize,
    /// Tokens to generate at most [default: 200, or as many as the model has positions left for]
    #[arg(long, value_name = "N")]
    pub tokens: Option<usize>,
    /// Stop where this text begins, and do not print it (repeatable)
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub stop: Vec<String>,
    /// Go on past the model's positions: when they are taken, the newest KEEP tokens are read again
    /// [default KEEP: half of them]
    #[arg(long, value_name = "KEEP", num_args = 0..=1)]
    pub slide: Option<Option<usize>>,
    /// 0 takes the likeliest token; 1 samples as the model says
    #[arg(long, default_value_t = 0.8, value_name = "T")]
    pub temperature: f32,
    /// Sample among the K likeliest tokens only
    #[arg(long, value_name = "K")]
    pub top_k: Option<usize>,
    /// Sample among the likeliest tokens that together have probability P
    #[arg(long, value_name = "P")]
    pub top_p: Option<f32>,
    /// Sample among tokens at least P times as likely as the likeliest
    #[arg(long, value_name = "P")]
    pub min_p: Option<f32>,
    /// Make tokens of the text so far less likely: 1 does nothing, 1.2 is usual
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub repetition_penalty: f32,
    /// Take this from the logit of every token that was generated already
    #[arg(
        long,
        default_value_t = 0.0,
        value_name = "X",
        allow_negative_numbers = true
    )]
    pub presence_penalty: f32,
    /// Take this from it for each time that it was
    #[arg(
        long,
        default_value_t = 0.0,
        value_name = "X",
        allow_negative_numbers = true
    )]
    pub frequency_penalty: f32,
    /// Seed of the sampling
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Print JSON lines: an object for each token as it comes, one for each finished continuation
    #[arg(long)]
    pub json: bool,
    /// Add log-probabilities: of each token and of the N likeliest
    #[arg(long, value_name = "N", requires = "json")]
    pub logprobs: Option<usize>,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// Arguments of `inspect`.
#[derive(Args, Clone, Debug)]
pub struct InspectArgs {
    /// Model folder, run folder, checkpoint or prepared data
    pub dir: PathBuf,
    /// Of a run: the documents that the tokens of training batch I come from, counted from 0, micro-batches
    /// one by one
    #[arg(long, value_name = "I")]
    pub batch: Option<u64>,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `report`.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Run folders; a run may still go, or have been killed
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// The page; the numbers go beside it, as .json [default: RUN/report.html, and
    /// runs/comparison.html for several]
    #[arg(long, value_name = "FILE.html")]
    pub out: Option<PathBuf>,
}
