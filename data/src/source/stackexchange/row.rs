//! One line of `Posts.xml`.

use quick_xml::Reader;
use quick_xml::escape::{resolve_xml_entity, unescape_with};
use quick_xml::events::Event;

/// A longer line is damage: a body has at most 30,000 characters, which escaping and HTML can make
/// some twenty times as long.
pub const MAX_ROW_BYTES: usize = 4 << 20;

/// What a post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Question,
    /// An answer to the question of this number.
    Answer(u64),
    /// A tag's description, an election's nomination.
    Other,
}

/// A post.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) id: u64,
    /// The answer that the asker accepted.
    pub(super) accepted: Option<u64>,
    pub(super) score: i64,
    pub(super) title: String,
    /// HTML.
    pub(super) body: String,
    pub(super) date: String,
    pub(super) licence: String,
}

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Post(Row),
    /// The first line, or an empty one.
    Nothing,
    /// `<posts>`
    Start,
    /// `</posts>`
    End,
    /// The root is another.
    Root(String),
}

/// Reads a line.
pub(super) fn parse(line: &str) -> Result<Line, String> {
    let line = line.trim();
    let mut reader = Reader::from_str(line);
    // The root is opened and closed on lines of its own.
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    let mut found = Line::Nothing;
    loop {
        let event = reader.read_event().map_err(|error| {
            format!("not a row, column {}: {error}", reader.error_position() + 1)
        })?;
        found = match (event, found) {
            (Event::Eof, found) => return Ok(found),
            (Event::Decl(_) | Event::Comment(_) | Event::PI(_), found) => found,
            (Event::Start(tag), Line::Nothing) if tag.name().as_ref() == "posts" => Line::Start,
            (Event::Start(tag), Line::Nothing) => {
                Line::Root(tag.name().as_ref().chars().take(40).collect())
            }
            (Event::End(tag), Line::Nothing) if tag.name().as_ref() == "posts" => Line::End,
            (Event::Empty(tag), Line::Nothing) if tag.name().as_ref() == "row" => {
                // Without the check for repeated names, which compares all with all.
                let mut attributes = tag.attributes();
                let mut fields = Fields::default();
                for attribute in attributes.with_checks(false) {
                    let attribute = attribute.map_err(|error| format!("not a row: {error}"))?;
                    fields.take(attribute.key.as_ref(), &attribute.value)?;
                }
                Line::Post(fields.row()?)
            }
            _ => return Err("not a row: a line should hold one `<row … />`".to_owned()),
        };
    }
}

/// The attributes that are wanted.
#[derive(Default)]
struct Fields {
    id: Option<u64>,
    kind: Option<u64>,
    parent: Option<u64>,
    accepted: Option<u64>,
    score: i64,
    title: String,
    body: Option<String>,
    date: String,
    licence: String,
}

impl Fields {
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "Id" => self.id = Some(number(name, value)?),
            "PostTypeId" => self.kind = Some(number(name, value)?),
            "ParentId" => self.parent = Some(number(name, value)?),
            "AcceptedAnswerId" => self.accepted = Some(number(name, value)?),
            "Score" => self.score = number(name, value)?,
            "Title" => self.title = text(name, value)?,
            "Body" => self.body = Some(text(name, value)?),
            "CreationDate" => self.date = text(name, value)?,
            "ContentLicense" => self.licence = text(name, value)?,
            _ => {}
        }
        Ok(())
    }

    fn row(self) -> Result<Row, String> {
        let missing = |name: &str| format!("the row has no `{name}`");
        let kind = match self.kind.ok_or_else(|| missing("PostTypeId"))? {
            1 => Kind::Question,
            2 => Kind::Answer(self.parent.ok_or_else(|| missing("ParentId"))?),
            _ => Kind::Other,
        };
        let body = match (self.body, kind) {
            (Some(body), _) => body,
            (None, Kind::Other) => String::new(),
            (None, _) => return Err(missing("Body")),
        };
        Ok(Row {
            kind,
            id: self.id.ok_or_else(|| missing("Id"))?,
            accepted: self.accepted,
            score: self.score,
            title: self.title,
            body,
            date: self.date,
            licence: self.licence,
        })
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.trim().parse().map_err(|_| {
        let value: String = value.chars().take(40).collect();
        format!("`{name}` is {value:?}, not a whole number")
    })
}

