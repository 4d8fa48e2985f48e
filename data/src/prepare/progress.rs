//! What preparing tells while it runs.

/// A message to whoever waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// How far a stage has come.
    At {
        /// What is being done.
        stage: Stage,
        /// Bytes of text that are done.
        done: u64,
        /// Bytes in all, where they are known.
        total: Option<u64>,
    },
    /// Something that a person should know, in a sentence.
    Note(String),
}

/// The stages, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading and cleaning everything once, to count it.
    Scan,
    /// Finding what stands in the corpus twice.
    Compare,
    /// Reading the training text for the tokenizer, and training it.
    Tokenizer,
    /// Encoding and writing.
    Encode,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Scan => "reading",
            Self::Compare => "comparing",
            Self::Tokenizer => "tokenizer",
            Self::Encode => "encoding",
        })
    }
}
