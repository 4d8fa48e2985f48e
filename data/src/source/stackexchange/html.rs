//! The HTML of a post as plain text.
//!
//! Posts are written in Markdown and stored as the small HTML that it becomes
//! (<https://meta.stackexchange.com/help/formatting>): paragraphs, code, lists, quotations, headings,
//! links. The pass is linear and keeps no tree.

use super::super::html::{Entity, Tag, entity, tag};

/// Deeper lists are indented, and deeper quotations marked, as if they were at this depth.
const MAX_DEPTH: usize = 8;

/// Plain text: paragraphs separated by empty lines, code as it is, items behind `- ` or `1. `,
/// quotations behind `> `.
pub(super) fn text(html: &str) -> String {
    let mut pass = Text {
        out: String::with_capacity(html.len()),
        gap: Gap::None,
        space: false,
        marker: None,
        lists: Vec::new(),
        deeper: 0,
        fresh_list: false,
        quotes: 0,
        written_quotes: 0,
        code: 0,
        code_lines: 0,
    };
    let mut rest = html;
    while let Some(next) = rest.find(['<', '&']) {
        pass.words(&rest[..next]);
        rest = &rest[next..];
        if let Some((found, len)) = entity_at(rest) {
            match found {
                Entity::Named(text) => text.chars().for_each(|c| pass.character(c)),
                Entity::Number(c) => pass.character(c),
            }
            rest = &rest[len..];
        } else if let Some(tag) = tag_at(rest) {
            pass.tag(&tag);
            rest = &rest[tag.len..];
        } else if let Some(comment) = rest.strip_prefix("<!--") {
            // An open comment hides its mark only, so that looking for an end is done once.
            rest = match comment.find("-->") {
                Some(end) => &comment[end + 3..],
                None => {
                    pass.words(comment);
                    ""
                }
            };
        } else {
            pass.words(&rest[..1]);
            rest = &rest[1..];
        }
    }
    pass.words(rest);
    let end = pass.out.trim_end().len();
    pass.out.truncate(end);
    pass.out
}

fn entity_at(text: &str) -> Option<(Entity, usize)> {
    text.starts_with('&').then(|| entity(text)).flatten()
}

fn tag_at(text: &str) -> Option<Tag<'_>> {
    text.starts_with('<').then(|| tag(text)).flatten()
}

/// What stands before the next text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    Line,
    Paragraph,
}

struct Text {
    out: String,
    gap: Gap,
    /// A space stands before the next word.
    space: bool,
    /// What stands before the next item's text.
    marker: Option<String>,
    /// The number of each open list's last item; none where it has bullets.
    lists: Vec<Option<u32>>,
    /// Lists open beyond the depth that is kept.
    deeper: usize,
    /// A list was opened that has no item yet.
    fresh_list: bool,
    quotes: usize,
    /// How many quotations the last word stood in.
    written_quotes: usize,
    code: usize,
    /// Ends of lines of code that stand before its next text.
    code_lines: usize,
}

impl Text {
    fn words(&mut self, text: &str) {
        if self.code > 0 {
            self.code_text(text);
            return;
        }
        let mut rest = text;
        while !rest.is_empty() {
            let words = rest.trim_start_matches([' ', '\n', '\r', '\t', '\u{A0}']);
            self.space |= words.len() < rest.len();
            let end = words
                .find([' ', '\n', '\r', '\t', '\u{A0}'])
                .unwrap_or(words.len());
            if end > 0 {
                self.begin();
                self.out.push_str(&words[..end]);
            }
            rest = &words[end..];
        }
    }

    /// A character that is no markup, whatever it is.
    fn character(&mut self, c: char) {
        let mut utf8 = [0; 4];
        if c != '\n' && c.is_control() {
            return;
        }
        self.words(c.encode_utf8(&mut utf8));
    }

