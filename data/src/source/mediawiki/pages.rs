//! Cuts a dump into pages by their tags.
//!
//! In a dump `<` only begins a tag: within text it is written `&lt;`. So `<page>` is a page's start
//! wherever it stands, and what is broken or endless before it costs that page only. Of a page with
//! many revisions the last one in the file is kept.

use std::io;

use super::super::xml::Input;

/// The most bytes of a page's XML, with one revision. MediaWiki itself takes 2 MiB of wikitext
/// (`$wgMaxArticleSize`), which escaping can make six times as long; old revisions can be longer.
pub const MAX_PAGE_BYTES: usize = 32 << 20;

/// The most bytes before the first page: the names of a wiki's namespaces take some 3 KB.
const MAX_HEAD_BYTES: usize = 1 << 20;

/// How much between pages is read at a time.
const GAP_BYTES: usize = 64 << 10;

/// No tag that is looked for is longer, so more of a tag's beginning need not be kept.
const MAX_TAG_BYTES: usize = 16;

/// What the stream holds next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// What stands before the first page.
    Head(Vec<u8>),
    /// A page, from `<page>` to `</page>`, and the place of its first byte.
    Page { offset: u64, bytes: Vec<u8> },
    /// A page beyond the limit. The stream goes on behind it.
    TooLarge,
    /// A fault. The stream goes on with the next page, where there is one.
    Damaged { offset: u64, message: &'static str },
}

/// A dump's pages.
pub(super) struct Pages {
    input: Input,
    limit: usize,
    /// What was read of the head, or of the page.
    buffer: Vec<u8>,
    /// Place of the page that `buffer` holds; none between pages.
    page: Option<u64>,
    /// Where the page's last revision begins in `buffer`.
    revision: Option<usize>,
    /// The head was handed out.
    begun: bool,
    /// The dump's closing tag was the last thing seen.
    closed: bool,
    ended: bool,
}

/// A tag at the end of what was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Page,
    PageEnd,
    Revision,
    DumpEnd,
    None,
}

impl Pages {
    pub(super) fn new(input: Input, limit: usize) -> Self {
        Self {
            input,
            limit,
            buffer: Vec::new(),
            page: None,
            revision: None,
            begun: false,
            closed: false,
            ended: false,
        }
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        while !self.ended {
            let piece = match self.page {
                Some(offset) => self.within(offset)?,
                None => self.between()?,
            };
            if piece.is_some() {
                return Ok(piece);
            }
        }
        Ok(None)
    }

    /// Reads on within a page.
    fn within(&mut self, offset: u64) -> io::Result<Option<Piece>> {
        let from = self.buffer.len();
        let room = self.limit - from + 1;
        if self.input.read_until(b'>', room, &mut self.buffer)? == 0 {
            self.ended = true;
            return Ok(Some(Piece::Damaged {
                offset,
                message: "the stream ends within this page: it was cut",
            }));
        }
        if self.buffer.len() > self.limit {
            self.page = None;
            self.clear_gap();
            return Ok(Some(Piece::TooLarge));
        }
        let (mark, at) = mark(&self.buffer, from);
        match mark {
            Mark::None => Ok(None),
            Mark::Revision => {
                match self.revision {
                    Some(start) => drop(self.buffer.drain(start..at)),
                    None => self.revision = Some(at),
                }
                Ok(None)
            }
            Mark::PageEnd => {
                self.page = None;
                let bytes = std::mem::take(&mut self.buffer);
                Ok(Some(Piece::Page { offset, bytes }))
            }
            Mark::Page => {
                self.open(self.place_of(at), at);
                Ok(Some(Piece::Damaged {
                    offset,
                    message: "the page is not closed before the next one begins",
                }))
            }
            Mark::DumpEnd => {
                self.page = None;
                self.closed = true;
                self.buffer.clear();
                Ok(Some(Piece::Damaged {
                    offset,
                    message: "the page is not closed before the dump's end",
                }))
            }
        }
    }

    /// Reads on before the first page, or between pages.
    fn between(&mut self) -> io::Result<Option<Piece>> {
        let from = self.buffer.len();
        if self.input.read_until(b'>', GAP_BYTES, &mut self.buffer)? == 0 {
            self.ended = self.begun;
            if !self.begun {
                self.begun = true;
                return Ok(Some(Piece::Head(std::mem::take(&mut self.buffer))));
            }
            return Ok((!self.closed).then_some(Piece::Damaged {
                offset: self.input.offset(),
                message: "the stream ends without `</mediawiki>`: it was cut",
            }));
        }
        // The piece before may have ended with this tag's beginning.
        let (mark, at) = mark(&self.buffer, from.saturating_sub(MAX_TAG_BYTES));
        match mark {
            Mark::Page => {
                let offset = self.place_of(at);
                let head = (!self.begun).then(|| Piece::Head(self.buffer[..at].to_vec()));
                self.begun = true;
                self.closed = false;
                self.open(offset, at);
                return Ok(head);
            }
            Mark::DumpEnd => self.closed = true,
            _ => {}
        }
        if self.begun {
            self.clear_gap();
        } else if self.buffer.len() > MAX_HEAD_BYTES {
            self.begun = true;
            let head = std::mem::take(&mut self.buffer);
            return Ok(Some(Piece::Head(head)));
        }
        Ok(None)
    }

    /// Place in the stream of what is read up to its end and begins at `at` in the buffer.
    fn place_of(&self, at: usize) -> u64 {
        self.input.offset() - self.input.original_len(&self.buffer[at..])
    }

