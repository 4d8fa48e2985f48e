//! What is done with files of unknown origin, on bytes in memory.
//!
//! For the fuzz targets (`fuzz/`) and for the tests that replay their corpus: whatever the bytes are, the
//! answer is a value or an error, and never a panic. Programs have no use for it; they call
//! [`Tokenizer::from_file`] and [`Inputs`](crate::source::Inputs).

use std::io::Cursor;

use crate::recipe::{FileFormat, TableColumns};
use crate::source::web::{MIN_SCORE, Outlinks};
use crate::source::{SourceError, count_pairs, read_bytes};
use crate::tokenizer::{Tokenizer, TokenizerError};

/// A text that meets every kind of token.
const TEXT: &str = "Hello, wörld!  \t[MASK] 12\u{301} \u{1F600}\n";

/// Reads `bytes` as a `tokenizer.json`, and a text with it there and back. Returns how many tokens the
/// text became, 0 where it cannot be written.
///
/// # Errors
///
/// When this is no tokenizer of ours.
pub fn tokenizer(bytes: &[u8]) -> Result<usize, TokenizerError> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let tokenizer = Tokenizer::from_json("tokenizer.json", text)?;
    let ids = tokenizer.encode(TEXT).unwrap_or_default();
    // What cannot be decoded is an error too, and as good an answer.
    let _ = tokenizer.decode(&ids);
    Ok(ids.len())
}

/// Reads `bytes` as a file of a format, compressed or not, with what is damaged counted; of tables, the
/// column `text`. Returns the texts of its documents.
///
/// # Errors
///
/// When this is no file of that format.
pub fn documents(format: &FileFormat, bytes: &[u8]) -> Result<Vec<String>, SourceError> {
    let columns = TableColumns::default();
    read_bytes(Cursor::new(bytes.to_vec()), format, "text", &columns)
}

/// Reads `bytes` as a Parquet file with the columns `text`, `url`, `title` and `date`, by way of a temporary file.
/// Returns how many documents there are; what is damaged is passed over.
///
/// # Errors
///
/// When this is no such file.
#[cfg(feature = "parquet")]
pub fn parquet(bytes: &[u8]) -> Result<usize, crate::source::entry::Fault> {
    use crate::source::columns::Columns;
    use crate::source::entry::{Found, Reader};
    use crate::source::parquet::Parquet;
    use std::io::Write;

    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    let columns = Columns {
        url: Some("url".to_owned()),
        title: Some("title".to_owned()),
        date: Some("date".to_owned()),
        ..Columns::of_text("text")
    };
    let mut file = Parquet::open(file, &columns)?;
    let mut documents = 0;
    while let Some(found) = file.next()? {
        documents += usize::from(matches!(found, Found::Document(_)));
    }
    Ok(documents)
}

/// Reads `bytes` as a list of links with scores. Returns how many are kept.
///
/// # Errors
///
/// A line that is too long.
pub fn links(bytes: &[u8]) -> std::io::Result<usize> {
    let mut links = Outlinks::default();
    links.read(Cursor::new(bytes), MIN_SCORE, drop)?;
    Ok(links.len())
}

/// Reads `bytes` as a file of pairs, `source<TAB>target` or JSON Lines, with what is bad left out. Returns how many
/// pairs there are.
///
/// # Errors
///
/// When this cannot be unpacked, or a line is too long.
pub fn pairs(bytes: &[u8], json: bool) -> Result<usize, SourceError> {
    count_pairs(Cursor::new(bytes.to_vec()), json)
}
