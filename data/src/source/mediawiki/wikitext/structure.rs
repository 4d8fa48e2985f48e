//! The first pass: templates, links, tables, tags and comments.
//!
//! Text goes to the output as it comes. Something that opens is noted with its place there; when it
//! closes, what was written since is removed, or replaced by what of it is text. Something that is
//! never closed has then left its content as text.

use super::super::super::html::tag;
use super::super::site::{Namespaces, Target};
use super::frames::{Frame, Frames, Kind};
use super::tags::{Ends, Meaning, meaning};
use super::{AMPERSAND, BREAK, CODE, CODE_END, GAP, LITERAL, Tables, tables, templates};

/// Deeper than this nothing is replaced by its text, only removed: each level may move the text
/// within it once more.
const MAX_TEXT_DEPTH: usize = 64;

/// What an external link begins with (`$wgUrlProtocols`).
const SCHEMES: [&str; 10] = [
    "http://", "https://", "//", "ftp://", "mailto:", "news:", "irc://", "gopher://", "sftp://",
    "tel:",
];

/// Resolves what nests.
pub(super) fn flatten(source: &str, namespaces: &Namespaces, tables: Tables) -> String {
    let mut pass = Structure {
        source,
        at: 0,
        fresh: true,
        out: String::with_capacity(source.len()),
        frames: Frames::default(),
        ends: Ends::default(),
        open_comment: false,
        poems: 0,
        namespaces,
        tables,
    };
    pass.run();
    pass.out
}

struct Structure<'a> {
    source: &'a str,
    at: usize,
    /// Nothing but blanks and colons stood on this line so far.
    fresh: bool,
    out: String,
    frames: Frames,
    ends: Ends,
    /// A comment is not closed: none behind it is either.
    open_comment: bool,
    poems: u32,
    namespaces: &'a Namespaces,
    tables: Tables,
}

/// Bytes that may begin markup, and control characters, which XML does not allow and the marks use.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    let markup = b"{}[]|<";
    let mut i = 0;
    while i < markup.len() {
        special[markup[i] as usize] = true;
        i += 1;
    }
    special
};

