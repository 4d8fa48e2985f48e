//! Commands about text and tokens.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

use crate::bytes::Bytes;

/// Arguments of `prepare`.
#[derive(Args, Clone, Debug)]
pub struct PrepareArgs {
    /// Recipe file [default: data/recipes/cargo.ron, which needs no download]
    pub recipe: Option<PathBuf>,
    /// Folder for the tokenizer, the shards and the report [default: runs/data/FINGERPRINT]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Change a value of the recipe, e.g. --set split.validation=0.02 (repeatable)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub set: Vec<String>,
    /// Write the validation text, as the model will see it, to this file
    #[arg(long, value_name = "FILE")]
    pub export_validation: Option<PathBuf>,
    /// Write the documents that are kept, with what is known of each, to this file: .jsonl.gz, or .parquet
    #[arg(long, value_name = "FILE")]
    pub export_documents: Option<PathBuf>,
    /// Read, clean and judge only a share of the files, such as 2/8, and keep what comes of it for --merge
    #[arg(long, value_name = "I/N", conflicts_with_all = ["merge", "export_validation", "export_documents"])]
    pub shard: Option<String>,
    /// Go on from what --shard made of each share; the files themselves need not be here (repeatable)
    #[arg(long, value_name = "DIR")]
    pub merge: Vec<PathBuf>,
    /// Keep the documents, gzipped JSON Lines, beside the result
    #[arg(long)]
    pub keep_documents: bool,
    /// Memory that finding duplicates may take, such as 1GiB; beyond it, the disk serves
    #[arg(long, value_name = "SIZE", default_value = "1GiB")]
    pub memory: Bytes,
    /// Say what would be read, and stop
    #[arg(long)]
    pub dry_run: bool,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}

/// Arguments of `tokenizer`.
#[derive(Args, Clone, Debug)]
pub struct TokenizerArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenizerCommand,
}

/// What a tokenizer is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TokenizerKind {
    /// Byte-level byte-pair encoding
    #[default]
    Bpe,
    /// The 256 bytes
    Byte,
    /// The characters that occur
    Char,
    /// BERT's pieces of words, for masked words; what it leaves out of a text is told
    #[value(name = "wordpiece")]
    WordPiece,
}

/// What a byte-level vocabulary is for, which decides its special tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum TokenizerSpecials {
    /// Text that is continued: <|endoftext|>
    #[default]
    Text,
    /// Masked words: `[PAD]`, `[CLS]`, `[SEP]`, `[MASK]`
    Masked,
    /// Pairs of texts: `<pad>`, `</s>`
    Pairs,
}

/// What `tokenizer` can do.
#[derive(Clone, Debug, Subcommand)]
pub enum TokenizerCommand {
    /// Train one on text files
    Train {
        /// Text files, folders or wildcards (`-` reads standard input)
        #[arg(required = true)]
        inputs: Vec<String>,
        /// What it is made of
        #[arg(long, value_enum, default_value_t)]
        kind: TokenizerKind,
        /// Tokens in the vocabulary, special ones included (for bpe and wordpiece)
        #[arg(long, default_value_t = 8192, value_name = "N")]
        vocab_size: usize,
        /// Bytes of text to train on, drawn from all of the input (for bpe and wordpiece)
        #[arg(long, default_value_t = 64 << 20, value_name = "BYTES")]
        sample: usize,
        /// What the vocabulary is for (for bpe)
        #[arg(long, value_enum, default_value_t)]
        specials: TokenizerSpecials,
        /// Keep upper case and accents (for wordpiece)
        #[arg(long)]
        cased: bool,
        /// Where to write the tokenizer.json
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
    /// Text from standard input, or --text, to token ids
    Encode {
        /// A tokenizer.json, or a folder that holds one
        #[arg(long, value_name = "PATH")]
        tokenizer: PathBuf,
        /// Text to encode instead of standard input
        #[arg(long)]
        text: Option<String>,
    },
    /// Token ids from standard input, or as arguments, to text
    Decode {
        /// A tokenizer.json, or a folder that holds one
        #[arg(long, value_name = "PATH")]
        tokenizer: PathBuf,
        /// Token ids instead of standard input
        ids: Vec<u32>,
    },
    /// What the vocabulary is made of, and how well it serves each of several texts
    Inspect {
        /// A tokenizer.json, or a folder that holds one
        #[arg(long, value_name = "PATH")]
        tokenizer: PathBuf,
        /// Texts to measure it on, each by itself: files, folders or wildcards, with a name in
        /// front where wanted, as in ru=corpus/russian (`-` reads standard input)
        #[arg(value_name = "[NAME=]PATH")]
        inputs: Vec<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}
