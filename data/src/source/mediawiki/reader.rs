//! The reader of a dump: articles as documents.

use std::io::BufRead;

use super::super::encoding::text;
use super::super::xml::Input;
use super::page::{self, Page};
use super::pages::{MAX_PAGE_BYTES, Pages, Piece};
use super::site::Site;
use super::wikitext::{WikitextOptions, plain_text};
use crate::source::entry::{Entry, Fault, Found, Reader};

/// Articles of a MediaWiki XML dump (schema export-0.3 to export-0.11).
///
/// Documents are the pages of namespace 0 that hold wikitext and are no redirects. A page's `offset`
/// is that of its `<page>`; `replaced` counts invalid bytes anywhere in its XML; `date` is that of
/// the revision; `licence` is none, since a dump does not state it.
pub struct MediaWikiReader {
    pages: Pages,
    site: Site,
    options: WikitextOptions,
    /// The stream is no dump: nothing more is read.
    refused: bool,
}

impl MediaWikiReader {
    /// Reads a decompressed dump.
    pub fn new(input: Box<dyn BufRead + Send>, options: WikitextOptions) -> Self {
        Self {
            pages: Pages::new(Input::new(input), MAX_PAGE_BYTES),
            site: Site::default(),
            options,
            refused: false,
        }
    }

    fn read(&self, offset: u64, bytes: Vec<u8>) -> Found {
        let (xml, replaced) = text(bytes);
        match page::parse(&xml) {
            Ok(page) => {
                drop(xml);
                self.document(page, offset, replaced)
            }
            Err(fault) => Found::Damaged {
                offset,
                message: format!(
                    "the page's XML is broken {} bytes in: {}",
                    fault.at, fault.message
                ),
            },
        }
    }

    fn document(&self, page: Page, offset: u64, replaced: u64) -> Found {
        if let Some(reason) = left_out(&page) {
            return Found::LeftOut { reason };
        }
        let text = plain_text(&page.text, self.site.namespaces(), &self.options);
        if text.is_empty() {
            return Found::LeftOut { reason: "no text" };
        }
        Found::Document(Entry {
            text,
            offset,
            url: self.site.url(&page.title),
            title: Some(page.title),
            date: (!page.timestamp.is_empty()).then_some(page.timestamp),
            licence: None,
            replaced,
        })
    }
}

fn left_out(page: &Page) -> Option<&'static str> {
    // Old schemas have no element for a redirect.
    let start = page.text.trim_start().get(..9).unwrap_or_default();
    if !matches!(page.namespace.trim(), "" | "0") {
        Some("namespace")
    } else if page.redirect || start.eq_ignore_ascii_case("#redirect") {
        Some("redirect")
    } else if !matches!(page.model.trim(), "" | "wikitext") {
        Some("content model")
    } else if page.deleted {
        Some("deleted text")
    } else {
        None
    }
}

impl Reader for MediaWikiReader {
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        loop {
            if self.refused {
                return Ok(None);
            }
            let found = match self.pages.next()? {
                None => return Ok(None),
                Some(Piece::Head(bytes)) => match Site::parse(&text(bytes).0) {
                    Ok(site) => {
                        self.site = site;
                        continue;
                    }
                    Err(message) => {
                        self.refused = true;
                        Found::Damaged { offset: 0, message }
                    }
                },
                Some(Piece::Page { offset, bytes }) => self.read(offset, bytes),
                Some(Piece::TooLarge) => Found::LeftOut {
                    reason: "page too large",
                },
                Some(Piece::Damaged { offset, message }) => Found::Damaged {
                    offset,
                    message: message.to_owned(),
                },
            };
            return Ok(Some(found));
        }
    }
}
