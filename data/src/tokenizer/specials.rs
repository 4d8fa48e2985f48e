//! The special tokens of a tokenizer that is trained here, and where they stand in a text.

use serde::{Deserialize, Serialize};
use tokenizers::AddedToken;
use tokenizers::processors::template::TemplateProcessing;

use super::{END_OF_TEXT, TokenizerError};

/// What a vocabulary is for, which decides its special tokens; they have the first ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Specials {
    /// Text that is continued: `<|endoftext|>`, as GPT-2 has it.
    #[default]
    Text,
    /// Masked words: `[PAD]`, `[CLS]`, `[SEP]`, `[MASK]`, as BERT has them. No `[UNK]`: bytes can
    /// write everything. A text is `[CLS]` text `[SEP]`.
    Masked,
    /// Pairs of texts: `<pad>`, `</s>`, as T5 and Marian have them. A text ends with `</s>`, and
    /// `<pad>` is what a target begins with.
    Pairs,
}

/// The special tokens of BERT, in the order of their ids in [`train_wordpiece`](super::train_wordpiece).
pub(super) const BERT: [&str; 5] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

/// What stands around one text, and around two.
type Templates = (&'static str, &'static str);

/// Around BERT's texts; the second of two has the segment 1.
const BERT_TEMPLATES: Templates = ("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1");

impl Specials {
    /// The tokens, the first with id 0.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::Text => &[END_OF_TEXT],
            Self::Masked => &["[PAD]", "[CLS]", "[SEP]", "[MASK]"],
            Self::Pairs => &["<pad>", "</s>"],
        }
    }

    /// The smallest vocabulary: these tokens and the 256 bytes.
    pub fn least_vocabulary(self) -> usize {
        256 + self.names().len()
    }

    /// The tokens as a trainer wants them.
    pub(super) fn tokens(self) -> Vec<AddedToken> {
        let token = |name: &&str| {
            // A word of a byte-level vocabulary begins with its space, and so does what hides it.
            AddedToken::from(*name, true).lstrip(**name == *"[MASK]")
        };
        self.names().iter().map(token).collect()
    }

    /// What puts them around a text, where any go there.
    pub(super) fn template(self) -> Result<Option<TemplateProcessing>, TokenizerError> {
        let templates = match self {
            Self::Text => return Ok(None),
            Self::Masked => BERT_TEMPLATES,
            Self::Pairs => ("$A </s>", "$A </s> $B </s>"),
        };
        template(templates, self.names()).map(Some)
    }
}

/// What puts `[CLS]` and `[SEP]` around a text, for the vocabulary that begins with [`BERT`].
pub(super) fn bert_template() -> Result<TemplateProcessing, TokenizerError> {
    template(BERT_TEMPLATES, &BERT)
}

/// The templates with the ids of the tokens that they name.
fn template(
    (single, pair): Templates,
    names: &[&str],
) -> Result<TemplateProcessing, TokenizerError> {
    let failed = |message: String| TokenizerError::Train(message);
    let named = |name: &&str| single.split(' ').any(|part| part == *name);
    let ids = names.iter().zip(0_u32..).filter(|(name, _)| named(name));
    TemplateProcessing::builder()
        .try_single(single)
        .map_err(failed)?
        .try_pair(pair)
        .map_err(failed)?
        .special_tokens(ids.map(|(name, id)| (*name, id)).collect::<Vec<_>>())
        .build()
        .map_err(|error| failed(error.to_string()))
}
