//! Records out of JSON: an array, or an object a line. One record is in memory at a time.

use super::Raw;
use crate::Error;
use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;
use std::io::{BufRead, Read};

/// A longer line is refused: it would have to be held whole.
const MAX_LINE: u64 = 64 << 20;

/// Hands every record of `input` to `each` until that says no.
pub(super) fn read(
    mut input: Box<dyn BufRead + Send>,
    file: &str,
    each: &mut dyn FnMut(Raw) -> bool,
) {
    match begins_with_list(&mut input) {
        Ok(true) => list(input, file, each),
        Ok(false) => lines(input, file, each),
        Err(error) => {
            each(Err(wrong(file, error.to_string())));
        }
    }
}

fn wrong(file: &str, what: String) -> Error {
    Error::File {
        file: file.into(),
        what,
    }
}

/// Whether the first letter that is no white space is a bracket.
fn begins_with_list(input: &mut Box<dyn BufRead + Send>) -> std::io::Result<bool> {
    loop {
        let bytes = input.fill_buf()?;
        let mark = "\u{FEFF}".as_bytes();
        if bytes.starts_with(mark) {
            input.consume(mark.len());
            continue;
        }
        let blank = bytes.iter().take_while(|byte| byte.is_ascii_whitespace());
        let blank = blank.count();
        match bytes.get(blank) {
            Some(byte) => return Ok(*byte == b'['),
            None if blank == 0 => return Ok(false),
            None => input.consume(blank),
        }
    }
}

fn list(input: Box<dyn BufRead + Send>, file: &str, each: &mut dyn FnMut(Raw) -> bool) {
    let mut deserializer = serde_json::Deserializer::from_reader(input);
    let mut count = 0;
    let visit = Each {
        each,
        count: &mut count,
    };
    let read = deserializer.deserialize_seq(visit);
    let read = read.and_then(|goes_on| match goes_on {
        true => deserializer.end().map(|()| true),
        false => Ok(false),
    });
    if let Err(error) = read {
        let what = format!("after record {count}: {error}; is the file whole?");
        each(Err(wrong(file, what)));
    }
}

/// Calls a function with each element of an array.
struct Each<'a> {
    each: &'a mut dyn FnMut(Raw) -> bool,
    count: &'a mut u64,
}

impl<'de> Visitor<'de> for Each<'_> {
    /// Whether more is wanted.
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut records: A) -> Result<bool, A::Error> {
        while let Some(record) = records.next_element_seed(One)? {
            *self.count += 1;
            if !(self.each)(Ok((*self.count, record))) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

struct One;

impl<'de> DeserializeSeed<'de> for One {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        serde::Deserialize::deserialize(deserializer)
    }
}

fn lines(mut input: Box<dyn BufRead + Send>, file: &str, each: &mut dyn FnMut(Raw) -> bool) {
    let (mut line, mut count) = (Vec::new(), 0);
    loop {
        line.clear();
        match (&mut input).take(MAX_LINE).read_until(b'\n', &mut line) {
            Err(error) => {
                each(Err(wrong(file, error.to_string())));
                return;
            }
            Ok(0) => return,
            Ok(_) => {}
        }
        count += 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let record = match serde_json::from_slice(&line) {
            Ok(record) => Ok((count, record)),
            Err(error) => Err(Error::Record {
                file: file.into(),
                index: count,
                field: "the line".into(),
                what: format!("{error}; a JSON object would do"),
            }),
        };
        if !each(record) {
            return;
        }
    }
}
