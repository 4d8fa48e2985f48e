//! Models from elsewhere.

use clap::Args;
use std::path::PathBuf;

/// Arguments of `import`.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "HF_TOKEN, HF_HOME, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean to every program \
                        for the hub. A download that was stopped goes on when it is asked for again."
)]
pub struct ImportArgs {
    /// Hugging Face folder, model folder, run folder, GGUF file, or a model of the hub:
    /// `hf:OWNER/NAME[@REVISION]`, `hf:OWNER/NAME/FILE.gguf[@REVISION]`
    #[arg(value_name = "SOURCE")]
    pub source: PathBuf,
    /// The folder to make
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Leave the tokenizer out: settings and weights alone, for programs that work on token ids
    #[arg(long)]
    pub no_tokenizer: bool,
    /// Take a model of the hub from the cache, without a network
    #[arg(long)]
    pub offline: bool,
    /// Print one JSON object instead of text
    #[arg(long)]
    pub json: bool,
}

impl ImportArgs {
    /// Whether the source looks like a model of the hub.
    pub fn is_from_hub(&self) -> bool {
        let source = self.source.to_str();
        source.is_some_and(|source| source.starts_with("hf:"))
    }
}
