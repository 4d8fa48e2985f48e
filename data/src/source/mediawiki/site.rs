//! What a dump says of its wiki: its address, and the names of its namespaces.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::xml::push_reference;

/// The namespaces of files and of categories, in every wiki
/// (<https://www.mediawiki.org/wiki/Help:Namespaces>).
const FILE: &str = "6";
const CATEGORY: &str = "14";

/// Endings of files. A link to one is an image or a sound even under a name of the namespace that
/// the dump does not list, such as the German `Bild`.
const FILE_ENDINGS: [&str; 16] = [
    "jpg", "jpeg", "png", "gif", "svg", "tif", "tiff", "webp", "ogg", "oga", "ogv", "webm", "mp3",
    "wav", "mid", "pdf",
];

/// A wiki.
#[derive(Debug, Clone, Default)]
pub(super) struct Site {
    /// Address of its main page.
    base: String,
    namespaces: Namespaces,
}

/// The names under which links are no text: files and categories, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Namespaces {
    files: Vec<String>,
    categories: Vec<String>,
}

/// What a link leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Page,
    File,
    Category,
    /// The same article in another language: a language's code and a colon.
    Language,
}

impl Site {
    /// Reads what stands before the first page. What cannot be read there is missing afterwards:
    /// the pages are worth no less.
    pub(super) fn parse(head: &str) -> Result<Self, String> {
        let mut reader = Reader::from_str(head);
        // The root is closed at the dump's end.
        reader.config_mut().check_end_names = false;
        let mut site = Self::default();
        let mut root = false;
        let mut field = None;
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) if !root => {
                    if tag.name().as_ref() != "mediawiki" {
                        let name: String = tag.name().as_ref().chars().take(40).collect();
                        return Err(format!(
                            "the root is `<{name}>`, not `<mediawiki>`: is this a MediaWiki XML dump?"
                        ));
                    }
                    root = true;
                }
                Ok(Event::Start(tag)) => {
                    field = match tag.name().as_ref() {
                        "base" => Some(&mut site.base),
                        "namespace" => {
                            let mut attributes = tag.attributes();
                            let mut found = attributes.with_checks(false).flatten();
                            let key = found.find(|found| found.key.as_ref() == "key");
                            site.namespaces
                                .named(key.as_ref().map_or("", |key| &key.value))
                        }
                        _ => None,
                    };
                }
                Ok(Event::Text(text)) => {
                    if let Some(into) = &mut field {
                        into.push_str(&text);
                    }
                }
                Ok(Event::GeneralRef(reference)) => {
                    if let Some(into) = &mut field {
                        let _ = push_reference(&reference, into);
                    }
                }
                Ok(Event::End(_)) => field = None,
                Ok(Event::Eof) | Err(_) if root => break,
                Ok(Event::Eof) | Err(_) => {
                    return Err(
                        "no `<mediawiki>` at the start: is this a MediaWiki XML dump?".to_owned(),
                    );
                }
                Ok(_) => {}
            }
        }
        site.namespaces.lower();
        Ok(site)
    }

    pub(super) fn namespaces(&self) -> &Namespaces {
        &self.namespaces
    }

    /// The address of a page: the main page's, with this title in its place.
    pub(super) fn url(&self, title: &str) -> Option<String> {
        let (folder, _) = self.base.trim().rsplit_once('/')?;
        let mut url = match folder.strip_prefix("//") {
            Some(host) => format!("https://{host}/"),
            None => format!("{folder}/"),
        };
        // As MediaWiki writes addresses (`wfUrlencode`).
        for byte in title.bytes() {
            match byte {
                b' ' => url.push('_'),
                b if b.is_ascii_alphanumeric() || b"-_.;:@$!*(),/~".contains(&b) => {
                    url.push(char::from(b));
                }
                _ => {
                    url.push('%');
                    for digit in [byte >> 4, byte & 15] {
                        let digit = char::from_digit(u32::from(digit), 16).unwrap_or_default();
                        url.push(digit.to_ascii_uppercase());
                    }
                }
            }
        }
        Some(url)
    }
}

impl Default for Namespaces {
    /// The names that every wiki knows.
    fn default() -> Self {
        Self {
            files: vec!["file".to_owned(), "image".to_owned()],
            categories: vec!["category".to_owned()],
        }
    }
}

