//! Which documents the tokens of a training batch came from.

use crate::material::Material;
use crate::pretrain::batches;
use crate::recipe::{Objective, Recipe, RunRecipe};
use crate::stop::Stop;
use crate::{Error, Result};
use serde::Serialize;
use slovo_data::Prepared;
use slovo_data::shard::ShardDocument;
use std::fmt::{self, Display, Formatter};
use std::ops::Range;
use std::path::Path;

/// Where the windows of a batch come from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lineage {
    /// The batch, counted from 0, micro-batches one by one.
    pub batch: u64,
    /// Its windows.
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
    /// Which bytes of its text, clean, those are.
    pub bytes: Range<u64>,
}

/// The documents of batch `batch` of a run.
///
/// # Errors
///
/// A folder that is no run of a decoder; a text that has changed since.
pub fn lineage(dir: &Path, batch: u64, stop: &Stop) -> Result<Lineage> {
    let recipe = Recipe::of_run(dir)?;
    let other = || Error::Folder {
        path: dir.into(),
        what: "did not learn the next token of a text; only the batches of a decoder are traced"
            .into(),
    };
    if recipe.objective != Objective::Causal {
        return Err(other());
    }
    let Material::Text(data) = Material::of_run(dir, &recipe, stop)? else {
        return Err(other());
    };
    let last = recipe.steps * recipe.batch.micro_batches;
    if batch >= last {
        return Err(Error::Value {
            field: "--batch",
            found: batch.to_string(),
            expected: format!("below {last}, the batches of the run, would do"),
        });
    }
    let rows = batches(&recipe, &data)?.rows(batch);
    let rows = rows.into_iter().map(|row| pieces(&data, row));
    Ok(Lineage {
        batch,
        rows: rows.collect::<Result<_>>()?,
    })
}

/// The documents behind a window.
fn pieces(data: &Prepared, row: Vec<Range<u64>>) -> Result<Vec<Piece>> {
    let mut pieces = Vec::new();
    for range in row {
        let documents = data.train.documents_of(range.clone());
        for document in documents.map_err(slovo_data::Error::from)? {
            let end = range.end.min(document.start + document.tokens);
            let tokens = range.start.max(document.start) - document.start..end - document.start;
            let from = &document.provenance;
            let (before, bytes_before) = before(data, &document)?;
            let bytes = bytes(data, &document, &tokens)?;
            pieces.push(Piece {
                source: from.source.clone(),
                path: from.path.clone(),
                index_in_file: from.index_in_file,
                url: from.origin.url.clone(),
                title: from.origin.title.clone(),
                offset: from.origin.offset,
                bytes: bytes.start + bytes_before..bytes.end + bytes_before,
                tokens: tokens.start + before..tokens.end + before,
            });
        }
    }
    Ok(pieces)
}

/// Tokens and bytes of a long text that stand in entries of their own before this one.
fn before(data: &Prepared, document: &ShardDocument) -> Result<(u64, u64)> {
    let (mut tokens, mut bytes, mut start) = (0, 0, document.start);
    while start > 0 {
        let found = data.train.documents_of(start - 1..start);
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
fn bytes(data: &Prepared, document: &ShardDocument, tokens: &Range<u64>) -> Result<Range<u64>> {
    let length = |tokens: Range<u64>| -> std::result::Result<u64, slovo_data::Error> {
        let mut ids = vec![0; (tokens.end - tokens.start) as usize];
        data.train.read(document.start + tokens.start, &mut ids)?;
        if ids.last().copied() == data.tokenizer.end_of_text() {
            ids.pop();
        }
        let mut bytes = Vec::new();
        data.tokenizer.decode_bytes(&ids, &mut bytes)?;
        Ok(bytes.len() as u64)
    };
    let start = length(0..tokens.start)?;
    Ok(start..start + length(tokens.clone())?)
}

impl Display for Lineage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "batch {}, {} windows", self.batch, self.rows.len())?;
        for (number, row) in self.rows.iter().enumerate() {
            write!(f, "\nwindow {number}")?;
            for piece in row {
                let place = format!("{}#{}", piece.path, piece.index_in_file);
                let called = piece.url.as_ref().or(piece.title.as_ref());
                let called = called.map_or(String::new(), |called| format!("  {called}"));
                write!(
                    f,
                    "\n  tokens {:>6}..{:<6} bytes {:>7}..{:<7} {}  {place}{called}",
                    piece.tokens.start,
                    piece.tokens.end,
                    piece.bytes.start,
                    piece.bytes.end,
                    piece.source
                )?;
            }
        }
        Ok(())
    }
}
