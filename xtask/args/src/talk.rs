//! Commands that talk with an assistant: people to it, and programs.

use crate::bytes::Bytes;
use crate::{BackendArgs, ModelArgs};
use clap::Args;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Arguments of `chat`.
#[derive(Args, Clone, Debug)]
pub struct ChatArgs {
    /// Which assistant.
    #[command(flatten)]
    pub model: ModelArgs,
    /// What the assistant is told before anything is asked
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// How freely tokens are drawn; 0 takes the likeliest
    #[arg(long, default_value_t = 0.7, value_name = "T")]
    pub temperature: f32,
    /// Draw from the likeliest tokens that together have this probability
    #[arg(long, default_value_t = 0.95, value_name = "P")]
    pub top_p: f32,
    /// Draw from so many tokens at most
    #[arg(long, value_name = "N")]
    pub top_k: Option<usize>,
    /// Divide the odds of tokens that were there already by this
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    pub repetition_penalty: f32,
    /// Tokens of an answer at most
    #[arg(long, default_value = "512", value_name = "N")]
    pub max_tokens: NonZeroUsize,
    /// Answer the same things in the same way
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// File that keeps the lines you type, for the next time [default: none]
    #[arg(long, value_name = "FILE")]
    pub history: Option<PathBuf>,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

/// Arguments of `serve`.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// Which model: a decoder answers, an encoder gives vectors.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Address to listen at; 0.0.0.0 lets other machines ask
    #[arg(long, default_value = "127.0.0.1", value_name = "IP")]
    pub host: IpAddr,
    /// Port; 0 takes a free one
    #[arg(long, default_value_t = 8080, value_name = "N")]
    pub port: u16,
    /// What clients call the model [default: the folder's name]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Answers computed together, at most
    #[arg(long, default_value = "16", value_name = "N")]
    pub slots: NonZeroUsize,
    /// Answers that wait, at most; more are refused with status 429
    #[arg(long, default_value = "64", value_name = "N")]
    pub queue: NonZeroUsize,
    /// Memory for keys and values
    #[arg(long, default_value = "1GiB", value_name = "BYTES")]
    pub cache_memory: Bytes,
    /// Size of a request, at most
    #[arg(long, default_value = "1MiB", value_name = "BYTES")]
    pub max_body: Bytes,
    /// Key that requests must bring as `Authorization: Bearer KEY` [default: $SLOVO_API_KEY, if it is set]
    #[arg(long, value_name = "KEY")]
    pub api_key: Option<String>,
    /// Origin whose pages may ask, such as `https://example.org`, or `*` for all (repeatable)
    #[arg(long, value_name = "ORIGIN")]
    pub cors: Vec<String>,
    /// Seconds that answers may take to end after Ctrl-C or SIGTERM
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    pub drain: u64,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}
