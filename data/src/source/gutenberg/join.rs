//! Hard-wrapped lines to paragraphs.
//!
//! A line's end is a wrap if the next line's first word would not have fitted: so verse, lists and
//! headings, whose lines are short, stay as they are. Indented lines stay too.

/// Lines are taken to be wrapped at this width or more; the files have 60 to 75 columns, and a line
/// of blank verse has up to 55.
const NARROWEST_WRAP: usize = 60;

/// Joins the lines of a text; a blank line between paragraphs is kept.
///
/// ```text
/// It is a truth universally acknowledged, that a single man in     one line
/// possession of a good fortune, must be in want of a wife.
/// ```
#[must_use]
pub fn join_lines(text: &str) -> String {
    let mut joined = Vec::with_capacity(text.len());
    let mut joiner = Joiner::default();
    for line in text.split_inclusive('\n') {
        joiner.push(line.as_bytes(), true, &mut joined);
    }
    joiner.finish(&mut joined);
    // Lines are cut at line feeds, and only ASCII is removed.
    String::from_utf8(joined).unwrap_or_default()
}

/// Joins line after line, in the memory of a line's end.
#[derive(Default)]
pub(super) struct Joiner {
    /// The last line's end is held back.
    held: Option<Held>,
    /// Columns of the line so far: a long line comes in pieces.
    columns: usize,
    indented: bool,
    last: u8,
}

struct Held {
    columns: usize,
    indented: bool,
    end: &'static [u8],
    /// The line ends in a dash, which takes no blank behind it.
    dash: bool,
}

impl Joiner {
    /// Adds a line, or a piece of one that is no line's start.
    pub(super) fn push(&mut self, line: &[u8], starts: bool, out: &mut Vec<u8>) {
        let (content, end): (&[u8], &'static [u8]) = match line {
            [content @ .., b'\r', b'\n'] => (content, b"\r\n"),
            [content @ .., b'\n'] => (content, b"\n"),
            content => (content, b""),
        };
        if starts {
            self.columns = 0;
            self.indented = content.first().is_none_or(u8::is_ascii_whitespace);
            self.last = 0;
            if let Some(held) = self.held.take() {
                let word = content.iter().take_while(|b| !b.is_ascii_whitespace());
                let wrapped = !held.indented
                    && !self.indented
                    && held.columns + 1 + columns(word) > NARROWEST_WRAP;
                match wrapped {
                    true if held.dash => {}
                    true => out.push(b' '),
                    false => out.extend_from_slice(held.end),
                }
            }
        }
        self.columns += columns(content.iter());
        out.extend_from_slice(content);
        self.last = content.last().copied().unwrap_or(self.last);
        if !end.is_empty() {
            if self.last == b' ' && !self.indented {
                // Blanks at a line's end would double the one that joins.
                while out.last() == Some(&b' ') {
                    out.pop();
                }
            }
            self.held = Some(Held {
                columns: self.columns,
                indented: self.indented,
                end,
                dash: out.ends_with(b"--"),
            });
        }
    }

    /// Gives back the last line's end.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(held) = self.held.take() {
            out.extend_from_slice(held.end);
        }
    }
}

/// Characters of UTF-8, or of a single-byte encoding that is mostly ASCII.
fn columns<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    bytes.filter(|&&byte| byte & 0xC0 != 0x80).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_lines_are_joined_and_verse_is_not() {
        let text = "CHAPTER I\n\n\nIt is a truth universally acknowledged, that a single man in\r\n\
                    possession of a good fortune, must be in want of a wife--\r\nhowever little known \
                    the feelings or views.\n\nShall I compare thee to a summer's day?\nThou art more \
                    lovely and more temperate:\n\n    indented lines that are as long as prose is, and\n\
                    \u{20}   stay\nend";
        let want = "CHAPTER I\n\n\nIt is a truth universally acknowledged, that a single man in \
                    possession of a good fortune, must be in want of a wife--however little known \
                    the feelings or views.\n\nShall I compare thee to a summer's day?\nThou art more \
                    lovely and more temperate:\n\n    indented lines that are as long as prose is, and\n\
                    \u{20}   stay\nend";
        assert_eq!(join_lines(text), want);
        for text in ["", "\n", "\r\n\r\n", "a", "a\n"] {
            assert_eq!(join_lines(text), text);
        }
    }

    #[test]
    fn a_line_that_came_in_pieces_is_as_wide_as_the_whole() {
        let mut joiner = Joiner::default();
        let mut out = Vec::new();
        for (piece, starts) in [
            ("It is a truth universally ackno", true),
            ("wledged, that a single man in \n", false),
            ("possession", true),
        ] {
            joiner.push(piece.as_bytes(), starts, &mut out);
        }
        assert!(out.ends_with(b"man in possession"));
    }
}
