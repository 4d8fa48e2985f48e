//! The second pass: lines become paragraphs, headings and lists.
//!
//! Source: <https://www.mediawiki.org/wiki/Help:Formatting>, <https://www.mediawiki.org/wiki/Help:Lists>.

use super::inline::{self, Written};
use super::{BREAK, CODE, CODE_END, GAP};

/// Deeper items are written as if they were at this depth; longer marks are seldom lists.
const MAX_LIST_DEPTH: usize = 8;

/// Plain text of a text without templates, links and tags.
pub(super) fn plain(flat: &str, left_out: &[String]) -> String {
    let mut pass = Lines {
        out: String::with_capacity(flat.len()),
        last: Last::Start,
        blank: false,
        broken: false,
        numbers: [0; MAX_LIST_DEPTH],
        headings: Vec::new(),
        left_out: left_out
            .iter()
            .map(|name| name.trim().to_lowercase())
            .collect(),
        skipped: None,
    };
    let mut rest = flat;
    while let Some(at) = rest.find(CODE) {
        let code = &rest[at + CODE.len_utf8()..];
        // Both marks are written together, but one can go with a variant that is not shown. What
        // follows is then no code, and looking for an end once is enough.
        let Some(end) = code.find(CODE_END) else {
            break;
        };
        pass.lines(&rest[..at]);
        pass.code(&code[..end]);
        rest = &code[end + CODE_END.len_utf8()..];
    }
    pass.lines(rest);
    pass.drop_headings(0);
    let end = pass.out.trim_end().len();
    pass.out.truncate(end);
    pass.out
}

/// What was written last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    Start,
    /// A paragraph, which the next line continues.
    Paragraph,
    /// An item of a list, or an indented line.
    Item,
    /// A line that begins with a space and so keeps its end.
    Kept,
    Heading,
    Code,
}

struct Lines {
    out: String,
    last: Last,
    /// An empty line came since.
    blank: bool,
    /// The last line was ended by a tag.
    broken: bool,
    /// How many items each depth of numbered lists has had.
    numbers: [u32; MAX_LIST_DEPTH],
    /// Headings at the end of `out` without text below them: level, and where each begins.
    headings: Vec<(usize, usize)>,
    /// Names of sections to leave out, in lower case.
    left_out: Vec<String>,
    /// The level of the section that is being left out.
    skipped: Option<usize>,
}

