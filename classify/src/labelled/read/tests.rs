#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::Path;

use slovo_data::recipe::from_ron_str;

use super::*;
use crate::labelled::Column;
use crate::shared;

fn recipe(text: &str) -> LabelledRecipe {
    from_ron_str(text).unwrap()
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    if name.ends_with(".gz") {
        let file = fs::File::create(&path).unwrap();
        let mut packed = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        packed.finish().unwrap();
    } else {
        fs::write(&path, text).unwrap();
    }
    path.display().to_string()
}

fn texts(labelled: &Labelled) -> Vec<(&str, &str, usize)> {
    let all = labelled.examples.iter();
    all.map(|example| {
        let class = labelled.classes[example.classes[0]].as_str();
        (example.text.as_str(), class, example.row)
    })
    .collect()
}

#[test]
fn wildcards_compression_and_several_sources() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    write(folder.path(), "b.csv.gz", "text,label\nb1,spam\n");
    write(
        folder.path(),
        "a.csv",
        "label,text\nham,a1\nham,\"a2,\"\"\"\n",
    );
    write(
        folder.path(),
        "c.jsonl",
        "{\"text\": \"c1\", \"label\": \"eggs\"}\n",
    );
    let recipe = recipe(&format!(
        "(name: \"x\", sources: [Table(paths: [{:?}, {:?}]), Jsonl(paths: [{:?}])])",
        at("a.csv"),
        at("*.csv*"),
        at("c.jsonl"),
    ));
    let labelled = read(&recipe).unwrap();
    assert_eq!(labelled.classes, ["eggs", "ham", "spam"]);
    let want = [
        ("a1", "ham", 0),
        ("a2,\"", "ham", 1),
        ("b1", "spam", 2),
        ("c1", "eggs", 3),
    ];
    assert_eq!(texts(&labelled), want);
    assert_eq!(
        labelled.examples[2].place.to_string(),
        format!("{}:2", at("b.csv.gz"))
    );
    let sources: Vec<usize> = labelled
        .examples
        .iter()
        .map(|example| example.source)
        .collect();
    assert_eq!(sources, [0, 0, 0, 1]);
    assert_eq!((labelled.counts.rows, labelled.counts.skipped()), (4, 0));
}

#[test]
fn bad_rows_stop_or_are_counted_and_keep_their_number() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let text = b"text,label\nx,ham\n,ham\ny,\nz,other\nw\xFF,ham\nv\nu,spam\n\"t,ham\n";
    fs::write(&path, text).unwrap();
    let text = format!(
        "(name: \"x\", sources: [Table(paths: [{path:?}])], labels: [\"spam\", \"ham\"], \
          bad_rows: Skip)"
    );
    let labelled = read(&recipe(&text)).unwrap();
    assert_eq!(texts(&labelled), [("x", "ham", 0), ("u", "spam", 6)]);
    assert_eq!(labelled.classes, ["spam", "ham"]);
    let counts = &labelled.counts;
    assert_eq!((counts.rows, counts.skipped()), (8, 6));
    let place = |line: u64| vec![format!("{}:{line}", path.display())];
    assert_eq!(counts.no_text.first, place(3));
    assert_eq!(counts.missing_label.first, place(4));
    assert_eq!(counts.unknown_label.first, place(5));
    assert_eq!(counts.bad_encoding.first, place(6));
    assert_eq!(counts.malformed.rows, 2);
    let said = counts.to_string();
    assert!(
        said.starts_with("8 rows, 6 left out: 1 without a label ("),
        "{said}"
    );

    let stop = recipe(&text.replace("Skip", "Stop"));
    let fault = read(&stop).unwrap_err();
    assert!(
        fault.is_usage() && fault.to_string().contains("a.csv:3: the text is empty"),
        "{fault}"
    );
    let only = "text,label\nx,spam\ny,ham\nz,other\n";
    fs::write(&path, only).unwrap();
    let fault = read(&stop).unwrap_err().to_string();
    let want = "a.csv:4: the label `other` is none of the recipe's labels: spam, ham; mend";
    assert!(fault.contains(want), "{fault}");
}

#[test]
fn a_folder_is_a_label() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("r/pos/2.txt", "good"),
        ("r/pos/deep/1.txt.gz", "better"),
        ("r/neg/1.txt", "bad\n"),
        ("r/README", "beside"),
        ("r/neg/.hidden", "never"),
    ] {
        write(folder.path(), name, text);
    }
    let root = folder.path().join("r").display().to_string();
    let text = format!(
        "(name: \"x\", sources: [Folders(path: {:?})])",
        format!("{root}/")
    );
    let fault = read(&recipe(&text)).unwrap_err().to_string();
    assert!(
        fault.contains("r/README: there is no label for a file beside"),
        "{fault}"
    );
    let mut skip = recipe(&text);
    skip.bad_rows = OnBadRow::Skip;
    let labelled = read(&skip).unwrap();
    let found = texts(&labelled);
    assert_eq!(
        found,
        [
            ("bad\n", "neg", 1),
            ("good", "pos", 2),
            ("better", "pos", 3)
        ]
    );
    assert_eq!(
        labelled.examples[1].place.to_string(),
        format!("{root}/pos/2.txt")
    );
    let flat = format!(
        "(name: \"x\", sources: [Folders(path: {:?})])",
        format!("{root}/pos/deep")
    );
    let fault = read(&recipe(&flat)).unwrap_err().to_string();
    assert!(fault.contains("there is no folder in it"), "{fault}");
}

