//! Formats of records: a [`Reader`](super::entry::Reader) behind the names, the numbers and the policy that all
//! sources have.

use super::entry::{Entry, Found, Reader};
use super::stream::Stream;
use super::{At, Item, Piece, SourceError, Unread, What};
use crate::document::Origin;
use crate::recipe::{Encoding, OnBadLine};

/// Documents of one file of records.
pub(super) struct RecordReader {
    reader: Box<dyn Reader>,
    /// The stream below, which says what a fault means.
    stream: Stream,
    encoding: Encoding,
    bad_lines: OnBadLine,
    index: u64,
    /// Records so far, documents or not.
    records: u64,
}

impl RecordReader {
    pub(super) fn new(
        reader: Box<dyn Reader>,
        stream: Stream,
        encoding: Encoding,
        bad_lines: OnBadLine,
    ) -> Self {
        Self {
            reader,
            stream,
            encoding,
            bad_lines,
            index: 0,
            records: 0,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Item>, SourceError> {
        let found = self.reader.next();
        let Some(found) = found.map_err(|error| self.stream.fault(error))? else {
            return Ok(None);
        };
        self.records += 1;
        let (what, offset, message) = match found {
            Found::LeftOut { reason } => {
                return Ok(Some(Item::LeftOut(At::Record(self.records), reason)));
            }
            Found::Damaged { offset, message } => (What::Record, offset, message),
            Found::Document(entry) if entry.replaced > 0 && self.encoding != Encoding::Replace => {
                self.index += 1;
                let message = format!(
                    "{} places in this record are not valid in its encoding",
                    entry.replaced
                );
                (What::Encoding, entry.offset, message)
            }
            Found::Document(entry) => return Ok(Some(Item::Document(self.piece(entry)))),
        };
        let stops = match what {
            What::Encoding => self.encoding == Encoding::Stop,
            _ => self.bad_lines == OnBadLine::Stop,
        };
        match stops {
            true => Err(SourceError::Record {
                path: self.stream.path.clone(),
                offset,
                message,
            }),
            false => Ok(Some(Item::Unread(Unread {
                what,
                at: At::Byte(offset),
                message,
            }))),
        }
    }

    fn piece(&mut self, entry: Entry) -> Piece {
        let index = self.index;
        self.index += 1;
        Piece {
            text: entry.text,
            replaced: entry.replaced,
            index,
            continues: false,
            origin: Origin {
                offset: Some(entry.offset),
                url: entry.url,
                title: entry.title,
                date: entry.date,
                language: None,
            },
            licence: entry.licence,
        }
    }
}
