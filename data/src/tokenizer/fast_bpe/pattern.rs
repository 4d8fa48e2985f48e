//! The word patterns that are served, and the words of a text.

use serde_json::Value;

use super::NotServed;
use super::classes::{Classes, Marks};
use super::scan::Scan;

/// GPT-2's (`encoder.py` of <https://github.com/openai/gpt-2>), which `ByteLevel` has built in.
const GPT2: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

/// What the patterns after GPT-2's end with.
const LINES: &str = r"|\s*[\r\n]+|\s+(?!\S)|\s+";

/// Contractions in either case.
const CONTRACTIONS: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)";

/// How a pattern cuts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Not at all: `ByteLevel` without its pattern.
    Whole,
    Gpt2,
    Cl100k {
        digits: usize,
    },
    O200k {
        digits: usize,
        contractions: bool,
    },
}

/// How a text is cut into words before pairs are merged within each.
pub struct WordPattern {
    shape: Shape,
    classes: Classes,
}

impl WordPattern {
    /// GPT-2's pattern, which is also that of the tokenizers trained here.
    ///
    /// # Errors
    /// None that can be met: the classes of characters that it needs are known.
    pub fn gpt2() -> Result<Self, NotServed> {
        Self::new(Shape::Gpt2, Marks::ArePunctuation, false)
    }

    fn new(shape: Shape, marks: Marks, digits_alone: bool) -> Result<Self, NotServed> {
        let classes = Classes::new(marks, digits_alone)?;
        Ok(Self { shape, classes })
    }

    /// The pattern of a `pre_tokenizer`, and whether a space is put before each text.
    pub(super) fn read(part: &Value) -> Result<(Self, bool), NotServed> {
        let single = std::slice::from_ref(part);
        let parts = match part["pretokenizers"].as_array() {
            Some(parts) if part["type"] == "Sequence" => parts,
            _ => single,
        };
        let refused = || NotServed::new(format!("its pre-tokenizer is {}", abridged(part)));
        let (splitter, bytes) = match parts {
            [bytes] => (None, bytes),
            [splitter, bytes] => (Some(splitter), bytes),
            _ => return Err(refused()),
        };
        let (Some(prefix), true) = (
            bytes["add_prefix_space"].as_bool(),
            bytes["type"] == "ByteLevel",
        ) else {
            return Err(refused());
        };
        let by_words = bytes["use_regex"].as_bool().unwrap_or(true);
        let plain = Marks::ArePunctuation;
        let pattern = match (splitter, by_words) {
            (None, true) => Self::new(Shape::Gpt2, plain, false),
            (None, false) => Self::new(Shape::Whole, plain, false),
            // With a space before each of several parts, the pattern would see other texts.
            (Some(_), _) if prefix => Err(refused()),
            (Some(digits), true)
                if digits["type"] == "Digits" && digits["individual_digits"] == true =>
            {
                Self::new(Shape::Gpt2, plain, true)
            }
            (Some(split), false) if split["type"] == "Split" && keeps_matches(split) => {
                let pattern = split["pattern"]["Regex"].as_str().unwrap_or_default();
                let known = known().into_iter().find(|(known, ..)| known == pattern);
                match known {
                    Some((_, shape, marks)) => Self::new(shape, marks, false),
                    None => Err(refused()),
                }
            }
            _ => Err(refused()),
        };
        Ok((pattern?, prefix))
    }

