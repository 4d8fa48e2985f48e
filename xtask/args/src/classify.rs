//! Commands of the classifier.

use crate::{Backend, BackendArgs, ModelArgs, TrainingArgs};
use clap::{Args, Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Arguments of `classify`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ClassifyArgs {
    /// What to do with a classifier that there is.
    #[command(subcommand)]
    pub command: Option<ClassifyCommand>,
    /// How to train one.
    #[command(flatten)]
    pub train: TrainClassifierArgs,
}

impl ClassifyArgs {
    /// The backend that is asked for.
    pub fn backend(&self) -> Backend {
        match &self.command {
            None => self.train.training.backend.backend,
            Some(ClassifyCommand::Predict(args)) => args.backend.backend,
            Some(ClassifyCommand::Evaluate(args)) => args.backend.backend,
            Some(ClassifyCommand::Explain(args)) => args.backend.backend,
        }
    }
}

/// How to train a classifier.
#[derive(Args, Clone, Debug)]
pub struct TrainClassifierArgs {
    /// Recipe file [default: classify/recipes/default.ron, which needs no download]
    pub recipe: Option<PathBuf>,
    /// A variant that the recipe names; `all` runs each of them, and lays them side by side
    #[arg(long, value_name = "NAME")]
    pub variant: Option<String>,
    /// Run folder, model folder or GGUF file to begin with, instead of the recipe's
    #[arg(long, value_name = "DIR")]
    pub base: Option<PathBuf>,
    /// How often to train, each time with the next seed [default: the recipe's]
    #[arg(long, value_name = "N")]
    pub seeds: Option<u64>,
    /// Of the texts that are not of the positive class, at most this share may be told to be (0.001 is
    /// one in a thousand): the threshold is chosen on the validation texts
    #[arg(long, value_name = "RATE")]
    pub max_false_positive_rate: Option<f64>,
    /// Flags shared by every command that trains.
    #[command(flatten)]
    pub training: TrainingArgs,
}

/// What to do with a classifier that there is.
#[derive(Clone, Debug, Subcommand)]
pub enum ClassifyCommand {
    /// Say what texts are, with calibrated probabilities
    Predict(PredictArgs),
    /// Measure a classifier on a labelled file
    Evaluate(EvaluateClassifierArgs),
    /// Show which words spoke for a class, and which against it
    Explain(ExplainArgs),
}

/// Arguments of `classify predict`.
#[derive(Args, Clone, Debug)]
pub struct PredictArgs {
    /// Which classifier.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Texts to tell apart
    #[arg(
        value_name = "TEXT",
        required_unless_present = "input",
        conflicts_with = "input"
    )]
    pub text: Vec<String>,
    /// File with a text a row, `-` for standard input; answered row by row, in order
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// How the file holds them.
    #[command(flatten)]
    pub rows: RowArgs,
    /// Tell a text to be of the positive class from this probability on [default: the model's]
    #[arg(long, value_name = "P")]
    pub threshold: Option<f64>,
    /// One JSON object a text, with the probability of every class
    #[arg(long)]
    pub json: bool,
    /// Repeat the text in each of these objects
    #[arg(long, requires = "json")]
    pub with_text: bool,
    /// Texts computed together, at most
    #[arg(long, default_value = "256", value_name = "N")]
    pub batch: NonZeroUsize,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// How a file holds texts.
#[derive(Args, Clone, Debug)]
pub struct RowArgs {
    /// Form of the file [default: after its name; a text a line where that says nothing]
    #[arg(long, value_enum, value_name = "FORM")]
    pub format: Option<RowFormat>,
    /// Column or field of the text: a name, or for tables a number from 0
    #[arg(long, default_value = "text", value_name = "NAME")]
    pub text_column: String,
    /// Column or field of the label
    #[arg(long, default_value = "label", value_name = "NAME")]
    pub label_column: String,
    /// The table's first row is a text, not names of columns
    #[arg(long)]
    pub no_header: bool,
}

/// Forms of files of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RowFormat {
    /// Columns between commas, quotes as in RFC 4180
    Csv,
    /// Columns between tabs
    Tsv,
    /// A JSON object a line
    Jsonl,
    /// A text a line
    Lines,
}

/// Arguments of `classify evaluate`.
#[derive(Args, Clone, Debug)]
pub struct EvaluateClassifierArgs {
    /// Which classifier.
    #[command(flatten)]
    pub model: ModelArgs,
    /// File of labelled texts
    #[arg(long, value_name = "FILE")]
    pub data: PathBuf,
    /// How the file holds them.
    #[command(flatten)]
    pub rows: RowArgs,
    /// Another classifier, measured on the same texts: McNemar's test says whether one is better
    #[arg(long, value_name = "DIR")]
    pub against: Option<PathBuf>,
    /// Choose the threshold on these texts, so that at most this share of those that are not of the
    /// positive class is told to be
    #[arg(long, value_name = "RATE")]
    pub max_false_positive_rate: Option<f64>,
    /// Leave out rows that cannot be used, and count them
    #[arg(long)]
    pub skip_bad_rows: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// Arguments of `classify explain`.
#[derive(Args, Clone, Debug)]
pub struct ExplainArgs {
    /// Which classifier.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Texts to explain
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
    /// Explain this class instead of the one that was told
    #[arg(long, value_name = "LABEL")]
    pub label: Option<String>,
    /// Print one JSON object a text
    #[arg(long, conflicts_with = "html")]
    pub json: bool,
    /// Write a page instead
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}
