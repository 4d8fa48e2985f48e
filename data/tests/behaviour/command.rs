//! The program: exit codes, one report, standard input, pipes.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::{awkward_text, names};

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_slovo-data"))
}

fn run(folder: &Path, arguments: &[&str], input: &str) -> Output {
    let mut child = program()
        .current_dir(folder)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses early does not read what it is given.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn recipe(folder: &Path, source: &str) {
    let recipe = format!(
        "(name: \"t\", sources: [{source}], tokenizer: Byte, split: Position(validation: 0.5))"
    );
    std::fs::write(folder.join("r.ron"), recipe).unwrap();
}

#[test]
fn prepare_writes_its_report_and_is_quick_the_second_time() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), awkward_text()).unwrap();
    recipe(folder.path(), "Files(paths: [\"a.txt\"])");
    let dry = run(folder.path(), &["prepare", "r.ron", "--dry-run"], "");
    assert_eq!(dry.status.code(), Some(0));
    assert!(text(&dry.stdout).contains("a.txt") && !text(&dry.stdout).contains("ready"));
    assert_eq!(names(folder.path()), ["a.txt", "r.ron"]);
    let first = run(
        folder.path(),
        &["prepare", "r.ron", "--export-validation", "v.txt"],
        "",
    );
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    for part in [
        "train",
        "validation",
        "byte, 257 tokens",
        "5-gram",
        "xz -9",
        "runs/data/",
    ] {
        assert!(
            text(&first.stdout).contains(part),
            "{}",
            text(&first.stdout)
        );
    }
    let exported = std::fs::read_to_string(folder.path().join("v.txt")).unwrap();
    let clean = awkward_text()
        .replace("\r\n", "\n")
        .replace("e\u{301}", "é");
    assert!(clean.ends_with(&exported) && exported.len() > clean.len() / 3);
    let second = run(folder.path(), &["prepare", "r.ron", "--quiet"], "");
    assert_eq!(text(&second.stdout), text(&first.stdout));
    assert_eq!(text(&second.stderr), "");
    let dry = run(folder.path(), &["prepare", "r.ron", "--dry-run"], "");
    assert!(text(&dry.stdout).contains("(ready)"));
}

#[test]
fn pairs_are_prepared_by_the_same_command() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |i: usize| format!("open file {i}\tоткрыть файл {i}\n");
    let pairs: String = (0..100).map(lines).collect();
    std::fs::write(folder.path().join("p.tsv"), &pairs).unwrap();
    let recipe = "(name: \"t\", sources: [Pairs(paths: [\"p.tsv\"])], \
                  tokenizer: Bpe(vocab_size: 300, specials: Pairs), split: Count(validation: 10))";
    std::fs::write(folder.path().join("r.ron"), recipe).unwrap();
    let dry = run(folder.path(), &["prepare", "r.ron", "--dry-run"], "");
    assert!(text(&dry.stdout).contains("p.tsv") && !text(&dry.stdout).contains("ready"));
    let prepare = ["prepare", "r.ron", "--export-validation", "v.tsv"];
    let first = run(folder.path(), &prepare, "");
    assert_eq!(first.status.code(), Some(0), "{}", text(&first.stderr));
    for part in [
        "train sources          90 ",
        "validation targets     10 ",
        "left out      0 of 100 pairs",
        "10 pairs: copying the source BLEU ",
        "looking up in 90 training pairs BLEU ",
        "runs/data/",
    ] {
        assert!(
            text(&first.stdout).contains(part),
            "{}",
            text(&first.stdout)
        );
    }
    let exported = std::fs::read_to_string(folder.path().join("v.tsv")).unwrap();
    assert_eq!(exported.lines().count(), 10);
    assert!(
        exported
            .lines()
            .all(|line| pairs.contains(&format!("{line}\n")))
    );
    let second = run(folder.path(), &["prepare", "r.ron", "--quiet"], "");
    assert_eq!(text(&second.stdout), text(&first.stdout));
    assert_eq!(text(&second.stderr), "");
    let dry = run(folder.path(), &["prepare", "r.ron", "--dry-run"], "");
    assert!(text(&dry.stdout).contains("(ready)"));
    std::fs::write(folder.path().join("p.tsv"), "a\tb\nno tab\n").unwrap();
    let wrong = run(folder.path(), &["prepare", "r.ron"], "");
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        text(&wrong.stderr).contains("error: p.tsv:2: no tab"),
        "{}",
        text(&wrong.stderr)
    );
}