impl Structure<'_> {
    fn run(&mut self) {
        let bytes = self.source.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !SPECIAL[byte as usize] {
                self.plain();
                continue;
            }
            match byte {
                b'{' => self.open_braces(),
                b'}' => self.close_braces(),
                b'[' => self.open_bracket(),
                b']' => self.close_bracket(),
                b'|' => self.pipe(),
                b'<' => self.angle(),
                b'\n' => self.newline(),
                b'\t' => {
                    self.out.push(' ');
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    fn plain(&mut self) {
        let rest = &self.source.as_bytes()[self.at..];
        let len = rest.iter().position(|&byte| SPECIAL[byte as usize]);
        let len = len.unwrap_or(rest.len());
        if self.fresh {
            self.fresh = rest[..len].iter().all(|byte| b" :".contains(byte));
        }
        self.out.push_str(&self.source[self.at..self.at + len]);
        self.at += len;
    }

    /// Writes `len` bytes of the source as they are.
    fn literal(&mut self, len: usize) {
        self.out.push_str(&self.source[self.at..self.at + len]);
        self.at += len;
        self.fresh = false;
    }

    fn newline(&mut self) {
        // External links end with their line.
        while self.frames.innermost() == Some(Kind::External) {
            self.frames.close(Kind::External);
        }
        if self.poems > 0 {
            self.out.push(BREAK);
        }
        self.out.push('\n');
        self.at += 1;
        self.fresh = true;
    }

    fn gap(&mut self) {
        if !self.out.ends_with(GAP) {
            self.out.push(GAP);
        }
    }

    /// Removes what was written since `start`.
    fn remove(&mut self, start: usize) {
        self.out.truncate(start);
        self.gap();
    }

    fn run_of(&self, byte: u8) -> usize {
        let rest = &self.source.as_bytes()[self.at..];
        rest.iter().take_while(|&&found| found == byte).count()
    }

    fn next_is(&self, ahead: usize, byte: u8) -> bool {
        self.source.as_bytes().get(self.at + ahead) == Some(&byte)
    }

    fn open_braces(&mut self) {
        let run = self.run_of(b'{');
        if run == 1 {
            if self.fresh && self.next_is(1, b'|') {
                self.frames.open(Kind::Table, self.out.len());
                self.at += 2;
                self.fresh = false;
            } else if self.out.ends_with('-') && self.frames.content() < self.out.len() {
                self.out.pop();
                self.frames.open(Kind::Variant, self.out.len());
                self.at += 1;
            } else {
                self.literal(1);
            }
            return;
        }
        // An odd run ends in the three of a parameter.
        for _ in 0..(run - run % 2) / 2 - run % 2 {
            self.frames.open(Kind::Template, self.out.len());
        }
        if run % 2 == 1 {
            self.frames.open(Kind::Parameter, self.out.len());
        }
        self.at += run;
        self.fresh = false;
    }

    fn close_braces(&mut self) {
        let mut run = self.run_of(b'}');
        self.fresh = false;
        while run >= 2 {
            if run >= 3 && self.frames.can_close(Kind::Parameter) {
                if let Some(frame) = self.frames.close(Kind::Parameter) {
                    self.frames.forget(&frame);
                    self.remove(frame.start);
                }
                run -= 3;
                self.at += 3;
            } else if self.frames.can_close(Kind::Parameter) {
                // It was none: its braces are given up.
                self.frames.close(Kind::Parameter);
            } else {
                if self.frames.can_close(Kind::Template)
                    && let Some(frame) = self.frames.close(Kind::Template)
                {
                    self.close_template(&frame);
                }
                run -= 2;
                self.at += 2;
            }
        }
        if run == 1 {
            if self.next_is(1, b'-') && self.frames.can_close(Kind::Variant) {
                if let Some(frame) = self.frames.close(Kind::Variant) {
                    self.close_variant(&frame);
                }
                self.at += 2;
            } else {
                self.literal(1);
            }
        }
    }

    fn close_template(&mut self, frame: &Frame) {
        let pipes = self.frames.pipes_of(frame);
        let text = if self.frames.depth() < MAX_TEXT_DEPTH {
            templates::text(&self.out, frame.start, pipes)
        } else {
            None
        };
        self.frames.forget(frame);
        match text {
            Some(text) => {
                self.out.truncate(frame.start);
                self.out.push_str(&text);
            }
            None => self.remove(frame.start),
        }
    }

    /// Words in several scripts: the first of them. Rules that show nothing have a flag in front.
    fn close_variant(&mut self, frame: &Frame) {
        let pipe = self.frames.pipes_of(frame).first().copied();
        self.frames.forget(frame);
        let from = pipe.map_or(frame.start, |pipe| pipe + 1);
        let flags = &self.out[frame.start..pipe.unwrap_or(frame.start)];
        let shown = self.frames.depth() < MAX_TEXT_DEPTH && !flags.contains(['H', 'T', '-']);
        let content = self.out[from..].split(';').next().unwrap_or_default();
        let code = content.split_once(':').filter(|(code, _)| {
            let code = code.trim();
            !code.is_empty() && code.bytes().all(|byte| byte == b'-' || byte.is_ascii_lowercase())
        });
        let content = code.map_or(&self.out[from..], |(_, text)| text).to_owned();
        self.out.truncate(frame.start);
        if shown {
            self.out.push_str(&content);
        }
    }

    fn open_bracket(&mut self) {
        let run = self.run_of(b'[');
        self.fresh = false;
        if run >= 3 {
            self.literal(run - 2);
        } else if self.external(run) {
            return;
        }
        if self.next_is(1, b'[') {
            self.frames.open(Kind::Link, self.out.len());
            self.at += 2;
        } else {
            self.literal(1);
        }
    }

    /// Opens an external link, whose address goes; false where there is none.
    fn external(&mut self, brackets: usize) -> bool {
        let rest = &self.source[self.at + brackets..];
        let is_scheme = |scheme: &&str| {
            let start = rest.as_bytes().get(..scheme.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(scheme.as_bytes()))
        };
        // Of links to pages, those to `http` only are mistakes for sure.
        let schemes = &SCHEMES[..if brackets == 1 { SCHEMES.len() } else { 2 }];
        if !schemes.iter().any(|scheme| is_scheme(&scheme)) {
            return false;
        }
        let end = rest.find(|c: char| c.is_whitespace() || "[]<>\"|{}".contains(c));
        let end = end.unwrap_or(rest.len());
        let blanks = rest[end..].bytes().take_while(|&byte| byte == b' ').count();
        self.at += brackets + end + blanks;
        self.frames.open(Kind::External, self.out.len());
        true
    }

    fn close_bracket(&mut self) {
        self.fresh = false;
        if self.frames.innermost() == Some(Kind::External) {
            self.close_external();
            // Two brackets around an address are a common mistake.
            self.at += usize::from(self.next_is(1, b']') && !self.frames.can_close(Kind::Link));
            self.at += 1;
        } else if self.next_is(1, b']') {
            if self.frames.can_close(Kind::Link)
                && let Some(frame) = self.frames.close(Kind::Link)
            {
                self.close_link(&frame);
            }
            self.at += 2;
        } else if self.frames.can_close(Kind::External) && !self.frames.can_close(Kind::Link) {
            self.close_external();
            self.at += 1;
        } else {
            self.literal(1);
        }
    }

    fn close_external(&mut self) {
        if let Some(frame) = self.frames.close(Kind::External)
            && self.out.len() == frame.start
        {
            self.gap();
        }
    }

    fn close_link(&mut self, frame: &Frame) {
        let pipe = self.frames.pipes_of(frame).first().copied();
        self.frames.forget(frame);
        let target = &self.out[frame.start..pipe.unwrap_or(self.out.len())];
        if target.contains('\n') {
            return;
        }
        let kind = self.namespaces.target(target);
        let dropped = match kind {
            Target::File | Target::Category => true,
            // With other words it is a mention.
            Target::Language => pipe.is_none(),
            Target::Page => false,
        };
        if dropped || self.frames.depth() >= MAX_TEXT_DEPTH {
            self.remove(frame.start);
            return;
        }
        match pipe {
            Some(pipe) if !self.out[pipe + 1..].trim().is_empty() => {
                self.out.drain(frame.start..=pipe);
            }
            _ => {
                if let Some(pipe) = pipe {
                    self.out.truncate(pipe);
                }
                if self.out[frame.start..].starts_with([':', '#']) {
                    self.out.remove(frame.start);
                }
            }
        }
    }

    fn pipe(&mut self) {
        if self.next_is(1, b'}') && self.frames.can_close(Kind::Table) && self.fresh {
            if let Some(frame) = self.frames.close(Kind::Table) {
                self.close_table(&frame);
            }
            self.at += 2;
            self.fresh = false;
            return;
        }
        self.frames.pipe(self.out.len());
        self.literal(1);
    }

    fn close_table(&mut self, frame: &Frame) {
        self.frames.forget(frame);
        if self.tables == Tables::Rows
            && frame.kind == Kind::Table
            && self.frames.depth() < MAX_TEXT_DEPTH
        {
            let rows = tables::rows(&self.out[frame.start..]);
            self.out.truncate(frame.start);
            self.out.push_str(&rows);
        } else {
            self.remove(frame.start);
        }
    }

    fn angle(&mut self) {
        let rest = &self.source[self.at..];
        if rest.starts_with("<!--") {
            self.comment();
            return;
        }
        let Some(tag) = tag(rest) else {
            self.literal(1);
            return;
        };
        let Some(meaning) = meaning(tag.name) else {
            self.literal(1);
            return;
        };
        self.at += tag.len;
        match meaning {
            Meaning::Dropped | Meaning::Code | Meaning::Preformatted | Meaning::Literal => {
                let raw = !tag.closing && !tag.empty;
                let found = raw.then(|| self.ends.find(self.source, self.at, tag.name));
                match found.flatten() {
                    Some((end, behind)) => {
                        let content = &self.source[self.at..end];
                        self.raw(content, meaning);
                        self.at = behind;
                    }
                    None => self.gap(),
                }
                self.fresh = false;
            }
            Meaning::Inline => {}
            Meaning::Block => self.out.push(BREAK),
            Meaning::Item => {
                self.out.push(BREAK);
                if !tag.closing {
                    self.out.push_str("- ");
                }
            }
            Meaning::Raised => {
                if !tag.closing {
                    self.raised();
                }
            }
            Meaning::Poem => {
                self.poems = match (tag.closing, tag.empty) {
                    (true, _) => self.poems.saturating_sub(1),
                    (false, empty) => self.poems + u32::from(!empty),
                };
                self.out.push(BREAK);
            }
            Meaning::Table => {
                if !tag.closing {
                    self.frames.open(Kind::HtmlTable, self.out.len());
                } else if self.frames.can_close(Kind::HtmlTable)
                    && let Some(frame) = self.frames.close(Kind::HtmlTable)
                {
                    self.close_table(&frame);
                }
            }
        }
    }

    /// A comment goes, with its line where it stands alone.
    fn comment(&mut self) {
        let rest = &self.source[self.at + 4..];
        let end = if self.open_comment { None } else { rest.find("-->") };
        let Some(end) = end else {
            self.open_comment = true;
            self.at += 4;
            return;
        };
        self.at += 4 + end + 3;
        if self.fresh && self.next_is(0, b'\n') && self.out.ends_with('\n') {
            self.at += 1;
        }
    }

    fn raw(&mut self, content: &str, meaning: Meaning) {
        let lines = content.contains('\n');
        let (open, close) = match meaning {
            Meaning::Code | Meaning::Preformatted if lines => (CODE, CODE_END),
            Meaning::Dropped => {
                self.gap();
                return;
            }
            _ => (LITERAL, LITERAL),
        };
        self.out.push(open);
        for c in content.chars() {
            match c {
                '&' if meaning == Meaning::Code => self.out.push(AMPERSAND),
                '\n' | '\t' => self.out.push(c),
                c if c < ' ' => {}
                c => self.out.push(c),
            }
        }
        self.out.push(close);
    }

    /// Powers read as powers: 10⁶ is not 106. What is raised for its looks only stays as it is.
    fn raised(&mut self) {
        let rest = self.source[self.at..].trim_start_matches('\'');
        let mut ahead = rest.chars();
        let (first, second) = (ahead.next(), ahead.next());
        let number = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let power = match first {
            Some('-' | '−' | '–' | '+') => number(second),
            Some(c) if c.is_ascii_alphabetic() => matches!(second, Some('<' | '\'')),
            first => number(first),
        };
        let based = |out: &str| {
            let base = out.trim_end_matches('\'').chars().next_back();
            base.is_some_and(|c| c.is_alphanumeric() || c == ')')
        };
        if power && based(&self.out) {
            self.out.push('^');
        }
    }
}
