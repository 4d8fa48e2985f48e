//! Text whose UTF-8 was read as Windows-1252: `cafÃ©` for `café`, `donâ€™t` for `don’t`.
//!
//! A line is repaired only when reading it back gives nothing but valid UTF-8, every character beyond
//! ASCII included: a line that also holds a correct accent or quote is left alone, since what looks
//! broken there may be meant. A single broken character must be one of the kinds that occur, Latin,
//! punctuation or emoji; two bear each other out. What the encoding leaves undefined is read as the
//! WHATWG's standard has it (<https://encoding.spec.whatwg.org/#windows-1252>).

/// Text can be broken twice over: `Ã¢â‚¬â„¢`. Each round costs one more reading.
const ROUNDS: usize = 3;

/// The characters of Windows-1252 for the bytes from 0x80 to 0x9F.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
];

/// The repaired text; `None` where no line needs it.
pub(super) fn repair(text: &str) -> Option<String> {
    if !may_be_broken(text) {
        return None;
    }
    let mut repaired = String::new();
    let (mut copied, mut start) = (0, 0);
    for line in text.split_inclusive('\n') {
        let end = start + line.len();
        if let Some(line) = repair_line(line) {
            repaired.push_str(&text[copied..start]);
            repaired.push_str(&line);
            copied = end;
        }
        start = end;
    }
    if copied == 0 {
        return None;
    }
    repaired.push_str(&text[copied..]);
    Some(repaired)
}

/// Every broken sequence begins with one of U+00C2 to U+00F4, whose first byte in UTF-8 is 0xC3.
fn may_be_broken(text: &str) -> bool {
    text.as_bytes().contains(&0xC3)
}

/// The line read back as often as it can be, unless that leaves control characters beyond ASCII, which
/// no text holds on purpose.
fn repair_line(line: &str) -> Option<String> {
    let mut repaired = None;
    for _ in 0..ROUNDS {
        match read_back(repaired.as_deref().unwrap_or(line)) {
            Some(once) => repaired = Some(once),
            None => break,
        }
    }
    repaired.filter(|line| !line.contains(|c| matches!(c, '\u{80}'..='\u{9F}')))
}

/// The line read back once, if all of it can be and there is enough to go by.
fn read_back(line: &str) -> Option<String> {
    if !may_be_broken(line) {
        return None;
    }
    let mut repaired = String::with_capacity(line.len());
    let (mut sequences, mut certain) = (0, false);
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c.is_ascii() {
            repaired.push(c);
            continue;
        }
        let first = byte(c)?;
        let length = match first {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            _ => return None,
        };
        let mut bytes = [first, 0, 0, 0];
        for place in &mut bytes[1..length] {
            *place = byte(characters.next()?)?;
        }
        repaired.push_str(std::str::from_utf8(&bytes[..length]).ok()?);
        sequences += 1;
        certain |= is_common(&bytes);
    }
    (certain || sequences >= 2).then_some(repaired)
}

/// The byte that Windows-1252 reads as `c`, from 0x80 on.
fn byte(c: char) -> Option<u8> {
    match c {
        '\u{A0}'..='\u{FF}' => u8::try_from(c).ok(),
        _ => {
            let place = HIGH.iter().position(|&high| high == c)?;
            u8::try_from(0x80 + place).ok()
        }
    }
}

/// Whether these bytes begin like Latin-1 (U+0080 to U+00FF), general punctuation and currency (U+2000
/// to U+20FF), letterlike symbols (U+2100 to U+213F) or emoji (U+1F000 on).
fn is_common(bytes: &[u8; 4]) -> bool {
    matches!(
        bytes,
        [0xC2 | 0xC3, ..] | [0xE2, 0x80..=0x84, ..] | [0xF0, 0x9F, ..]
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// What a text becomes when its UTF-8 is read as Windows-1252.
    fn broken(text: &str) -> String {
        let read = |byte: u8| match byte {
            0x80..=0x9F => HIGH[usize::from(byte) - 0x80],
            _ => char::from(byte),
        };
        text.bytes().map(read).collect()
    }

    #[test]
    fn what_was_broken_is_repaired() {
        for text in [
            "café",
            "don’t “go” — ever…",
            "naïve façade, 20 € ™",
            "Привет, мир",
            "日本語",
            "nice 😀",
            "à la carte",
        ] {
            let once = broken(text);
            assert_ne!(once, text);
            assert_eq!(repair(&once).unwrap(), text);
            assert_eq!(repair(&broken(&once)).unwrap(), text);
            assert_eq!(repair(text), None, "{text}");
        }
        assert_eq!(repair("cafÃ© donâ€™t").unwrap(), "café don’t");
    }

    #[test]
    fn what_may_be_meant_is_left() {
        for text in [
            "«CAFÉ»",
            "CAFÉ»",
            "“IRMÃ”",
            "NÃO É À TOA",
            "El Niño, façade, Zürich, Århus",
            "Â",
            "Ã",
            "Ã©tait trouvé",
            "à\u{A0}l’heure",
            "Ã\u{80}",
            "語Ã©",
        ] {
            assert_eq!(repair(text), None, "{text}");
        }
    }

    #[test]
    fn only_broken_lines_are_touched() {
        let text = "trouvé\ncafÃ©\nNÃO\r\nÃ¼ber\n";
        assert_eq!(repair(text).unwrap(), "trouvé\ncafé\nNÃO\r\nüber\n");
    }
}
