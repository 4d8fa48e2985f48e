//! The dashboard gives the terminal back however a run ends: screen, cursor, mouse and settings as
//! they were, and what there is to say on the screen that the person had before.

#![cfg(all(target_os = "linux", feature = "flex", feature = "tui"))]
#![allow(clippy::unwrap_used)]

mod support;

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use support::{Workshop, errors};

/// A shell on a terminal of its own (made by `script`, of util-linux) that runs `pretrain`.
struct Terminal {
    workshop: Workshop,
    script: Child,
    keys: ChildStdin,
    /// Everything that was written to the terminal, escape sequences included.
    shown: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    fn pretrain(more: &str) -> Self {
        let workshop = Workshop::new();
        // Ctrl-C reaches the shell as well, which has to go on and look at the terminal.
        let shell = format!(
            "trap : INT; stty rows 40 cols 120; stty -g > before; \
             sh -c 'echo $$ > id; exec \"$PROGRAM\" pretrain tiny.ron --out run --progress tui {more}'; \
             echo code $?; stty -g > after"
        );
        // Under `nohup` no shell would end when its terminal closes.
        let mut script = Command::new("env")
            .args(["--default-signal=HUP", "script"])
            .args(["--quiet", "--return", "--command", &shell, "/dev/null"])
            .env("PROGRAM", env!("CARGO_BIN_EXE_slovo-train"))
            .env("SHELL", "/bin/sh")
            .env("TERM", "xterm-256color")
            .current_dir(workshop.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = script.stdout.take().unwrap();
        let shown = Arc::new(Mutex::new(String::new()));
        let all = shown.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = output.read(&mut bytes) {
                let more = String::from_utf8_lossy(&bytes[..n]);
                all.lock().unwrap().push_str(&more);
            }
        });
        Self {
            workshop,
            keys: script.stdin.take().unwrap(),
            script,
            shown,
            reader: Some(reader),
        }
    }

    /// Waits until the screen has shown `text`.
    fn wait_for(&mut self, text: &str) {
        let start = Instant::now();
        while !words(&self.shown.lock().unwrap()).contains(text) {
            let ended = self.script.try_wait().unwrap().is_some();
            let late = start.elapsed() > Duration::from_secs(60);
            assert!(!ended && !late, "{text:?} was never shown");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    fn id(&self) -> String {
        std::fs::read_to_string(self.workshop.path().join("id")).unwrap()
    }

    fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([name, self.id().trim()]).status();
        assert!(kill.unwrap().success());
    }

    /// Without `script` there is no terminal any more.
    fn close(&mut self) {
        self.script.kill().unwrap();
        self.script.wait().unwrap();
    }

    /// Waits until the run has left its checkpoint.
    fn stops(&self) {
        let log = self.workshop.run_folder().join("run.log");
        let start = Instant::now();
        while !std::fs::read_to_string(&log)
            .unwrap()
            .contains("stopped on request")
        {
            assert!(
                start.elapsed() < Duration::from_secs(60),
                "it never stopped"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for the end: exit code `code`, the terminal as it was, and then every part of `said`
    /// on it. Returns what the dashboard showed.
    fn ends(mut self, code: u8, said: &[&str]) -> String {
        self.script.wait().unwrap();
        self.reader.take().unwrap().join().unwrap();
        let shown = self.shown.lock().unwrap().clone();
        assert!(shown.contains("\x1b[?1049h"), "no dashboard:\n{shown}");
        for (what, taken, given_back) in [
            ("screen", "\x1b[?1049h", "\x1b[?1049l"),
            ("cursor", "\x1b[?25l", "\x1b[?25h"),
            ("mouse", "\x1b[?1000h", "\x1b[?1000l"),
        ] {
            let (taken, given_back) = (shown.rfind(taken), shown.rfind(given_back));
            assert!(given_back > taken, "the {what} was kept:\n{shown}");
        }
        let [before, after] = ["before", "after"]
            .map(|name| std::fs::read_to_string(self.workshop.path().join(name)).unwrap());
        assert_eq!(before, after, "the terminal's settings");
        let (_, afterwards) = shown.rsplit_once("\x1b[?1049l").unwrap();
        for part in said.iter().chain([&format!("code {code}").as_str()]) {
            assert!(afterwards.contains(part), "no {part:?} in:\n{afterwards}");
        }
        words(&shown)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Only a test that failed left it running.
        let _ = self.script.kill();
    }
}

/// What was shown, without escape sequences and with one space between words: a screen is drawn
/// without the blanks that it has already.
fn words(shown: &str) -> String {
    let mut parts = shown.split("\x1b[");
    let mut text = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic());
        text.push(' ');
        text.push_str(end.map_or("", |end| &part[end + 1..]));
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const LONG: &str = "--steps 1000000";

/// The first losses, or the highest learning rate.
const TRAINS: &str = "Train 3.";

#[test]
fn a_run_that_ends_leaves_the_summary() {
    let shown = Terminal::pretrain("--steps 400").ends(0, &["validation loss", "best model"]);
    for part in [
        "of 400",
        "Train",
        "Valid",
        "Loss",
        "Gradient norm",
        "Tokens per second",
        "Learning rate",
    ] {
        assert!(shown.contains(part), "no {part:?} was shown");
    }
    assert!(!shown.contains("Seconds"), "an internal number was shown");
}

#[test]
fn signals_and_ctrl_c_stop_with_a_checkpoint() {
    for how in ["-TERM", "-INT", "\x03"] {
        let mut terminal = Terminal::pretrain(LONG);
        terminal.wait_for(TRAINS);
        match how.starts_with('-') {
            true => terminal.signal(how),
            false => terminal.press(how),
        }
        terminal.ends(3, &["stopped at step", "--resume"]);
    }
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    // A step that takes minutes.
    let mut terminal = Terminal::pretrain("--set batch.micro_batches=1000000");
    terminal.wait_for("of 40");
    terminal.press("\x03");
    // Closer together they count as one.
    std::thread::sleep(Duration::from_millis(500));
    terminal.press("\x03");
    terminal.ends(1, &[]);
}

#[test]
fn its_own_keys_stop_with_a_checkpoint_or_at_once() {
    for (choice, code, said) in [("s", 3, "stopped at step"), ("k", 1, "ended at once")] {
        let mut terminal = Terminal::pretrain(LONG);
        terminal.wait_for(TRAINS);
        terminal.press("q");
        terminal.wait_for("Kill the program");
        terminal.press(choice);
        terminal.ends(code, &[said]);
    }
}

#[test]
fn an_error_and_the_warnings_before_it_are_readable() {
    let said = ["warning: step", "skipped", "error: 3 steps in a row"];
    let terminal = Terminal::pretrain("--set schedule.peak=1e30 --set schedule.floor=1e30");
    terminal.ends(1, &said);
}

#[test]
fn a_terminal_that_closes_stops_with_a_checkpoint() {
    let mut terminal = Terminal::pretrain(LONG);
    terminal.wait_for(TRAINS);
    terminal.close();
    terminal.stops();
}

/// The terminal and its shell both send SIGHUP, on a busy machine not at once.
#[test]
fn a_second_sighup_of_a_terminal_that_closed_insists_on_nothing() {
    let mut terminal = Terminal::pretrain("--steps 1000 --set batch.micro_batches=1000");
    terminal.wait_for(TRAINS);
    terminal.close();
    std::thread::sleep(Duration::from_millis(500));
    // A step that took less has ended by now.
    let _ = Command::new("kill")
        .args(["-HUP", terminal.id().trim()])
        .status();
    terminal.stops();
}

#[test]
fn without_a_terminal_it_is_refused_before_anything_is_done() {
    let workshop = Workshop::new();
    let output = workshop.finish(&["--progress", "tui"]);
    assert_eq!(output.status.code(), Some(2));
    let text = errors(&output);
    assert!(
        text.contains("no terminal") && text.contains("--progress plain"),
        "{text}"
    );
    assert!(!workshop.run_folder().exists());
}
