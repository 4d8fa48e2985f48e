//! Web pages: archives of crawls, files of HTML, and lists of links that people found worth sharing.
//!
//! [`WarcReader`] reads what crawlers write, [`HtmlReader`] one saved page; both find the text that a
//! page is about with [`main_text`] and leave its menus, adverts and forms. [`Outlinks`] holds the
//! addresses that WebText's rule keeps, to be asked about each page.

mod charset;
mod html;
mod html_file;
mod http;
mod outlinks;
mod warc;

pub use html::{MAX_HTML, Page, main_text};
pub use html_file::HtmlReader;
pub use outlinks::{BadLine, LinkReport, MIN_SCORE, Outlinks};
pub(super) use warc::MAGIC as WARC_MAGIC;
pub use warc::{MAX_PAYLOAD, WarcReader};
