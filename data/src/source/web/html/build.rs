//! The tree of a page from its tags.
//!
//! Where tags are missing or crossed, the rules are those of the standard's tree construction
//! (<https://html.spec.whatwg.org/multipage/parsing.html#tree-construction>) as far as they move text: a
//! block ends a paragraph, an item ends an item, a cell keeps end tags from reaching what is around its
//! table, a link does not end a block. Elements that only format are not built.
//!
//! Each open element remembers where the one of its name below it is, so that an end tag costs nothing
//! if it matches none, and pays for the elements that it closes if it does.

use super::names::{Kind, Name};
use super::tree::{Marks, Node, Tree};

/// Nodes of a tree. The longest pages have some hundred thousand; further elements are transparent.
const MAX_NODES: usize = 1 << 20;

/// An open element, and what was known before it was opened. Places are those in the list of open
/// elements; 0 is the root, which stands for none.
struct Open {
    node: u32,
    name: Name,
    same: usize,
    scope: usize,
    list: usize,
    container: usize,
    block: u32,
}

/// A tree that grows.
pub(super) struct Builder {
    tree: Tree,
    open: Vec<Open>,
    /// Place of the last open element of each name.
    last: [usize; Name::COUNT],
    /// Place of the last open element that end tags do not reach beyond.
    scope: usize,
    /// Place of the last open list.
    list: usize,
    /// Place of the last open block that is no paragraph.
    container: usize,
    /// Node of the last open block.
    block: u32,
    /// Open elements whose text is never read.
    never: usize,
    /// The last thing was the start or the end of a block: white space says nothing there.
    is_block_edge: bool,
}

impl Builder {
    /// The root.
    pub(super) fn new() -> Self {
        let mut builder = Self {
            tree: Tree::default(),
            open: Vec::new(),
            last: [0; Name::COUNT],
            scope: 0,
            list: 0,
            container: 0,
            block: 0,
            never: 0,
            is_block_edge: true,
        };
        builder.push(Name::Root, Marks::default());
        builder
    }

    /// Closes what a block that begins ends.
    pub(super) fn prepare_block(&mut self, name: Name, kind: Kind) {
        self.is_block_edge = true;
        // A block ends an SVG or a list of options that nobody closed, unless it may be in one.
        for inline in [Name::Svg, Name::Math, Name::Select] {
            while self.last[inline as usize] > self.last[Name::ForeignObject as usize] {
                self.pop_to(self.last[inline as usize]);
            }
        }
        self.close_above(Name::P, self.scope);
        let table = self.last[Name::Table as usize];
        match kind {
            Kind::Item => self.close_above(Name::Li, self.list.max(self.scope)),
            Kind::Term => {
                self.close_above(Name::Dt, self.list.max(self.scope));
                self.close_above(Name::Dd, self.list.max(self.scope));
            }
            Kind::RowGroup => {
                for group in [Name::Thead, Name::Tbody, Name::Tfoot, Name::Tr] {
                    self.close_above(group, table);
                }
            }
            Kind::Row => self.close_above(Name::Tr, table),
            Kind::Cell => {
                let row = self.last[Name::Tr as usize].max(table);
                self.close_above(Name::Td, row);
                self.close_above(Name::Th, row);
            }
            Kind::Heading => {
                if let Some(top) = self.open.last()
                    && top.name.kind() == Kind::Heading
                {
                    self.pop();
                }
            }
            _ => {}
        }
        // A table with headings, tables or code in its cells places parts of a page.
        let is_part =
            matches!(kind, Kind::Table | Kind::Heading | Kind::Pre) || name == Name::Article;
        if is_part && table > 0 {
            let table = self.open[table].node as usize;
            self.tree.nodes[table].marks.is_layout = true;
        }
    }

    /// Takes an end tag.
    pub(super) fn end(&mut self, name: Name) {
        match name.kind() {
            Kind::Break => self.line(name),
            Kind::Link | Kind::Span => self.close_inline(name),
            // An empty paragraph, says the standard: what follows is apart from what was before.
            Kind::Paragraph if self.last[name as usize] <= self.scope => {
                self.leaf(name, Marks::default());
            }
            Kind::Table | Kind::RowGroup | Kind::Row | Kind::Cell => {
                let table = self.last[Name::Table as usize];
                let at = self.last[name as usize];
                if at >= table {
                    self.pop_to(at);
                }
            }
            Kind::Heading => {
                // Any heading's end tag ends any heading.
                let headings = [Name::H1, Name::H2, Name::H3, Name::H4, Name::H5, Name::H6];
                let last = headings.iter().map(|&name| self.last[name as usize]).max();
                if let Some(at) = last
                    && at >= self.scope
                {
                    self.pop_to(at);
                }
            }
            _ => {
                let at = self.last[name as usize];
                if at >= self.scope {
                    self.pop_to(at);
                }
            }
        }
        if name.kind().is_block() {
            self.is_block_edge = true;
        }
    }

