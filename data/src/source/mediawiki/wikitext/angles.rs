//! Angle brackets: tags and comments.

use super::super::super::html::tag;
use super::frames::Kind;
use super::structure::Structure;
use super::tags::{Meaning, meaning};
use super::{AMPERSAND, BREAK, CODE, CODE_END, LITERAL};

impl Structure<'_> {
    pub(super) fn angle(&mut self) {
        let rest = &self.source[self.at..];
        if rest.starts_with("<!--") {
            self.comment();
            return;
        }
        let Some(tag) = tag(rest) else {
            self.literal(1);
            return;
        };
        let Some(meaning) = meaning(tag.name) else {
            self.literal(1);
            return;
        };
        self.at += tag.len;
        match meaning {
            Meaning::Dropped | Meaning::Code | Meaning::Preformatted | Meaning::Literal => {
                let raw = !tag.closing && !tag.empty;
                let found = raw.then(|| self.ends.find(self.source, self.at, tag.name));
                match found.flatten() {
                    Some((end, behind)) => {
                        let content = &self.source[self.at..end];
                        self.raw(content, meaning);
                        self.at = behind;
                    }
                    None => self.gap(),
                }
                self.fresh = false;
            }
            Meaning::Inline => {}
            Meaning::Block => self.out.push(BREAK),
            Meaning::Item => {
                self.out.push(BREAK);
                if !tag.closing {
                    self.out.push_str("- ");
                }
            }
            Meaning::Raised => {
                if !tag.closing {
                    self.raised();
                }
            }
            Meaning::Poem => {
                self.poems = match (tag.closing, tag.empty) {
                    (true, _) => self.poems.saturating_sub(1),
                    (false, empty) => self.poems + u32::from(!empty),
                };
                self.out.push(BREAK);
            }
            Meaning::Table => {
                if !tag.closing {
                    self.frames.open(Kind::HtmlTable, self.out.len());
                } else if self.frames.can_close(Kind::HtmlTable)
                    && let Some(frame) = self.frames.close(Kind::HtmlTable)
                {
                    self.close_table(&frame);
                }
            }
        }
    }

    /// A comment goes, with its line where it stands alone.
    fn comment(&mut self) {
        let rest = &self.source[self.at + 4..];
        let end = if self.open_comment {
            None
        } else {
            rest.find("-->")
        };
        let Some(end) = end else {
            self.open_comment = true;
            self.at += 4;
            return;
        };
        self.at += 4 + end + 3;
        if self.fresh && self.next_is(0, b'\n') && self.out.ends_with('\n') {
            self.at += 1;
        }
    }

    fn raw(&mut self, content: &str, meaning: Meaning) {
        let lines = content.contains('\n');
        let (open, close) = match meaning {
            Meaning::Code | Meaning::Preformatted if lines => (CODE, CODE_END),
            Meaning::Dropped => {
                self.gap();
                return;
            }
            _ => (LITERAL, LITERAL),
        };
        self.out.push(open);
        for c in content.chars() {
            match c {
                '&' if meaning == Meaning::Code => self.out.push(AMPERSAND),
                '\n' | '\t' => self.out.push(c),
                c if c < ' ' => {}
                c => self.out.push(c),
            }
        }
        self.out.push(close);
    }

    /// Powers read as powers: 10⁶ is not 106. What is raised for its looks only stays as it is.
    fn raised(&mut self) {
        let rest = self.source[self.at..].trim_start_matches('\'');
        let mut ahead = rest.chars();
        let (first, second) = (ahead.next(), ahead.next());
        let number = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
        let power = match first {
            Some('-' | '−' | '–' | '+') => number(second),
            Some(c) if c.is_ascii_alphabetic() => matches!(second, Some('<' | '\'')),
            first => number(first),
        };
        let based = |out: &str| {
            let base = out.trim_end_matches('\'').chars().next_back();
            base.is_some_and(|c| c.is_alphanumeric() || c == ')')
        };
        if power && based(&self.out) {
            self.out.push('^');
        }
    }
}