    fn code_text(&mut self, text: &str) {
        for (i, line) in text.split('\n').enumerate() {
            // Empty lines at the start and at the end are not written.
            self.code_lines += usize::from(i > 0 && self.gap == Gap::None);
            let line = line.strip_suffix('\r').unwrap_or(line);
            if !line.is_empty() {
                for _ in 0..std::mem::take(&mut self.code_lines) {
                    self.newline(self.quotes);
                }
                self.begin();
                self.out.push_str(line);
            }
        }
    }

    /// Writes what stands before a word.
    fn begin(&mut self) {
        if self.out.is_empty() {
            self.mark(self.quotes);
        } else if self.gap != Gap::None {
            if self.gap == Gap::Paragraph {
                self.newline(self.quotes.min(self.written_quotes));
            }
            self.newline(self.quotes);
        } else if self.space && !self.out.ends_with([' ', '\n', '\t']) {
            self.out.push(' ');
        }
        self.gap = Gap::None;
        self.space = false;
        self.written_quotes = self.quotes;
        if let Some(marker) = self.marker.take() {
            self.out.push_str(&marker);
        }
    }

    fn newline(&mut self, quotes: usize) {
        let end = self.out.trim_end_matches([' ', '\t']).len();
        self.out.truncate(end);
        self.out.push('\n');
        self.mark(quotes);
    }

    fn mark(&mut self, quotes: usize) {
        self.out
            .extend(std::iter::repeat_n("> ", quotes.min(MAX_DEPTH)));
    }

    fn gap(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
        self.space = false;
    }

    fn tag(&mut self, tag: &Tag<'_>) {
        let mut lower = [0; 10];
        let Some(name) = lower.get_mut(..tag.name.len()) else {
            return;
        };
        name.copy_from_slice(tag.name.as_bytes());
        name.make_ascii_lowercase();
        match &*name {
            // The first paragraph of an item stands beside its mark.
            b"p" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"hr" | b"table" | b"dl"
                if self.marker.is_none() =>
            {
                self.gap(Gap::Paragraph);
            }
            b"div" | b"tr" | b"dt" | b"dd" => self.gap(Gap::Line),
            b"td" | b"th" if tag.closing && self.gap == Gap::None => self.out.push('\t'),
            b"br" if self.gap == Gap::Line => self.gap(Gap::Paragraph),
            b"br" => self.gap(Gap::Line),
            b"pre" => {
                self.gap(Gap::Paragraph);
                self.code_lines = 0;
                self.code = match (tag.closing, tag.empty) {
                    (true, _) => self.code.saturating_sub(1),
                    (false, empty) => self.code + usize::from(!empty),
                };
            }
            b"blockquote" => {
                self.gap(Gap::Paragraph);
                self.quotes = match tag.closing {
                    true => self.quotes.saturating_sub(1),
                    false => self.quotes + 1,
                };
            }
            b"ul" | b"ol" => self.list(tag, &*name == b"ol"),
            b"li" if !tag.closing => self.item(),
            b"sup"
                if !tag.closing
                    && !self.space
                    && self.gap == Gap::None
                    && self.out.ends_with(|c: char| c.is_ascii_alphanumeric()) =>
            {
                self.out.push('^');
            }
            _ => {}
        }
    }

    fn list(&mut self, tag: &Tag<'_>, numbered: bool) {
        if tag.closing {
            if self.deeper > 0 {
                self.deeper -= 1;
            } else {
                self.lists.pop();
            }
            self.marker = None;
        } else if self.lists.len() < MAX_DEPTH {
            self.lists.push(numbered.then_some(0));
        } else {
            self.deeper += 1;
        }
        self.fresh_list = !tag.closing;
        // A list within an item follows it at once.
        let within = self.lists.len() > usize::from(!tag.closing);
        self.gap = if within { Gap::Line } else { Gap::Paragraph };
        self.space = false;
    }

