//! How text is cut into words before byte-pair encoding, by the name that the file gives it.
//!
//! The patterns are those in the models' own `tokenizer.json`. `default` is what llama.cpp does
//! with files whose converter knew no better (`src/llama-vocab.cpp`).

use super::super::error::{GgufError, quote};
use super::super::settings::Settings;
use serde_json::{Value, json};

/// A way of cutting text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pre {
    Default,
    Gpt2,
    Digits,
    Llama3,
    Qwen2,
}

/// The pattern of GPT-2, which `tokenizers` has built in as well.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const QWEN2: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
const KNOWN: &str =
    "\"default\", \"gpt-2\", \"smollm\", \"starcoder\", \"llama-bpe\" and \"qwen2\"";

/// Reads the name in the file.
pub(super) fn read(settings: &Settings<'_>) -> Result<Pre, GgufError> {
    let name = settings.text("pre")?;
    let name = name.ok_or_else(|| {
        settings.missing(
            "pre",
            "the name of a way of cutting text; convert the model again with a current llama.cpp, \
             which writes it",
        )
    })?;
    Ok(match name {
        "default" => Pre::Default,
        "gpt-2" | "gpt2" => Pre::Gpt2,
        "smollm" | "starcoder" => Pre::Digits,
        "llama-bpe" | "llama3" | "llama-v3" => Pre::Llama3,
        "qwen2" => Pre::Qwen2,
        other => return Err(settings.refuse("pre", &quote(other), KNOWN)),
    })
}

/// Whether texts begin with a token of their own if the file does not say.
pub(super) fn adds_bos(settings: &Settings<'_>) -> Result<bool, GgufError> {
    Ok(read(settings)? == Pre::Llama3)
}

impl Pre {
    pub fn normalizer(self) -> Value {
        match self {
            Self::Qwen2 => json!({"type": "NFC"}),
            _ => Value::Null,
        }
    }

    pub fn pre_tokenizer(self) -> Value {
        let split = |pattern: &str| {
            json!({
                "type": "Split",
                "pattern": {"Regex": pattern},
                "behavior": "Isolated",
                "invert": false,
            })
        };
        let bytes = |use_regex: bool| {
            json!({
                "type": "ByteLevel",
                "add_prefix_space": false,
                "trim_offsets": true,
                "use_regex": use_regex,
            })
        };
        let digits = json!({"type": "Digits", "individual_digits": true});
        let sequence = |parts: Vec<Value>| json!({"type": "Sequence", "pretokenizers": parts});
        match self {
            Self::Default => sequence(vec![
                split(r"[\p{P}$+<=>^~|]+"),
                split(GPT2),
                split(r"\p{N}+"),
                split("[0-9][0-9][0-9]"),
                bytes(false),
            ]),
            Self::Gpt2 => bytes(true),
            Self::Digits => sequence(vec![digits, bytes(true)]),
            Self::Llama3 => sequence(vec![split(LLAMA3), bytes(false)]),
            Self::Qwen2 => sequence(vec![split(QWEN2), bytes(false)]),
        }
    }

    /// Whether a word that is a token is taken whole, however it would be merged.
    pub fn ignores_merges(self) -> bool {
        self == Self::Llama3
    }
}
