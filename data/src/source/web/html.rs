//! HTML to the text that a page is about.
//!
//! A page is read with the tokenizer of the HTML Standard
//! (<https://html.spec.whatwg.org/multipage/parsing.html#tokenization>) into a tree of the elements that
//! matter here, in the order of the page. What frames the text goes: by element (`nav`, `aside`,
//! `footer`), by role, by what its class or id says, and by how much of it is links. The element that
//! holds most of the remaining prose is the main text. Readability (Arc90, 2009) and trafilatura
//! (Barbaresi 2021, <https://aclanthology.org/2021.acl-demo.15>) go this way; the measure of link density
//! is that of Kohlschütter et al. 2010 (<https://doi.org/10.1145/1718487.1718542>).
//!
//! Everything is loops over flat lists, linear in the page: nesting of any depth costs no stack.

mod build;
mod choose;
mod hints;
mod names;
mod prune;
mod read;
#[cfg(test)]
mod tests;
mod tree;
mod write;

use self::prune::Rules;

/// Bytes of a page that are read; what follows is not. The longest pages that [`super::WarcReader`]
/// gives are within it.
pub const MAX_HTML: usize = 64 << 20;

/// A main text shorter than this, in characters, may be a wrong choice: trafilatura's
/// `MIN_EXTRACTED_SIZE`.
const SHORT: usize = 250;

/// A main text shorter than this, in characters, may have been left out for a class or an id.
const NEARLY_NOTHING: usize = 50;

/// What a page says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Its `<title>`.
    pub title: Option<String>,
    /// Its language as it states it in `lang`, as `en` or `pt-BR`.
    pub language: Option<String>,
    /// Its main text; empty if it has none. Paragraphs are separated by blank lines, items of lists
    /// begin with `- `, and cells of a table's row are separated by ` | `.
    pub text: String,
}

/// The main text of a page, its title and its language.
///
/// Reads at most [`MAX_HTML`] bytes. Memory: the text, and a tree of at most a million elements, which
/// with its measures takes some 100 bytes for each.
pub fn main_text(html: &str) -> Page {
    let end = (0..=MAX_HTML.min(html.len()))
        .rev()
        .find(|&at| html.is_char_boundary(at));
    let page = read::read(&html[..end.unwrap_or(0)]);
    let tree = &page.tree;
    let mut text = String::new();
    for rules in Rules::STEPS {
        let pruned = prune::prune(tree, rules);
        let root = choose::main_element(tree, &pruned);
        let mut found = write::text(tree, &pruned, root, rules);
        if root > 0 && found.chars().take(SHORT).count() < SHORT {
            let whole = write::text(tree, &pruned, 0, rules);
            if whole.len() > found.len() {
                found = whole;
            }
        }
        if found.len() > text.len() {
            text = found;
        }
        // Menus are better than nothing, not better than a short text.
        let enough = if rules.hints { NEARLY_NOTHING } else { 1 };
        if text.chars().take(enough).count() == enough {
            break;
        }
    }
    Page {
        title: page.title,
        language: page.language,
        text,
    }
}
