//! Text that TeX does not read: `\verb`, verbatim environments and addresses.
//!
//! Every pass must know them, since `%`, `\` and `$` mean themselves there.

use std::ops::Range;

/// What kind of text it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RawKind {
    /// `\verb|x|`.
    Inline,
    /// An environment whose lines are kept.
    Block,
    /// An environment that is left out: a comment, another file.
    Hidden,
    /// `\url{x}`.
    Url,
    /// `\href{x}`, whose text follows.
    Href,
}

/// Text that is not read, from the backslash on.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) kind: RawKind,
    /// The text itself.
    pub(super) inner: Range<usize>,
    /// What follows it.
    pub(super) end: usize,
}

const INLINE: [&str; 2] = ["verb", "lstinline"];
const URLS: [(&str, RawKind); 4] = [
    ("url", RawKind::Url),
    ("path", RawKind::Url),
    ("nolinkurl", RawKind::Url),
    ("href", RawKind::Href),
];
const BLOCKS: [(&str, RawKind); 9] = [
    ("verbatim", RawKind::Block),
    ("verbatim*", RawKind::Block),
    ("Verbatim", RawKind::Block),
    ("lstlisting", RawKind::Block),
    ("minted", RawKind::Block),
    ("alltt", RawKind::Block),
    ("comment", RawKind::Hidden),
    ("filecontents", RawKind::Hidden),
    ("filecontents*", RawKind::Hidden),
];

/// Finds such text.
///
/// What was looked for in vain is remembered, so that a pass is linear whatever the source is.
pub(super) struct Verbatim {
    /// No such byte stands in this stretch, for each byte that ends `\verb`.
    without: [(usize, usize); 256],
    /// No such environment ends behind this place.
    endless: [usize; BLOCKS.len()],
}

impl Verbatim {
    pub(super) fn new() -> Self {
        Self {
            without: [(0, 0); 256],
            endless: [usize::MAX; BLOCKS.len()],
        }
    }

    /// What begins at the backslash at `at`.
    pub(super) fn find(&mut self, text: &[u8], at: usize) -> Option<Raw> {
        let rest = text.get(at..)?.strip_prefix(b"\\")?;
        match rest.first()? {
            b'b' => self.block(text, at),
            b'v' | b'l' => self.inline(text, at),
            b'u' | b'p' | b'n' | b'h' => self.url(text, at),
            _ => None,
        }
    }

    fn block(&mut self, text: &[u8], at: usize) -> Option<Raw> {
        let rest = text.get(at..)?.strip_prefix(b"\\begin{")?;
        let (index, (name, kind)) = BLOCKS.iter().enumerate().find(|(_, (name, _))| {
            let rest = rest.strip_prefix(name.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b"}"))
        })?;
        if at >= self.endless[index] {
            return None;
        }
        let start = at + "\\begin{}".len() + name.len();
        let end = format!("\\end{{{name}}}");
        let Some(length) = position(&text[start..], end.as_bytes()) else {
            self.endless[index] = at;
            return None;
        };
        Some(Raw {
            kind: *kind,
            inner: start..start + length,
            end: start + length + end.len(),
        })
    }

    fn inline(&mut self, text: &[u8], at: usize) -> Option<Raw> {
        let rest = &text[at + 1..];
        let name = INLINE
            .iter()
            .find(|name| rest.starts_with(name.as_bytes()))?;
        let mut start = at + 1 + name.len();
        if text.get(start) == Some(&b'*') {
            start += 1;
        }
        let open = *text.get(start)?;
        if open.is_ascii_alphanumeric() || open.is_ascii_whitespace() || !open.is_ascii() {
            return None;
        }
        let close = match open {
            b'{' if *name == "lstinline" => b'}',
            b'[' if *name == "lstinline" => return None,
            open => open,
        };
        self.to(text, start + 1, close, RawKind::Inline)
    }

    fn url(&mut self, text: &[u8], at: usize) -> Option<Raw> {
        let rest = &text[at + 1..];
        let (name, kind) = URLS.iter().find(|(name, _)| {
            let rest = rest.strip_prefix(name.as_bytes());
            rest.is_some_and(|rest| rest.starts_with(b"{"))
        })?;
        self.to(text, at + 2 + name.len(), b'}', *kind)
    }

    /// Text up to a byte on the same line.
    fn to(&mut self, text: &[u8], start: usize, close: u8, kind: RawKind) -> Option<Raw> {
        let (from, to) = self.without[usize::from(close)];
        if (from..to).contains(&start) {
            return None;
        }
        let rest = text.get(start..)?;
        let length = rest
            .iter()
            .position(|&byte| byte == close || byte == b'\n')
            .unwrap_or(rest.len());
        if rest.get(length) != Some(&close) {
            self.without[usize::from(close)] = (start, start + length);
            return None;
        }
        Some(Raw {
            kind,
            inner: start..start + length,
            end: start + length + 1,
        })
    }
}

/// The first place of some bytes.
pub(super) fn position(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = 0;
    loop {
        at += text.get(at..)?.iter().position(|&byte| byte == first)?;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
}
