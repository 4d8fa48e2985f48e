//! What a person sees of `cargo xtask`, without the minutes that a real build takes.
//!
//! A shell script stands for cargo (by the variable `CARGO`, as cargo itself sets it), and another
//! one for the stage that it "built".
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;

/// Held while a script is written and while a process is started: a process that is just being
/// started holds copies of every open file, and a script open for writing cannot be run.
static STARTING: Mutex<()> = Mutex::new(());

fn start(command: &mut Command) -> Child {
    let _alone = STARTING.lock().unwrap();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn output(command: &mut Command) -> Output {
    start(command).wait_with_output().unwrap()
}

/// `xtask` with a cargo that does not exist: whatever succeeds has compiled nothing.
fn xtask_alone(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    output(command.args(arguments).env("CARGO", "/no/such/cargo"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder with a cargo and a stage of our own; removed at the end of the test.
struct Stand {
    folder: PathBuf,
}

impl Stand {
    /// `stage` and `cargo` are shell commands; `cargo` runs after it has named the executable.
    fn new(name: &str, stage: &str, cargo: &str) -> Stand {
        let folder = std::env::temp_dir().join(format!("slovo-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let stand = Stand { folder };
        stand.script("stage", stage);
        // Both packages under the one executable: the test of the choice reads the arguments.
        let message = |package: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","target":{{"name":"{package}"}},"executable":"{}"}}"#,
                stand.folder.join("stage").display()
            )
        };
        stand.script(
            "cargo",
            &format!(
                "echo \"$@\" > {0}/arguments\nenv > {0}/environment\npwd > {0}/cwd\n\
                 echo '{1}'\necho '{2}'\n{cargo}",
                stand.folder.display(),
                message("slovo-data"),
                message("slovo-train"),
            ),
        );
        stand
    }

    fn script(&self, name: &str, commands: &str) {
        let path = self.folder.join(name);
        let _alone = STARTING.lock().unwrap();
        fs::write(&path, format!("#!/bin/sh\n{commands}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(arguments)
            .env("CARGO", self.folder.join("cargo"));
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        output(&mut self.command(arguments))
    }

    fn written(&self, name: &str) -> String {
        fs::read_to_string(self.folder.join(name)).unwrap()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn help_compiles_nothing() {
    for arguments in [
        &["--help"][..],
        &["pretrain", "--help"],
        &["check", "--help"],
    ] {
        let output = xtask_alone(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            text(&output.stdout).contains("Usage: cargo xtask"),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_wrong_line_compiles_nothing_and_is_explained() {
    for (arguments, hint) in [
        (&["pretrain", "--bakend", "wgpu"][..], "--backend"),
        (&["pretrain", "--backend", "wpgu"], "wgpu"),
        (&["pretran"], "pretrain"),
        (&["prepare", "--device", "0"], "--device"),
        (&["check", "licenses"], "licences"),
        (
            &["check", "nothing"],
            "format, words, tree, licences, lints, tests, docs, features, backends",
        ),
        (&["check", "transformers"], "--python"),
        (&["check", "words", "--python", "python3"], "`transformers`"),
        (&["check", "--model", "runs/default/model"], "--python"),
    ] {
        let output = xtask_alone(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(hint),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn a_missing_cargo_is_a_failure_with_its_name() {
    let output = xtask_alone(&["pretrain"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("/no/such/cargo"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_stage_gets_the_line_and_the_folder_of_the_caller() {
    let stand = Stand::new("line", "echo \"$#:$1:$2:$3\"; pwd", "");
    let here = fs::canonicalize(&stand.folder).unwrap();
    let output = stand
        .command(&["pretrain", "a b.ron", "--set=x.y=\"z\""])
        .current_dir(&here)
        .output();
    let output = output.unwrap();
    let expected = format!("3:pretrain:a b.ron:--set=x.y=\"z\"\n{}\n", here.display());
    assert_eq!(text(&output.stdout), expected);
    // A build that had nothing to do says nothing.
    assert_eq!(text(&output.stderr), "");
    // Cargo works in the workspace, wherever the caller stands.
    assert!(
        Path::new(stand.written("cwd").trim())
            .join("Cargo.lock")
            .is_file()
    );
}

#[test]
fn only_what_the_command_needs_is_built() {
    let stand = Stand::new("needs", "true", "");
    for (arguments, expected) in [
        (
            &["prepare"][..],
            "--package slovo-data --bin slovo-data --message-format",
        ),
        (
            &["pretrain"],
            "--package slovo-train --bin slovo-train --no-default-features --features fused --m",
        ),
        (
            &["import", "hf:owner/name", "--out", "model"],
            "--no-default-features --features fused,hub --message",
        ),
        (
            &["doctor", "--backend", "wgpu"],
            "--no-default-features --features fused,wgpu --message",
        ),
    ] {
        assert_eq!(stand.run(arguments).status.code(), Some(0));
        let cargo = stand.written("arguments");
        assert!(cargo.contains(expected), "{cargo}");
        assert!(cargo.starts_with("build --release "), "{cargo}");
    }
}

#[test]
fn neither_cargo_nor_the_stage_takes_itself_for_xtask() {
    let stand = Stand::new("environment", "env", "");
    let mut command = stand.command(&["prepare"]);
    command
        .env("CARGO_MANIFEST_DIR", "/elsewhere")
        .env("CARGO_PKG_NAME", "xtask")
        .env("CARGO_TARGET_DIR", "relative")
        .current_dir(&stand.folder);
    let output = output(&mut command);
    for seen in [text(&output.stdout), stand.written("environment")] {
        assert!(!seen.contains("CARGO_MANIFEST_DIR="), "{seen}");
        assert!(!seen.contains("CARGO_PKG_NAME="), "{seen}");
        assert!(seen.contains("CARGO="), "{seen}");
    }
    let target = fs::canonicalize(&stand.folder).unwrap().join("relative");
    let expected = format!("CARGO_TARGET_DIR={}", target.display());
    assert!(stand.written("environment").contains(&expected));
}

#[test]
fn exit_codes_are_the_stages() {
    for code in [0, 1, 2, 3] {
        let stand = Stand::new(&format!("exit-{code}"), &format!("exit {code}"), "");
        assert_eq!(stand.run(&["prepare"]).status.code(), Some(code));
    }
}

#[test]
fn a_failed_build_is_exit_1_with_cargos_words() {
    let stand = Stand::new(
        "fails",
        "echo ran",
        "echo 'error[E0308]: mismatched' >&2; exit 101",
    );
    let output = stand.run(&["prepare"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("error[E0308]: mismatched"));
    assert!(text(&output.stderr).contains("slovo-data"));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn a_build_is_announced_before_it_begins() {
    let cargo = "echo '   Compiling burn v0' >&2; echo '    Finished in 1s' >&2";
    let stand = Stand::new("announced", "echo result", cargo);
    let output = stand.run(&["pretrain"]);
    let seen = text(&output.stderr);
    assert!(seen.starts_with("Building slovo-train (fused)"), "{seen}");
    assert!(seen.ends_with("   Compiling burn v0\n"), "{seen}");
    assert_eq!(text(&output.stdout), "result\n");
}

/// A signal to `xtask` is a signal to the stage, because they are one process.
#[test]
fn a_signal_reaches_the_stage() {
    let stage = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let stand = Stand::new("signal", stage, "");
    let mut child = stand
        .command(&["prepare"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line, "ready\n");
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &id])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

#[test]
fn a_stage_killed_by_a_signal_looks_killed() {
    let stand = Stand::new("killed", "kill -KILL $$", "");
    assert_eq!(stand.run(&["prepare"]).status.signal(), Some(9));
}
