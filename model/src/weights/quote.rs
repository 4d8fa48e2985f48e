//! What a file says, put into a message: escaped, and not longer than a line.

/// A text in quotes.
pub(crate) fn quote(text: &str) -> String {
    const LONGEST: usize = 60;
    match text.char_indices().nth(LONGEST) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} bytes)", &text[..end], text.len()),
    }
}

/// Bytes that are no text, in the same way.
pub(crate) fn quote_bytes(bytes: &[u8]) -> String {
    const MOST: usize = 40;
    if bytes.len() <= MOST {
        return format!("\"{}\"", bytes.escape_ascii());
    }
    format!(
        "\"{}\"… ({} bytes)",
        bytes[..MOST].escape_ascii(),
        bytes.len()
    )
}

/// A name for a message that puts it between backquotes.
pub(crate) fn plain(name: &str) -> String {
    let quoted = quote(name);
    match quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => inner.into(),
        None => quoted,
    }
}

/// What the JSON reader found, and where. It repeats what stands in the file, however long.
pub(crate) fn json(error: &serde_json::Error) -> String {
    const LONGEST: usize = 200;
    let place = format!(" at line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let what = text.strip_suffix(&place).unwrap_or(&text);
    let mut shown: String = what.chars().take(LONGEST).collect();
    if shown.len() < what.len() {
        shown.push('…');
    }
    let shown: String = shown
        .chars()
        .flat_map(|c| match c.is_control() {
            true => c.escape_default().collect::<Vec<_>>(),
            false => vec![c],
        })
        .collect();
    format!("{shown}{place}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_message_stays_a_line() {
        let text = format!("[\"\\u001b{}\"]", "a".repeat(100_000));
        let error = serde_json::from_str::<Vec<u8>>(&text).unwrap_err();
        let shown = json(&error);
        assert!(shown.len() < 300 && !shown.contains('\u{1b}'), "{shown}");
        assert!(shown.contains("at line 1 column "), "{shown}");
        assert_eq!(plain("a\nb"), "a\\nb");
        assert!(plain(&"n".repeat(1000)).len() < 100);
    }
}
