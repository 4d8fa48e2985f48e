//! What a header says of its book: `Title: Emma`, `Release Date: August, 1994 [EBook #158]`.

use super::markers;

/// A header's fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The book's title.
    pub title: Option<String>,
    /// The book's author.
    pub author: Option<String>,
    /// When the file was released: ISO 8601 as far as the header goes (`1994-08`), or as it stands.
    pub date: Option<String>,
    /// The book's language, as it stands.
    pub language: Option<String>,
    /// `Project Gutenberg License`; a book that is not in the public domain says `copyrighted`.
    pub licence: Option<String>,
}

/// The longest field; a title of the seventeenth century has some hundred letters.
const MAX_FIELD_BYTES: usize = 1 << 10;

impl Header {
    /// The fields of a header, which ends where the book begins.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut header = Self {
            licence: Some(licence(&text)),
            ..Self::default()
        };
        let mut lines = text.lines().peekable();
        let mut named = None;
        while let Some(line) = lines.next() {
            if named.is_none() {
                named = of_first_line(line);
            }
            let Some((name, value)) = line.trim_start_matches('\u{FEFF}').split_once(':') else {
                continue;
            };
            let field = match name {
                "Title" => &mut header.title,
                "Author" => &mut header.author,
                "Release Date" | "Release date" | "Posting Date" => &mut header.date,
                "Language" => &mut header.language,
                _ => continue,
            };
            if field.is_some() || value.trim().is_empty() {
                continue;
            }
            let mut value = value.trim().to_owned();
            // A long title goes on in lines that are indented.
            while let Some(next) = lines.next_if(|next| {
                next.starts_with([' ', '\t'])
                    && !markers::is_blank(next.as_bytes())
                    && value.len() + next.len() < MAX_FIELD_BYTES
            }) {
                value.push(' ');
                value.push_str(next.trim());
            }
            value.truncate(value.floor_char_boundary(MAX_FIELD_BYTES));
            *field = Some(value);
        }
        if let (None, Some((title, author))) = (&header.title, named) {
            header.title = Some(title);
            header.author = header.author.or(author);
        }
        header.date = header.date.map(|date| iso(&date));
        header
    }
}

fn licence(header: &str) -> String {
    let copyrighted = header.contains("COPYRIGHTED Project Gutenberg")
        || header.contains("COPYRIGHTED PROJECT GUTENBERG");
    match copyrighted {
        true => "copyrighted".to_owned(),
        false => "Project Gutenberg License".to_owned(),
    }
}

/// Title and author of `The Project Gutenberg EBook of Emma, by Jane Austen`, all that old headers
/// have.
fn of_first_line(line: &str) -> Option<(String, Option<String>)> {
    let at = line.find("Project Gutenberg")? + "Project Gutenberg".len();
    let rest = &line[at..];
    let rest = rest
        .strip_prefix("'s ")
        .or_else(|| rest.split_once(" of ").map(|(_, rest)| rest))?;
    let rest = rest.trim().trim_end_matches('*').trim();
    if rest.is_empty() || rest.len() > MAX_FIELD_BYTES {
        return None;
    }
    let rest = rest.strip_prefix("Etext of ").unwrap_or(rest);
    Some(match rest.rsplit_once(", by ") {
        Some((title, author)) => (title.to_owned(), Some(author.to_owned())),
        None => (rest.to_owned(), None),
    })
}

/// `August, 1994 [EBook #158]` is `1994-08`, `January 21, 2010` is `2010-01-21`.
fn iso(date: &str) -> String {
    let date = date.split('[').next().unwrap_or_default().trim();
    let months = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let (mut year, mut month, mut day) = (None, None, None);
    for word in date.split([' ', ',', '.']).filter(|word| !word.is_empty()) {
        match word.parse::<u32>() {
            Ok(number) if word.len() == 4 && year.is_none() => year = Some(number),
            Ok(number) if (1..=31).contains(&number) && day.is_none() => day = Some(number),
            Ok(_) => return date.to_owned(),
            Err(_) => {
                let word = word.to_ascii_lowercase();
                let found = months.iter().position(|name| word.starts_with(name));
                match (found, month) {
                    (Some(at), None) => month = Some(at + 1),
                    _ => return date.to_owned(),
                }
            }
        }
    }
    match (year, month, day) {
        (Some(year), Some(month), Some(day)) => format!("{year:04}-{month:02}-{day:02}"),
        (Some(year), Some(month), None) => format!("{year:04}-{month:02}"),
        _ => date.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_iso_8601_as_far_as_they_go() {
        for (date, want) in [
            ("August, 1994 [EBook #158]", "1994-08"),
            ("January 21, 2010 [eBook #158]", "2010-01-21"),
            ("June 25, 2008", "2008-06-25"),
            ("21 Sept. 2004", "2004-09-21"),
            ("2004-05-01", "2004-05-01"),
            ("1994", "1994"),
            ("May 99 1994", "May 99 1994"),
            ("", ""),
        ] {
            assert_eq!(iso(date), want, "{date}");
        }
    }

    #[test]
    fn fields_are_read_and_long_titles_go_on() {
        let header = Header::of(
            b"\xEF\xBB\xBFThe Project Gutenberg EBook of Emma, by Jane Austen\r\n\r\nTitle: Emma\r\n       or, \
              \xE9tudes\r\n\r\nAuthor: Jane Austen\r\nRelease Date: August, 1994\r\nLanguage: English\r\nTitle: Other\r\n",
        );
        assert_eq!(header.title.as_deref(), Some("Emma or, \u{FFFD}tudes"));
        assert_eq!(header.author.as_deref(), Some("Jane Austen"));
        assert_eq!(header.date.as_deref(), Some("1994-08"));
        assert_eq!(header.language.as_deref(), Some("English"));
        assert_eq!(header.licence.as_deref(), Some("Project Gutenberg License"));
    }

    #[test]
    fn old_headers_name_the_book_in_their_first_line() {
        for line in [
            "***The Project Gutenberg Etext of Emma, by Jane Austen***",
            "Project Gutenberg's Emma, by Jane Austen",
            "The Project Gutenberg EBook of Emma, by Jane Austen",
        ] {
            let header = Header::of(line.as_bytes());
            assert_eq!(header.title.as_deref(), Some("Emma"), "{line}");
            assert_eq!(header.author.as_deref(), Some("Jane Austen"), "{line}");
        }
        let header = Header::of(b"This is a COPYRIGHTED Project Gutenberg eBook");
        assert_eq!(header.licence.as_deref(), Some("copyrighted"));
    }
}
