//! The lines that enclose a book, in their historic spellings.
//!
//! All are ASCII, so they are told in bytes, whatever the file's encoding is.

/// Stars and blanks around what a marker says.
fn bare(line: &[u8]) -> &[u8] {
    let wrapping = |byte: &u8| *byte == b'*' || byte.is_ascii_whitespace();
    let from = line.iter().position(|byte| !wrapping(byte));
    let to = line.iter().rposition(|byte| !wrapping(byte));
    match (from, to) {
        (Some(from), Some(to)) => &line[from..=to],
        _ => &[],
    }
}

fn starred(line: &[u8]) -> bool {
    line.trim_ascii_start().starts_with(b"*")
}

/// The rest of a line that begins with `words`, in letters of either case.
fn after<'a>(line: &'a [u8], words: &str) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(words.len())?;
    head.eq_ignore_ascii_case(words.as_bytes()).then_some(rest)
}

fn begins(line: &[u8], words: &[&str]) -> bool {
    words.iter().any(|words| after(line, words).is_some())
}

/// `*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***`, with THIS, ETEXT, fewer stars or blanks.
pub(super) fn starts_book(line: &[u8]) -> bool {
    starred(line)
        && begins(
            bare(line),
            &[
                "START OF THE PROJECT GUTENBERG",
                "START OF THIS PROJECT GUTENBERG",
                "START OF PROJECT GUTENBERG",
                "START OF THE COPYRIGHTED PROJECT GUTENBERG",
                "START OF THIS COPYRIGHTED PROJECT GUTENBERG",
            ],
        )
}

/// Whether a marker that begins on an earlier line ends here: a long title is wrapped.
pub(super) fn closes_marker(line: &[u8]) -> bool {
    line.trim_ascii_end().ends_with(b"***")
}

/// `*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*`, the last line of headers
/// before 2001.
pub(super) fn ends_small_print(line: &[u8]) -> bool {
    starred(line)
        && after(bare(line), "END")
            .is_some_and(|rest| begins(bare(rest), &["THE SMALL PRINT", "THE \"SMALL PRINT"]))
}

/// `*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***`, or `End of Project Gutenberg's Emma, by Jane
/// Austen`, which stood there before and still stands in front of it in many files.
pub(super) fn ends_book(line: &[u8]) -> bool {
    // Every spelling begins with E or F, so most lines are told from their first letter.
    let line = bare(line);
    match line.first() {
        Some(b'e' | b'E') => {
            let rest = after(line, "END OF ").or_else(|| after(line, "ENDE "));
            rest.is_some_and(|rest| {
                let rest = ["THE ", "THIS ", "DIESES ", "DIESER ", "DIESE "]
                    .into_iter()
                    .find_map(|article| after(rest, article))
                    .unwrap_or(rest);
                let rest = after(rest, "COPYRIGHTED ").unwrap_or(rest);
                begins(rest, &["PROJECT GUTENBERG", "PROJEKT GUTENBERG"])
            })
        }
        Some(b'f' | b'F') => begins(
            line,
            &["FIN DE PROJECT GUTENBERG", "FIN DU PROJET GUTENBERG"],
        ),
        _ => false,
    }
}

/// The first line of a paragraph that says who made the file.
pub(super) fn begins_credits(line: &[u8]) -> bool {
    begins(
        line.trim_ascii_start(),
        &[
            "Produced by ",
            "E-text prepared by ",
            "Etext prepared by ",
            "This etext was prepared by ",
            "This etext was produced by ",
            "This e-text was prepared by ",
            "This ebook was prepared by ",
            "This ebook was produced by ",
            "This eBook was transcribed by ",
            "This file was produced from images ",
            "Prepared by ",
            "Scanned by ",
            "Scanned and proofed by ",
            "Transcribed by ",
            "Transcribed from the ",
            "HTML version by ",
            "Credits: ",
        ],
    )
}

/// Whether a line is blank.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_start_is_known() {
        for line in [
            "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***",
            "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***\r\n",
            "***START OF THE PROJECT GUTENBERG EBOOK EMMA***",
            "  *** Start of this Project Gutenberg Etext Emma",
        ] {
            assert!(starts_book(line.as_bytes()), "{line}");
        }
        for line in [
            "***START**THE SMALL PRINT!**FOR PUBLIC DOMAIN ETEXTS**START***",
            "START OF THE PROJECT GUTENBERG EBOOK",
            "*** START OF THE PROJECT",
            "*",
            "",
        ] {
            assert!(!starts_book(line.as_bytes()), "{line}");
        }
    }

    #[test]
    fn every_spelling_of_the_small_prints_end_is_known() {
        for line in [
            "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
            "*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*",
            "*END* THE SMALL PRINT!",
        ] {
            assert!(ends_small_print(line.as_bytes()), "{line}");
        }
        assert!(!ends_small_print(b"***START**THE SMALL PRINT!**FOR PUBLIC"));
        assert!(!ends_small_print(b"*** END OF THE PROJECT GUTENBERG"));
    }

    #[test]
    fn every_spelling_of_an_end_is_known() {
        for line in [
            "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***",
            "***END OF THE PROJECT GUTENBERG EBOOK EMMA***\r\n",
            "*** END OF THIS PROJECT GUTENBERG EBOOK EMMA ***",
            "End of the Project Gutenberg EBook of Emma, by Jane Austen",
            "End of Project Gutenberg's Emma, by Jane Austen",
            "End of The Project Gutenberg Etext of Emma",
            "End of this Project Gutenberg Etext",
            "Ende dieses Projekt Gutenberg Etextes",
        ] {
            assert!(ends_book(line.as_bytes()), "{line}");
        }
        for line in [
            "End of the chapter",
            "the end of the Project Gutenberg",
            "END OF",
            "E",
            "Fin",
            "",
        ] {
            assert!(!ends_book(line.as_bytes()), "{line}");
        }
    }
}