    /// A page begins at `at` in the buffer.
    fn open(&mut self, offset: u64, at: usize) {
        self.buffer.drain(..at);
        self.page = Some(offset);
        self.revision = None;
    }

    /// Forgets what was read, but for the beginning of a tag that the limit cut.
    fn clear_gap(&mut self) {
        let tail = self.buffer.len().saturating_sub(MAX_TAG_BYTES);
        let cut = self.buffer[tail..].iter().rposition(|&byte| byte == b'<');
        match cut {
            Some(at) if !self.buffer.ends_with(b">") => drop(self.buffer.drain(..tail + at)),
            _ => self.buffer.clear(),
        }
    }
}

/// The tag that ends `buffer`, and where it begins, not before `from`.
fn mark(buffer: &[u8], from: usize) -> (Mark, usize) {
    if !buffer.ends_with(b">") {
        return (Mark::None, buffer.len());
    }
    let Some(at) = buffer[from..].iter().rposition(|&byte| byte == b'<') else {
        return (Mark::None, buffer.len());
    };
    let at = from + at;
    let tag = &buffer[at + 1..buffer.len() - 1];
    let (tag, closing) = match tag.strip_prefix(b"/") {
        Some(tag) => (tag, true),
        None => (tag, false),
    };
    let length = tag
        .iter()
        .position(|&byte| byte.is_ascii_whitespace() || byte == b'/');
    let mark = match (&tag[..length.unwrap_or(tag.len())], closing) {
        (b"page", false) => Mark::Page,
        (b"page", true) => Mark::PageEnd,
        (b"revision", false) => Mark::Revision,
        (b"mediawiki", true) => Mark::DumpEnd,
        _ => Mark::None,
    };
    (mark, at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Cursor;

    use super::*;

    fn pieces(dump: &str, limit: usize) -> Vec<String> {
        let input = Input::new(Box::new(Cursor::new(dump.as_bytes().to_vec())));
        let mut pages = Pages::new(input, limit);
        let mut found = Vec::new();
        while let Some(piece) = pages.next().unwrap() {
            found.push(match piece {
                Piece::Head(bytes) => String::from_utf8(bytes).unwrap(),
                Piece::Page { offset, bytes } => {
                    let bytes = String::from_utf8(bytes).unwrap();
                    if offset < dump.len() as u64 {
                        assert!(dump[offset as usize..].starts_with("<page"), "{offset}");
                    }
                    format!("{offset} {bytes}")
                }
                Piece::TooLarge => "too large".to_owned(),
                Piece::Damaged { offset, message } => format!("{offset}! {message}"),
            });
        }
        found
    }

    const ALL: usize = 1 << 20;

    #[test]
    fn a_dump_is_its_head_and_its_pages() {
        let dump = "<mediawiki>\n<a/>\n<page>x</page>\n <page >y</page></mediawiki>\n";
        let found = pieces(dump, ALL);
        assert_eq!(
            found,
            [
                "<mediawiki>\n<a/>\n",
                "17 <page>x</page>",
                "33 <page >y</page>"
            ]
        );
        assert_eq!(pieces("<mediawiki><a/></mediawiki>", ALL).len(), 1);
    }

    #[test]
    fn of_many_revisions_the_last_is_kept_and_only_one_is_held() {
        let revisions: String = (0..1000)
            .map(|i| format!("<revision><text>{i}</text></revision>"))
            .collect();
        let dump = format!("<m><page><title>T</title>{revisions}</page></mediawiki>");
        let last = "3 <page><title>T</title><revision><text>999</text></revision></page>";
        assert_eq!(pieces(&dump, 100), ["<m>", last]);
    }

    #[test]
    fn a_page_beyond_the_limit_is_left_out_and_the_next_is_found() {
        for size in [90, 200, GAP_BYTES - 10, GAP_BYTES, 3 * GAP_BYTES] {
            for tail in 0..20 {
                let text = "x".repeat(size + tail);
                let dump = format!("<m><page>{text}</page><page>y</page></mediawiki>");
                let found = pieces(&dump, 80);
                let next = format!("{} <page>y</page>", 16 + text.len());
                assert_eq!(found, ["<m>", "too large", &next], "{size} {tail}");
            }
        }
    }

    #[test]
    fn faults_are_placed_and_the_next_page_is_found() {
        let found = pieces("<m><page>a<page>b</page></mediawiki>", ALL);
        assert_eq!(
            found[1],
            "3! the page is not closed before the next one begins"
        );
        assert_eq!(found[2], "10 <page>b</page>");
        assert!(pieces("<m><page>a</mediawiki>", ALL)[1].starts_with("3! the page is not closed"));
        for cut in ["<m><page>a", "<m><page>a</pa", "<m><page>"] {
            assert!(
                pieces(cut, ALL)[1].contains("ends within this page"),
                "{cut}"
            );
        }
        let found = pieces("<m><page>a</page>\n", ALL);
        assert_eq!(
            found[2],
            "18! the stream ends without `</mediawiki>`: it was cut"
        );
    }

    #[test]
    fn an_endless_head_is_not_held() {
        let head = "<a>".repeat(MAX_HEAD_BYTES);
        let found = pieces(&format!("{head}<page>x</page></mediawiki>"), ALL);
        assert_eq!(found.len(), 2);
        assert!(found[0].len() < MAX_HEAD_BYTES + GAP_BYTES);
        assert_eq!(found[1], format!("{} <page>x</page>", head.len()));
    }
}
