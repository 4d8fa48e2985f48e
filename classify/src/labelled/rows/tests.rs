#![allow(clippy::unwrap_used)]

use std::io::{BufReader, Read};
use std::sync::mpsc;

use super::*;
use crate::labelled::{Column, MAX_ROW_BYTES};

fn table(header: bool) -> RowForm {
    RowForm::Table {
        delimiter: b',',
        header,
        quotes: true,
        text: Column::Name("text".to_owned()),
        label: LabelFrom::Required(Column::Name("label".to_owned())),
        group: None,
    }
}

fn numbered(text: usize, label: usize) -> RowForm {
    RowForm::Table {
        delimiter: b',',
        header: false,
        quotes: true,
        text: Column::Number(text),
        label: LabelFrom::Required(Column::Number(label)),
        group: None,
    }
}

fn jsonl() -> RowForm {
    RowForm::Jsonl {
        text: "text".to_owned(),
        label: LabelFrom::Required("label".to_owned()),
        group: Some("who".to_owned()),
    }
}

/// Number, place, text and labels of each row, or what is wrong with it.
fn read(input: &[u8], form: RowForm, multi_label: Option<&str>) -> Vec<String> {
    let rows = Rows::new(input, "a", form, multi_label.map(str::to_owned));
    let lines = rows.map(|row| match row {
        Ok(row) => {
            let labels = row.labels.map(|labels| labels.join("+"));
            format!(
                "{} {} {:?} {}",
                row.number,
                row.place,
                row.text,
                labels.as_deref().unwrap_or("-")
            )
        }
        Err(error) => error.to_string(),
    });
    lines.collect()
}

#[test]
fn a_table_has_columns_by_name_or_number() {
    let input = b"\xEF\xBB\xBFid, label ,text\n1, ham ,\"a, b\"\n\n2,spam,\"two\nlines\"\n3,ham,c";
    let want = [
        "0 a:2 \"a, b\" ham",
        "1 a:4 \"two\\nlines\" spam",
        "2 a:6 \"c\" ham",
    ];
    assert_eq!(read(input, table(true), None), want);
    let want = ["0 a:1 \"label\" id", "1 a:2 \"ham\" 1"];
    assert_eq!(read(b"id,label\n1,ham\n", numbered(1, 0), None), want);
}

#[test]
fn a_bad_row_is_placed_and_the_next_one_read() {
    let good = "text,label\nx,ham\n";
    for (bad, why) in [
        ("y\n", "1 columns, but the table's first row has 2"),
        ("y,z,ham\n", "3 columns"),
        ("y, \n", "there is no label"),
        ("  ,ham\n", "the text is empty"),
    ] {
        let found = read(format!("{good}{bad}z,ham\n").as_bytes(), table(true), None);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(
            found[1].starts_with("a:3: ") && found[1].contains(why),
            "{found:?}"
        );
        assert!(found[1].contains("bad_rows: Skip"), "{found:?}");
        assert_eq!(found[2], "2 a:4 \"z\" ham");
    }
    let found = read(b"text,label\nx\xFF,ham\ny,\xC3\nz,ham", table(true), None);
    assert!(
        found[0].starts_with("a:2: the text is not UTF-8 (0xFF at its byte 1"),
        "{found:?}"
    );
    assert!(
        found[1].starts_with("a:3: the label is not UTF-8 (0xC3"),
        "{found:?}"
    );
    assert_eq!(found[2], "2 a:4 \"z\" ham");
    let found = read(b"text,label\nx,ham\n\"y,ham\nz,ham\n", table(true), None);
    assert_eq!(found.len(), 2);
    assert!(
        found[1].starts_with("a:3: a quote is opened and never closed"),
        "{found:?}"
    );
}

#[test]
fn a_header_without_the_column_ends_the_rows_and_lists_what_there_is() {
    for (input, says) in [
        ("", "a: it is empty"),
        (
            "id,body,label\n1,x,ham\n",
            "a:1: there is no column `text`; the columns are id, body, label",
        ),
        (
            "text,label,text\nx,ham,y\n",
            "a:1: two columns are called `text`",
        ),
        ("text,\"label\nx,ham\n", "a:1: a quote is opened"),
    ] {
        let found = read(input.as_bytes(), table(true), None);
        assert!(found.len() == 1 && found[0].starts_with(says), "{found:?}");
    }
    let found = read(b"x,ham\n", numbered(2, 1), None);
    assert_eq!(found.len(), 1);
    assert!(
        found[0].contains("there is no column 2; the first row has 2"),
        "{found:?}"
    );
    let found = read(b"\xFF\xFEt\0e\0", table(true), None);
    assert!(
        found[0].contains("UTF-16") && found[0].contains("iconv"),
        "{found:?}"
    );
}

#[test]
fn a_json_label_may_be_a_number_or_a_truth() {
    let input = "\u{FEFF}{\"text\": \"a\", \"label\": 1}\r\n\n{\"label\": false, \"text\": \"b\", \
                 \"who\": 7}\n{\"text\": \"c\", \"label\": \" ham \"}";
    let want = ["0 a:1 \"a\" 1", "1 a:3 \"b\" false", "2 a:4 \"c\" ham"];
    assert_eq!(read(input.as_bytes(), jsonl(), None), want);
    let rows = Rows::new(input.as_bytes(), "a", jsonl(), None);
    let groups: Vec<_> = rows.map(|row| row.unwrap().group).collect();
    assert_eq!(groups, [None, Some("7".to_owned()), None]);
}