    fn item(&mut self) {
        let first = std::mem::take(&mut self.fresh_list);
        self.gap = if first {
            self.gap.max(Gap::Line)
        } else {
            Gap::Line
        };
        self.space = false;
        let mut marker = "  ".repeat(self.lists.len().saturating_sub(1));
        match self.lists.last_mut() {
            Some(Some(number)) => {
                *number = number.saturating_add(1);
                marker.push_str(&format!("{number}. "));
            }
            _ => marker.push_str("- "),
        }
        self.marker = Some(marker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(cases: &[(&str, &str)]) {
        for (html, want) in cases {
            assert_eq!(text(html), *want, "{html}");
        }
    }

    #[test]
    fn paragraphs_and_lines() {
        each(&[
            (
                "<p>a\nb  <em>c</em></p>\n\n<p>d<br>e<br/><br>f</p>",
                "a b c\n\nd\ne\n\nf",
            ),
            (
                "<h2>a</h2>\n<p>b <a href=\"x\" title=\"y\">c</a>.</p><hr><P>d</P>",
                "a\n\nb c.\n\nd",
            ),
            ("<p>a<img src=\"x\" alt=\"y\"> 2<sup>3</sup></p>", "a 2^3"),
            ("", ""),
            ("no tags", "no tags"),
        ]);
    }

    #[test]
    fn code_keeps_its_lines() {
        each(&[
            (
                "<p>a <code>b  c</code></p>\n<pre class=\"x\"><code>\nif (a &lt; b) {\n\n    c;\n}\n</code></pre>\n<p>d</p>",
                "a b c\n\nif (a < b) {\n\n    c;\n}\n\nd",
            ),
            ("<pre><code>    a\r\n  b</code></pre>", "    a\n  b"),
            (
                "<blockquote><pre><code>a\n\nb\n</code></pre></blockquote>c",
                "> a\n>\n> b\n\nc",
            ),
        ]);
    }

    #[test]
    fn lists_and_quotations() {
        each(&[
            (
                "<p>a</p><ul><li>b</li>\n<li><p>c</p></li><li>d<ol><li>e</li><li>f</li></ol></li><li>g</ul>h",
                "a\n\n- b\n- c\n- d\n  1. e\n  2. f\n- g\n\nh",
            ),
            (
                "<p>a</p>\n<blockquote>\n<p>b</p>\n<p>c<br>d</p><blockquote>e</blockquote></blockquote><p>f</p>",
                "a\n\n> b\n>\n> c\n> d\n>\n> > e\n\nf",
            ),
            (
                "<table><tr><th>a</th><th>b</th></tr><tr><td>c</td><td>d</td></tr></table>e",
                "a\tb\nc\td\n\ne",
            ),
        ]);
    }

    #[test]
    fn entities_and_what_is_no_tag() {
        each(&[
            (
                "a&nbsp;b &amp;lt; &lt;c&gt; 1 < 2 & d &nosuch; &#8217;",
                "a b &lt; <c> 1 < 2 & d &nosuch; ’",
            ),
            ("a<!-- language: c --> b <!-- c", "a b c"),
        ]);
    }

    #[test]
    fn hostile_html_takes_linear_time_and_little_room() {
        for piece in [
            "<",
            "<a",
            "<!--",
            "&",
            "&a",
            "<ul>",
            "<ul><li>",
            "<ol><li>x",
            "<blockquote>",
            "<blockquote>x",
            "<pre>",
            "<pre>\n",
            "<pre>x\n",
            "</li>",
            "</ul>",
            "<p>",
            "<br>",
            "<sup>",
            "x<sup>",
            " ",
            "\n",
            "</pre>x",
            "<td></td>",
            "</td>",
            "<li>",
        ] {
            let html = piece.repeat(100_000);
            let begin = std::time::Instant::now();
            let plain = text(&html);
            assert!(
                begin.elapsed() < std::time::Duration::from_secs(5),
                "{piece}"
            );
            assert!(plain.len() <= 20 * html.len(), "{piece}");
        }
    }
}
