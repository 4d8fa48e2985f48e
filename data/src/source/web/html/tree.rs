//! A page as a list of nodes in the order of the page. A node's descendants follow it, up to its end.

use super::names::Name;

/// What is known of an element besides its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Marks {
    /// Frames the main text, by its element or role.
    pub(super) is_frame: bool,
    /// Its text is never read.
    pub(super) is_never: bool,
    /// Its class or id speaks of a frame, or it is hidden, or it is a form.
    pub(super) is_unlikely: bool,
    /// It says that it is the main text.
    pub(super) is_main: bool,
    /// A table that only places its cells.
    pub(super) is_layout: bool,
    /// A text in a link.
    pub(super) is_in_link: bool,
}

/// An element or a piece of text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) name: Name,
    pub(super) marks: Marks,
    /// The element around it; the root is its own.
    pub(super) parent: u32,
    /// The first node behind it and its descendants.
    pub(super) end: u32,
    /// The nearest block around it.
    pub(super) block: u32,
    /// Place of a text in the tree's.
    pub(super) from: u32,
    pub(super) to: u32,
    /// Characters of a text without white space.
    pub(super) chars: u32,
}

/// A page.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// The root first; never empty once built.
    pub(super) nodes: Vec<Node>,
    /// The texts, one after the other, in UTF-8.
    pub(super) text: Vec<u8>,
}

impl Tree {
    pub(super) fn text_of(&self, node: &Node) -> &[u8] {
        &self.text[node.from as usize..node.to as usize]
    }

    /// The children of a node that are not left out, in order.
    pub(super) fn children<'a>(
        &'a self,
        of: usize,
        left_out: &'a [bool],
    ) -> impl Iterator<Item = usize> + 'a {
        let end = self.nodes[of].end as usize;
        let mut at = of + 1;
        std::iter::from_fn(move || {
            while at < end {
                let child = at;
                at = self.nodes[child].end as usize;
                if !left_out[child] {
                    return Some(child);
                }
            }
            None
        })
    }
}
