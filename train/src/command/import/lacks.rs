//! Why no model can be made of some files, in words that say what would do.

use super::files::{INDEX, SINGLE};
use std::fmt;

/// Names in a message at most.
const SHOWN: usize = 8;

/// Why no model can be made of the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lacks {
    /// No settings.
    Config,
    /// Weights in pickles only.
    Pickled(String),
    /// GGUF files only: which of them?
    Gguf(Vec<String>),
    /// Weights in formats of other programs only.
    Foreign(String),
    /// An adapter for another model.
    Adapter(String),
    /// Safetensors files under other names only.
    Named(Vec<String>),
    /// No weights at all.
    Weights,
    /// No tokenizer, and the file that is there in its place.
    Tokenizer(Option<String>),
    /// A shard that the index names.
    Shard(String),
    /// An index that cannot be read, and why.
    Index(String),
}

impl fmt::Display for Lacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |names: &[String]| {
            let mut text = names[..names.len().min(SHOWN)].join(", ");
            if names.len() > SHOWN {
                text += &format!(" and {} more", names.len() - SHOWN);
            }
            text
        };
        match self {
            Self::Config => {
                f.write_str("there is no config.json, which says what the weights mean")
            }
            Self::Pickled(name) => write!(
                f,
                "the weights are only there as {name}, a pickle: reading one can run any program \
                 that its author put in. A copy with {SINGLE} would do, which \
                 `save_pretrained` of transformers writes"
            ),
            Self::Gguf(names) => write!(
                f,
                "the weights are only there as GGUF; name one of the files: {}",
                list(names)
            ),
            Self::Foreign(name) => write!(
                f,
                "the weights are only there as {name}, for another program; {SINGLE} would do, \
                 which `save_pretrained` of transformers writes"
            ),
            Self::Adapter(name) => write!(
                f,
                "{name} is an adapter for another model, not a model; merge it into that one first"
            ),
            Self::Named(names) => write!(
                f,
                "the weights are called {}, but a model's are {SINGLE}, or shards listed in {INDEX}",
                list(names)
            ),
            Self::Weights => write!(f, "there are no weights; {SINGLE} or a GGUF file would do"),
            Self::Tokenizer(found) => {
                f.write_str("there is no tokenizer.json")?;
                if let Some(name) = found {
                    write!(f, "; {name} is SentencePiece's format")?;
                }
                f.write_str(
                    ". `AutoTokenizer.from_pretrained(…).save_pretrained(…)` of transformers \
                     writes one for most models; vocab.txt of a BERT would do too, and vocab.json \
                     with merges.txt of a GPT-2. --no-tokenizer imports the weights alone",
                )
            }
            Self::Index(why) => write!(f, "{INDEX} is no list of shards: {why}"),
            Self::Shard(name) => write!(f, "{INDEX} names {name}, which is not there"),
        }
    }
}