impl Namespaces {
    /// Room for the name of the namespace with this number, where it is wanted.
    fn named(&mut self, key: &str) -> Option<&mut String> {
        let names = match key {
            FILE => &mut self.files,
            CATEGORY => &mut self.categories,
            _ => return None,
        };
        names.push(String::new());
        names.last_mut()
    }

    fn lower(&mut self) {
        for names in [&mut self.files, &mut self.categories] {
            for name in names.iter_mut() {
                *name = name.trim().to_lowercase();
            }
            names.retain(|name| !name.is_empty());
        }
    }

    /// What a link leads to, by what stands before its first `|`.
    pub(super) fn target(&self, target: &str) -> Target {
        let target = target.trim();
        // A colon in front makes any link an ordinary one.
        let Some((name, rest)) = target.split_once(':').filter(|(name, _)| !name.is_empty()) else {
            return Target::Page;
        };
        let name = name.trim_end();
        if self.files.iter().any(|file| same(name, file)) {
            return Target::File;
        }
        if self.categories.iter().any(|category| same(name, category)) {
            return Target::Category;
        }
        let ending = rest
            .rsplit_once('.')
            .map_or("", |(_, ending)| ending.trim_end());
        if FILE_ENDINGS
            .iter()
            .any(|known| ending.eq_ignore_ascii_case(known))
        {
            return Target::File;
        }
        // Codes of languages have two or three letters, and sometimes a region's behind.
        let letters = name.bytes().take_while(u8::is_ascii_lowercase).count();
        let tail = &name[letters..];
        let region = |tail: &str| {
            tail.starts_with('-') && tail.bytes().all(|b| b == b'-' || b.is_ascii_lowercase())
        };
        if (2..=3).contains(&letters) && (tail.is_empty() || region(tail)) && !rest.is_empty() {
            return Target::Language;
        }
        Target::Page
    }
}

/// Whether a name is one of a namespace's: case does not matter, nor spaces written as `_`.
fn same(name: &str, lower: &str) -> bool {
    let mut lowered = name.chars().flat_map(char::to_lowercase);
    let mut wanted = lower.chars();
    loop {
        match (lowered.next(), wanted.next()) {
            (None, None) => return true,
            (Some('_'), Some(' ')) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const HEAD: &str = "<?xml version=\"1.0\"?><mediawiki xml:lang=\"bg\"><siteinfo>\
        <base>https://bg.example.org/wiki/Home&amp;1</base><namespaces>\
        <namespace key=\"-2\">Медия</namespace><namespace key=\"0\" />\
        <namespace key=\"6\" case=\"first-letter\">Файл</namespace>\
        <namespace key=\"14\">Категория на</namespace></namespaces></siteinfo>";

    #[test]
    fn files_and_categories_are_known_in_the_wikis_language_and_in_english() {
        let site = Site::parse(HEAD).unwrap();
        for (target, want) in [
            ("Файл:A.x", Target::File),
            (" файл : A.x", Target::File),
            ("image:A.x", Target::File),
            ("Bild:A.JPG", Target::File),
            ("Категория_на:A", Target::Category),
            ("CATEGORY:A", Target::Category),
            (":Category:A", Target::Page),
            ("Медия:A", Target::Page),
            ("A", Target::Page),
            ("A: b", Target::Page),
            ("fr:A", Target::Language),
            ("zh-min-nan:A", Target::Language),
            ("wikt:a", Target::Page),
            ("fr:", Target::Page),
            ("", Target::Page),
        ] {
            assert_eq!(site.namespaces().target(target), want, "{target}");
        }
    }

    #[test]
    fn the_address_is_the_main_pages_with_the_title_in_its_place() {
        let site = Site::parse(HEAD).unwrap();
        assert_eq!(
            site.url("C++ & é/x (y)").unwrap(),
            "https://bg.example.org/wiki/C%2B%2B_%26_%C3%A9/x_(y)"
        );
        let site = Site::parse("<mediawiki><base>//a.org/wiki/Home</base>").unwrap();
        assert_eq!(site.url("A").unwrap(), "https://a.org/wiki/A");
        assert_eq!(Site::parse("<mediawiki>").unwrap().url("A"), None);
    }

    #[test]
    fn another_root_is_refused() {
        for (head, why) in [
            ("<html><body>", "the root is `<html>`"),
            ("{\"a\": 1}", "no `<mediawiki>`"),
            ("", "no `<mediawiki>`"),
        ] {
            let fault = Site::parse(head).unwrap_err();
            assert!(fault.contains(why), "{fault}");
        }
    }
}
