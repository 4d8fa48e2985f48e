//! What the tests share: labelled texts made here, a tiny recipe, and the program.

#![allow(dead_code)] // no test binary uses all of it

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with `texts.csv` and `tiny.ron`.
pub struct Workshop {
    dir: tempfile::TempDir,
}

impl Workshop {
    /// 240 texts of two classes that are easy to tell apart.
    pub fn new() -> Self {
        Self::with(&texts(240, ["calm", "loud"]))
    }

    /// Other texts.
    pub fn with(table: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("texts.csv"), table).unwrap();
        std::fs::write(dir.path().join("tiny.ron"), RECIPE).unwrap();
        Self { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// `slovo-classify classify ARGUMENTS`, in the workshop.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-classify"));
        command
            .current_dir(self.dir.path())
            .arg("classify")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Trains into the folder `out`; the report's numbers.
    pub fn train(&self, out: &str, more: &[&str]) -> serde_json::Value {
        let arguments = [&["tiny.ron", "--out", out, "--progress", "none"], more].concat();
        done(&self.run(&arguments));
        serde_json::from_str(&self.read(&format!("{out}/report.json"))).unwrap()
    }

    /// The weights that a training left.
    pub fn weights(&self, out: &str) -> Vec<u8> {
        std::fs::read(self.path(out).join("model/model.safetensors")).unwrap()
    }
}

/// Standard output of a program that did what it was asked.
pub fn done(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", errors(output));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error as text.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a file is there.
pub fn is_there(path: &Path) -> bool {
    path.exists()
}

const RECIPE: &str = r#"(
    data: (name: "tiny", sources: [Table(paths: ["texts.csv"])]),
    split: Random(validation: 0.15, test: 0.25),
    base: Random(
        tokenizer: Byte,
        shape: (d_model: 32, n_layers: 2, n_heads: 4, max_seq_len: 64, norm: RmsNorm(epsilon: 1e-5),
                position: Rotary(theta: 10000.0), feed_forward: Gated(Silu), d_ff: 64, bias: false,
                dropout: 0.1),
    ),
    encoding: (max_tokens: 64),
    pool: Mean,
    trains: All(),
    epochs: 6,
    batch: 8,
    optimizer: AdamW(()),
    schedule: (peak: 3e-3, warmup: 5, shape: Linear),
    positive: "loud",
    variants: [
        (name: "head", set: ["trains=Head"]),
        (name: "last", set: ["trains=Last(1)"]),
    ],
)"#;

/// `text,label`, a header first: quiet words make the first class, loud ones the second.
pub fn texts(count: usize, labels: [&str; 2]) -> String {
    const QUIET: [&str; 6] = [
        "river",
        "evening",
        "a slow walk",
        "tea",
        "the garden",
        "sleep",
    ];
    const LOUD: [&str; 6] = [
        "WIN",
        "free prize",
        "call now!!!",
        "$$$",
        "urgent",
        "claim it",
    ];
    const EITHER: [&str; 5] = [
        "today",
        "for you",
        "and then",
        "near the house",
        "my friend",
    ];
    let mut table = String::from("text,label\n");
    for i in 0..count {
        let class = (i * 7 / 3 + i) % 2;
        let words = [&QUIET, &LOUD][class];
        let text = format!(
            "{} {}, {} {} {i}",
            words[i % 6],
            EITHER[i % 5],
            words[(i * 5 + 1) % 6],
            EITHER[(i * 3 + 2) % 5]
        );
        let _ = writeln!(table, "\"{text}\",{}", labels[class]);
    }
    table
}
