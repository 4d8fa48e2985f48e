//! The XML of one page.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::super::xml::push_reference;

/// What a page says of itself, and its text.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) title: String,
    /// The namespace's number, as it is written.
    pub(super) namespace: String,
    pub(super) redirect: bool,
    /// The content model; empty where the schema is too old to state one.
    pub(super) model: String,
    pub(super) timestamp: String,
    pub(super) text: String,
    /// The text was hidden from the public.
    pub(super) deleted: bool,
}

/// A fault in a page's XML.
#[derive(Debug)]
pub(super) struct Fault {
    /// Place in the page, in bytes.
    pub(super) at: u64,
    pub(super) message: String,
}

/// An element whose content is wanted.
#[derive(Clone, Copy)]
enum Field {
    Title,
    Namespace,
    Model,
    Timestamp,
    Text,
}

/// Reads a page, from `<page>` to `</page>`.
pub(super) fn parse(xml: &str) -> Result<Page, Fault> {
    let mut reader = Reader::from_str(xml);
    let mut page = Page::default();
    let (mut depth, mut in_revision) = (0_usize, false);
    let mut field = None;
    loop {
        let at = reader.buffer_position();
        let fault = |message| Fault { at, message };
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                return Err(Fault {
                    at: reader.error_position(),
                    message: error.to_string(),
                });
            }
        };
        match event {
            Event::Start(tag) => {
                depth += 1;
                in_revision |= depth == 2 && tag.name().as_ref() == "revision";
                field = page.open(&tag, depth, in_revision);
            }
            Event::Empty(tag) => {
                page.open(&tag, depth + 1, in_revision);
            }
            Event::End(_) => {
                in_revision &= depth != 2;
                depth = depth.saturating_sub(1);
                field = None;
            }
            Event::Text(text) => {
                if let Some(into) = page.get(field) {
                    into.push_str(&text);
                }
            }
            Event::CData(text) => {
                if let Some(into) = page.get(field) {
                    into.push_str(&text);
                }
            }
            Event::GeneralRef(reference) => {
                let mut unread = String::new();
                let into = page.get(field).unwrap_or(&mut unread);
                push_reference(&reference, into).map_err(fault)?;
            }
            Event::DocType(_) => return Err(fault("a document type within a page".to_owned())),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    if page.title.is_empty() {
        return Err(Fault {
            at: 0,
            message: "the page has no `<title>`".to_owned(),
        });
    }
    Ok(page)
}

impl Page {
    /// Notes what the tag itself says; returns the field that its content is.
    fn open(&mut self, tag: &BytesStart<'_>, depth: usize, in_revision: bool) -> Option<Field> {
        let field = match (depth, in_revision, tag.name().as_ref()) {
            (2, _, "title") => Field::Title,
            (2, _, "ns") => Field::Namespace,
            (2, _, "redirect") => {
                self.redirect = true;
                return None;
            }
            (3, true, "model") => Field::Model,
            (3, true, "timestamp") => Field::Timestamp,
            (3, true, "text") => {
                // Without the check for repeated names, which compares all with all.
                let mut attributes = tag.attributes();
                let mut found = attributes.with_checks(false).flatten();
                self.deleted = found.any(|found| found.key.as_ref() == "deleted");
                Field::Text
            }
            _ => return None,
        };
        if let Some(content) = self.get(Some(field)) {
            content.clear();
        }
        Some(field)
    }

    fn get(&mut self, field: Option<Field>) -> Option<&mut String> {
        Some(match field? {
            Field::Title => &mut self.title,
            Field::Namespace => &mut self.namespace,
            Field::Model => &mut self.model,
            Field::Timestamp => &mut self.timestamp,
            Field::Text => &mut self.text,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_fields_are_those_of_the_page_and_its_revision() {
        let page = parse(
            "<page><title>A &amp; B</title><ns>0</ns><redirect title=\"x\" />\n\
             <revision><timestamp>2020-01-02T03:04:05Z</timestamp>\
             <contributor><username>U</username><text>no</text></contributor>\
             <model>wikitext</model><text bytes=\"3\" xml:space=\"preserve\">x &lt;b&gt; &#233;</text>\
             <sha1>s</sha1></revision></page>",
        )
        .unwrap();
        assert_eq!(
            (page.title.as_str(), page.namespace.as_str()),
            ("A & B", "0")
        );
        assert_eq!(page.timestamp, "2020-01-02T03:04:05Z");
        assert_eq!(
            (page.text.as_str(), page.model.as_str()),
            ("x <b> é", "wikitext")
        );
        assert!(page.redirect && !page.deleted);
        let page = parse(
            "<page><title>T</title><revision><text>1</text></revision>\
             <revision><text deleted=\"deleted\" /></revision></page>",
        )
        .unwrap();
        assert!(page.deleted && page.text.is_empty() && !page.redirect);
    }

    #[test]
    fn faults_are_placed_and_named() {
        for (xml, at, why) in [
            ("<page><title>A</titel></page>", 14, "titel"),
            (
                "<page><title>A &lol9; b</title></page>",
                15,
                "`lol9` is none of XML's own",
            ),
            ("<page><title>A & b</title></page>", 15, ""),
            ("<page><ns>0</ns></page>", 0, "no `<title>`"),
            (
                "<page><title>A</title><!DOCTYPE x []></page>",
                22,
                "document type",
            ),
        ] {
            let fault = parse(xml).unwrap_err();
            assert!(fault.message.contains(why), "{}", fault.message);
            assert_eq!(fault.at, at, "{xml}: {}", fault.message);
        }
    }

    #[test]
    fn a_page_nested_deep_is_read_without_recursion() {
        let nested = format!(
            "<page><title>A</title>{}{}</page>",
            "<a>".repeat(200_000),
            "</a>".repeat(200_000)
        );
        assert_eq!(parse(&nested).unwrap().title, "A");
    }
}
