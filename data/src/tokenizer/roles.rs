//! What special tokens are for, whatever the file calls them.
//!
//! BERT and DistilBERT have `[CLS]`, `[SEP]`, `[MASK]` and `[PAD]`, RoBERTa has `<s>`, `</s>`,
//! `<mask>` and `<pad>`. What stands around a text is in the file's post-processor; where it has
//! none, the names are what is known.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Before, Tokenizer, TokenizerError};

const CLS: [&str; 3] = ["[CLS]", "<s>", "<cls>"];
const SEP: [&str; 3] = ["[SEP]", "</s>", "<sep>"];
const MASK: [&str; 2] = ["[MASK]", "<mask>"];
const PAD: [&str; 3] = ["[PAD]", "<pad>", "<|pad|>"];

/// Special tokens by what they are for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Roles {
    cls: Option<u32>,
    sep: Option<u32>,
    mask: Option<u32>,
    pad: Option<u32>,
}

impl Roles {
    /// Reads them off a parsed `tokenizer.json`; `special` gives the id of a special token.
    pub(super) fn of(file: &Value, special: &dyn Fn(&str) -> Option<u32>) -> Self {
        let named = |names: &[&str]| names.iter().find_map(|name| special(name));
        let (cls, sep) = match around(&file["post_processor"]) {
            Some((cls, sep)) => (cls.and_then(special), sep.and_then(special)),
            None => (named(&CLS), named(&SEP)),
        };
        Self {
            cls,
            sep,
            mask: named(&MASK),
            pad: named(&PAD),
        }
    }
}

/// The tokens that a post-processor puts before and behind one text; `None` where it says nothing
/// of that.
fn around<'f>(processor: &'f Value) -> Option<(Option<&'f str>, Option<&'f str>)> {
    match processor["type"].as_str()? {
        // The names are the first of two entries, the ids the second.
        "BertProcessing" | "RobertaProcessing" => {
            Some((processor["cls"][0].as_str(), processor["sep"][0].as_str()))
        }
        "TemplateProcessing" => {
            let single = processor["single"].as_array()?;
            let text = single
                .iter()
                .position(|part| part["Sequence"].is_object())?;
            // The one next to the text, where there are several.
            let before = text.checked_sub(1).and_then(|at| single.get(at));
            let name = |part: &'f Value| part["SpecialToken"]["id"].as_str();
            let behind = single.get(text + 1);
            Some((before.and_then(name), behind.and_then(name)))
        }
        "Sequence" => processor["processors"].as_array()?.iter().find_map(around),
        _ => None,
    }
}

impl Tokenizer {
    /// The token before a text: `[CLS]`, or `<s>`.
    pub fn cls(&self) -> Option<u32> {
        self.0.roles.cls
    }

    /// The token behind a text, and between two: `[SEP]`, or `</s>`.
    pub fn sep(&self) -> Option<u32> {
        self.0.roles.sep
    }

    /// The token that hides another: `[MASK]`, or `<mask>`.
    pub fn mask(&self) -> Option<u32> {
        self.0.roles.mask
    }

    /// The token that fills rows: `[PAD]`, or `<pad>`.
    pub fn pad(&self) -> Option<u32> {
        self.0.roles.pad
    }

    /// The token for what the vocabulary cannot write: `[UNK]`, or `<unk>`. Only
    /// [`Kind::WordPiece`](super::Kind::WordPiece) encodes to it.
    pub fn unknown(&self) -> Option<u32> {
        self.0.unknown
    }

    /// The special tokens under the names that a `tokenizer_config.json` gives their roles:
    /// `mask_token`, `eos_token` and so on. Those of a masked model are there if it has a mask.
    pub fn special_tokens_map(&self) -> BTreeMap<&'static str, String> {
        let roles = &self.0.roles;
        let of_masked = |id: Option<u32>| id.filter(|_| roles.mask.is_some());
        // BERT's [CLS] and [SEP] begin and end no text that is generated; RoBERTa's are both.
        let named = |id: Option<u32>, name: &str| {
            id.filter(|&id| self.0.general.id_to_token(id).as_deref() == Some(name))
        };
        let end = self.end_of_text();
        [
            ("unk_token", self.unknown()),
            ("pad_token", roles.pad),
            ("cls_token", of_masked(roles.cls)),
            ("sep_token", of_masked(roles.sep)),
            ("mask_token", roles.mask),
            ("bos_token", named(roles.cls, "<s>")),
            ("eos_token", end.filter(|_| named(end, "[SEP]").is_none())),
        ]
        .into_iter()
        .filter_map(|(role, id)| Some((role, self.0.general.id_to_token(id?)?)))
        .collect()
    }

    /// The token ids of a text in which the mask token's name stands for it, as in `the capital of
    /// France is [MASK].`; without one this is [`Tokenizer::encode`]. Where the token takes the
    /// white space before it, as in byte-level vocabularies, that goes with it.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_with_masks(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let added = self.0.general.get_added_tokens_decoder();
        let Some((id, token)) = self.mask().and_then(|id| Some((id, added.get(&id)?))) else {
            return self.encode(text);
        };
        let mut ids = Vec::new();
        let mut before = Before::default();
        let mut rest = text;
        loop {
            let (part, behind) = match rest.split_once(&token.content) {
                Some((part, behind)) => (part, Some(behind)),
                None => (rest, None),
            };
            let kept = match token.lstrip && behind.is_some() {
                true => part.trim_end(),
                false => part,
            };
            let skipped = match token.rstrip && !ids.is_empty() {
                true => kept.len() - kept.trim_start().len(),
                false => 0,
            };
            before.pass(&kept[..skipped]);
            ids.extend(self.encode(&kept[skipped..]).map_err(|error| match error {
                TokenizerError::Unencodable(place) => {
                    TokenizerError::Unencodable(before.shift(place))
                }
                error => error,
            })?);
            let Some(behind) = behind else {
                return Ok(ids);
            };
            ids.push(id);
            before.pass(&rest[skipped..rest.len() - behind.len()]);
            rest = behind;
        }
    }
}
