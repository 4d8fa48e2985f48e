//! The tags of wikitext: which hold text, which hold something else, and where they end.
//!
//! Source: the tags that MediaWiki lets through (`Sanitizer::getRecognizedTagData`) and those of its
//! extensions on the Wikimedia wikis (<https://en.wikipedia.org/wiki/Help:HTML_in_wikitext>).

use super::super::super::html::tag;

/// What a tag means for the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The tag goes, its content is text.
    Inline,
    /// As inline, on lines of its own.
    Block,
    /// An item of a list.
    Item,
    /// Raised: powers need a sign.
    Raised,
    /// Lines end where they end in the source.
    Poem,
    /// A table.
    Table,
    /// Tag and content go.
    Dropped,
    /// The content is no markup, lines and entities stay as they are.
    Code,
    /// The content is no markup.
    Preformatted,
    /// The content is no markup; within a line.
    Literal,
}

/// Tags whose content is no wikitext: it ends at the first closing tag, whatever stands between.
const RAW: [(&str, Meaning); 27] = [
    ("ref", Meaning::Dropped),
    ("references", Meaning::Dropped),
    ("math", Meaning::Dropped),
    ("chem", Meaning::Dropped),
    ("ce", Meaning::Dropped),
    ("gallery", Meaning::Dropped),
    ("timeline", Meaning::Dropped),
    ("score", Meaning::Dropped),
    ("hiero", Meaning::Dropped),
    ("imagemap", Meaning::Dropped),
    ("graph", Meaning::Dropped),
    ("chart", Meaning::Dropped),
    ("templatedata", Meaning::Dropped),
    ("templatestyles", Meaning::Dropped),
    ("inputbox", Meaning::Dropped),
    ("mapframe", Meaning::Dropped),
    ("maplink", Meaning::Dropped),
    ("categorytree", Meaning::Dropped),
    ("indicator", Meaning::Dropped),
    ("includeonly", Meaning::Dropped),
    ("phonos", Meaning::Dropped),
    ("style", Meaning::Dropped),
    ("script", Meaning::Dropped),
    ("syntaxhighlight", Meaning::Code),
    ("source", Meaning::Code),
    ("pre", Meaning::Preformatted),
    ("nowiki", Meaning::Literal),
];

/// The meaning of a tag by its name; None for what is no tag of wikitext, and stays as text.
pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let mut lower = [0; 16];
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    let name = std::str::from_utf8(lower).ok()?;
    if let Some((_, meaning)) = RAW.iter().find(|(raw, _)| *raw == name) {
        return Some(*meaning);
    }
    Some(match name {
        "br" | "p" | "div" | "blockquote" | "center" | "ul" | "ol" | "dl" | "dt" | "dd" | "tr"
        | "hr" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "caption" => Meaning::Block,
        "li" => Meaning::Item,
        "sup" => Meaning::Raised,
        "poem" => Meaning::Poem,
        "table" => Meaning::Table,
        "a" | "abbr" | "b" | "bdi" | "bdo" | "big" | "cite" | "code" | "data" | "del" | "dfn"
        | "em" | "font" | "i" | "ins" | "kbd" | "mark" | "q" | "rb" | "rp" | "rt" | "rtc"
        | "ruby" | "s" | "samp" | "section" | "small" | "span" | "strike" | "strong" | "sub"
        | "td" | "th" | "time" | "tt" | "u" | "var" | "wbr" | "noinclude" | "onlyinclude"
        | "tbody" | "thead" | "translate" | "languages" | "tvar" => Meaning::Inline,
        _ => return None,
    })
}

/// Where raw tags end. Looking for an end that is not there is done once for each name, so that a
/// text of many unclosed tags costs no more than its length for each of them.
#[derive(Debug, Default)]
pub(super) struct Ends {
    missing: u32,
}

impl Ends {
    /// The content's end and the place behind the closing tag, for a tag of this name whose content
    /// begins at `from`. None where it is not closed.
    pub(super) fn find(&mut self, text: &str, from: usize, name: &str) -> Option<(usize, usize)> {
        let index = RAW
            .iter()
            .position(|(raw, _)| raw.eq_ignore_ascii_case(name))?;
        if self.missing & (1 << index) != 0 {
            return None;
        }
        let mut at = from;
        while let Some(step) = text[at..].find('<') {
            at += step;
            if let Some(found) = tag(&text[at..])
                && found.name.eq_ignore_ascii_case(name)
            {
                if found.closing {
                    return Some((at, at + found.len));
                }
                // A reference within a reference: the first was meant to be empty (`<ref name=a>`).
                if index == 0 && !found.empty {
                    return None;
                }
            }
            at += 1;
        }
        self.missing |= 1 << index;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_any_case() {
        assert_eq!(meaning("REF"), Some(Meaning::Dropped));
        assert_eq!(meaning("Br"), Some(Meaning::Block));
        assert_eq!(meaning("iostream"), None);
        assert_eq!(meaning("averylongnamethatisnotag"), None);
    }

    #[test]
    fn the_end_is_the_first_closing_tag_of_that_name() {
        let text = "<ref>a <b> </references > </REF > c";
        let mut ends = Ends::default();
        assert_eq!(ends.find(text, 5, "ref"), Some((26, 33)));
        assert_eq!(ends.find(text, 5, "math"), None);
        assert_eq!(
            ends.find("<math></math>", 0, "math"),
            None,
            "it was missing before"
        );
    }

    #[test]
    fn a_reference_does_not_reach_over_the_next_one() {
        let text = "<ref name=a> text <ref>b</ref>";
        let mut ends = Ends::default();
        assert_eq!(ends.find(text, 12, "ref"), None);
        assert_eq!(ends.find(text, 23, "ref"), Some((24, 30)));
        let empty = "<ref>a <ref name=b /> c</ref>";
        assert_eq!(ends.find(empty, 5, "ref"), Some((23, 29)));
    }
}
