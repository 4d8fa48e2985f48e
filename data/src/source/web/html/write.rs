//! The text of an element as lines: paragraphs, lists, tables, code.

use super::names::{Kind, Name};
use super::prune::{Pruned, Rules};
use super::tree::Tree;

/// The deepest list whose items are indented further.
const MAX_INDENT: usize = 8;

/// What separates two pieces of text, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Space,
    Line,
    Paragraph,
}

/// The text of the element `root` without what is left out.
///
/// Headings with nothing under them, which stood over what was left out, go too unless `rules` keep
/// everything.
pub(super) fn text(tree: &Tree, pruned: &Pruned, root: usize, rules: Rules) -> String {
    let mut writer = Writer {
        out: Vec::new(),
        gap: Gap::None,
        lists: 0,
        is_item: false,
        tables: 0,
        is_cell_end: false,
        pre: 0,
        headings: Vec::new(),
        in_heading: 0,
        drops_headings: rules.frames,
    };
    let mut open = Vec::<usize>::new();
    let mut at = root;
    let end = tree.nodes[root].end as usize;
    while at < end {
        while let Some(&last) = open.last()
            && at >= tree.nodes[last].end as usize
        {
            writer.leave(tree.nodes[last].name, pruned.is_layout[last]);
            open.pop();
        }
        let node = &tree.nodes[at];
        if pruned.left_out[at] {
            if node.name.kind().is_block() {
                writer.gap(Gap::Line);
            }
            at = node.end as usize;
            continue;
        }
        match node.name.kind() {
            Kind::Text => writer.text(tree.text_of(node)),
            Kind::Link | Kind::Span | Kind::NeverInline | Kind::Raw => {}
            Kind::Break => writer.line_break(),
            _ => {
                writer.enter(node.name, pruned.is_layout[at]);
                open.push(at);
            }
        }
        at += 1;
    }
    while let Some(last) = open.pop() {
        writer.leave(tree.nodes[last].name, pruned.is_layout[last]);
    }
    writer.finish()
}

struct Writer {
    out: Vec<u8>,
    /// What comes before the next text.
    gap: Gap,
    /// Lists around.
    lists: usize,
    /// The next text begins an item.
    is_item: bool,
    /// Tables around that are written as rows.
    tables: usize,
    /// A cell of this row had text.
    is_cell_end: bool,
    /// Elements around whose white space counts.
    pre: usize,
    /// Level and place of the headings at the end of `out` that have no text under them.
    headings: Vec<(u8, usize)>,
    in_heading: usize,
    drops_headings: bool,
}

impl Writer {
    /// Asks for a gap, weakened by what is around: a cell is one line, an item has no blank lines.
    fn gap(&mut self, gap: Gap) {
        let most = if self.tables > 0 {
            Gap::Space
        } else if self.lists > 0 || self.pre > 0 {
            Gap::Line
        } else {
            Gap::Paragraph
        };
        self.gap = self.gap.max(gap.min(most));
    }

    fn line_break(&mut self) {
        if self.pre > 0 {
            self.out.push(b'\n');
        } else if self.gap == Gap::Line {
            self.gap(Gap::Paragraph);
        } else {
            self.gap(Gap::Line);
        }
    }

    fn enter(&mut self, name: Name, is_layout: bool) {
        match name.kind() {
            Kind::Item | Kind::Term => {
                self.gap(Gap::Line);
                self.is_item = name == Name::Li;
            }
            Kind::List => {
                self.gap(Gap::Paragraph);
                self.lists += 1;
            }
            Kind::Table if !is_layout => {
                self.gap(Gap::Paragraph);
                self.tables += 1;
            }
            Kind::Row if self.tables == 1 => {
                self.gap = self.gap.max(Gap::Line);
                self.is_cell_end = false;
            }
            Kind::Heading => {
                self.gap(Gap::Paragraph);
                self.start_heading(name.heading_level());
            }
            Kind::Pre => {
                self.gap(Gap::Paragraph);
                self.pre += 1;
            }
            _ => self.gap(Gap::Paragraph),
        }
    }

