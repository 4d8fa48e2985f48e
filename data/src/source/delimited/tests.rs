#![allow(clippy::unwrap_used, clippy::panic)]

use std::io::{BufReader, Cursor};

use super::*;

fn open(bytes: &[u8], columns: &Columns, dialect: Dialect) -> Result<Delimited, Fault> {
    Delimited::open(Box::new(Cursor::new(bytes.to_vec())), columns, dialect)
}

fn all(mut reader: Delimited) -> Vec<Found> {
    std::iter::from_fn(|| reader.next().unwrap()).collect()
}

fn texts(bytes: &[u8], dialect: Dialect) -> Vec<String> {
    let reader = open(bytes, &Columns::of_text("text"), dialect).unwrap();
    all(reader)
        .into_iter()
        .map(|found| match found {
            Found::Document(entry) => format!("{} {}", entry.offset, entry.text),
            Found::LeftOut { reason } => reason.to_owned(),
            Found::Damaged { offset, message } => format!("{offset} {message}"),
        })
        .collect()
}

#[test]
fn a_row_is_a_document_and_quotes_hold_line_breaks() {
    let table = b"\xEF\xBB\xBFid,text\r\n1,\"a, \"\"b\"\"\r\nc\"\r\n\r\n2,plain\n3,\n4, \n5,no end";
    let want = [
        "12 a, \"b\"\r\nc",
        "31 plain",
        "empty text",
        "empty text",
        "46 no end",
    ];
    assert_eq!(texts(table, Dialect::CSV), want);
    // The same in buffers of one byte.
    let slow = Box::new(BufReader::with_capacity(1, Cursor::new(table.to_vec())));
    let reader = Delimited::open(slow, &Columns::of_text("text"), Dialect::CSV).unwrap();
    assert_eq!(
        all(reader),
        all(open(table, &Columns::of_text("text"), Dialect::CSV).unwrap())
    );
}

#[test]
fn the_other_columns_are_taken_where_they_are_named() {
    let columns = Columns {
        text: "body".to_owned(),
        url: Some("link".to_owned()),
        title: Some("body".to_owned()),
        date: Some("day".to_owned()),
    };
    let table = b"day\tlink\tx\tbody\n2020-01-02\thttps://a.b\t\"\tsaid \"so\n\t\t\tbare\n";
    let found = all(open(table, &columns, Dialect::TSV).unwrap());
    let want = Entry {
        text: "said \"so".to_owned(),
        offset: 16,
        url: Some("https://a.b".to_owned()),
        title: Some("said \"so".to_owned()),
        date: Some("2020-01-02".to_owned()),
        ..Entry::default()
    };
    assert_eq!(found[0], Found::Document(want));
    let Found::Document(bare) = &found[1] else {
        panic!("{:?}", found[1])
    };
    assert_eq!((bare.url.as_ref(), bare.date.as_ref()), (None, None));
}

#[test]
fn a_column_that_is_not_there_is_a_fault_that_names_those_that_are() {
    let mut columns = Columns::of_text("body");
    let fault = open(b"id, text ,url\n", &columns, Dialect::CSV)
        .err()
        .unwrap();
    assert_eq!(
        fault.to_string(),
        "no column `body`; there are: id, text, url"
    );
    columns = Columns::of_text("text");
    columns.title = Some("title".to_owned());
    let fault = open(b"id,text,url\n", &columns, Dialect::CSV)
        .err()
        .unwrap();
    assert!(fault.to_string().starts_with("no column `title`"));
}

#[test]
fn rows_of_another_width_are_damage_at_their_line_and_the_rest_is_read() {
    let table = b"id,text\n1,a\n2,b,c\n3\n\"4\n\",d\n5,e,f\n";
    let want = [
        "8 a",
        "12 line 3: 3 columns where the header has 2",
        "18 line 4: 1 columns where the header has 2",
        "20 d",
        "27 line 7: 3 columns where the header has 2",
    ];
    assert_eq!(texts(table, Dialect::CSV), want);
}

#[test]
fn a_quote_open_at_the_end_is_placed_where_its_row_begins() {
    let found = texts(b"id,text\n1,a\n2,\"b\n3,c\n", Dialect::CSV);
    assert_eq!(found[0], "8 a");
    assert!(
        found[1].starts_with("12 line 3: a quote is opened and never closed"),
        "{found:?}"
    );
    assert_eq!(found.len(), 2);
}

#[test]
fn a_field_beyond_the_bound_is_damage_and_the_next_row_is_read() {
    let mut table = b"other,text\n".to_vec();
    // A column that is not asked for may be as long as it likes.
    table.extend(std::iter::repeat_n(b'x', MAX_FIELD_BYTES + 1));
    table.extend(b",a\nb,");
    table.extend(std::iter::repeat_n(b'y', MAX_FIELD_BYTES + 1));
    table.extend(b"\nc,d\n");
    let found = texts(&table, Dialect::CSV);
    assert_eq!(found[0], "11 a");
    assert!(
        found[1].contains("line 3: column `text` has more than"),
        "{}",
        found[1]
    );
    assert!(found[2].ends_with(" d"), "{}", found[2]);
}

#[test]
fn bytes_that_are_not_utf_8_are_replaced_and_counted() {
    let mut reader = open(
        b"text\na\xFFb\xE2\x82\n",
        &Columns::of_text("text"),
        Dialect::CSV,
    )
    .unwrap();
    let Some(Found::Document(entry)) = reader.next().unwrap() else {
        panic!("a document was there")
    };
    assert_eq!(
        (entry.text.as_str(), entry.replaced),
        ("a\u{FFFD}b\u{FFFD}", 2)
    );
}

#[test]
fn what_is_no_table_is_no_panic() {
    for blank in [b"".as_slice(), b"\n\r\n\n", b"\r"] {
        assert!(texts(blank, Dialect::CSV).is_empty());
    }
    for bytes in [
        vec![0; 100_000],
        b"\"".repeat(100_001),
        b",".repeat(MAX_COLUMNS + 1),
        b"\xEF\xBB\xBF".to_vec(),
    ] {
        let fault = open(&bytes, &Columns::of_text("text"), Dialect::CSV).err();
        let fault = fault.map(|fault| fault.to_string()).unwrap_or_default();
        assert!(
            fault.contains("no header") || fault.contains("no column") || bytes.len() == 3,
            "{fault}"
        );
    }
}