fn text(name: &str, value: &str) -> Result<String, String> {
    let text = unescape_with(value, resolve_xml_entity);
    let text = text.map_err(|error| format!("`{name}`: {error}"))?;
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_row_is_a_post() {
        let line = "  <row Id=\"7\" PostTypeId=\"2\" ParentId=\"4\" Score=\"-3\" \
            Body=\"&lt;p&gt;a &amp;amp; b&#xA;c&lt;/p&gt;\" CreationDate=\"2008-07-31T21:42:52.667\" \
            ContentLicense=\"CC BY-SA 4.0\" Other=\"x\" />\r\n";
        let Line::Post(row) = parse(line).unwrap() else {
            panic!("a row was there")
        };
        assert_eq!((row.kind, row.id, row.score), (Kind::Answer(4), 7, -3));
        assert_eq!(row.body, "<p>a &amp; b\nc</p>");
        assert_eq!(
            (row.date.as_str(), row.licence.as_str()),
            ("2008-07-31T21:42:52.667", "CC BY-SA 4.0")
        );
        let wiki = "<row Id=\"7\" PostTypeId=\"5\" />";
        assert!(matches!(
            parse(wiki).unwrap(),
            Line::Post(Row {
                kind: Kind::Other,
                ..
            })
        ));
    }

    #[test]
    fn other_lines_are_told_apart() {
        assert_eq!(
            parse("<?xml version=\"1.0\" encoding=\"utf-8\"?>"),
            Ok(Line::Nothing)
        );
        assert_eq!(parse(" \r\n"), Ok(Line::Nothing));
        assert_eq!(parse("<posts>"), Ok(Line::Start));
        assert_eq!(parse("<?xml version=\"1.0\"?><posts>"), Ok(Line::Start));
        assert_eq!(parse("</posts>"), Ok(Line::End));
        assert_eq!(parse("<users>"), Ok(Line::Root("users".to_owned())));
    }

    #[test]
    fn a_fault_says_what_would_be_right() {
        for (line, why) in [
            (
                "<row Id=\"1\" PostTypeId=\"1\" Body=\"a\"",
                "not a row, column",
            ),
            ("<row Id=\"1\" PostTypeId=\"1\" Body=a />", "not a row"),
            ("text", "should hold one"),
            ("<row Id=\"1\" Body=\"a\" />", "no `PostTypeId`"),
            ("<row PostTypeId=\"1\" Body=\"a\" />", "no `Id`"),
            ("<row Id=\"1\" PostTypeId=\"1\" />", "no `Body`"),
            (
                "<row Id=\"1\" PostTypeId=\"2\" Body=\"a\" />",
                "no `ParentId`",
            ),
            (
                "<row Id=\"x\" PostTypeId=\"1\" Body=\"a\" />",
                "`Id` is \"x\", not a whole number",
            ),
            (
                "<row Id=\"1\" PostTypeId=\"1\" Body=\"&lol;\" />",
                "`Body`: ",
            ),
            (
                "<row Id=\"1\" PostTypeId=\"1\" Body=\"a\" /><row />",
                "should hold one",
            ),
            ("<!DOCTYPE posts [<!ENTITY a \"b\">]>", "should hold one"),
        ] {
            let fault = parse(line).unwrap_err();
            assert!(fault.contains(why), "{line}: {fault}");
        }
    }

    #[test]
    fn a_hundred_thousand_attributes_take_linear_time() {
        let names: String = (0..100_000).map(|i| format!(" a{i}=\"\"")).collect();
        let begin = std::time::Instant::now();
        assert!(parse(&format!("<row{names} />")).is_err());
        assert!(begin.elapsed() < std::time::Duration::from_secs(2));
    }
}
