//! Wikitext as plain text.
//!
//! Source: MediaWiki's own descriptions of its markup
//! <https://www.mediawiki.org/wiki/Specs/wikitext/1.0.0>, <https://www.mediawiki.org/wiki/Help:Formatting>.
//!
//! Two passes over the text, each linear in its length and without recursion. `structure` resolves
//! what nests and spans lines: templates, links, tables, tags, comments. It leaves marks where
//! something went ([`GAP`]) or must not be read as markup again. `lines` then makes paragraphs,
//! headings and lists of the lines, and `inline` their text: quotes, entities, spaces.
//!
//! What is never closed costs its opening mark only, and the text behind it stays. No template is
//! expanded, since a dump of articles does not hold them; `templates` lists those whose own words
//! are text.

mod angles;
mod frames;
mod inline;
mod lines;
mod links;
mod structure;
mod tables;
mod tags;
mod templates;
#[cfg(test)]
mod tests;

use super::site::Namespaces;

/// Between two of these no markup is read, but entities are.
const LITERAL: char = '\u{1}';
/// Between these two lines are kept as they are.
const CODE: char = '\u{2}';
const CODE_END: char = '\u{3}';
/// A line ends here whatever follows.
const BREAK: char = '\u{4}';
/// Something was removed here.
const GAP: char = '\u{5}';
/// An `&` that begins no entity.
const AMPERSAND: char = '\u{6}';

/// What becomes of tables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tables {
    /// They are left out.
    #[default]
    Drop,
    /// Each row becomes a line, its cells separated by tabs.
    Rows,
}

/// How wikitext becomes plain text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WikitextOptions {
    /// What becomes of tables.
    pub tables: Tables,
    /// Headings whose sections are left out with all below them, such as `External links`; case
    /// does not matter. Sections in which nothing is left go in any case.
    pub left_out_sections: Vec<String>,
}

/// The plain text: paragraphs separated by empty lines, headings on lines by themselves.
pub(super) fn plain_text(
    wikitext: &str,
    namespaces: &Namespaces,
    options: &WikitextOptions,
) -> String {
    let flat = structure::flatten(wikitext, namespaces, options.tables);
    lines::plain(&flat, &options.left_out_sections)
}
