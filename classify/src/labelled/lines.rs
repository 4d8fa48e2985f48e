//! Lines of a stream, bounded.

use std::io::{BufRead, Read};
use std::sync::Arc;

use super::{LabelledError, Place};

/// A longer row is refused: it would have to be held whole.
pub const MAX_ROW_BYTES: usize = 16 << 20;

/// Lines as bytes, each with its end. A byte order mark before the first is no part of it.
pub(super) struct Lines<R> {
    input: R,
    file: Arc<str>,
    line: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R, file: &str) -> Self {
        Self {
            input,
            file: file.into(),
            line: 0,
        }
    }

    /// The number of the line read last, from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    pub(super) fn file(&self) -> &str {
        &self.file
    }

    pub(super) fn place(&self, line: u64) -> Place {
        Place::line_of(&self.file, line)
    }

    /// Puts the next line in the place of `line`, false at the end of the stream. `held` bytes of
    /// its row are held already.
    pub(super) fn next(&mut self, line: &mut Vec<u8>, held: usize) -> Result<bool, LabelledError> {
        line.clear();
        let room = MAX_ROW_BYTES.saturating_sub(held);
        let read = (&mut self.input)
            .take(room as u64 + 1)
            .read_until(b'\n', line)
            .map_err(|error| LabelledError::Read {
                file: self.file.to_string(),
                error,
            })?;
        if read == 0 {
            return Ok(false);
        }
        self.line += 1;
        if read > room {
            return Err(LabelledError::File {
                file: self.place(self.line).to_string(),
                what: format!("a row is longer than {MAX_ROW_BYTES} bytes"),
                right: "a row holds one text; is a quote left open, or quotes: false meant?"
                    .to_owned(),
            });
        }
        if self.line == 1 {
            if line.starts_with(&[0xFF, 0xFE]) || line.starts_with(&[0xFE, 0xFF]) {
                return Err(LabelledError::File {
                    file: self.file.to_string(),
                    what: "it is UTF-16".to_owned(),
                    right: "convert it to UTF-8, as `iconv -f UTF-16 -t UTF-8` does".to_owned(),
                });
            }
            if line.starts_with("\u{FEFF}".as_bytes()) {
                line.drain(..3);
            }
        }
        Ok(true)
    }
}
