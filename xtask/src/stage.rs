//! Builds the program that carries out a command, and becomes it.
//!
//! Only what the command needs is compiled: text commands leave the tensor library out, and a
//! backend is compiled when it is asked for. The CPU backend `flex` and its fused operations are always in, for comparison.

use crate::cargo::{cargo, forget_this_package};
use crate::relay::relay;
use serde_json::Value;
use slovo_args::{Backend, Command, Stage};
use std::env;
use std::io::{self, BufRead, BufReader, IsTerminal};
use std::path::PathBuf;
use std::process::{self, ExitCode, Stdio};
use std::thread;

/// Carries `command` out: on Unix this returns only if something failed before the stage began.
pub fn run(command: &Command) -> Result<ExitCode, String> {
    let program = Build::of(command)?.run()?;
    turn_into(process::Command::new(program))
}

/// What has to be compiled for a command.
#[derive(Debug, PartialEq, Eq)]
struct Build {
    package: &'static str,
    /// Features beyond none; empty for a package without any.
    features: Vec<&'static str>,
    /// How long the first time takes, in words.
    first_time: &'static str,
}

impl Build {
    fn of(command: &Command) -> Result<Build, String> {
        let parquet = command.needs_parquet().then_some("parquet").into_iter();
        match command.stage() {
            Stage::Data => Ok(Build {
                package: "slovo-data",
                features: parquet.collect(),
                first_time: "a minute or two",
            }),
            Stage::Train | Stage::Classify | Stage::Instruct => {
                let mut features = vec!["fused"];
                let mut first_time = "about six minutes on two cores";
                if let Some(backend) = command.backend().filter(|b| *b != Backend::Flex) {
                    features.push(backend.name());
                    first_time = "up to a quarter of an hour on two cores";
                }
                if command.needs_dashboard() {
                    features.push("tui");
                }
                if command.needs_judge() {
                    features.push("judge");
                }
                if command.needs_hub() {
                    features.push("hub");
                }
                features.extend(parquet);
                let package = match command.stage() {
                    Stage::Classify => "slovo-classify",
                    Stage::Instruct => "slovo-instruct",
                    _ => "slovo-train",
                };
                Ok(Build {
                    package,
                    features,
                    first_time,
                })
            }
            Stage::Xtask => Err("this command has no program of its own to build".into()),
        }
    }

    fn announcement(&self) -> String {
        let with = if self.features.is_empty() {
            String::new()
        } else {
            format!(" ({})", self.features.join(", "))
        };
        format!(
            "Building {}{with}: the first time takes {}.",
            self.package, self.first_time
        )
    }

    /// Runs cargo, showing what it compiles on standard error; returns the executable's path.
    fn run(&self) -> Result<PathBuf, String> {
        let mut command = cargo();
        command.args([
            "build",
            "--release",
            "--package",
            self.package,
            "--bin",
            self.package,
        ]);
        if !self.features.is_empty() {
            command.args([
                "--no-default-features",
                "--features",
                &self.features.join(","),
            ]);
        }
        command.arg("--message-format=json-render-diagnostics");
        if io::stderr().is_terminal() {
            as_on_a_terminal(&mut command);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            format!(
                "cannot run `{}`: {error}",
                command.get_program().to_string_lossy()
            )
        })?;
        let (Some(messages), Some(progress)) = (child.stdout.take(), child.stderr.take()) else {
            return Err("cargo's output is not readable".into());
        };
        let announcement = self.announcement();
        let shown = thread::spawn(move || relay(progress, &mut io::stderr(), &announcement));
        let executable = find_executable(BufReader::new(messages), self.package);
        let status = child
            .wait()
            .map_err(|error| format!("lost sight of cargo: {error}"))?;
        // Nobody reading standard error any more is no reason to stop.
        let _ = shown.join();
        if !status.success() {
            return Err(format!(
                "building `{}` failed; cargo says why above",
                self.package
            ));
        }
        executable.ok_or_else(|| {
            format!(
                "cargo built `{0}` but named no executable; is there a {0} binary?",
                self.package
            )
        })
    }
}

/// Colours and a progress bar, which cargo leaves out when it writes to us; what the caller has
/// set stays.
fn as_on_a_terminal(command: &mut process::Command) {
    let mut settings = vec![
        ("CARGO_TERM_PROGRESS_WHEN", "always"),
        // Cargo demands a width with "always"; every terminal has this one.
        ("CARGO_TERM_PROGRESS_WIDTH", "80"),
    ];
    if env::var_os("NO_COLOR").is_none() {
        settings.push(("CARGO_TERM_COLOR", "always"));
    }
    for (name, value) in settings {
        if env::var_os(name).is_none() {
            command.env(name, value);
        }
    }
}

