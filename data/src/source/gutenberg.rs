//! Project Gutenberg's plain text: the book without the header and footer that every file carries.
//!
//! The files have been marked in many ways since 1971; <https://www.gutenberg.org/policy/license.html>
//! is the text that stands behind the book today, and `markers` lists the spellings. [`strip`] is
//! a pure function of a text; [`Gutenberg`] is the same as a filter between a stream and the reader
//! of plain text, in bounded memory. A file without markers is kept whole.

mod filter;
mod header;
mod join;
mod markers;
mod opening;

pub use filter::Gutenberg;
pub use header::Header;
pub use join::join_lines;

/// How far a header is looked for, in bytes. The longest, with the "small print" of the 1990s,
/// take about 20 KiB.
pub const MAX_HEADER_BYTES: usize = 128 << 10;

/// A book without its wrapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stripped<'a> {
    /// The book, byte for byte.
    pub body: &'a str,
    /// What the header says.
    pub header: Header,
}

/// The first book of a text, without header, credits and footer.
///
/// ```text
/// Title: Emma                                              the header: kept as metadata
/// *** START OF THE PROJECT GUTENBERG EBOOK EMMA ***        a marker
/// Produced by An Anonymous Volunteer                       credits
/// Emma Woodhouse, handsome, clever, and rich …             the body
/// *** END OF THE PROJECT GUTENBERG EBOOK EMMA ***          a marker; the licence follows
/// ```
#[must_use]
pub fn strip(text: &str) -> Stripped<'_> {
    let opening = opening::find(window(text.as_bytes()));
    let (from, header) = opening.map_or_else(Default::default, |found| (found.body, found.header));
    let book = text.get(from..).unwrap_or_default();
    let mut end = 0;
    for line in book.split_inclusive('\n') {
        if markers::ends_book(line.as_bytes()) {
            break;
        }
        end += line.len();
    }
    Stripped {
        body: &book[..end],
        header,
    }
}

/// A longer line is passed on in pieces, and is no marker.
const MAX_LINE_BYTES: usize = 64 << 10;

/// What a header is looked for in: whole lines, as the filter reads them.
fn window(text: &[u8]) -> &[u8] {
    let Some((_, rest)) = text.split_at_checked(MAX_HEADER_BYTES) else {
        return text;
    };
    let rest = &rest[..rest.len().min(MAX_LINE_BYTES)];
    let line = rest.split_inclusive(|&byte| byte == b'\n').next();
    &text[..MAX_HEADER_BYTES + line.unwrap_or_default().len()]
}

#[cfg(test)]
mod tests;