#[test]
fn standard_input_is_prepared_by_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    recipe(folder.path(), "Stdin()");
    let folders = || names(&folder.path().join("runs/data"));
    let prepare = |input: &str| {
        let output = run(folder.path(), &["prepare", "r.ron", "--quiet"], input);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    let first = prepare("one text\n");
    assert_eq!(folders().len(), 1);
    assert_eq!(prepare("one text\n"), first);
    assert_eq!(folders().len(), 1);
    assert_ne!(prepare("another text\n"), first);
    assert_eq!(folders().len(), 2);
}

#[test]
fn wrong_input_exits_2_with_one_line_that_says_what() {
    let folder = tempfile::tempdir().unwrap();
    recipe(folder.path(), "Files(paths: [\"absent.txt\"])");
    std::fs::write(folder.path().join("typo.ron"), "(\n  nmae: \"t\",\n)").unwrap();
    std::fs::write(folder.path().join("bad.json"), "{}").unwrap();
    for (arguments, says) in [
        (&["prepare", "r.ron"][..], "absent.txt"),
        (&["prepare", "typo.ron"], "typo.ron:2:"),
        (&["prepare", "none.ron"], "none.ron"),
        (
            &["prepare", "r.ron", "--set", "split.validaton=1"],
            "validaton",
        ),
        (&["tokenizer", "inspect", "--tokenizer", "none"], "none"),
        (
            &["tokenizer", "inspect", "--tokenizer", "bad.json"],
            "bad.json",
        ),
        (
            &["tokenizer", "train", "none.txt", "--out", "o.json"],
            "none.txt",
        ),
        (&["pretrain"], "slovo-data"),
    ] {
        let output = run(folder.path(), arguments, "");
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(says), "{arguments:?}: {error}");
        assert!(
            error.starts_with("error: ") && !error.contains("panicked"),
            "{error}"
        );
        assert_eq!(text(&output.stdout), "");
    }
    assert_eq!(names(folder.path()), ["bad.json", "r.ron", "typo.ron"]);
}

#[test]
fn a_tokenizer_is_trained_used_and_described() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), awkward_text()).unwrap();
    for kind in ["bpe", "byte", "char"] {
        let train = [
            "tokenizer",
            "train",
            "a.txt",
            "--kind",
            kind,
            "--vocab-size",
            "300",
            "--out",
            "t.json",
        ];
        let output = run(folder.path(), &train, "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).contains("vocabulary"));
        let input = awkward_text();
        let encoded = run(
            folder.path(),
            &["tokenizer", "encode", "--tokenizer", "t.json"],
            &input,
        );
        assert_eq!(encoded.status.code(), Some(0), "{}", text(&encoded.stderr));
        let ids = text(&encoded.stdout);
        assert!(
            ids.trim_end()
                .split(' ')
                .all(|id| id.parse::<u32>().is_ok())
        );
        let decode = ["tokenizer", "decode", "--tokenizer", "t.json"];
        let decoded = run(folder.path(), &decode, ids);
        assert_eq!(text(&decoded.stdout), input);
        let inspect = ["tokenizer", "inspect", "--tokenizer", ".", "a.txt"];
        std::fs::rename(
            folder.path().join("t.json"),
            folder.path().join("tokenizer.json"),
        )
        .unwrap();
        let inspected = run(folder.path(), &inspect, "");
        assert!(
            text(&inspected.stdout).contains("bytes a token"),
            "{}",
            text(&inspected.stderr)
        );
        let wrong = run(
            folder.path(),
            &["tokenizer", "decode", "--tokenizer", ".", "99999"],
            "",
        );
        assert_eq!(wrong.status.code(), Some(2));
        let wrong = run(
            folder.path(),
            &["tokenizer", "decode", "--tokenizer", "."],
            "1 x",
        );
        assert!(text(&wrong.stderr).contains("\"x\" is not a token id"));
        let said = ["tokenizer", "encode", "--tokenizer", ".", "--text", "a a"];
        assert_eq!(run(folder.path(), &said, "").status.code(), Some(0));
    }
}