    /// Closes the last open element of a name if it is above `place`.
    fn close_above(&mut self, name: Name, place: usize) {
        let at = self.last[name as usize];
        if at > place {
            self.pop_to(at);
        }
    }

    /// Closes a link or a span if no block but paragraphs was opened in it.
    pub(super) fn close_inline(&mut self, name: Name) {
        self.close_above(name, self.container);
    }

    /// Closes the element at `place` and all in it; the root stays.
    fn pop_to(&mut self, place: usize) {
        while place > 0 && self.open.len() > place {
            self.pop();
        }
    }

    /// Whether such an element is open.
    pub(super) fn is_in(&self, name: Name) -> bool {
        self.last[name as usize] > 0
    }

    /// Whether an element is open whose white space counts.
    pub(super) fn is_in_code(&self) -> bool {
        self.is_in(Name::Pre) || self.is_in(Name::Listing)
    }

    /// Whether SVG or MathML is open, in which the standard has other rules.
    pub(super) fn is_foreign(&self) -> bool {
        self.is_in(Name::Svg) || self.is_in(Name::Math)
    }

    /// Takes text.
    pub(super) fn string(&mut self, value: &[u8]) {
        if self.never > 0 {
            return;
        }
        if self.is_block_edge && !self.is_in_code() && value.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.is_block_edge = false;
        self.text(value);
    }

    fn text(&mut self, value: &[u8]) {
        let parent = self.open.last().map_or(0, |open| open.node);
        let from = self.tree.text.len() as u32;
        self.tree.text.extend_from_slice(value);
        let to = self.tree.text.len() as u32;
        let is_character = |&&byte: &&u8| byte > b' ' && byte & 0xC0 != 0x80;
        let chars = value.iter().filter(is_character).count() as u32;
        if let Some(last) = self.tree.nodes.last_mut()
            && last.name == Name::Text
            && last.parent == parent
            && last.to == from
        {
            last.to = to;
            last.chars += chars;
            return;
        }
        let marks = Marks {
            is_in_link: self.is_in(Name::A),
            ..Marks::default()
        };
        if self.leaf(Name::Text, marks)
            && let Some(node) = self.tree.nodes.last_mut()
        {
            (node.from, node.to, node.chars) = (from, to, chars);
        }
    }

    /// The end of a line, or a line across the page.
    pub(super) fn line(&mut self, name: Name) {
        self.leaf(name, Marks::default());
        self.is_block_edge = true;
    }

    /// A node without children; says whether there was room.
    fn leaf(&mut self, name: Name, marks: Marks) -> bool {
        // Texts may go over the limit on elements by as many again, or the tail of a page is lost.
        let room = if name == Name::Text {
            2 * MAX_NODES
        } else {
            MAX_NODES
        };
        let at = self.tree.nodes.len();
        if at >= room {
            return false;
        }
        self.tree.nodes.push(Node {
            name,
            marks,
            parent: self.open.last().map_or(0, |open| open.node),
            end: at as u32 + 1,
            block: self.block,
            from: 0,
            to: 0,
            chars: 0,
        });
        true
    }

    /// Opens an element.
    pub(super) fn push(&mut self, name: Name, marks: Marks) {
        let node = self.tree.nodes.len() as u32;
        if !self.leaf(name, marks) {
            return;
        }
        let place = self.open.len();
        self.open.push(Open {
            node,
            name,
            same: self.last[name as usize],
            scope: self.scope,
            list: self.list,
            container: self.container,
            block: self.block,
        });
        self.last[name as usize] = place;
        let kind = name.kind();
        let is_scope = matches!(
            name,
            Name::Table | Name::Caption | Name::Button | Name::Object | Name::Template
        );
        if is_scope || kind == Kind::Cell {
            self.scope = place;
        }
        if kind == Kind::List || name == Name::Dl {
            self.list = place;
        }
        if kind.is_block() {
            self.block = node;
            if kind != Kind::Paragraph {
                self.container = place;
            }
        }
        self.never += usize::from(marks.is_never);
    }

    fn pop(&mut self) {
        let end = self.tree.nodes.len() as u32;
        if let Some(open) = self.open.pop() {
            let node = &mut self.tree.nodes[open.node as usize];
            node.end = end;
            self.never -= usize::from(node.marks.is_never);
            self.last[open.name as usize] = open.same;
            self.scope = open.scope;
            self.list = open.list;
            self.container = open.container;
            self.block = open.block;
        }
    }

    /// The tree, every element closed.
    pub(super) fn finish(mut self) -> Tree {
        while !self.open.is_empty() {
            self.pop();
        }
        self.tree
    }
}