    /// The words of a text in order; they join to the whole of it.
    pub fn words<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let mut at = 0;
        std::iter::from_fn(move || {
            (at < text.len()).then(|| {
                let start = at;
                at = self.end(text.as_bytes(), at);
                // Words end between characters.
                text.get(start..at).unwrap_or_default()
            })
        })
    }

    fn end(&self, text: &[u8], at: usize) -> usize {
        let scan = self.scan(text);
        match self.shape {
            Shape::Whole => text.len(),
            Shape::Gpt2 => scan.gpt2(at),
            Shape::Cl100k { digits } => scan.cl100k(at, digits),
            Shape::O200k {
                digits,
                contractions,
            } => scan.o200k(at, digits, contractions),
        }
    }

    fn scan<'t>(&'t self, text: &'t [u8]) -> Scan<'t> {
        Scan {
            text,
            classes: &self.classes,
        }
    }

    /// Calls for each word with its first byte and the one behind its last.
    #[inline(always)]
    pub(super) fn for_each(&self, text: &[u8], mut word: impl FnMut(usize, usize)) {
        let scan = self.scan(text);
        let mut at = 0;
        // A loop for each shape, so that its scanner is compiled into it.
        match self.shape {
            Shape::Whole => {
                if !text.is_empty() {
                    word(0, text.len());
                }
            }
            Shape::Gpt2 => {
                while at < text.len() {
                    let end = scan.gpt2(at);
                    word(at, end);
                    at = end;
                }
            }
            Shape::Cl100k { digits } => {
                while at < text.len() {
                    let end = scan.cl100k(at, digits);
                    word(at, end);
                    at = end;
                }
            }
            Shape::O200k {
                digits,
                contractions,
            } => {
                while at < text.len() {
                    let end = scan.o200k(at, digits, contractions);
                    word(at, end);
                    at = end;
                }
            }
        }
    }

    /// Whether a text may be cut before this byte, so that the words of both parts are those of the
    /// whole.
    ///
    /// GPT-2's pattern does not look back, and no word, number or run of punctuation contains a line
    /// feed: what ends in a visible character before one ends there, and white space begins anew.
    /// The other patterns join line feeds to what is before them, but no word has a letter or digit
    /// of ASCII behind one, and what ends in one does not look at what follows.
    pub(super) fn may_cut(&self, text: &[u8], at: usize) -> bool {
        let byte = |at: usize| text.get(at).copied().unwrap_or_default();
        let (before, behind) = (byte(at.wrapping_sub(1)), byte(at));
        match self.shape {
            Shape::Whole => false,
            Shape::Gpt2 => before.is_ascii_graphic() && behind == b'\n',
            Shape::Cl100k { .. } | Shape::O200k { .. } => {
                before == b'\n' && behind.is_ascii_alphanumeric()
            }
        }
    }
}

/// The regular expressions that `Split` is served with, as published files write them.
fn known() -> [(String, Shape, Marks); 7] {
    let cl100k = |letter: &str, mark: &str, digits: &str| {
        format!(
            r"{CONTRACTIONS}|[^\r\n\p{{L}}\p{{N}}]?{letter}+|{digits}| ?[^\s\p{{L}}{mark}\p{{N}}]+[\r\n]*{LINES}"
        )
    };
    let o200k = |contractions: &str, digits: &str| {
        let before = r"[^\r\n\p{L}\p{N}]?";
        let upper = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
        let lower = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
        format!(
            r"{before}{upper}*{lower}+{contractions}|{before}{upper}+{lower}*{contractions}|{digits}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*{LINES}"
        )
    };
    let optional = format!("{CONTRACTIONS}?");
    let (one, three) = (r"\p{N}", r"\p{N}{1,3}");
    let plain = Marks::ArePunctuation;
    let split = |digits: usize| Shape::Cl100k { digits };
    let cased = |digits: usize, contractions: bool| Shape::O200k {
        digits,
        contractions,
    };
    [
        (GPT2.to_owned(), Shape::Gpt2, plain),
        // Llama 3, OLMo 2, Phi 4, SmolLM3; then Qwen 2 to 3, then its successor.
        (cl100k(r"\p{L}", "", three), split(3), plain),
        (cl100k(r"\p{L}", "", one), split(1), plain),
        (
            cl100k(r"[\p{L}\p{M}]", r"\p{M}", one),
            split(1),
            Marks::AreLetters,
        ),
        // gpt-oss, Llama 4; then Mistral's.
        (o200k(&optional, three), cased(3, true), plain),
        (o200k("", one), cased(1, false), plain),
        (o200k("", three), cased(3, false), plain),
    ]
}

/// Whether the matches become words. Nothing lies between matches, so that it does not matter what
/// becomes of that.
fn keeps_matches(split: &Value) -> bool {
    match split["behavior"].as_str() {
        Some("Isolated") => split["invert"].is_boolean(),
        Some("Removed") => split["invert"] == true,
        _ => false,
    }
}

/// A part of a file, as far as it fits a message.
fn abridged(part: &Value) -> String {
    const MOST: usize = 200;
    let text = part.to_string();
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