#[test]
fn several_labels_become_sorted_classes() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "a.csv", "text,label\nx,\"c,a,c\"\ny,b\n");
    let recipe = recipe(&format!(
        "(name: \"x\", sources: [Table(paths: [{path:?}])], multi_label: \",\")"
    ));
    let labelled = read(&recipe).unwrap();
    assert_eq!(labelled.classes, ["a", "b", "c"]);
    assert_eq!(labelled.examples[0].classes, [0, 2]);
}

#[test]
fn what_cannot_be_learned_from_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let fault = |name: &str, text: &str, more: &str| {
        let path = write(folder.path(), name, text);
        let text = format!("(name: \"x\", sources: [Table(paths: [{path:?}])]{more})");
        read(&recipe(&text)).unwrap_err().to_string()
    };
    let one = fault("a.csv", "text,label\nx,ham\n", "");
    assert!(
        one.contains("of one class, ham: a classifier needs"),
        "{one}"
    );
    let none = fault("a.csv", "text,label\n,ham\n", ", bad_rows: Skip");
    assert!(
        none.contains("1 rows, 1 left out: 1 without text"),
        "{none}"
    );
    let name = fault("a.txt", "text,label\nx,ham\n", "");
    assert!(
        name.contains("sources.0.delimiter is not given") && name.contains("a.txt"),
        "{name}"
    );
    let damaged = write(
        folder.path(),
        "b.csv.gz",
        &"text,label\nx,ham\n".repeat(9999),
    );
    let bytes = fs::read(&damaged).unwrap();
    fs::write(&damaged, &bytes[..bytes.len() / 2]).unwrap();
    let text = format!("(name: \"x\", sources: [Table(paths: [{damaged:?}])], bad_rows: Skip)");
    let fault = read(&recipe(&text)).unwrap_err();
    assert!(
        !fault.is_usage() && fault.to_string().contains("b.csv.gz"),
        "{fault}"
    );
}

/// The SMS Spam Collection: what pandas' `read_csv(sep="\t", header=None)` finds, and what a reader
/// that takes quotes for letters does.
#[test]
fn the_sms_collection_has_the_rows_that_it_should() {
    let Some(path) = shared("sms-spam/messages.tsv") else {
        return;
    };
    let source = |quotes: bool| LabelledRecipe {
        name: "sms".to_owned(),
        sources: vec![LabelledSource::Table {
            paths: vec![path.clone()],
            delimiter: None,
            header: false,
            quotes,
            text: Column::Number(1),
            label: Column::Number(0),
            group: None,
        }],
        labels: None,
        multi_label: None,
        bad_rows: OnBadRow::Stop,
    };
    let labelled = read(&source(true)).unwrap();
    assert_eq!(labelled.classes, ["ham", "spam"]);
    assert_eq!(labelled.examples.len(), 5572);
    let spam = labelled
        .examples
        .iter()
        .filter(|example| example.classes == [1]);
    assert_eq!(spam.count(), 747);
    let distinct: HashSet<&str> = labelled
        .examples
        .iter()
        .map(|example| example.text.as_str())
        .collect();
    assert_eq!(distinct.len(), 5169);
    let labelled = read(&source(false)).unwrap();
    assert_eq!(labelled.examples.len(), 5574);
}

/// The packages that this test is compiled from; the same passages every time.
#[test]
fn the_packages_of_this_program_are_a_task_of_four_classes() {
    let recipe = recipe("(name: \"packages\", sources: [Cargo()])");
    let labelled = match read(&recipe) {
        Ok(labelled) => labelled,
        Err(LabelledError::Cargo(error)) => {
            eprintln!("skipped: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(labelled.classes, packages::PACKAGE_CLASSES);
    let count = |class| {
        let all = labelled.examples.iter();
        all.filter(|example| example.classes == [class]).count()
    };
    let counts: Vec<usize> = (0..4).map(count).collect();
    println!("{counts:?}");
    assert!(
        (6_000..10_000).contains(&labelled.examples.len()),
        "{counts:?}"
    );
    assert!(counts.iter().all(|&count| count > 300), "{counts:?}");
    assert!(
        counts
            .iter()
            .all(|&count| count < labelled.examples.len() / 2),
        "{counts:?}"
    );
    let lengths = labelled
        .examples
        .iter()
        .map(|example| example.text.chars().count());
    assert!(
        lengths
            .into_iter()
            .all(|length| (200..=1200).contains(&length))
    );
    assert!(
        labelled
            .examples
            .iter()
            .all(|example| example.group.is_some())
    );
    assert_eq!(read(&recipe).unwrap(), labelled);
}
