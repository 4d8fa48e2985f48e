//! What a person sees of a build: everything while it compiles, nothing when it is fresh.
//!
//! Cargo writes its progress to standard error, where a stage's own progress follows. A first
//! build takes minutes, so its progress is wanted; but a command that has nothing to compile
//! should not say so each time. Hence cargo writes to us, and we pass on what matters.

use std::io::{self, BufReader, Read, Write};

/// Clears the rest of the line: cargo leaves that out when it writes to us without colours.
const CLEAR: &[u8] = b"\x1b[K";

/// Copies cargo's standard error `from` → `to`, with `announcement` before the first sign of work.
///
/// Left out are the closing line (`Finished …`), and the progress bar as long as nothing compiles.
pub fn relay(from: impl Read, to: &mut impl Write, announcement: &str) -> io::Result<()> {
    let mut working = false;
    let mut bar_shown = false;
    let mut segment = Vec::new();
    for byte in BufReader::new(from).bytes() {
        let byte = byte?;
        segment.push(byte);
        if byte != b'\n' && byte != b'\r' {
            continue;
        }
        let shown = match first_word(&segment).as_str() {
            "Finished" => false,
            "Building" => working,
            "Compiling" | "Downloading" if !working => {
                working = true;
                writeln!(to, "{announcement}")?;
                true
            }
            _ => true,
        };
        if shown {
            if bar_shown {
                to.write_all(CLEAR)?;
            }
            to.write_all(&segment)?;
            to.flush()?;
            bar_shown = byte == b'\r';
        }
        segment.clear();
    }
    if bar_shown {
        to.write_all(CLEAR)?;
    }
    to.write_all(&segment)?;
    to.flush()
}

/// The first word of a line, colours left out.
fn first_word(line: &[u8]) -> String {
    let mut word = String::new();
    let mut characters = String::from_utf8_lossy(line)
        .into_owned()
        .into_bytes()
        .into_iter();
    while let Some(byte) = characters.next() {
        match byte {
            // A colour: escape, `[`, numbers, a letter.
            0x1b => {
                characters.by_ref().find(u8::is_ascii_alphabetic);
            }
            byte if byte.is_ascii_alphabetic() => word.push(char::from(byte)),
            _ if word.is_empty() => {}
            _ => break,
        }
    }
    word
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn relayed(text: &str) -> String {
        let mut seen = Vec::new();
        relay(text.as_bytes(), &mut seen, "Building slovo-data").unwrap();
        String::from_utf8(seen).unwrap()
    }

    #[test]
    fn a_fresh_build_is_silent() {
        let bar = "\x1b[1m\x1b[36m    Building\x1b[0m [====] 1/2\r";
        assert_eq!(
            relayed(&format!("{bar}    Finished `release` profile in 0.2s\n")),
            ""
        );
    }

    #[test]
    fn work_is_announced_once_and_shown() {
        let seen = relayed("\x1b[32m   Compiling\x1b[0m a v1\n   Compiling b v1\n    Finished\n");
        let expected = "Building slovo-data\n\x1b[32m   Compiling\x1b[0m a v1\n   Compiling b v1\n";
        assert_eq!(seen, expected);
    }

    #[test]
    fn the_bar_is_cleared_before_what_follows_it() {
        let seen = relayed("   Compiling a\n    Building [=> ] 1/2\r   Compiling b\n");
        assert!(
            seen.ends_with("    Building [=> ] 1/2\r\x1b[K   Compiling b\n"),
            "{seen:?}"
        );
    }

    #[test]
    fn diagnostics_pass_even_when_nothing_compiles() {
        assert_eq!(
            relayed("error: no such package\n"),
            "error: no such package\n"
        );
        assert_eq!(
            relayed("warning: unused\n   Finished\n"),
            "warning: unused\n"
        );
        assert_eq!(relayed("error: cut off"), "error: cut off");
    }
}
