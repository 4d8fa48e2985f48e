//! Tables: rows of columns between delimiters, quoted as in RFC 4180.
//!
//! A field in quotes may hold delimiters, line breaks and doubled quotes. The parser is that of the
//! `csv` package, fed line by line: so a row is given as soon as its line has come, its line is
//! known exactly, and a quote that is open at the end of the file is noticed, where `csv` itself
//! would make one text of all that follows it.

use std::io::BufRead;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::lines::Lines;
use super::{Fault, LabelledError};

/// Rows of a table as fields of bytes; one is held at a time.
pub(super) struct Table<R> {
    lines: Lines<R>,
    parser: Box<Reader>,
    /// The line being parsed, and how much of it has been.
    line: Vec<u8>,
    parsed: usize,
    fields: Vec<u8>,
    ends: Vec<usize>,
    columns: usize,
    begins_at: u64,
}

impl<R: BufRead> Table<R> {
    pub(super) fn new(lines: Lines<R>, delimiter: u8, quotes: bool) -> Self {
        let parser = ReaderBuilder::new()
            .delimiter(delimiter)
            .quoting(quotes)
            .build();
        Self {
            lines,
            parser: Box::new(parser),
            line: Vec::new(),
            parsed: 0,
            fields: vec![0; 1024],
            ends: vec![0; 16],
            columns: 0,
            begins_at: 0,
        }
    }

    /// The line at which the row read last begins, from 1.
    pub(super) fn line(&self) -> u64 {
        self.begins_at
    }

    pub(super) fn lines(&self) -> &Lines<R> {
        &self.lines
    }

    /// The number of columns of the row read last.
    pub(super) fn columns(&self) -> usize {
        self.columns
    }

    /// A column of the row read last.
    pub(super) fn field(&self, column: usize) -> Option<&[u8]> {
        let ends = self.ends.get(..self.columns)?;
        let begin = match column {
            0 => 0,
            _ => *ends.get(column - 1)?,
        };
        self.fields.get(begin..*ends.get(column)?)
    }

    /// Reads the next row that is not blank, false at the end of the stream.
    pub(super) fn next(&mut self) -> Result<bool, LabelledError> {
        self.columns = 0;
        while !self.begins_a_row() {
            self.parsed = 0;
            if !self.lines.next(&mut self.line, 0)? {
                return Ok(false);
            }
            self.end_line();
        }
        self.begins_at = self.lines.line();
        let (mut bytes, mut ends) = (0, 0);
        loop {
            let (result, read, wrote, ended) = self.parser.read_record(
                &self.line[self.parsed..],
                &mut self.fields[bytes..],
                &mut self.ends[ends..],
            );
            self.parsed += read;
            bytes += wrote;
            ends += ended;
            match result {
                ReadRecordResult::Record | ReadRecordResult::End => break,
                ReadRecordResult::OutputFull => self.fields.resize(2 * self.fields.len(), 0),
                ReadRecordResult::OutputEndsFull => self.ends.resize(2 * self.ends.len(), 0),
                ReadRecordResult::InputEmpty => {}
            }
            // The line is over and the row is not: it is inside of quotes.
            if self.parsed == self.line.len() {
                self.parsed = 0;
                if !self.lines.next(&mut self.line, bytes)? {
                    let place = self.lines.place(self.begins_at);
                    let what = "a quote is opened and never closed; close it, or let the source \
                                say quotes: false if quotes are part of the text";
                    let fault = Fault::Malformed(what.to_owned());
                    return Err(LabelledError::Row { place, fault });
                }
                self.end_line();
            }
        }
        self.columns = ends;
        Ok(true)
    }

    /// Whether something other than the ends of blank lines is left of the line.
    fn begins_a_row(&mut self) -> bool {
        let left = &self.line[self.parsed..];
        let blank = left.iter().take_while(|byte| b"\r\n".contains(byte));
        self.parsed += blank.count();
        self.parsed < self.line.len()
    }

    /// Ends the last line of a file that does not: the parser is to see the row's end.
    fn end_line(&mut self) {
        if self.line.last() != Some(&b'\n') {
            self.line.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(text: &str, quotes: bool) -> Vec<(u64, Vec<String>)> {
        let mut table = Table::new(Lines::new(text.as_bytes(), "a.csv"), b',', quotes);
        let mut rows = Vec::new();
        while table.next().unwrap() {
            let fields = (0..table.columns()).map(|i| table.field(i).unwrap());
            let fields = fields.map(|field| String::from_utf8(field.to_vec()).unwrap());
            rows.push((table.line(), fields.collect()));
        }
        rows
    }

    fn row(line: u64, fields: &[&str]) -> (u64, Vec<String>) {
        (line, fields.iter().map(|field| field.to_string()).collect())
    }

    #[test]
    fn quotes_hold_delimiters_line_breaks_and_doubled_quotes() {
        let text =
            "a,\"b, c\"\n\"say \"\"so\"\"\",\"two\r\nlines\n\"\r\n\n\r\nx,\"\"\ny,it's 5\" wide";
        let want = [
            row(1, &["a", "b, c"]),
            row(2, &["say \"so\"", "two\r\nlines\n"]),
            row(7, &["x", ""]),
            row(8, &["y", "it's 5\" wide"]),
        ];
        assert_eq!(read(text, true), want);
    }

    #[test]
    fn without_quoting_a_quote_is_a_letter() {
        let want = [row(1, &["a", "\"b"]), row(2, &["c\"", "d"])];
        assert_eq!(read("a,\"b\nc\",d\n", false), want);
    }

    #[test]
    fn long_rows_and_many_columns_grow_the_room() {
        let long = "x".repeat(5000);
        let many = vec!["y"; 100].join(",");
        let rows = read(&format!("{long},{long}\r{many}\r\n1"), true);
        assert_eq!((rows[0].0, rows[0].1[1].len()), (1, 5000));
        assert_eq!((rows[1].0, rows[1].1.len()), (1, 100));
        assert_eq!(rows[2], row(2, &["1"]));
    }

    #[test]
    fn a_quote_open_at_the_end_is_placed_where_its_row_begins() {
        let mut table = Table::new(
            Lines::new("a,b\n\"c,d\ne,f\n".as_bytes(), "a.csv"),
            b',',
            true,
        );
        assert!(table.next().unwrap());
        let fault = table.next().unwrap_err().to_string();
        assert!(
            fault.starts_with("a.csv:2: a quote is opened and never closed"),
            "{fault}"
        );
        assert!(!table.next().unwrap());
    }
}
