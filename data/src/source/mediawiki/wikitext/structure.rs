//! The first pass: templates, links, tables, tags and comments.
//!
//! Text goes to the output as it comes. Something that opens is noted with its place there; when it
//! closes, what was written since is removed, or replaced by what of it is text. Something that is
//! never closed has then left its content as text. Braces are read here, square brackets in `links`,
//! angle brackets in `angles`.

use super::super::site::Namespaces;
use super::frames::{Frame, Frames, Kind};
use super::tags::Ends;
use super::{BREAK, GAP, Tables, tables, templates};

/// Deeper than this nothing is replaced by its text, only removed: each level may move the text
/// within it once more.
pub(super) const MAX_TEXT_DEPTH: usize = 64;

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

/// The pass over a text.
pub(super) struct Structure<'a> {
    pub(super) source: &'a str,
    pub(super) at: usize,
    /// Nothing but blanks and colons stood on this line so far.
    pub(super) fresh: bool,
    pub(super) out: String,
    pub(super) frames: Frames,
    pub(super) ends: Ends,
    /// A comment is not closed: none behind it is either.
    pub(super) open_comment: bool,
    pub(super) poems: u32,
    pub(super) namespaces: &'a Namespaces,
    pub(super) tables: Tables,
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
    pub(super) fn literal(&mut self, len: usize) {
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

    pub(super) fn gap(&mut self) {
        if !self.out.ends_with(GAP) {
            self.out.push(GAP);
        }
    }

    /// Removes what was written since `start`.
    pub(super) fn remove(&mut self, start: usize) {
        self.out.truncate(start);
        self.gap();
    }

    pub(super) fn run_of(&self, byte: u8) -> usize {
        let rest = &self.source.as_bytes()[self.at..];
        rest.iter().take_while(|&&found| found == byte).count()
    }

    pub(super) fn next_is(&self, ahead: usize, byte: u8) -> bool {
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
            !code.is_empty()
                && code
                    .bytes()
                    .all(|byte| byte == b'-' || byte.is_ascii_lowercase())
        });
        let content = code.map_or(&self.out[from..], |(_, text)| text).to_owned();
        self.out.truncate(frame.start);
        if shown {
            self.out.push_str(&content);
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

    pub(super) fn close_table(&mut self, frame: &Frame) {
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
}
