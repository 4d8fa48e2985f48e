//! The program itself, and the signal that ends it.

use super::client::{chunk, connect, headers, request};
use super::shop::CONTEXT;
use super::tiny;
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// It ends with the test, whatever comes of it.
struct Program(Child);

impl Program {
    /// Serves the folder `model`; says where.
    fn start(folder: &Path) -> (Self, SocketAddr) {
        let child = Command::new(env!("CARGO_BIN_EXE_slovo-instruct"))
            .args(["serve", "--model", "model", "--port", "0", "--drain", "300"])
            .env_remove("SLOVO_API_KEY")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Self(child);
        let mut line = String::new();
        let mut said = BufReader::new(program.0.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("http://");
        (program, address.unwrap().parse().unwrap())
    }

    /// Its exit code, once it has ended.
    fn code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn sigterm_lets_what_was_begun_end() {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(&folder.path().join("model"), 3, CONTEXT);
    let (mut program, address) = Program::start(folder.path());
    let body = json!({
        "messages": [{"role": "user", "content": "x"}],
        "max_tokens": 5000,
        "temperature": 0,
        "stream": true,
    });
    let json = [("content-type", "application/json")];
    let bytes = body.to_string();
    let bytes = request("POST", "/v1/chat/completions", &json, bytes.as_bytes());
    let mut stream = connect(address);
    stream.write_all(&bytes).unwrap();
    let mut from = BufReader::new(stream);
    from.read_line(&mut String::new()).unwrap();
    headers(&mut from);
    let mut text = [chunk(&mut from).unwrap(), chunk(&mut from).unwrap()].concat();
    let pid = program.0.id().to_string();
    let asked = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(asked.unwrap().success());
    while let Some(more) = chunk(&mut from) {
        text.extend(more);
    }
    let text = String::from_utf8(text).unwrap();
    let end = &text[text.len().saturating_sub(400)..];
    assert!(end.contains("\"finish_reason\":\"length\""), "{end}");
    assert!(end.trim_end().ends_with("data: [DONE]"), "{end}");
    assert_eq!(program.code(), Some(0));
}
