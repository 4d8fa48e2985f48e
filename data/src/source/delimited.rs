//! Delimited text with a header row: CSV (RFC 4180, <https://www.rfc-editor.org/rfc/rfc4180>) and
//! TSV. A row is a document.
//!
//! The parser is that of the `csv` package, fed from the stream's own buffer and field by field: so
//! a column that nobody asked for is never stored, a field that does not end is cut off at
//! [`MAX_FIELD_BYTES`], and a quote that is open at the end of the file is noticed. `csv` itself
//! would hold such a row whole. Memory: four fields at that bound, at most.

use std::io::{self, BufRead};

use csv_core::{ReadFieldResult, Reader as Parser, ReaderBuilder};

use super::columns::{Columns, missing};
use super::encoding::lossy;
use crate::source::entry::{Entry, Fault, Found, Reader};

/// The longest field. A book has some megabytes; a longer field is a quote that was left open.
pub const MAX_FIELD_BYTES: usize = 16 << 20;
/// The longest name of a column, for the same reason.
const MAX_NAME_BYTES: usize = 1 << 10;
/// The most columns: as many as a spreadsheet has.
const MAX_COLUMNS: usize = 1 << 14;
/// Room for what the parser gives at a time.
const ROOM: usize = 1 << 16;

/// How columns are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The byte between two columns.
    pub delimiter: u8,
    /// Whether `"` quotes a field, which may then hold delimiters, line breaks and doubled quotes.
    pub quotes: bool,
}

impl Dialect {
    /// Commas and quotes.
    pub const CSV: Self = Self {
        delimiter: b',',
        quotes: true,
    };
    /// Tabs, and quotes are letters: <https://www.iana.org/assignments/media-types/text/tab-separated-values>.
    pub const TSV: Self = Self {
        delimiter: b'\t',
        quotes: false,
    };
}

/// Documents of one table.
pub struct Delimited {
    rows: Rows,
    /// The names in the header.
    names: Vec<String>,
    /// The slot in which a column's field is kept, for columns that were asked for.
    slots: Vec<Option<usize>>,
    /// The slots of text, address, title, date.
    wanted: [Option<usize>; 4],
    fields: Vec<Vec<u8>>,
}

impl Delimited {
    /// Reads the header.
    ///
    /// # Errors
    /// The stream fails; the header lacks a column that was asked for, or is none. A stream without
    /// a row has no documents, which is no error.
    pub fn open(
        input: Box<dyn BufRead + Send>,
        columns: &Columns,
        dialect: Dialect,
    ) -> Result<Self, Fault> {
        let mut rows = Rows::new(input, dialect);
        let mut header = Vec::new();
        let kept = |column: usize| (column < MAX_COLUMNS).then_some(column);
        let row = rows.next(&mut header, kept, MAX_NAME_BYTES)?;
        let mut this = Self {
            rows,
            names: Vec::new(),
            slots: Vec::new(),
            wanted: [None; 4],
            fields: Vec::new(),
        };
        let Some(row) = row else {
            return Ok(this);
        };
        if row.open || row.too_long.is_some() || row.columns > MAX_COLUMNS {
            return Err(Fault::Content(format!(
                "line {}: no header; at most {MAX_COLUMNS} names of at most {MAX_NAME_BYTES} bytes \
                 are needed there",
                row.line
            )));
        }
        this.names = header
            .iter()
            .map(|name| String::from_utf8_lossy(name).trim().to_owned())
            .collect();
        if let Some(first) = this.names.first_mut()
            && let Some(rest) = first.strip_prefix('\u{FEFF}')
        {
            *first = rest.to_owned();
        }
        this.slots = vec![None; this.names.len()];
        for (slot, name) in this.wanted.iter_mut().zip(columns.names()) {
            let Some(name) = name else {
                continue;
            };
            let Some(column) = this.names.iter().position(|found| found == name) else {
                let found = this.names.iter().map(String::as_str);
                return Err(Fault::Content(missing(name, found)));
            };
            *slot = Some(*this.slots[column].get_or_insert_with(|| {
                this.fields.push(Vec::new());
                this.fields.len() - 1
            }));
        }
        Ok(this)
    }

    /// Why a row cannot be used.
    fn damage(&self, row: &Row) -> Option<String> {
        let line = row.line;
        if let Some(column) = row.too_long {
            let name = self.names.get(column).map_or("", String::as_str);
            return Some(format!(
                "line {line}: column `{name}` has more than {MAX_FIELD_BYTES} bytes; is a quote left \
                 open?"
            ));
        }
        if row.open {
            return Some(format!(
                "line {line}: a quote is opened and never closed; close it, or read the file \
                 without quotes if they are part of the text"
            ));
        }
        let (found, right) = (row.columns, self.names.len());
        (found != right)
            .then(|| format!("line {line}: {found} columns where the header has {right}"))
    }
}