#[test]
fn what_wordpiece_leaves_out_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let plain = "The quick brown fox, the lazy dog.\n".repeat(20);
    std::fs::write(folder.path().join("a.txt"), &plain).unwrap();
    let train = |more: &[&str]| {
        let train = ["tokenizer", "train", "a.txt", "--out", "tokenizer.json"];
        let output = run(folder.path(), &[&train[..], more].concat(), "");
        (output.status.code(), output)
    };
    let (code, output) = train(&["--kind", "wordpiece", "--vocab-size", "100"]);
    assert_eq!(code, Some(0), "{}", text(&output.stderr));
    for said in [
        "kind          wordpiece",
        "[MASK] = 4",
        "leaves out    upper case, accents,",
    ] {
        assert!(
            text(&output.stdout).contains(said),
            "{}",
            text(&output.stdout)
        );
    }
    let encode = ["tokenizer", "encode", "--tokenizer", "."];
    let encoded = run(folder.path(), &encode, "The QUICK Dög!");
    assert_eq!(encoded.status.code(), Some(0));
    assert_eq!(
        text(&encoded.stderr),
        "1 of 4 tokens stand for words that the vocabulary cannot write\n"
    );
    let decode = ["tokenizer", "decode", "--tokenizer", "."];
    let decoded = run(folder.path(), &decode, text(&encoded.stdout));
    assert_eq!(text(&decoded.stdout), "the quick dog [UNK]");
    std::fs::write(folder.path().join("b.txt"), "the fox! dog\u{1F600}dog fox").unwrap();
    let inspect = ["tokenizer", "inspect", "--tokenizer", ".", "b.txt"];
    let inspected = run(folder.path(), &inspect, "");
    let said = text(&inspected.stdout);
    assert!(
        said.contains("b.txt, line 1, column 13") && said.contains("'!'"),
        "{said}"
    );
    assert!(!said.contains("'d'"), "{said}");
    let (code, output) = train(&["--kind", "wordpiece", "--cased", "--vocab-size", "100"]);
    assert_eq!(code, Some(0), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("upper case"));
    // A vocabulary for masks, and choices that a kind does not have.
    let (code, output) = train(&["--specials", "masked", "--vocab-size", "300"]);
    assert_eq!(code, Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("[CLS] = 1"));
    for (more, says) in [
        (&["--cased"][..], "--cased is a choice of --kind wordpiece"),
        (
            &["--kind", "byte", "--specials", "pairs"],
            "--specials is a choice of --kind bpe",
        ),
        (
            &["--kind", "wordpiece", "--vocab-size", "9"],
            "vocab_size is 9",
        ),
    ] {
        let (code, output) = train(more);
        assert_eq!(code, Some(2));
        assert!(
            text(&output.stderr).contains(says),
            "{}",
            text(&output.stderr)
        );
    }
}

/// `slovo-data … | head` ends quietly.
#[test]
fn a_reader_that_leaves_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(
        folder.path(),
        &[
            "tokenizer",
            "train",
            "-",
            "--kind",
            "byte",
            "--out",
            "t.json",
        ],
        "",
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut child = program()
        .current_dir(folder.path())
        .args(["tokenizer", "encode", "--tokenizer", "t.json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _ = child
        .stdin
        .take()
        .unwrap()
        .write_all("x".repeat(1 << 20).as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

/// What cannot be written there is no damage of the file that is read: exit code 1, and not one file less.
#[cfg(unix)]
#[test]
fn a_temporary_folder_that_fails_stops_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let posts = "<posts>\n<row Id=\"1\" PostTypeId=\"1\" Score=\"1\" Title=\"How?\" Body=\"So.\" />\n</posts>\n";
    let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    packed.write_all(posts.as_bytes()).unwrap();
    std::fs::write(
        folder.path().join("Posts.xml.bz2"),
        packed.finish().unwrap(),
    )
    .unwrap();
    std::fs::write(folder.path().join("a.txt"), awkward_text()).unwrap();
    recipe(
        folder.path(),
        "Files(paths: [\"a.txt\"]), Files(paths: [\"Posts.xml.bz2\"], bad_lines: Skip)",
    );
    let prepare = |temporary: &str| {
        let temporary = folder.path().join(temporary);
        let mut command = program();
        command
            .current_dir(folder.path())
            .args(["prepare", "r.ron"]);
        command.env("TMPDIR", temporary).output().unwrap()
    };
    let failed = prepare("nowhere");
    let error = text(&failed.stderr);
    assert_eq!(failed.status.code(), Some(1), "{error}");
    assert!(
        error.contains("Posts.xml.bz2") && error.contains("nowhere"),
        "{error}"
    );
    let made = prepare("");
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
}

/// Ctrl-C while it waits for more text: exit code 3 at the next document, nothing left behind.
#[cfg(unix)]
#[test]
fn a_signal_stops_it_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    recipe(folder.path(), "Stdin(format: Jsonl)");
    let mut child = program()
        .current_dir(folder.path())
        .args(["prepare", "r.ron", "--out", "out"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let line = b"{\"text\": \"some text\"}\n";
    input.write_all(line).unwrap();
    input.flush().unwrap();
    // The temporary folder appears once the signal handler is in place.
    let begin = std::time::Instant::now();
    while names(folder.path()).len() < 2 && begin.elapsed().as_secs() < 20 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(
        names(folder.path())[0].starts_with("out.tmp-"),
        "{:?}",
        names(folder.path())
    );
    let signalled = Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(signalled.unwrap().success());
    std::thread::sleep(std::time::Duration::from_millis(200));
    let _ = input.write_all(&line.repeat(10_000));
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("stopped on request"));
    assert_eq!(names(folder.path()), ["r.ron"]);
}