#[test]
fn json_that_is_not_right_is_placed() {
    for (bad, why) in [
        ("{\"text\": ", "column 8: not JSON"),
        ("[1]", "a list where an object should be"),
        (
            "{\"body\": \"x\", \"label\": 1}",
            "no field `text`; there are: body, label",
        ),
        (
            "{\"text\": 5, \"label\": 1}",
            "field `text` is a number, not a text",
        ),
        ("{\"text\": \" \", \"label\": 1}", "the text is empty"),
        (
            "{\"text\": \"x\"}",
            "no label, no field `label`; there are: text",
        ),
        (
            "{\"text\": \"x\", \"label\": null}",
            "no label, field `label` is empty",
        ),
        (
            "{\"text\": \"x\", \"label\": {}}",
            "field `label` is an object",
        ),
        ("{\"text\": \"x\", \"label\": [\"a\"]}", "multi_label"),
        (
            "{\"text\": \"x\", \"label\": 1, \"who\": [1]}",
            "field `who` is a list",
        ),
    ] {
        let found = read(
            format!("{bad}\n{{\"text\": \"y\", \"label\": 0}}").as_bytes(),
            jsonl(),
            None,
        );
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("a:1: ") && found[0].contains(why),
            "{bad}: {found:?}"
        );
        assert_eq!(found[1], "1 a:2 \"y\" 0");
    }
    let found = read(b"{\"text\": \"x\xFF\", \"label\": 1}", jsonl(), None);
    assert!(
        found[0].contains("the line is not UTF-8 (0xFF at its byte 11"),
        "{found:?}"
    );
}

#[test]
fn several_labels_stand_between_separators_or_in_a_list() {
    let input = b"text,label\nx,b; a;;b\ny,;\n";
    let found = read(input, table(true), Some(";"));
    assert_eq!(found[0], "0 a:2 \"x\" b+a+b");
    assert!(found[1].contains("there is no label"), "{found:?}");
    let input = b"{\"text\": \"x\", \"label\": [\"a\", 2]}\n{\"text\": \"y\", \"label\": []}\n{\"text\": \"z\", \"label\": \"a;b\"}";
    let want = ["0 a:1 \"x\" a+2", "1 a:2 \"y\" ", "2 a:3 \"z\" a+b"];
    assert_eq!(read(input, jsonl(), Some(";")), want);
}

#[test]
fn labels_need_not_be_there_for_prediction() {
    let with = |label| RowForm::Table {
        delimiter: b'\t',
        header: true,
        quotes: false,
        text: Column::Name("text".to_owned()),
        label,
        group: None,
    };
    let column = || Column::Name("label".to_owned());
    let found = read(b"text\n\"x\n", with(LabelFrom::IfThere(column())), None);
    assert_eq!(found, ["0 a:2 \"\\\"x\" -"]);
    let both = b"text\tlabel\nx\tham\ny\t\n";
    let found = read(both, with(LabelFrom::IfThere(column())), None);
    assert_eq!(found, ["0 a:2 \"x\" ham", "1 a:3 \"y\" -"]);
    let found = read(both, with(LabelFrom::Nowhere), None);
    assert_eq!(found, ["0 a:2 \"x\" -", "1 a:3 \"y\" -"]);
    let form = RowForm::Jsonl {
        text: "text".to_owned(),
        label: LabelFrom::IfThere("label".to_owned()),
        group: None,
    };
    let found = read(
        b"{\"text\": \"x\"}\n{\"text\": \"y\", \"label\": 3}",
        form,
        None,
    );
    assert_eq!(found, ["0 a:1 \"x\" -", "1 a:2 \"y\" 3"]);
}

/// A pipe that gives a line only when it is told to.
struct Pipe(mpsc::Receiver<Vec<u8>>);

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let line = self.0.try_recv().map_err(std::io::Error::other)?;
        out[..line.len()].copy_from_slice(&line);
        Ok(line.len())
    }
}

/// Reading on before a row is given would end in the pipe's error.
#[test]
fn a_row_is_given_as_soon_as_it_has_come() {
    for (form, head, row) in [
        (table(true), "text,label\r\n", "x,ham\r\n"),
        (table(true), "text,label\n", "\"x\",\"ham\"\n"),
        (jsonl(), "\n", "{\"text\": \"x\", \"label\": 1}\n"),
    ] {
        let (send, receive) = mpsc::channel();
        let mut rows = Rows::new(BufReader::new(Pipe(receive)), "a", form, None);
        send.send(head.as_bytes().to_vec()).unwrap();
        for line in 0..3 {
            send.send(row.as_bytes().to_vec()).unwrap();
            let row = rows.next().unwrap();
            let Ok(row) = row else { panic!("{row:?}") };
            assert_eq!((row.number, row.text.as_str()), (line, "x"));
        }
    }
}

#[test]
fn a_row_without_end_is_refused_before_it_fills_the_memory() {
    let endless = || std::io::repeat(b'x');
    let heads: [(&[u8], RowForm); 3] = [
        (b"text,label\n\"", table(true)),
        (b"text,label\n", table(true)),
        (b"", jsonl()),
    ];
    for (head, form) in heads {
        let input = BufReader::new(head.chain(endless()));
        let mut rows = Rows::new(input, "a", form, None);
        let fault = rows.next().unwrap().unwrap_err().to_string();
        assert!(
            fault.contains(&format!("longer than {MAX_ROW_BYTES} bytes")),
            "{fault}"
        );
        assert!(rows.next().is_none());
    }
    // The same over many lines, inside of one quote.
    let lines = "x\n".repeat(MAX_ROW_BYTES);
    let input = format!("text,label\n\"{lines}");
    let fault = Rows::new(input.as_bytes(), "a", table(true), None)
        .next()
        .unwrap();
    assert!(fault.unwrap_err().to_string().contains("longer than"));
}
