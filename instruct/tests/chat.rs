//! Talking: what is typed or piped in, what comes out, what is forgotten.

#![cfg(all(unix, feature = "flex"))]
#![allow(clippy::unwrap_used)]

mod tiny;

use burn::tensor::Device;
use slovo_instruct::chat::{Said, Session};
use slovo_instruct::{Assistant, TemplateRecipe};
use slovo_model::Sampling;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn command(folder: &Path, more: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-instruct"));
    command
        .args(["chat", "--model", "model"])
        .args(more)
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn folder(max_seq_len: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(&folder.path().join("model"), 3, max_seq_len);
    folder
}

/// What comes of lines that are piped in.
fn talk(folder: &Path, lines: &str) -> Output {
    let mut child = command(folder, &["--temperature", "0", "--max-tokens", "20"])
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(lines.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn lines_are_answered_and_commands_obeyed() {
    let folder = folder(512);
    let lines = "one\n\n/nonsense\n/set top_k 7\n/set temperature hot\n/set temperature -1\n/set\n/system Be brief.\n\
                 two\n/save talk.jsonl\n/save talk.jsonl\n/reset\n/system\none\n/help\n/quit\nthree\n";
    let output = talk(folder.path(), lines);
    assert_eq!(output.status.code(), Some(0));
    let notes = String::from_utf8(output.stderr).unwrap();
    for expected in [
        "there is no /nonsense",
        "top_k 7",
        "\"hot\" found; a number would do",
        "temperature",
        "5 messages are in talk.jsonl",
        "talk.jsonl is there already",
        "/save FILE",
        "cut at 20 tokens",
    ] {
        assert!(notes.contains(expected), "{expected}: {notes}");
    }
    // One conversation, as `instruct` reads it.
    let saved = fs::read_to_string(folder.path().join("talk.jsonl")).unwrap();
    let saved: serde_json::Value = serde_json::from_str(saved.trim_end()).unwrap();
    let messages = saved["messages"].as_array().unwrap();
    let roles: Vec<_> = messages
        .iter()
        .map(|message| message["role"].as_str().unwrap())
        .collect();
    assert_eq!(
        roles,
        ["system", "user", "assistant", "user", "assistant"][..5]
    );
    let said = String::from_utf8(output.stdout).unwrap();
    let (first, second) = (&messages[2]["content"], &messages[4]["content"]);
    let (first, second) = (first.as_str().unwrap(), second.as_str().unwrap());
    // The same question without what was said before has the same answer; behind /quit comes nothing.
    assert_eq!(said, format!("{first}\n{second}\n{first}\n"));
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn ctrl_c_stops_the_answer_and_not_the_program() {
    let folder = folder(65_536);
    let more = ["--temperature", "0", "--max-tokens", "60000"];
    let mut child = command(folder.path(), &more).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    writeln!(stdin, "Go on for ever.").unwrap();
    let mut letter = [0];
    if out.read_exact(&mut letter).is_err() {
        let mut notes = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut notes)
            .unwrap();
        panic!("no answer: {notes}");
    }
    interrupt(&child);
    let mut rest = Vec::new();
    // Until the answer, which has lines of its own or not, is over: the next begins when this is asked.
    writeln!(stdin, "/set max_tokens 4").unwrap();
    writeln!(stdin, "x").unwrap();
    drop(stdin);
    out.read_to_end(&mut rest).unwrap();
    let mut notes = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut notes)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{notes}");
    assert!(rest.len() < 100_000, "{} bytes were said", rest.len());
    assert!(
        notes.contains("cut at 4 tokens") && !notes.contains("cut at 60000"),
        "{notes}"
    );

    // With nothing to stop, it ends the program.
    let mut child = command(folder.path(), &[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "/help").unwrap();
    let mut notes = BufReader::new(child.stderr.take().unwrap());
    notes.read_line(&mut String::new()).unwrap();
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn what_no_longer_fits_is_forgotten_and_said_so() {
    let folder = folder(256);
    let model = folder.path().join("model");
    let assistant = Assistant::load(&model, &TemplateRecipe::Plain, &Device::default()).unwrap();
    let system = Some("Be brief.".into());
    let mut session = Session::new(assistant, system, Sampling::greedy(), 16, Some(1));
    let question = "x".repeat(60);
    let mut notes = Vec::new();
    for _ in 0..6 {
        assert_eq!(session.take(&question), Said::Question);
        notes.extend(session.answer(|_| true).unwrap());
    }
    let forgotten = notes
        .iter()
        .filter(|note| note.contains("the first 2 of the messages"));
    assert!(forgotten.count() >= 3, "{notes:?}");
    // A question that can never fit is refused, and what was said stays.
    assert_eq!(session.take(&"x".repeat(300)), Said::Question);
    let error = session.answer(|_| true).unwrap_err();
    assert!(
        error.is_usage() && error.to_string().contains("256"),
        "{error}"
    );
    let path = folder.path().join("kept.jsonl");
    let saved = format!("/save {}", path.display());
    assert!(matches!(session.take(&saved), Said::Done(_)));
    let kept = fs::read_to_string(&path).unwrap();
    assert!(
        kept.contains(&question) && !kept.contains(&"x".repeat(61)),
        "{kept}"
    );
    assert_eq!(session.take("short"), Said::Question);
    let mut pieces = 0;
    // Whoever shows it can stop it.
    session
        .answer(|_| {
            pieces += 1;
            pieces < 3
        })
        .unwrap();
    assert_eq!(pieces, 3);
}
