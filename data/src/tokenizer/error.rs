//! What can be wrong with a tokenizer, or with a text for it.

use std::path::PathBuf;

/// A place in a text, for a person to find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes before it.
    pub offset: usize,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// The character there.
    pub character: char,
}

impl Place {
    /// The place `offset` bytes into `text`; an offset inside a character means that character.
    pub fn of(text: &str, offset: usize) -> Self {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            offset,
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            character: text[offset..].chars().next().unwrap_or('\0'),
        }
    }
}

/// Where in its document a text begins: for the places in faults.
#[derive(Clone, Copy, Default)]
pub(crate) struct Before {
    bytes: usize,
    lines: usize,
    /// Characters since the last line end.
    columns: usize,
}

impl Before {
    /// Goes on behind a text.
    pub(crate) fn pass(&mut self, text: &str) {
        self.bytes += text.len();
        match text.rfind('\n') {
            Some(at) => {
                self.lines += text.matches('\n').count();
                self.columns = text[at + 1..].chars().count();
            }
            None => self.columns += text.chars().count(),
        }
    }

    /// The place in the document of a place in the text.
    pub(crate) fn shift(self, mut place: Place) -> Place {
        if place.line == 1 {
            place.column += self.columns;
        }
        place.line += self.lines;
        place.offset += self.bytes;
        place
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "line {}, column {} (byte {}): {:?}, U+{:04X}",
            self.line, self.column, self.offset, self.character, self.character as u32
        )
    }
}

/// A tokenizer that cannot be read, trained or written, or a text or token it does not know.
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The file cannot be read.
    #[error("cannot read tokenizer {}: {error}", path.display())]
    Read {
        /// The tokenizer.json.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
    /// The file is not a tokenizer.
    #[error("{place} is not a tokenizer.json: {message}")]
    Parse {
        /// The file, or a word for text from elsewhere.
        place: String,
        /// What the parser found.
        message: String,
    },
    /// A file of tokens, or of merges, is not one.
    #[error("{}: {message}", path.display())]
    Vocabulary {
        /// The vocab.txt, vocab.json or merges.txt.
        path: PathBuf,
        /// The line, and what is wrong there.
        message: String,
    },
    /// A character has no token.
    #[error(
        "cannot encode {0}: the tokenizer has no token for it (a byte-level one has one for everything)"
    )]
    Unencodable(Place),
    /// An id beyond the vocabulary, or in one of its gaps.
    #[error("token {id} is not in the vocabulary of {vocab_size} tokens")]
    UnknownId {
        /// The id.
        id: u32,
        /// One more than the largest id.
        vocab_size: usize,
    },
    /// Too small a vocabulary for what it begins with.
    #[error("vocab_size is {found}: this vocabulary needs at least {least} ({holds})")]
    VocabularyTooSmall {
        /// What was asked for.
        found: usize,
        /// What would do.
        least: usize,
        /// What it holds before anything is learnt.
        holds: String,
    },
    /// A special token that pairs need and the tokenizer lacks.
    #[error("{place} has no special token {name}; for pairs it needs <pad> and </s>")]
    NoSpecial {
        /// Which tokenizer.
        place: String,
        /// What it lacks.
        name: &'static str,
    },
    /// No text to train on.
    #[error("there is no text to make a tokenizer from")]
    NoText,
    /// The `tokenizers` crate failed while training.
    #[error("training the tokenizer failed: {0}")]
    Train(String),
    /// The file does not say, in a way that is known, which special tokens stand around a text.
    #[error("the tokenizer cannot put special tokens around a text: {0}")]
    Template(String),
    /// A limit that the special tokens alone reach.
    #[error(
        "{max} tokens leave no room for text beside {specials} special ones; at least {least} \
         would do"
    )]
    NoRoom {
        /// The limit.
        max: usize,
        /// What would do.
        least: usize,
        /// Special tokens.
        specials: usize,
    },
    /// The `tokenizers` crate failed while encoding.
    #[error("encoding failed: {0}")]
    Encode(String),
    /// The `tokenizers` crate failed while decoding.
    #[error("decoding failed: {0}")]
    Decode(String),
    /// The file cannot be written.
    #[error("cannot write tokenizer {}: {error}", path.display())]
    Write {
        /// The tokenizer.json.
        path: PathBuf,
        /// Why.
        #[source]
        error: std::io::Error,
    },
}

impl TokenizerError {
    /// Whether the person's input is at fault (exit code 2), not the machine (1).
    pub fn is_usage(&self) -> bool {
        !matches!(
            self,
            Self::Write { .. } | Self::Train(_) | Self::Encode(_) | Self::Decode(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_bytes_and_characters() {
        let place = Place::of("é\nab\u{1F600}c", 5);
        assert_eq!(
            place,
            Place {
                offset: 5,
                line: 2,
                column: 3,
                character: '\u{1F600}'
            }
        );
        assert_eq!(Place::of("é\nab\u{1F600}c", 7), place);
        assert!(place.to_string().contains("U+1F600"), "{place}");
    }
}
