//! The text as it grows: what stands between two pieces is decided when the second comes.

/// What is due before the next piece; a later one is stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    None,
    /// A reference was left out: a blank before a word, none before a full stop.
    Reference,
    Space,
    Line,
    Paragraph,
}

/// A text of paragraphs.
pub(super) struct Output {
    text: String,
    gap: Gap,
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            text: String::new(),
            gap: Gap::None,
        }
    }

    pub(super) fn space(&mut self) {
        self.gap = self.gap.max(Gap::Space);
    }

    pub(super) fn line(&mut self) {
        self.gap = self.gap.max(Gap::Line);
    }

    pub(super) fn paragraph(&mut self) {
        self.gap = Gap::Paragraph;
    }

    pub(super) fn is_at_paragraph(&self) -> bool {
        self.gap == Gap::Paragraph
    }

    /// A reference is left out here, with the blank before it.
    pub(super) fn reference(&mut self) {
        if self.gap <= Gap::Space {
            self.gap = Gap::Reference;
        }
    }

    /// Begins an item of a list: on a line of its own, without a blank line before it.
    pub(super) fn item(&mut self, depth: usize, mark: &str) {
        self.gap = Gap::Line;
        self.put(&"  ".repeat(depth));
        self.put(mark);
        self.text.push(' ');
    }

    /// Adds a piece.
    pub(super) fn put(&mut self, piece: &str) {
        let mut piece = piece;
        while self.gap == Gap::Reference {
            let Some(first) = piece.chars().next() else {
                return;
            };
            let opening = self.text.chars().next_back().filter(|c| "([".contains(*c));
            match (opening, first) {
                // Brackets around nothing but references go with them.
                (Some('('), ')') | (Some('['), ']') => {
                    self.text.pop();
                    self.text.truncate(self.text.trim_end_matches(' ').len());
                    piece = &piece[1..];
                }
                (Some(_), ',' | ';') => piece = &piece[1..],
                _ => {
                    let is_word = first.is_alphanumeric() || "([$“‘\\".contains(first);
                    self.gap = match is_word && opening.is_none() {
                        true => Gap::Space,
                        false => Gap::None,
                    };
                }
            }
        }
        if piece.is_empty() {
            return;
        }
        let between = match self.gap {
            Gap::None | Gap::Reference => "",
            Gap::Space if self.text.ends_with([' ', '\n']) => "",
            Gap::Space => " ",
            Gap::Line => "\n",
            Gap::Paragraph => "\n\n",
        };
        if self.gap >= Gap::Line {
            self.text
                .truncate(self.text.trim_end_matches([' ', '\n']).len());
        }
        if !self.text.is_empty() {
            self.text.push_str(between);
        }
        self.gap = Gap::None;
        self.text.push_str(piece);
    }

    pub(super) fn finish(mut self) -> String {
        self.text.truncate(self.text.trim_end().len());
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_leave_no_holes() {
        for (pieces, want) in [
            (&["as shown", " ", "@", "."][..], "as shown."),
            (&["as shown", " ", "@", " ", "before"], "as shown before"),
            (&["as shown", " ", "@", "before"], "as shown before"),
            (&["shown", " ", "(", "@", ")", " ", "that"], "shown that"),
            (&["shown", " ", "(", "@", ";", " ", "@", ")."], "shown."),
            (&["see (", "@", " for x)"], "see ( for x)"),
        ] {
            let mut output = Output::new();
            for piece in pieces {
                match *piece {
                    " " => output.space(),
                    "@" => output.reference(),
                    piece => output.put(piece),
                }
            }
            assert_eq!(output.finish(), want);
        }
    }

    #[test]
    fn gaps_do_not_add_up_and_none_is_at_the_ends() {
        let mut output = Output::new();
        output.paragraph();
        output.put("a");
        output.space();
        output.paragraph();
        output.line();
        output.put("b");
        output.paragraph();
        output.item(1, "-");
        output.space();
        output.put("c");
        output.paragraph();
        assert_eq!(output.finish(), "a\n\nb\n  - c");
    }
}