    fn leave(&mut self, name: Name, is_layout: bool) {
        match name.kind() {
            Kind::Item | Kind::Term => {
                self.gap(Gap::Line);
                self.is_item = false;
            }
            Kind::List => {
                self.lists -= 1;
                self.gap(if self.lists > 0 {
                    Gap::Line
                } else {
                    Gap::Paragraph
                });
            }
            Kind::Table if !is_layout => {
                self.tables -= 1;
                self.is_cell_end = false;
                self.gap(Gap::Paragraph);
            }
            Kind::Cell if self.tables == 1 => {
                // The gap is a line's until the row has text.
                self.is_cell_end = self.gap < Gap::Line;
            }
            Kind::Heading => {
                self.in_heading -= 1;
                self.gap(Gap::Paragraph);
            }
            Kind::Pre => {
                self.pre -= 1;
                let kept = self.out.trim_ascii_end().len();
                self.out.truncate(kept);
                self.gap(Gap::Paragraph);
            }
            _ => self.gap(Gap::Paragraph),
        }
    }

    fn start_heading(&mut self, level: u8) {
        self.in_heading += 1;
        if !self.drops_headings {
            return;
        }
        while let Some(&(above, at)) = self.headings.last()
            && above >= level
        {
            self.out.truncate(at);
            self.headings.pop();
        }
        self.headings.push((level, self.out.len()));
    }

    fn text(&mut self, bytes: &[u8]) {
        if self.pre > 0 && self.tables == 0 {
            self.verbatim(bytes);
        } else {
            self.words(bytes);
        }
    }

    /// Text whose white space counts. A line feed at its start does not, says the standard.
    fn verbatim(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if self.gap >= Gap::Line {
            while let [b'\n' | b'\r', rest @ ..] = bytes {
                bytes = rest;
            }
            if bytes.is_empty() {
                return;
            }
        }
        self.fill_gap();
        self.out.extend_from_slice(bytes);
    }

    /// Text whose white space is one space. Without soft hyphens, which are for whoever breaks lines.
    fn words(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        loop {
            match rest {
                [] => return,
                [0..=b' ', after @ ..] | [0xC2, 0xA0, after @ ..] => {
                    self.gap = self.gap.max(Gap::Space);
                    rest = after;
                }
                [0xC2, 0xAD, after @ ..] => rest = after,
                [first, after @ ..] => {
                    self.fill_gap();
                    let is_end = |&byte: &u8| byte <= b' ' || byte == 0xC2;
                    let end = after.iter().position(is_end).unwrap_or(after.len());
                    self.out.push(*first);
                    self.out.extend_from_slice(&after[..end]);
                    rest = &after[end..];
                }
            }
        }
    }

    /// Writes what comes between the last text and the next.
    fn fill_gap(&mut self) {
        if self.in_heading == 0 {
            self.headings.clear();
        }
        let gap = std::mem::replace(&mut self.gap, Gap::None);
        let is_cell_end = std::mem::take(&mut self.is_cell_end);
        let is_item = std::mem::take(&mut self.is_item);
        if !self.out.is_empty() {
            match gap {
                _ if is_cell_end && gap <= Gap::Space => self.out.extend_from_slice(b" | "),
                Gap::None => {}
                Gap::Space => self.out.push(b' '),
                Gap::Line => self.out.push(b'\n'),
                Gap::Paragraph => self.out.extend_from_slice(b"\n\n"),
            }
        }
        if gap >= Gap::Line || is_item {
            let depth = self.lists.min(MAX_INDENT);
            let indent = if is_item {
                depth.saturating_sub(1)
            } else {
                depth
            };
            if self.tables == 0 {
                self.out.resize(self.out.len() + 2 * indent, b' ');
            }
        }
        if is_item {
            self.out.extend_from_slice(b"- ");
        }
    }

    fn finish(mut self) -> String {
        if let Some(&(_, at)) = self.headings.first() {
            self.out.truncate(at);
        }
        let kept = self.out.trim_ascii_end().len();
        self.out.truncate(kept);
        match String::from_utf8(self.out) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }
}