/// The path that cargo's messages give for the executable of `package`.
fn find_executable(messages: impl BufRead, package: &str) -> Option<PathBuf> {
    let mut found = None;
    // To the end, even after the executable is known: cargo must not meet a closed pipe.
    for line in messages.lines().map_while(Result::ok) {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        if message["reason"] == "compiler-artifact"
            && message["target"]["name"] == package
            && let Some(path) = message["executable"].as_str()
        {
            found = Some(PathBuf::from(path));
        }
    }
    found
}

/// Replaces this process: signals and the exit code are the stage's from here on.
#[cfg(unix)]
fn turn_into(mut program: process::Command) -> Result<ExitCode, String> {
    use std::os::unix::process::CommandExt;
    hand_over(&mut program);
    let error = program.exec();
    Err(format!(
        "cannot start {}: {error}",
        program.get_program().to_string_lossy()
    ))
}

/// Runs the stage and ends as it ends.
#[cfg(not(unix))]
fn turn_into(mut program: process::Command) -> Result<ExitCode, String> {
    hand_over(&mut program);
    // Ctrl-C reaches both; the stage answers it, and we wait for its exit code.
    let _ = ctrlc::set_handler(|| {});
    let status = program.status().map_err(|error| {
        format!(
            "cannot start {}: {error}",
            program.get_program().to_string_lossy()
        )
    })?;
    process::exit(status.code().unwrap_or(i32::from(slovo_args::exit::FAILED)))
}

/// The stage gets the line as it was typed.
fn hand_over(program: &mut process::Command) {
    program.args(env::args_os().skip(1));
    forget_this_package(program);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use clap::Parser;
    use slovo_args::Cli;

    fn build(line: &str) -> Build {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        Build::of(&cli.command).unwrap()
    }

    #[test]
    fn preparing_data_builds_no_tensor_library() {
        for line in [
            "xtask prepare",
            "xtask tokenizer decode --tokenizer t.json 1",
        ] {
            assert_eq!(build(line).package, "slovo-data");
            assert!(build(line).features.is_empty());
        }
    }

    #[test]
    fn a_backend_is_built_when_asked_for_beside_the_cpu() {
        assert_eq!(build("xtask pretrain").features, ["fused"]);
        assert_eq!(build("xtask pretrain --backend flex").features, ["fused"]);
        assert_eq!(
            build("xtask doctor --backend wgpu").features,
            ["fused", "wgpu"]
        );
        assert_eq!(build("xtask inspect runs/x").features, ["fused"]);
        assert_eq!(build("xtask plan").features, ["fused"]);
    }

    #[test]
    fn classifiers_are_a_program_of_their_own() {
        for line in ["xtask classify", "xtask classify predict --model m text"] {
            assert_eq!(build(line).package, "slovo-classify");
        }
        let line = "xtask classify --backend wgpu --progress tui";
        assert_eq!(build(line).features, ["fused", "wgpu", "tui"]);
        let line = "xtask classify explain --model m --backend wgpu text";
        assert_eq!(build(line).features, ["fused", "wgpu"]);
    }

    #[test]
    fn the_dashboard_is_built_when_asked_for() {
        assert_eq!(
            build("xtask pretrain --progress tui").features,
            ["fused", "tui"]
        );
        assert_eq!(build("xtask pretrain --progress plain").features, ["fused"]);
    }

    #[test]
    fn the_hub_is_built_for_its_names() {
        let line = "xtask import hf:owner/name --out x";
        assert_eq!(build(line).features, ["fused", "hub"]);
        let line = "xtask import folder/hf --out x";
        assert_eq!(build(line).features, ["fused"]);
    }

    #[test]
    fn tables_in_columns_are_read_when_a_recipe_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = folder.path().join("recipe.ron");
        let line = |command: &str| format!("xtask {command} {}", recipe.display());
        std::fs::write(&recipe, "sources: [Files(paths: [\"a.jsonl\"])]").unwrap();
        assert!(build(&line("prepare")).features.is_empty());
        let exported = line("prepare --export-documents kept.parquet");
        assert_eq!(build(&exported).features, ["parquet"]);
        std::fs::write(&recipe, "sources: [Files(paths: [\"a.parquet\"])]").unwrap();
        assert_eq!(build(&line("prepare")).features, ["parquet"]);
        assert_eq!(build(&line("pretrain")).features, ["fused", "parquet"]);
        assert_eq!(build(&line("instruct")).features, ["fused", "parquet"]);
    }

    #[test]
    fn the_executable_is_the_one_of_the_package() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"slovo_data"},"executable":null}"#,
            "\nnot json\n",
            r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"/t/other"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"slovo-data"},"executable":"/t/d"}"#,
            "\n{\"reason\":\"build-finished\",\"success\":true}\n"
        );
        let found = find_executable(messages.as_bytes(), "slovo-data");
        assert_eq!(found, Some(PathBuf::from("/t/d")));
        assert_eq!(find_executable(messages.as_bytes(), "slovo-train"), None);
    }
}
