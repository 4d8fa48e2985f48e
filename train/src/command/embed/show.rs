//! How vectors are shown: plain numbers, or JSON lines.

use crate::sentence_encoder::TextVector;
use serde::Serialize;
use std::io::{Result, Write};

/// A vector a line: its numbers, a space between them.
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn plain(out: &mut dyn Write, found: &TextVector) -> Result<()> {
    for (place, value) in found.vector.iter().enumerate() {
        let before = if place == 0 { "" } else { " " };
        write!(out, "{before}{value}")?;
    }
    writeln!(out)
}

#[derive(Serialize)]
struct Line<'a> {
    index: u64,
    text: &'a str,
    tokens: usize,
    #[serde(skip_serializing_if = "is_zero")]
    cut: usize,
    embedding: &'a [f32],
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A JSON object a line: number of the text from 0, the text, tokens read, tokens `cut` off if any
/// were, and the vector.
///
/// ```json
/// {"index":0,"text":"two words","tokens":4,"embedding":[0.6,-0.8]}
/// ```
///
/// # Errors
///
/// When it cannot be written.
pub(super) fn json(out: &mut dyn Write, index: u64, text: &str, found: &TextVector) -> Result<()> {
    let line = Line {
        index,
        text,
        tokens: found.tokens,
        cut: found.cut,
        embedding: &found.vector,
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_bit_by_bit() {
        let values = vec![0.1, -1e-12, 3.4028235e38, 1.1754944e-38, -0.0, 16777217.0];
        let found = TextVector {
            vector: values.clone(),
            tokens: 3,
            cut: 0,
            unknown: 0,
        };
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let mut out = Vec::new();
        plain(&mut out, &found).unwrap();
        let text = String::from_utf8(out).unwrap();
        let words = text.strip_suffix('\n').unwrap().split(' ');
        let back: Vec<f32> = words.map(|word| word.parse().unwrap()).collect();
        assert_eq!(bits(&back), bits(&values));

        let mut out = Vec::new();
        json(&mut out, 7, "a \"b\"", &found).unwrap();
        let line: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(
            (&line["index"], &line["text"]),
            (&7.into(), &"a \"b\"".into())
        );
        assert_eq!(line.get("cut"), None);
        let back: Vec<f32> = serde_json::from_value(line["embedding"].clone()).unwrap();
        assert_eq!(bits(&back), bits(&values));
    }
}
