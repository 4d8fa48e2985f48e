//! Which element holds the main text.

use super::names::Name;
use super::prune::Pruned;
use super::tree::Tree;

/// Of ten parts of a page's prose, how many an element must hold that says that it is the main text. The
/// others may be comments and teasers that nothing marks. On a page of several articles none does.
const MARKED_TENTHS: u64 = 5;

/// The same for one that says nothing: what is outside is lost, so that must be little.
const UNMARKED_TENTHS: u64 = 8;

/// The deepest element with enough of the page's prose, one that is marked as main text first; the root
/// if none has.
pub(super) fn main_element(tree: &Tree, pruned: &Pruned) -> usize {
    let measures = &pruned.measures;
    let all = u64::from(measures[0].prose);
    let (mut marked, mut unmarked) = (0, 0);
    let mut at = 0;
    if all == 0 {
        return 0;
    }
    // Each element is looked at once, as a child of the one before: the walk is linear.
    loop {
        let next = tree
            .children(at, &pruned.left_out)
            .filter(|&child| {
                let name = tree.nodes[child].name;
                name.kind().is_container() && (name != Name::Table || pruned.is_layout[child])
            })
            .max_by_key(|&child| (measures[child].prose, std::cmp::Reverse(child)));
        let Some(next) = next else { break };
        let measure = &measures[next];
        let tenths = u64::from(measure.prose) * 10 / all;
        if tenths < MARKED_TENTHS {
            break;
        }
        let is_marked = tree.nodes[next].marks.is_main;
        // A block whose text is its own is a paragraph, not what holds them.
        let holds_blocks = measure.chars > measure.own;
        if is_marked {
            marked = next;
        } else if tenths >= UNMARKED_TENTHS && holds_blocks {
            unmarked = next;
        }
        at = next;
    }
    if marked > 0 { marked } else { unmarked }
}
