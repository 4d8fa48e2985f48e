//! Compression and unknown characters of a text.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use serde::Serialize;
use unicode_script::{Script, UnicodeScript};

use super::SHOWN;
use super::vocabulary::is_written;
use crate::Error;
use crate::document::Document;
use crate::tokenizer::{Before, Place, TokenSpan, Tokenizer, TokenizerError};

/// Text that is measured at once, in bytes.
const BATCH_BYTES: usize = 4 << 20;
/// Different unknown characters that are told apart; the rest is counted together.
const DIFFERENT: usize = 1_000;

/// One input.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct InputReport {
    /// What it was called.
    pub name: String,
    /// Documents.
    pub documents: u64,
    /// Characters (Unicode code points).
    pub characters: u64,
    /// Words: what stands between white space.
    pub words: u64,
    /// All of it.
    pub all: Compression,
    /// By script. A token belongs, with all of its bytes, to the script of its first letter, or to
    /// `Common`: digits, punctuation, white space.
    pub scripts: BTreeMap<&'static str, Compression>,
    /// Characters without a token: of WordPiece, all those of a word that is `[UNK]`.
    pub unknown_characters: u64,
    /// The most frequent of those that no token is made for.
    pub unknown: Vec<Unknown>,
}

/// Bytes and the tokens that they became.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Compression {
    /// UTF-8 bytes.
    pub bytes: u64,
    /// Tokens.
    pub tokens: u64,
}

impl Compression {
    /// UTF-8 bytes a token; 0 without tokens.
    pub fn bytes_per_token(self) -> f64 {
        self.bytes as f64 / (self.tokens as f64).max(1.0)
    }

    fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.tokens += other.tokens;
    }
}

/// A character without a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The character.
    pub character: char,
    /// How often it occurs.
    pub count: u64,
    /// Where it stands first: file, line, column.
    pub first: String,
}

/// Measures one input.
pub(super) struct Measure<'a> {
    tokenizer: &'a Tokenizer,
    /// Tokens met, by id.
    met: &'a mut [bool],
    report: InputReport,
    unknown: BTreeMap<char, Unknown>,
    batch: Vec<(Document, Before)>,
    bytes: usize,
    before: Before,
}

/// What a piece of text came to.
#[derive(Default)]
struct Tally {
    all: Compression,
    scripts: HashMap<Script, Compression>,
    ids: Vec<u32>,
    /// Characters without a token.
    unknown_characters: u64,
    /// Those that no token is made for, with the first place of each and their number.
    unknown: BTreeMap<char, (usize, u64)>,
}

impl<'a> Measure<'a> {
    pub(super) fn new(tokenizer: &'a Tokenizer, name: String, met: &'a mut [bool]) -> Self {
        Self {
            tokenizer,
            met,
            report: InputReport {
                name,
                ..InputReport::default()
            },
            unknown: BTreeMap::new(),
            batch: Vec::new(),
            bytes: 0,
            before: Before::default(),
        }
    }

    pub(super) fn take(&mut self, document: Document) -> Result<(), Error> {
        let at = self.before;
        self.before.pass(&document.text);
        if !document.continues {
            self.before = Before::default();
            self.report.documents += 1;
        }
        self.bytes += document.text.len();
        self.batch.push((document, at));
        if self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<InputReport, Error> {
        self.flush()?;
        let mut unknown: Vec<Unknown> = self.unknown.into_values().collect();
        unknown.sort_by_key(|unknown| std::cmp::Reverse(unknown.count));
        unknown.truncate(SHOWN);
        self.report.unknown = unknown;
        Ok(self.report)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let tokenizer = self.tokenizer;
        let work: Vec<(usize, usize, &str)> = batch
            .iter()
            .enumerate()
            .flat_map(|(index, (document, _))| {
                let pieces = tokenizer.pieces(&document.text);
                pieces
                    .into_iter()
                    .map(move |(at, piece)| (index, at, piece))
            })
            .collect();
        let tallies: Vec<Result<Tally, TokenizerError>> = work
            .par_iter()
            .map(|(_, _, piece)| Tally::of(tokenizer, piece))
            .collect();
        for ((index, at, _), tally) in work.into_iter().zip(tallies) {
            let (document, before) = &batch[index];
            let tally = tally.map_err(|error| Error::Document {
                document: document.path.clone(),
                error,
            })?;
            self.add(document, *before, at, tally);
        }
        for (document, _) in &batch {
            self.report.characters += document.text.chars().count() as u64;
            self.report.words += document.text.split_whitespace().count() as u64;
        }
        Ok(())
    }

    fn add(&mut self, document: &Document, before: Before, piece_at: usize, tally: Tally) {
        self.report.all.add(tally.all);
        for (script, found) in tally.scripts {
            let share = self.report.scripts.entry(script.full_name()).or_default();
            share.add(found);
        }
        for id in tally.ids {
            if let Some(met) = self.met.get_mut(id as usize) {
                *met = true;
            }
        }
        self.report.unknown_characters += tally.unknown_characters;
        for (character, (at, count)) in tally.unknown {
            let different = self.unknown.len();
            match self.unknown.entry(character) {
                Entry::Occupied(mut known) => known.get_mut().count += count,
                Entry::Vacant(new) if different < DIFFERENT => {
                    let place = before.shift(Place::of(&document.text, piece_at + at));
                    new.insert(Unknown {
                        character,
                        count,
                        first: format!(
                            "{}, line {}, column {}",
                            document.path, place.line, place.column
                        ),
                    });
                }
                Entry::Vacant(_) => {}
            }
        }
    }
}

impl Tally {
    fn of(tokenizer: &Tokenizer, text: &str) -> Result<Self, TokenizerError> {
        let mut tally = Self::default();
        for TokenSpan { id, start, end } in tokenizer.spans(text)? {
            let characters = overlapped(text, start, end);
            let Some(id) = id else {
                tally.unknown_characters += characters.chars().count() as u64;
                for (at, character) in tokenizer.culprits(characters) {
                    let first = tally.unknown.entry(character).or_insert((start + at, 0));
                    first.1 += 1;
                }
                continue;
            };
            let found = Compression {
                bytes: (end - start) as u64,
                tokens: 1,
            };
            let script = characters.chars().map(|c| c.script()).find(is_written);
            let script = script.unwrap_or(Script::Common);
            tally.all.add(found);
            tally.scripts.entry(script).or_default().add(found);
            tally.ids.push(id);
        }
        Ok(tally)
    }
}

/// The characters that a span has bytes of; a token may be part of one.
fn overlapped(text: &str, mut start: usize, mut end: usize) -> &str {
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    while !text.is_char_boundary(end) {
        end += 1;
    }
    &text[start..end]
}
