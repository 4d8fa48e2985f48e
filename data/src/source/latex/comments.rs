//! Comments: from `%` to the end of the line, with the blanks that begin the next one.

use super::verbatim::{RawKind, Verbatim};

/// A source without its comments, and without environments that are comments.
pub(super) fn strip_comments(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut verbatim = Verbatim::new();
    let mut out = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    // The cuts lie at ASCII bytes.
    let piece = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => match verbatim.find(bytes, at) {
                Some(raw) if raw.kind == RawKind::Hidden => {
                    out.push_str(piece(from..at));
                    at = raw.end;
                    from = at;
                }
                Some(raw) => at = raw.end,
                // `\%` is a letter.
                None => {
                    at += if bytes.get(at + 1).is_some_and(u8::is_ascii) {
                        2
                    } else {
                        1
                    }
                }
            },
            b'%' => {
                let before = piece(from..at);
                let alone = before.trim_end_matches([' ', '\t']);
                let is_whole_line = alone.ends_with('\n')
                    || (alone.is_empty() && (out.is_empty() || out.ends_with('\n')));
                out.push_str(if is_whole_line { alone } else { before });
                let rest = &bytes[at..];
                at += rest
                    .iter()
                    .position(|&byte| byte == b'\n')
                    .unwrap_or(rest.len());
                if at < bytes.len() {
                    at += 1;
                }
                if !is_whole_line {
                    let blanks = bytes[at..].iter();
                    let blanks = blanks
                        .take_while(|byte| matches!(byte, b' ' | b'\t'))
                        .count();
                    // A blank line still ends the paragraph.
                    if bytes.get(at + blanks) == Some(&b'\n') {
                        out.push('\n');
                    }
                    at += blanks;
                }
                from = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(piece(from..text.len()));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_go_and_what_only_looks_like_one_stays() {
        for (text, want) in [
            ("a % b\nc", "a c"),
            ("a%\n   b", "ab"),
            ("% whole line\n  % another\nb", "b"),
            ("a\n% one\n  % two\nb", "a\nb"),
            ("a % end of paragraph\n\nb", "a \n\nb"),
            ("5\\% of \\\\% comment\nb", "5\\% of \\\\b"),
            ("\\verb|%| \\verb*+%+%c\n", "\\verb|%| \\verb*+%+"),
            ("\\url{a%20b}%c\nd", "\\url{a%20b}d"),
            (
                "\\begin{verbatim}\n% kept\n\\end{verbatim}%",
                "\\begin{verbatim}\n% kept\n\\end{verbatim}",
            ),
            ("a\\begin{comment}\nb % \\end{x}\n\\end{comment}c", "ac"),
            ("\\begin{verbatim}%", "\\begin{verbatim}"),
            ("a\\", "a\\"),
            ("\\é%é", "\\é"),
            ("%", ""),
            ("", ""),
        ] {
            assert_eq!(strip_comments(text), want, "{text}");
        }
    }
}
