//! Formulas: where they end, and their source without labels.

use super::structure::Structure;
use super::verbatim::position;

/// How a formula is enclosed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fence {
    /// `$…$`
    Dollar,
    /// `$$…$$`
    Dollars,
    /// `\(…\)`
    Round,
    /// `\[…\]`
    Square,
}

impl Fence {
    pub(super) fn is_display(self) -> bool {
        matches!(self, Self::Dollars | Self::Square)
    }

    /// What opens and what closes it.
    pub(super) fn marks(self) -> (&'static str, &'static str) {
        match self {
            Self::Dollar => ("$", "$"),
            Self::Dollars => ("$$", "$$"),
            Self::Round => ("\\(", "\\)"),
            Self::Square => ("\\[", "\\]"),
        }
    }
}

/// Finds where formulas end; stretches in which none did are remembered, so that a pass is linear.
#[derive(Default)]
pub(super) struct Formulas {
    without: [(usize, usize); 4],
}

impl Formulas {
    /// The place of the mark that closes a formula whose content begins at `start`; none where the
    /// paragraph, a group or the text ends before.
    pub(super) fn close(
        &mut self,
        text: &[u8],
        structure: &Structure,
        start: usize,
        end: usize,
        fence: Fence,
    ) -> Option<usize> {
        let (from, to) = self.without[fence as usize];
        if (from..to).contains(&start) {
            return None;
        }
        let close = fence.marks().1.as_bytes();
        let mut at = start;
        while at < end {
            if text[at..end].starts_with(close) {
                return Some(at);
            }
            match text[at] {
                b'\\' => {
                    // Formulas do not nest: this one was never closed.
                    if close[0] == b'\\' && matches!(text.get(at + 1), Some(b'(' | b'[')) {
                        break;
                    }
                    at += 2;
                }
                b'{' => match structure.close(at) {
                    Some(close) if close < end => at = close + 1,
                    _ => at += 1,
                },
                b'}' => break,
                b'\n' if ends_paragraph(text, at) => break,
                _ => at += 1,
            }
        }
        self.without[fence as usize] = (start, at);
        None
    }
}

/// Whether a blank line follows the line feed at `at`.
pub(super) fn ends_paragraph(text: &[u8], at: usize) -> bool {
    let rest = text.get(at + 1..).unwrap_or_default();
    let blanks = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    rest.get(blanks.count()) == Some(&b'\n')
}

/// A formula's source without labels and blank lines; on one line unless it is displayed.
pub(super) fn tidy(source: &str, is_display: bool) -> String {
    let mut tidy = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = position(rest.as_bytes(), b"\\label{") {
        let Some(length) = rest[at..].find('}') else {
            break;
        };
        push_lines(&mut tidy, &rest[..at], is_display);
        rest = &rest[at + length + 1..];
    }
    push_lines(&mut tidy, rest, is_display);
    tidy.truncate(tidy.trim_end().len());
    tidy
}

fn push_lines(tidy: &mut String, source: &str, is_display: bool) {
    let between = if is_display { '\n' } else { ' ' };
    for (number, line) in source.split('\n').enumerate() {
        if number > 0 && !tidy.is_empty() && !tidy.ends_with(between) {
            tidy.truncate(tidy.trim_end_matches([' ', '\t']).len());
            tidy.push(between);
        }
        let begins = tidy.is_empty() || tidy.ends_with(['\n', ' ']);
        tidy.push_str(if begins { line.trim_start() } else { line });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(text: &str, fence: Fence) -> Option<usize> {
        let structure = Structure::of(text.as_bytes());
        let start = fence.marks().0.len();
        Formulas::default().close(text.as_bytes(), &structure, start, text.len(), fence)
    }

    #[test]
    fn formulas_end_at_their_own_mark() {
        for (text, fence, want) in [
            ("$a\\$b$c", Fence::Dollar, Some(5)),
            ("$a\\text{ if $b$ }c$", Fence::Dollar, Some(18)),
            ("$$a$b$$", Fence::Dollars, Some(5)),
            ("\\(a\\\\b\\)", Fence::Round, Some(6)),
            ("\\[a\nb\\]", Fence::Square, Some(5)),
            ("$5\n\n and $6", Fence::Dollar, None),
            ("$5} and $6", Fence::Dollar, None),
            ("\\(a\\(b\\)", Fence::Round, None),
            ("$a\\", Fence::Dollar, None),
            ("$", Fence::Dollar, None),
        ] {
            assert_eq!(close(text, fence), want, "{text}");
        }
    }

    #[test]
    fn labels_and_blank_lines_go() {
        assert_eq!(tidy(" a\n  + b ", false), "a + b");
        assert_eq!(
            tidy("\n  a &= b \\\\\n\n \\label{eq:a}\n c\n", true),
            "a &= b \\\\\nc"
        );
        assert_eq!(tidy("a\\label{x", false), "a\\label{x");
        assert_eq!(tidy("é\\label{é}é", false), "éé");
    }
}
