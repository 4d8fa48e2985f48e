//! `generate` as a person and a program use it.

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Output, Stdio};
use support::{Workshop, errors};

fn command(workshop: &Workshop, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
    command
        .current_dir(workshop.path())
        .args(["generate", "--model", "run"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(workshop: &Workshop, args: &[&str]) -> Output {
    command(workshop, args).output().unwrap()
}

fn text(workshop: &Workshop, args: &[&str]) -> String {
    let output = run(workshop, args);
    assert!(output.status.success(), "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// A workshop with a model that has learned a little.
fn trained() -> Workshop {
    let workshop = Workshop::new();
    let output = workshop.finish(&[]);
    assert!(output.status.success(), "{}", errors(&output));
    workshop
}

/// The JSON lines of each continuation: its tokens, then its end.
fn lines(output: &str) -> BTreeMap<(u64, u64), Vec<Value>> {
    let mut found = BTreeMap::<_, Vec<Value>>::new();
    for line in output.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let of = |key: &str| line[key].as_u64().unwrap();
        let key = (of("prompt"), of("sample"));
        let lines = found.entry(key).or_default();
        assert!(
            lines.last().is_none_or(|last| last.get("reason").is_none()),
            "a line behind the last: {line}"
        );
        lines.push(line);
    }
    for lines in found.values() {
        let (end, tokens) = lines.split_last().unwrap();
        let pieces = tokens.iter().map(|token| token["text"].as_str().unwrap());
        assert_eq!(end["text"], pieces.collect::<String>());
        assert_eq!(end["tokens"], tokens.len());
    }
    found
}

fn end(lines: &BTreeMap<(u64, u64), Vec<Value>>, key: (u64, u64)) -> (&str, &str) {
    let end = lines[&key].last().unwrap();
    let of = |key: &str| end[key].as_str().unwrap();
    (of("text"), of("reason"))
}

#[test]
fn a_person_and_a_program_get_the_same_texts() {
    let workshop = trained();
    let settings = [
        "--tokens",
        "14",
        "--temperature",
        "1.2",
        "--min-p",
        "0.02",
        "--repetition-penalty",
        "1.1",
        "--presence-penalty",
        "-0.1",
        "--frequency-penalty",
        "0.2",
    ];
    let with = |more: &[&str]| text(&workshop, &[&settings[..], more].concat());
    let both = ["--prompt", "the king ", "--prompt", "a"];
    let json = [&both[..], &["--seed", "3", "--samples", "2", "--json"]].concat();
    let together = with(&[&json[..], &["--logprobs", "3"]].concat());
    let found = lines(&together);
    let keys: Vec<(u64, u64)> = found.keys().copied().collect();
    assert_eq!(keys, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    let mut blocks = Vec::new();
    for (prompt, sample) in keys {
        let (continuation, reason) = end(&found, (prompt, sample));
        assert_eq!(reason, "length");
        let prompt_text = ["the king ", "a"][prompt as usize];
        let seed = (3 + sample).to_string();
        let alone = with(&["--prompt", prompt_text, "--seed", &seed]);
        assert_eq!(alone, format!("{prompt_text}{continuation}\n"));
        blocks.push(format!(
            "== prompt {} of 2, sample {} of 2 ==\n{alone}",
            prompt + 1,
            sample + 1
        ));
        let tokens = &found[&(prompt, sample)][..14];
        for token in tokens {
            let top = token["top"].as_array().unwrap();
            assert_eq!(top.len(), 3);
            let logprob = |value: &Value| value["logprob"].as_f64().unwrap();
            assert!(logprob(token) <= logprob(&top[0]) && logprob(&top[0]) <= 0.0);
            assert!(logprob(&top[0]) >= logprob(&top[1]));
            let same = top.iter().find(|likely| likely["id"] == token["id"]);
            assert!(same.is_none_or(|same| same["text"] == token["text"]));
        }
    }
    // For a person one after another, whatever is computed at once.
    for batch in ["1", "3", "16"] {
        let more = ["--seed", "3", "--samples", "2", "--batch", batch];
        assert_eq!(with(&[&both[..], &more].concat()), blocks.join("\n"));
    }

    // Prompts from a file and from standard input are prompts too.
    std::fs::write(workshop.path().join("prompts.txt"), "the king \r\na\n").unwrap();
    let plain = with(&both);
    assert_eq!(with(&["--prompts", "prompts.txt"]), plain);
    let mut child = command(&workshop, &[&settings[..], &["--prompt", "-"]].concat())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a").unwrap();
    let output = child.wait_with_output().unwrap();
    let typed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(typed, with(&["--prompt", "a"]));
}

#[test]
fn a_stop_text_ends_a_continuation_and_is_not_shown() {
    let workshop = trained();
    let with = |more: &[&str]| {
        let args = ["--prompt", "the ", "--temperature", "0", "--tokens", "25"];
        text(&workshop, &[&args[..], more].concat())
    };
    let whole = with(&[]);
    let continuation = whole["the ".len()..].trim_end_matches('\n');
    // Three characters, each of which is a token, and where they first come.
    let stop = &continuation[9..12];
    let at = continuation.find(stop).unwrap();
    let stopped = with(&["--stop", "never", "--stop", stop]);
    assert_eq!(stopped, format!("the {}\n", &continuation[..at]));
    let found = lines(&with(&["--stop", stop, "--json"]));
    assert_eq!(end(&found, (0, 0)), (&continuation[..at], "stop"));
    // The tokens of the stop text were drawn, but have no text.
    assert_eq!(found[&(0, 0)].len(), at + 3 + 1);
    assert_eq!(with(&["--stop", "QQ"]), whole);
}

#[test]
fn the_context_is_left_behind_on_request_only() {
    let workshop = trained();
    let long = ["--prompt", "the king ", "--tokens", "100"];
    let with = |more: &[&str]| run(&workshop, &[&long[..], more].concat());
    let refused = with(&[]);
    assert_eq!(refused.status.code(), Some(2));
    let message = errors(&refused);
    assert!(
        message.contains("109 positions") && message.contains("slide"),
        "{message}"
    );
    let refused = with(&["--slide", "32"]);
    assert_eq!(refused.status.code(), Some(2));
    let message = errors(&refused);
    assert!(message.contains("keep at most 31"), "{message}");
    let length = |output: &Output| {
        assert!(output.status.success(), "{}", errors(output));
        String::from_utf8_lossy(&output.stdout).chars().count()
    };
    let slid = with(&["--slide"]);
    assert_eq!(length(&slid), 9 + 100 + 1);
    assert_eq!(slid.stdout, with(&["--slide", "16"]).stdout);
    assert_eq!(length(&with(&["--slide", "31"])), 9 + 100 + 1);
    // The usual 200 when nobody says how many.
    let usual = run(&workshop, &["--prompt", "the", "--slide"]);
    assert_eq!(length(&usual), 3 + 200 + 1);
}

#[test]
fn no_character_is_ever_split() {
    let workshop = Workshop::new();
    let recipe = workshop.recipe_text().replace("Char", "Byte");
    std::fs::write(workshop.recipe(), recipe).unwrap();
    std::fs::write(
        workshop.path().join("text.txt"),
        "é🦀ж — naïve\n".repeat(2000),
    )
    .unwrap();
    let output = workshop.finish(&["--steps", "60"]);
    assert!(output.status.success(), "{}", errors(&output));
    let args = [
        "--prompt",
        "🦀",
        "--tokens",
        "300",
        "--slide",
        "--samples",
        "3",
    ];
    let with = |more: &[&str]| text(&workshop, &[&args[..], more].concat());
    // `text` refuses what is not UTF-8.
    let plain = with(&[]);
    let found = lines(&with(&["--json"]));
    for sample in 0..3 {
        let (continuation, reason) = end(&found, (0, sample));
        let tokens = &found[&(0, sample)];
        let ids = tokens.iter().filter_map(|token| token["id"].as_u64());
        // A byte is its own id, the end of text is 256.
        let bytes: Vec<u8> = ids.filter_map(|id| u8::try_from(id).ok()).collect();
        assert_eq!(continuation, String::from_utf8_lossy(&bytes));
        assert!(plain.contains(&format!("🦀{continuation}\n")));
        let expected = match bytes.len() {
            300 => "length",
            _ => "end_of_text",
        };
        assert_eq!(reason, expected);
        // It has learned that such characters come, so some tokens had to wait.
        assert!(tokens.iter().any(|token| token["text"] == ""));
        assert!(continuation.contains('é') || continuation.contains('ж'));
    }
    // A stop text of one character, which is four tokens.
    let stopped = lines(&with(&["--json", "--stop", "🦀"]));
    for sample in 0..3 {
        let whole = end(&found, (0, sample)).0;
        let (continuation, reason) = end(&stopped, (0, sample));
        assert_eq!(Some(continuation), whole.split('🦀').next());
        assert_eq!(reason == "stop", whole.contains('🦀'));
    }
}

#[test]
fn what_is_wrong_is_named() {
    let workshop = trained();
    let file = workshop.path().join("prompts.txt");
    std::fs::write(&file, "the king\nthe naïve\n").unwrap();
    std::fs::write(workshop.path().join("none.txt"), "").unwrap();
    let long = "a".repeat(40);
    for (args, parts) in [
        (
            &["--prompts", "prompts.txt"][..],
            &["prompts.txt, line 2: ", "ï"][..],
        ),
        (&["--prompts", "none.txt"], &["none.txt", "is empty"]),
        (&["--prompts", "nowhere.txt"], &["nowhere.txt"]),
        (&["--prompt", "a", "--prompt", &long], &["prompt 2: ", "32"]),
        (&["--prompt", "a", "--min-p", "2"], &["`min_p` is 2"]),
        (
            &["--prompt", "a", "--repetition-penalty", "0"],
            &["`repetition_penalty` is 0"],
        ),
        (&["--prompt", "a", "--stop", ""], &["--stop"]),
        (&["--prompt", "a", "--logprobs", "2"], &["--json"]),
        (&["--prompt", "a", "--samples", "0"], &["--samples"]),
        (&[], &["--prompt"]),
    ] {
        let output = run(&workshop, args);
        let message = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {message}");
        assert!(output.stdout.is_empty(), "{args:?}");
        for part in parts {
            assert!(message.contains(part), "{args:?}: {message}");
        }
    }
}

/// Two texts without an end, growing side by side.
fn endless(workshop: &Workshop, more: &[&str]) -> Child {
    let args = ["--prompt", "the king ", "--prompt", "a", "--slide"];
    let tokens = ["--tokens", "100000000"];
    let mut command = command(workshop, &[&args[..], &tokens, more].concat());
    command.spawn().unwrap()
}

#[test]
fn ctrl_c_leaves_whole_texts_and_whole_lines() {
    let workshop = trained();
    for json in [true, false] {
        let mut child = endless(&workshop, if json { &["--json"] } else { &[] });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut shown = String::new();
        while shown.lines().count() < 4 {
            out.read_line(&mut shown).unwrap();
        }
        let id = child.id().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
        assert!(sent.success());
        out.read_to_string(&mut shown).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(3));
        if json {
            let found = lines(&shown);
            for prompt in 0..2 {
                assert_eq!(end(&found, (prompt, 0)).1, "interrupted");
            }
        } else {
            let (first, second) = shown.split_once("\n\n== prompt 2 of 2 ==\n").unwrap();
            assert!(first.starts_with("== prompt 1 of 2 ==\nthe king "));
            assert!(second.starts_with('a') && second.ends_with('\n'));
        }
    }
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let workshop = trained();
    let mut child = endless(&workshop, &["--json"]);
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert!(output.stderr.is_empty(), "{}", errors(&output));
}
