//! Where a book begins: behind the header's last line and the credits that follow it.

use super::header::Header;
use super::markers;

/// How many lines a start marker may be wrapped over.
const MARKER_LINES: usize = 4;
/// How many paragraphs of credits are passed over at most.
const CREDITS: usize = 4;
/// How many lines a paragraph of credits has at most; a longer one is the book's.
const CREDITS_LINES: usize = 12;

/// A header and where its book begins.
pub(super) struct Opening {
    /// The book's first byte in the window.
    pub(super) body: usize,
    pub(super) header: Header,
}

/// The first header in a window that begins a file; none if the file has no markers.
pub(super) fn find(window: &[u8]) -> Option<Opening> {
    let mut at = 0;
    for line in window.split_inclusive(|&byte| byte == b'\n') {
        let begins_at = at;
        at += line.len();
        if markers::ends_book(line) {
            return None;
        }
        if markers::starts_book(line) || markers::ends_small_print(line) {
            return Some(Opening {
                body: at + front(&window[at..], markers::starts_book(line).then_some(line)),
                header: Header::of(&window[..begins_at]),
            });
        }
    }
    None
}

/// How many bytes of credits, blank lines and further markers stand before the book itself.
fn front(rest: &[u8], marker: Option<&[u8]>) -> usize {
    let mut at = marker.map_or(0, |line| wrapped(line, rest));
    let mut credits = 0;
    loop {
        let line = line_at(rest, at);
        if line.is_empty() {
            return at;
        }
        if markers::is_blank(line) {
            at += line.len();
        } else if markers::starts_book(line) {
            at += line.len();
            at += wrapped(line, &rest[at..]);
        } else if markers::ends_small_print(line) {
            at += line.len();
        } else if credits < CREDITS && markers::begins_credits(line) {
            let Some(length) = paragraph(&rest[at..]) else {
                return at;
            };
            at += length;
            credits += 1;
        } else {
            return at;
        }
    }
}

fn line_at(bytes: &[u8], at: usize) -> &[u8] {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.split_inclusive(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default()
}

/// The bytes of the lines over which a marker goes on, none unless one of them closes it.
fn wrapped(marker: &[u8], rest: &[u8]) -> usize {
    if markers::closes_marker(marker) {
        return 0;
    }
    let mut at = 0;
    for _ in 1..MARKER_LINES {
        let line = line_at(rest, at);
        if markers::is_blank(line) {
            return 0;
        }
        at += line.len();
        if markers::closes_marker(line) {
            return at;
        }
    }
    0
}

/// The bytes of a paragraph, unless it is too long for credits.
fn paragraph(rest: &[u8]) -> Option<usize> {
    let mut at = 0;
    for _ in 0..=CREDITS_LINES {
        let line = line_at(rest, at);
        if markers::is_blank(line) {
            return Some(at);
        }
        at += line.len();
    }
    None
}
