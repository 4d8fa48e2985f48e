//! MediaWiki's XML dumps: every article's last revision as plain text.
//!
//! Source: the export schema <https://www.mediawiki.org/xml/export-0.11.xsd> and its description
//! <https://www.mediawiki.org/wiki/Help:Export>; dumps of the Wikimedia projects are at
//! <https://dumps.wikimedia.org>.
//!
//! `pages` cuts the stream into pages, `page` reads the XML of one, `site` knows the wiki's address
//! and the names of its namespaces, and `wikitext` makes plain text of its markup.
//!
//! At most [`MAX_PAGE_BYTES`] of a page are held, and about four times as much while it becomes
//! text.

mod page;
mod pages;
mod reader;
mod site;
#[cfg(test)]
mod tests;
mod wikitext;

pub use pages::MAX_PAGE_BYTES;
pub use reader::MediaWikiReader;
pub use wikitext::{Tables, WikitextOptions};