impl Lines {
    fn lines(&mut self, text: &str) {
        for line in text.split('\n') {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        let blank = |c: char| c == GAP || c.is_whitespace();
        let inner = line.trim_matches(blank);
        if inner.is_empty() {
            // A line of which nothing is left joins what stands around it.
            self.blank |= !line.contains(GAP);
            return;
        }
        if let Some((level, name)) = heading(inner) {
            self.heading(level, name);
            return;
        }
        if self.skipped.is_some() {
            return;
        }
        let first = line
            .trim_start_matches(GAP)
            .chars()
            .next()
            .unwrap_or_default();
        match first {
            '*' | '#' | ':' | ';' => self.item(line.trim_start_matches(GAP)),
            '|' if row(inner) => self.blank = true,
            '-' if inner.starts_with("----") => {
                self.blank = true;
                self.text(inner.trim_start_matches('-'), Last::Paragraph);
            }
            ' ' if line.starts_with(' ') => self.text(&line[1..], Last::Kept),
            _ => self.text(line, Last::Paragraph),
        }
    }

    fn heading(&mut self, level: usize, name: &str) {
        if self.skipped.is_some_and(|skipped| level > skipped) {
            return;
        }
        self.skipped = None;
        self.drop_headings(level);
        let begins = self.out.len();
        self.blank = true;
        if self.write(name, Last::Heading, "") == Written::Nothing {
            return;
        }
        self.headings.push((level, begins));
        if !self.left_out.is_empty() {
            let name = self.out[begins..].trim().to_lowercase();
            if self.left_out.contains(&name) {
                self.skipped = Some(level);
            }
        }
    }

    /// Removes headings of this level or below that have no text.
    fn drop_headings(&mut self, level: usize) {
        while let Some(&(found, begins)) = self.headings.last()
            && found >= level
        {
            self.headings.pop();
            self.out.truncate(begins);
        }
    }

    fn item(&mut self, line: &str) {
        let marks = line
            .bytes()
            .take_while(|byte| b"*#:;".contains(byte))
            .count();
        let (marks, text) = line.split_at(marks);
        let kept = &marks.as_bytes()[..marks.len().min(MAX_LIST_DEPTH)];
        let Some((&mark, outer)) = kept.split_last() else {
            return;
        };
        if self.last != Last::Item {
            self.numbers = [0; MAX_LIST_DEPTH];
        }
        let before = self.numbers;
        let depth = outer.len();
        let own = depth + usize::from(mark == b'#');
        self.numbers[own..].fill(0);
        let indent = outer.iter().filter(|byte| b"*#".contains(byte)).count();
        let mut prefix = "  ".repeat(indent);
        match mark {
            b'*' => prefix.push_str("- "),
            b'#' => {
                self.numbers[depth] += 1;
                prefix.push_str(&format!("{}. ", self.numbers[depth]));
            }
            _ => {}
        }
        if self.write(text, Last::Item, &prefix) == Written::Nothing {
            self.numbers = before;
        } else {
            self.headings.clear();
        }
    }

    fn text(&mut self, text: &str, kind: Last) {
        let inner = text.trim_matches(|c: char| c == GAP || c.is_whitespace());
        self.broken |= inner.starts_with(BREAK);
        if self.write(text, kind, "") == Written::Something {
            self.headings.clear();
        }
        self.broken |= inner.ends_with(BREAK);
    }

    /// Lines that are kept as they are.
    fn code(&mut self, code: &str) {
        if self.skipped.is_some() {
            return;
        }
        let begins = self.out.len();
        self.separate(Last::Code);
        let text = self.out.len();
        for line in code.trim_matches('\n').split('\n') {
            inline::decode(line.trim_end(), &mut self.out);
            self.out.push('\n');
        }
        self.out.pop();
        if self.out[text..].trim().is_empty() {
            self.out.truncate(begins);
            return;
        }
        self.last = Last::Code;
        self.blank = false;
        self.headings.clear();
    }

    fn write(&mut self, text: &str, kind: Last, prefix: &str) -> Written {
        let begins = self.out.len();
        self.separate(kind);
        self.out.push_str(prefix);
        let keep_spaces = kind == Last::Kept;
        let written = inline::write(text, keep_spaces, &mut self.out);
        if written == Written::Nothing {
            self.out.truncate(begins);
        } else {
            self.last = kind;
            self.blank = false;
            self.broken = false;
        }
        written
    }

    /// What stands between what was written last and what comes.
    fn separate(&mut self, next: Last) {
        let between = match (self.last, next) {
            _ if self.out.is_empty() => "",
            (Last::Paragraph, Last::Paragraph) if !self.blank && !self.broken => " ",
            (Last::Paragraph, Last::Paragraph) if !self.blank => "\n",
            (Last::Kept, Last::Kept) | (Last::Paragraph, Last::Item) if !self.blank => "\n",
            // Items are often set apart in the source.
            (Last::Item, Last::Item) => "\n",
            _ => "\n\n",
        };
        if between.starts_with('\n') {
            let end = self.out.trim_end_matches('\n').len();
            self.out.truncate(end);
        }
        self.out.push_str(between);
    }
}

/// A heading's level and name.
fn heading(line: &str) -> Option<(usize, &str)> {
    let before = line.bytes().take_while(|&byte| byte == b'=').count();
    let after = line.bytes().rev().take_while(|&byte| byte == b'=').count();
    let level = before.min(after).min(6);
    (level > 0 && line.len() > 2 * level).then(|| (level, &line[level..line.len() - level]))
}

/// A row of a table that was never opened or closed.
fn row(line: &str) -> bool {
    line.len() == 1 || line[1..].starts_with(['-', '}', '+', ' ', '|']) || line.contains("||")
}
