#![allow(clippy::unwrap_used)]

use std::io::{BufReader, Cursor, Read};

use super::*;

const HEADER: &str = "The Project Gutenberg EBook of Emma, by Jane Austen\n\nTitle: Emma\n\nAuthor: \
                      Jane Austen\n\nRelease Date: August, 1994 [EBook #158]\n\n";
const START: &str = "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***\n";
const CREDITS: &str = "\n\n\nProduced by An Anonymous Volunteer\nand another\n\n\n";
const BODY: &str = "EMMA\n\nBy Jane Austen\n\nHandsome, clever, and rich.\n\n";
const FOOTER: &str = "End of the Project Gutenberg EBook of Emma, by Jane Austen\n\n*** END OF THIS \
                      PROJECT GUTENBERG EBOOK EMMA ***\n\nUpdated editions will replace it.\n";

fn filtered(text: &str, join: bool, buffer: usize) -> (String, Header) {
    let input = BufReader::with_capacity(buffer, Cursor::new(text.as_bytes().to_vec()));
    let mut filter = Gutenberg::new(input, join);
    let header = filter.header().unwrap().clone();
    let mut body = String::new();
    filter.read_to_string(&mut body).unwrap();
    (body, header)
}

#[test]
fn header_credits_and_footer_go_and_the_body_stays_byte_for_byte() {
    let text = [HEADER, START, CREDITS, BODY, FOOTER].concat();
    let stripped = strip(&text);
    assert_eq!(stripped.body, BODY);
    assert_eq!(stripped.header.title.as_deref(), Some("Emma"));
    assert_eq!(stripped.header.date.as_deref(), Some("1994-08"));
}

#[test]
fn the_filter_gives_what_the_function_gives() {
    let crlf = [HEADER, START, CREDITS, BODY, FOOTER]
        .concat()
        .replace('\n', "\r\n");
    let long = format!("{}\n", "x".repeat(200_000)).repeat(3);
    for text in [
        [HEADER, START, CREDITS, BODY, FOOTER].concat(),
        [HEADER, START, BODY].concat(),
        [BODY, FOOTER].concat(),
        [HEADER, START, BODY, &long, BODY, FOOTER].concat(),
        [&long, START, BODY].concat(),
        crlf,
        BODY.to_owned(),
        "\0".repeat(300_000),
        "\n".repeat(300_000),
        "\u{FEFF}".to_owned(),
        START.to_owned(),
        START.trim_end().to_owned(),
        FOOTER.to_owned(),
        String::new(),
    ] {
        let stripped = strip(&text);
        for buffer in [1, 1 << 16] {
            let (body, header) = filtered(&text, false, buffer);
            assert_eq!(body, stripped.body);
            assert_eq!(header, stripped.header);
        }
        assert_eq!(filtered(&text, true, 7).0, join_lines(stripped.body));
    }
}

#[test]
fn a_book_without_markers_is_kept_whole() {
    let stripped = strip(BODY);
    assert_eq!(
        stripped,
        Stripped {
            body: BODY,
            header: Header::default()
        }
    );
}

#[test]
fn the_small_print_of_the_1990s_ends_a_header() {
    let text = format!(
        "***The Project Gutenberg Etext of Emma, by Jane Austen***\n\n***START**THE SMALL PRINT!**FOR \
         PUBLIC DOMAIN ETEXTS**START***\nWhy is this here?\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN \
         ETEXTS*Ver.04.29.93*END*\n\n\nScanned by Hand\n\n{BODY}End of Project Gutenberg's Emma\n"
    );
    let stripped = strip(&text);
    assert_eq!(stripped.body, BODY);
    assert_eq!(stripped.header.title.as_deref(), Some("Emma"));
}

#[test]
fn a_wrapped_marker_goes_whole_and_an_unclosed_one_takes_no_text() {
    let text =
        format!("{HEADER}*** START OF THE PROJECT GUTENBERG EBOOK A\nVERY LONG TITLE ***\n{BODY}");
    assert_eq!(strip(&text).body, BODY);
    let text = format!("{HEADER}*** START OF THE PROJECT GUTENBERG EBOOK\n{BODY}");
    assert_eq!(strip(&text).body, BODY);
}

#[test]
fn a_first_paragraph_as_long_as_no_credits_are_is_the_books() {
    let story = format!("Produced by {}\n", "a life of toil\n".repeat(30));
    let text = [HEADER, START, &story].concat();
    assert_eq!(strip(&text).body, story);
}

#[test]
fn a_header_farther_than_the_window_is_none() {
    let text = ["a\n".repeat(MAX_HEADER_BYTES).as_str(), START, BODY].concat();
    assert_eq!(strip(&text).body, text);
}

#[test]
fn files_that_were_joined_into_one_are_all_read() {
    let one = [HEADER, START, CREDITS, BODY, FOOTER].concat();
    let (body, header) = filtered(&one.repeat(3), false, 1 << 16);
    assert_eq!(body, BODY.repeat(3));
    assert_eq!(header.title.as_deref(), Some("Emma"));
}