impl Reader for Delimited {
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        let slots = &self.slots;
        let kept = |column: usize| slots.get(column).copied().flatten();
        let Some(row) = self.rows.next(&mut self.fields, kept, MAX_FIELD_BYTES)? else {
            return Ok(None);
        };
        if let Some(message) = self.damage(&row) {
            let offset = row.offset;
            return Ok(Some(Found::Damaged { offset, message }));
        }
        let mut replaced = 0;
        let fields = &mut self.fields;
        let [text, url, title, date] = self.wanted.map(|slot| {
            let field = fields.get(slot?)?;
            let (field, invalid) = lossy(field);
            replaced += invalid;
            Some(field).filter(|field| !field.is_empty())
        });
        Ok(Some(match text {
            Some(text) if !text.trim().is_empty() => Found::Document(Entry {
                text,
                offset: row.offset,
                url,
                title,
                date,
                licence: None,
                replaced,
            }),
            _ => Found::LeftOut {
                reason: "empty text",
            },
        }))
    }
}

/// A row that was read; its fields lie in the slots.
struct Row {
    /// The line at which it begins, from 1.
    line: u64,
    offset: u64,
    columns: usize,
    /// A column that passed the limit; its slot is empty.
    too_long: Option<usize>,
    /// The stream ends inside of quotes.
    open: bool,
}

struct Rows {
    input: Box<dyn BufRead + Send>,
    parser: Box<Parser>,
    room: Vec<u8>,
    offset: u64,
    line: u64,
}

impl Rows {
    fn new(input: Box<dyn BufRead + Send>, dialect: Dialect) -> Self {
        let parser = ReaderBuilder::new()
            .delimiter(dialect.delimiter)
            .quoting(dialect.quotes)
            .build();
        Self {
            input,
            parser: Box::new(parser),
            room: vec![0; ROOM],
            offset: 0,
            line: 1,
        }
    }

    /// Reads a row that is not blank into the slots that `kept` gives for its columns.
    fn next(
        &mut self,
        slots: &mut Vec<Vec<u8>>,
        kept: impl Fn(usize) -> Option<usize>,
        limit: usize,
    ) -> io::Result<Option<Row>> {
        slots.iter_mut().for_each(Vec::clear);
        if !self.skip_blank_lines()? {
            return Ok(None);
        }
        let mut row = Row {
            line: self.line,
            offset: self.offset,
            columns: 0,
            too_long: None,
            open: false,
        };
        loop {
            let chunk = filled(&mut *self.input)?;
            let at_end = chunk.is_empty();
            // The parser is to see the end of a last line that has none.
            let given = if at_end { b"\n" } else { chunk };
            let (result, read, wrote) = self.parser.read_field(given, &mut self.room);
            if !at_end {
                self.consume(read);
            }
            if let Some(slot) = kept(row.columns).filter(|_| row.too_long.is_none()) {
                if slots.len() <= slot {
                    slots.resize_with(slot + 1, Vec::new);
                }
                let field = &mut slots[slot];
                if field.len() + wrote > limit {
                    row.too_long = Some(row.columns);
                    // Its room goes back: the next row may be short.
                    *field = Vec::new();
                } else {
                    field.extend_from_slice(&self.room[..wrote]);
                }
            }
            match result {
                ReadFieldResult::OutputFull => {}
                // A line end that ends no row is inside of quotes.
                ReadFieldResult::InputEmpty if !at_end => {}
                ReadFieldResult::InputEmpty | ReadFieldResult::End => {
                    row.columns += 1;
                    row.open = true;
                    self.parser.reset();
                    return Ok(Some(row));
                }
                ReadFieldResult::Field { record_end } => {
                    row.columns += 1;
                    if record_end {
                        return Ok(Some(row));
                    }
                }
            }
        }
    }

    /// False at the end of the stream.
    fn skip_blank_lines(&mut self) -> io::Result<bool> {
        loop {
            let chunk = filled(&mut *self.input)?;
            if chunk.is_empty() {
                return Ok(false);
            }
            let is_end = |byte: &&u8| matches!(byte, b'\r' | b'\n');
            let blank = chunk.iter().take_while(is_end).count();
            let more = blank < chunk.len();
            self.consume(blank);
            if more {
                return Ok(true);
            }
        }
    }

    fn consume(&mut self, count: usize) {
        // The buffer is still filled: this copies nothing and cannot fail.
        if let Ok(chunk) = self.input.fill_buf() {
            let read = chunk.get(..count).unwrap_or_default();
            self.line += read.iter().filter(|&&byte| byte == b'\n').count() as u64;
        }
        self.offset += count as u64;
        self.input.consume(count);
    }
}

/// The buffer, filled unless the stream has ended.
fn filled(input: &mut dyn BufRead) -> io::Result<&[u8]> {
    loop {
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    input.fill_buf()
}

#[cfg(test)]
mod tests;
