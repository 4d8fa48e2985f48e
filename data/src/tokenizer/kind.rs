//! What sort of tokenizer a `tokenizer.json` holds.
//!
//! Four sorts are recognised exactly, part by part, because knowing them allows what is not true
//! of tokenizers at large: encoding without the general machinery, cutting a long text into pieces
//! that encode to the same tokens, and (but for WordPiece) decoding token by token to bytes.

use serde_json::Value;

use super::byte_level::alphabet;

/// What a tokenizer is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A token for each of a set of characters.
    Char,
    /// A token for each byte.
    Byte,
    /// Byte-level byte-pair encoding with GPT-2's word pattern.
    ByteLevelBpe,
    /// BERT's: words cut at white space and punctuation, then the longest pieces of each.
    WordPiece,
    /// Anything else, by the name of its model (`BPE`, `WordPiece`, `Unigram`, `WordLevel`).
    Other(String),
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Char => f.write_str("char"),
            Self::Byte => f.write_str("byte"),
            Self::ByteLevelBpe => f.write_str("byte-level bpe"),
            Self::WordPiece => f.write_str("wordpiece"),
            Self::Other(model) => write!(f, "{model}"),
        }
    }
}

/// What the file says beyond its kind.
pub(super) struct Traits {
    pub kind: Kind,
    /// The decoder joins the bytes that the tokens' characters stand for.
    pub byte_level_decoder: bool,
    /// The model may leave out characters without a word: byte-pair encoding without all bytes,
    /// without an unknown token.
    pub may_drop: bool,
    /// The token that stands for what the model does not know.
    pub unknown: Option<String>,
    /// The same, where the file gives a number (Unigram).
    pub unknown_id: Option<u32>,
    /// How tokens show where a word begins.
    pub words: WordStart,
    /// What encoding takes from a text, for [`Kind::WordPiece`].
    pub loses: Option<String>,
}

/// How tokens show where a word begins.
pub(super) enum WordStart {
    /// They do not.
    Unseen,
    /// This stands before the others (WordPiece: `##`).
    Continued(String),
    /// This stands before those that begin one (SentencePiece: `▁`).
    Begun(char),
    /// White space stands before those that begin one.
    Space,
}

/// Reads them off a parsed `tokenizer.json`.
pub(super) fn traits(file: &Value) -> Traits {
    let model = &file["model"];
    let name = model["type"].as_str().unwrap_or("BPE");
    let vocabulary = model["vocab"].as_object();
    let has_all_bytes = vocabulary.is_some_and(|vocabulary| {
        alphabet()
            .iter()
            .all(|symbol| vocabulary.contains_key(symbol.encode_utf8(&mut [0; 4]) as &str))
    });
    let byte_level_decoder = file["decoder"]["type"] == "ByteLevel";
    let maps_to_bytes =
        mentions_byte_level(&file["pre_tokenizer"]) || mentions_byte_level(&file["normalizer"]);
    let unknown = model["unk_token"].as_str().map(str::to_owned);
    // A plain added token is matched in text, so that a cut could go through one.
    let only_special_added = file["added_tokens"]
        .as_array()
        .is_none_or(|added| added.iter().all(|token| token["special"] == true));
    let plain = only_special_added && file["normalizer"].is_null();
    let empty = |value: &Value| value.as_str().is_none_or(str::is_empty);

    let kind = if name == "WordLevel"
        && plain
        && file["added_tokens"].as_array().is_none_or(Vec::is_empty)
        && file["decoder"]["type"] == "Fuse"
        && splits_characters(&file["pre_tokenizer"])
        && vocabulary.is_some_and(|vocabulary| vocabulary.keys().all(|k| k.chars().count() == 1))
    {
        Kind::Char
    } else if name == "BPE"
        && plain
        && has_all_bytes
        && byte_level_decoder
        && file["pre_tokenizer"]["type"] == "ByteLevel"
        && file["pre_tokenizer"]["add_prefix_space"] == false
        && empty(&model["continuing_subword_prefix"])
        && empty(&model["end_of_word_suffix"])
    {
        let no_merges = model["merges"].as_array().is_none_or(Vec::is_empty);
        let by_words = file["pre_tokenizer"]["use_regex"] != false;
        match (no_merges, by_words) {
            (true, _) => Kind::Byte,
            (false, true) => Kind::ByteLevelBpe,
            (false, false) => Kind::Other(name.to_owned()),
        }
    } else if name == "WordPiece"
        && only_special_added
        && (file["normalizer"].is_null() || file["normalizer"]["type"] == "BertNormalizer")
        && file["pre_tokenizer"]["type"] == "BertPreTokenizer"
        && let (Some(vocabulary), Some(unknown)) = (vocabulary, &unknown)
        && vocabulary.contains_key(unknown)
    {
        Kind::WordPiece
    } else {
        Kind::Other(name.to_owned())
    };
    let words = if name == "WordPiece" {
        match model["continuing_subword_prefix"].as_str() {
            Some("") => WordStart::Unseen,
            prefix => WordStart::Continued(prefix.unwrap_or("##").to_owned()),
        }
    } else if byte_level_decoder || kind == Kind::Char {
        WordStart::Space
    } else if ["pre_tokenizer", "normalizer", "decoder"]
        .iter()
        .any(|part| file[*part].to_string().contains(METASPACE))
    {
        WordStart::Begun(METASPACE)
    } else {
        WordStart::Unseen
    };
    Traits {
        loses: (kind == Kind::WordPiece).then(|| losses(&file["normalizer"], &unknown)),
        words,
        may_drop: name == "BPE"
            && unknown.is_none()
            && model["byte_fallback"] != true
            && !(has_all_bytes && maps_to_bytes),
        kind,
        byte_level_decoder,
        unknown,
        unknown_id: model["unk_id"]
            .as_u64()
            .and_then(|id| u32::try_from(id).ok()),
    }
}

/// What SentencePiece writes for a space.
const METASPACE: char = '\u{2581}';

/// What BERT's way of encoding takes from a text, in words.
fn losses(normalizer: &Value, unknown: &Option<String>) -> String {
    let lowercase = normalizer["lowercase"] == true;
    let strips = normalizer["strip_accents"].as_bool().unwrap_or(lowercase);
    let mut losses = String::new();
    for (lost, what) in [
        (lowercase, "upper case, "),
        (strips && normalizer.is_object(), "accents, "),
        (normalizer["clean_text"] == true, "control characters, "),
    ] {
        losses += if lost { what } else { "" };
    }
    let unknown = unknown.as_deref().unwrap_or_default();
    losses + "white space, and words that it has no pieces for: they are " + unknown
}

/// Whether a pre-tokenizer or normalizer, or one of a sequence of them, maps bytes to characters.
fn mentions_byte_level(part: &Value) -> bool {
    part["type"] == "ByteLevel"
        || ["pretokenizers", "normalizers"].iter().any(|list| {
            part[*list]
                .as_array()
                .is_some_and(|parts| parts.iter().any(mentions_byte_level))
        })
}

fn splits_characters(part: &Value) -> bool {
    part["type"] == "Split"
        && part["pattern"]["Regex"] == super::build::ANY_CHARACTER
        && part["behavior"] == "Isolated"
        && part["invert"] == false
}
