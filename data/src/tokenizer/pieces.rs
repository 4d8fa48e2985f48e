//! Cutting a long text into pieces that encode to the same tokens.
//!
//! A piece is what one thread encodes at a time, and what a sample for training is drawn from. A cut must not
//! show in the tokens, so it falls only where the tokenizer would have cut in any case.

use super::Kind;

/// About how long a piece is, in bytes.
pub(super) const PIECE_BYTES: usize = 128 << 10;

/// The pieces of `text` in order, each with the bytes before it; they join to the whole text.
pub(super) fn pieces<'t>(kind: &Kind, text: &'t str, target: usize) -> Vec<(usize, &'t str)> {
    let cut_after: fn(&str, usize) -> usize = match kind {
        Kind::Char | Kind::Byte => at_character,
        Kind::ByteLevelBpe => at_line_end,
        Kind::WordPiece => at_space,
        // Nothing is known about where it may be cut.
        Kind::Other(_) => |text, _| text.len(),
    };
    pieces_by(cut_after, text, target)
}

/// The pieces of `text`, where `cut_after` says how long a first piece of about so many bytes may be.
pub(super) fn pieces_by(
    cut_after: impl Fn(&str, usize) -> usize,
    text: &str,
    target: usize,
) -> Vec<(usize, &str)> {
    let mut pieces = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let rest = &text[start..];
        let length = if rest.len() <= target {
            rest.len()
        } else {
            cut_after(rest, target.max(1))
        };
        pieces.push((start, &rest[..length]));
        start += length;
    }
    pieces
}

/// The first character boundary at or after `target`.
fn at_character(text: &str, target: usize) -> usize {
    (target..text.len())
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(text.len())
}

/// A newline behind a visible ASCII character: the last one up to `target`, else the first after.
///
/// GPT-2's pattern matches from left to right without looking back. No word, number or run of
/// punctuation contains a newline, so a match ends before it; and what follows is a run of white
/// space that begins there, whatever came before.
fn at_line_end(text: &str, target: usize) -> usize {
    let bytes = text.as_bytes();
    let is_cut = |&at: &usize| bytes[at] == b'\n' && bytes[at - 1].is_ascii_graphic();
    (1..=target.min(bytes.len() - 1))
        .rev()
        .find(is_cut)
        .or_else(|| (target + 1..bytes.len()).find(is_cut))
        .unwrap_or(bytes.len())
}

/// Behind white space: the last one up to `target`, else the first after.
fn at_space(text: &str, target: usize) -> usize {
    let bytes = text.as_bytes();
    let is_cut = |&at: &usize| is_space(bytes[at - 1]);
    (1..=target.min(bytes.len() - 1))
        .rev()
        .find(is_cut)
        .or_else(|| (target + 1..bytes.len()).find(is_cut))
        .unwrap_or(bytes.len())
}

/// White space at which BERT cuts whatever stands around it. Other white space may be a control
/// character, which is taken out, or be changed by what normalises the text.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn pieces_join_to_the_text_and_fall_on_characters() {
        let text = "a\u{1F600}\n\n  bé\nc\n".repeat(50);
        for kind in [
            Kind::Char,
            Kind::Byte,
            Kind::ByteLevelBpe,
            Kind::WordPiece,
            Kind::Other("BPE".into()),
        ] {
            for target in [1, 2, 3, 7, 64, 10_000] {
                let pieces = pieces(&kind, &text, target);
                let mut at = 0;
                for (start, piece) in &pieces {
                    assert_eq!(*start, at);
                    assert!(!piece.is_empty());
                    at += piece.len();
                }
                assert_eq!(at, text.len());
            }
        }
        assert!(pieces(&Kind::ByteLevelBpe, &text, 64).len() > 5);
        assert!(pieces(&Kind::WordPiece, &text, 64).len() > 10);
        assert!(pieces(&Kind::Char, "", 4).is_empty());
    }
}
