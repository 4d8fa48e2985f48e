//! What goes: the parts of a page that frame its main text.

use super::names::{Kind, Name};
use super::tree::{Node, Tree};

/// Characters of a block's own text from which it is prose: Readability's least paragraph.
const PROSE: u32 = 25;

/// Characters of a cell from which its table only places parts of a page.
const LONG_CELL: u32 = 500;

/// Links from which a block may be a menu.
const MENU_LINKS: u32 = 3;

/// Characters up to which a block that is all links is a pointer such as "Read more".
const POINTER: u32 = 60;

/// Which rules apply.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Elements and roles that frame the main text go.
    pub(super) frames: bool,
    /// So do elements whose class or id says so.
    pub(super) hints: bool,
}

impl Rules {
    /// From the strictest on: each is tried if the one before left next to nothing.
    pub(super) const STEPS: [Self; 3] = [
        Self {
            frames: true,
            hints: true,
        },
        Self {
            frames: true,
            hints: false,
        },
        Self {
            frames: false,
            hints: false,
        },
    ];
}

/// What is in an element, without what is left out.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measure {
    /// Characters without white space.
    pub(super) chars: u32,
    /// Those in links.
    link_chars: u32,
    links: u32,
    /// Characters of its blocks of prose.
    pub(super) prose: u32,
    /// Characters that are in no block further inside.
    pub(super) own: u32,
    own_link: u32,
}

impl Measure {
    /// Characters of prose in no block further inside. A cell is prose if it is as long as an article:
    /// else a long table would be the main text, and what is said about it lost.
    fn own_prose(&self, kind: Kind) -> u32 {
        let least = if kind == Kind::Cell { LONG_CELL } else { PROSE };
        if self.own >= least && 2 * self.own_link < self.own {
            self.own
        } else {
            0
        }
    }

    /// Mostly links, several, and at most `prose` characters of prose.
    fn is_menu(&self, prose: u32) -> bool {
        self.links >= MENU_LINKS && 2 * self.link_chars > self.chars && self.prose <= prose
    }

    /// A few words that are a link.
    fn is_pointer(&self) -> bool {
        self.links > 0 && self.chars < POINTER && 10 * self.link_chars >= 9 * self.chars
    }
}

/// A tree without what goes.
pub(super) struct Pruned {
    /// For each node whether it goes, with all in it. Nodes in one that goes are not marked.
    pub(super) left_out: Vec<bool>,
    pub(super) measures: Vec<Measure>,
    /// For each node whether it is a table that only places its cells.
    pub(super) is_layout: Vec<bool>,
}

/// Leaves out what `rules` say.
pub(super) fn prune(tree: &Tree, rules: Rules) -> Pruned {
    let mut left_out = vec![false; tree.nodes.len()];
    leave_out(tree, &mut left_out, |_, node| {
        node.marks.is_never || rules.frames && node.marks.is_frame
    });
    let mut measures = measure(tree, &left_out);
    if rules.hints {
        // A frame does not hold half of a page's prose, whatever it is called; nor do all together.
        let all = measures[0].prose;
        let mut fewer = left_out.clone();
        leave_out(tree, &mut fewer, |at, node| {
            node.marks.is_unlikely && 2 * measures[at].prose <= all
        });
        let after = measure(tree, &fewer);
        if 2 * after[0].prose >= all {
            (left_out, measures) = (fewer, after);
        }
    }
    leave_out(tree, &mut left_out, |at, node| {
        let measure = &measures[at];
        let is_leaf = matches!(node.name, Name::P | Name::Div) && measure.own == measure.chars;
        let is_menu = match node.name.kind() {
            // Of a block with some prose the parts are looked at.
            Kind::Block | Kind::Frame | Kind::Paragraph => measure.is_menu(0),
            Kind::List | Kind::Table => measure.is_menu(measure.chars / 3),
            _ => false,
        };
        at > 0 && (is_menu || is_leaf && measure.is_pointer() || is_anchor(tree, at))
    });
    let measures = measure(tree, &left_out);
    let is_layout = layout_tables(tree, &measures);
    Pruned {
        left_out,
        measures,
        is_layout,
    }
}

/// Whether a node is the sign behind a heading that links to itself.
fn is_anchor(tree: &Tree, at: usize) -> bool {
    const SIGNS: [&[u8]; 3] = ["¶".as_bytes(), "§".as_bytes(), b"#"];
    let node = &tree.nodes[at];
    node.name == Name::A
        && node.end as usize == at + 2
        && SIGNS.contains(&tree.text_of(&tree.nodes[at + 1]).trim_ascii())
}

/// Marks the outermost nodes of which `goes` is true.
fn leave_out(tree: &Tree, left_out: &mut [bool], goes: impl Fn(usize, &Node) -> bool) {
    let mut at = 0;
    while let Some(node) = tree.nodes.get(at) {
        left_out[at] = left_out[at] || goes(at, node);
        at = if left_out[at] {
            node.end as usize
        } else {
            at + 1
        };
    }
}

fn measure(tree: &Tree, left_out: &[bool]) -> Vec<Measure> {
    let mut measures = vec![Measure::default(); tree.nodes.len()];
    let mut at = 0;
    while let Some(node) = tree.nodes.get(at) {
        if left_out[at] {
            at = node.end as usize;
            continue;
        }
        let link_chars = if node.marks.is_in_link { node.chars } else { 0 };
        measures[at].chars = node.chars;
        measures[at].link_chars = link_chars;
        measures[at].links = u32::from(node.name == Name::A);
        let block = &mut measures[node.block as usize];
        if node.name == Name::Text {
            block.own += node.chars;
            block.own_link += link_chars;
        }
        at += 1;
    }
    for at in (1..tree.nodes.len()).rev() {
        let own_prose = measures[at].own_prose(tree.nodes[at].name.kind());
        measures[at].prose += own_prose;
        let inner = measures[at];
        let outer = &mut measures[tree.nodes[at].parent as usize];
        outer.chars += inner.chars;
        outer.link_chars += inner.link_chars;
        outer.links += inner.links;
        outer.prose += inner.prose;
    }
    if let Some(root) = measures.first_mut() {
        root.prose += root.own_prose(Kind::Block);
    }
    measures
}

/// The tables that say that they only place their cells, or have a cell as long as an article.
fn layout_tables(tree: &Tree, measures: &[Measure]) -> Vec<bool> {
    let mut is_layout: Vec<bool> = tree.nodes.iter().map(|node| node.marks.is_layout).collect();
    for (at, node) in tree.nodes.iter().enumerate() {
        if node.name.kind() == Kind::Cell && measures[at].chars >= LONG_CELL {
            // Its row, the group of rows, the table.
            let mut outer = node.parent as usize;
            for _ in 0..3 {
                if tree.nodes[outer].name == Name::Table {
                    is_layout[outer] = true;
                    break;
                }
                outer = tree.nodes[outer].parent as usize;
            }
        }
    }
    is_layout
}
