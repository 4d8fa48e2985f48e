//! Which documents the tokens of a training batch came from.

use crate::material::Material;
use crate::pretrain::{batches, masked_batches, pair_batches};
use crate::recipe::{Objective, Recipe, RunRecipe};
use crate::stop::Stop;
use crate::{Error, Result};
use serde::Serialize;
use slovo_data::shard::ShardDocument;
use slovo_data::{Shards, Tokenizer};
use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::path::Path;

/// Where the rows of a batch come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lineage {
    /// The batch, counted from 0, micro-batches one by one.
    pub batch: u64,
    /// What a row is: a `window` of text, or a `pair`, whose source comes first.
    pub row: &'static str,
    /// Its rows.
    pub rows: Vec<Vec<Piece>>,
}

/// A run of tokens of one document.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Piece {
    /// The source.
    pub source: String,
    /// The file.
    pub path: String,
    /// The document's number in it, from 0.
    pub index_in_file: u64,
    /// Its address, where it has one.
    pub url: Option<String>,
    /// Its title, where it has one.
    pub title: Option<String>,
    /// Place of its record in the file, in bytes, decompressed; where that is known.
    pub offset: Option<u64>,
    /// Which of the document's tokens.
    pub tokens: Range<u64>,
    /// Which bytes of its text, clean, those are; `None` where the tokenizer does not give back every byte.
    pub bytes: Option<Range<u64>>,
}

/// The documents of batch `batch` of a run.
///
/// # Errors
///
/// A folder that is no run; a batch beyond its last; a text that has changed since.
pub fn lineage(dir: &Path, batch: u64, stop: &Stop) -> Result<Lineage> {
    let recipe = Recipe::of_run(dir)?;
    let last = recipe.steps * recipe.batch.micro_batches;
    if batch >= last {
        return Err(Error::Value {
            field: "--batch",
            found: batch.to_string(),
            expected: format!("below {last}, the batches of the run, would do"),
        });
    }
    let (row, rows): (_, Result<_>) = match Material::of_run(dir, &recipe, stop)? {
        Material::Text(data) => {
            let rows = match &recipe.objective {
                Objective::Masked(masking) => {
                    let rows = masked_batches(&recipe, &data, masking)?.rows(batch);
                    rows.into_iter().map(|range| vec![range]).collect()
                }
                _ => batches(&recipe, &data)?.rows(batch),
            };
            let text = Text {
                shards: &data.train,
                tokenizer: &data.tokenizer,
                end: data.tokenizer.end_of_text(),
            };
            ("window", rows.iter().map(|row| text.pieces(row)).collect())
        }
        Material::Pairs(data) => {
            let pair = |number| {
                let [source, target] = data.train.places(number)?.map(|(shards, range)| {
                    let text = Text {
                        shards,
                        tokenizer: &data.tokenizer,
                        end: Some(data.train.specials().end),
                    };
                    text.pieces(&[range])
                });
                let (mut pieces, target) = (source?, target?);
                // Where a pair came from stands with its source.
                if let Some(from) = pieces.first().cloned() {
                    pieces.extend(target.into_iter().map(|piece| Piece {
                        tokens: piece.tokens,
                        bytes: piece.bytes,
                        ..from.clone()
                    }));
                }
                Ok(pieces)
            };
            let rows = pair_batches(&recipe, &data)?.rows(batch);
            ("pair", rows.into_iter().map(pair).collect())
        }
    };
    Ok(Lineage {
        batch,
        row,
        rows: rows?,
    })
}

/// The text of a split, as tokens.
struct Text<'a> {
    shards: &'a Shards,
    tokenizer: &'a Tokenizer,
    /// The token that ends a document.
    end: Option<u32>,
}

impl Text<'_> {
    /// The documents behind a row.
    fn pieces(&self, row: &[Range<u64>]) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        for range in row {
            let documents = self.shards.documents_of(range.clone());
            for document in documents.map_err(slovo_data::Error::from)? {
                let end = range.end.min(document.start + document.tokens);
                let tokens = range.start.max(document.start) - document.start..end - document.start;
                let from = &document.provenance;
                let (before, bytes_before) = self.before(&document)?;
                let bytes = match self.tokenizer.loses() {
                    Some(_) => None,
                    None => Some(self.bytes(&document, &tokens)?),
                };
                pieces.push(Piece {
                    source: from.source.clone(),
                    path: from.path.clone(),
                    index_in_file: from.index_in_file,
                    url: from.origin.url.clone(),
                    title: from.origin.title.clone(),
                    offset: from.origin.offset,
                    bytes: bytes.map(|it| it.start + bytes_before..it.end + bytes_before),
                    tokens: tokens.start + before..tokens.end + before,
                });
            }
        }
        Ok(pieces)
    }

    /// Tokens and bytes of a long text that stand in entries of their own before this one.
    fn before(&self, document: &ShardDocument) -> Result<(u64, u64)> {
        let (mut tokens, mut bytes, mut start) = (0, 0, document.start);
        while start > 0 {
            let found = self.shards.documents_of(start - 1..start);
            let Some(piece) = found.map_err(slovo_data::Error::from)?.pop() else {
                break;
            };
            let same = piece.provenance.path == document.provenance.path
                && piece.provenance.index_in_file == document.provenance.index_in_file;
            if !piece.continues || !same || piece.start >= start {
                break;
            }
            tokens += piece.tokens;
            bytes += piece.bytes;
            start = piece.start;
        }
        Ok((tokens, bytes))
    }

    /// The bytes of a document's text behind some of its tokens.
    fn bytes(&self, document: &ShardDocument, tokens: &Range<u64>) -> Result<Range<u64>> {
        let length = |tokens: Range<u64>| -> std::result::Result<u64, slovo_data::Error> {
            let mut ids = vec![0; (tokens.end - tokens.start) as usize];
            self.shards.read(document.start + tokens.start, &mut ids)?;
            if ids.last().copied() == self.end {
                ids.pop();
            }
            let mut bytes = Vec::new();
            self.tokenizer.decode_bytes(&ids, &mut bytes)?;
            Ok(bytes.len() as u64)
        };
        let start = length(0..tokens.start)?;
        Ok(start..start + length(tokens.clone())?)
    }
}

impl Display for Lineage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (batch, count, what) = (self.batch, self.rows.len(), self.row);
        write!(f, "batch {batch}, {count} {what}s")?;
        for (number, row) in self.rows.iter().enumerate() {
            write!(f, "\n{what} {number}")?;
            for piece in row {
                let place = format!("{}#{}", piece.path, piece.index_in_file);
                let called = piece.url.as_ref().or(piece.title.as_ref());
                let called = called.map_or(String::new(), |called| format!("  {called}"));
                let Range { start, end } = piece.tokens;
                write!(f, "\n  tokens {start:>6}..{end:<6}")?;
                if let Some(Range { start, end }) = piece.bytes {
                    write!(f, " bytes {start:>7}..{end:<7}")?;
                }
                write!(f, " {}  {place}{called}", piece.source)?;
            }
        }
        Ok(())
    }
}
