//! What the tests share: a tiny recipe on text made here, and the program to run it with.

#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A folder with a text and a recipe for it.
pub struct Workshop {
    dir: tempfile::TempDir,
}

impl Workshop {
    /// A text of many short sentences, and a recipe that trains on it in seconds: dropout on, two
    /// micro-batches, a checkpoint every ten steps.
    pub fn new() -> Self {
        Self::within(&std::env::temp_dir())
    }

    /// The same below this folder.
    pub fn within(parent: &Path) -> Self {
        let dir = tempfile::tempdir_in(parent).unwrap();
        std::fs::write(dir.path().join("text.txt"), text(4000)).unwrap();
        let workshop = Self { dir };
        std::fs::write(workshop.recipe(), workshop.recipe_text()).unwrap();
        workshop
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    pub fn recipe(&self) -> PathBuf {
        self.path().join("tiny.ron")
    }

    pub fn run_folder(&self) -> PathBuf {
        self.path().join("run")
    }

    pub fn recipe_text(&self) -> String {
        r#"(
            seed: 7,
            steps: 40,
            data: Inline((
                name: "tiny",
                sources: [Files(paths: ["text.txt"])],
                tokenizer: Char,
                split: Position(validation: 0.1),
            )),
            model: Shape((
                d_model: 32, n_layers: 2, n_heads: 4, n_kv_heads: 2, max_seq_len: 32,
                norm: RmsNorm(epsilon: 1e-5), position: Rotary(theta: 10000.0),
                feed_forward: Gated(Silu), d_ff: 64, tied: true, dropout: 0.1,
            )),
            batch: (sequences: 4, micro_batches: 2),
            optimizer: AdamW(()),
            schedule: (peak: 3e-3, floor: 3e-4, warmup: 5),
            evaluation: (every: 20, windows: 20),
            checkpoint: (every: 10, keep: 2),
        )"#
        .into()
    }

    /// `slovo-train pretrain tiny.ron --out run` and more, run in the workshop.
    pub fn pretrain(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slovo-train"));
        command
            .current_dir(self.path())
            .args(["pretrain", "tiny.ron", "--out", "run"])
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs `pretrain` to its end.
    pub fn finish(&self, more: &[&str]) -> Output {
        self.pretrain(more).output().unwrap()
    }

    /// Rows of `train.csv` without their speed.
    pub fn losses(&self) -> Vec<String> {
        let table = std::fs::read_to_string(self.run_folder().join("train.csv")).unwrap();
        let rows = table.lines().skip(1);
        rows.map(|row| row.rsplit_once(',').unwrap().0.to_string())
            .collect()
    }

    /// The exported weights.
    pub fn weights(&self) -> Vec<u8> {
        std::fs::read(self.run_folder().join("model/model.safetensors")).unwrap()
    }
}

/// Standard error as text.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Sentences from a small grammar: enough for a tiny model to learn something.
pub fn text(sentences: u64) -> String {
    const WHO: [&str; 6] = [
        "the king",
        "a fool",
        "my lord",
        "the queen",
        "no man",
        "the night",
    ];
    const DOES: [&str; 6] = ["loves", "fears", "sees", "calls", "leaves", "remembers"];
    const WHAT: [&str; 6] = [
        "the sea",
        "his crown",
        "a word",
        "the morning",
        "her name",
        "gold",
    ];
    let pick =
        |i: u64, n: u64| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (20 + 8 * n)) as usize % 6;
    (0..sentences)
        .map(|i| {
            format!(
                "{} {} {}.\n",
                WHO[pick(i, 0)],
                DOES[pick(i, 1)],
                WHAT[pick(i, 2)]
            )
        })
        .collect()
}

/// Whether every element of a page is closed where it was opened, every attribute is quoted and
/// every `&` begins a reference: strict as XML is, where a browser would guess.
///
/// # Errors
///
/// What is wrong, and behind which text.
pub fn well_formed(page: &str) -> Result<(), String> {
    let mut open = Vec::new();
    let mut rest = page.strip_prefix("<!DOCTYPE html>").ok_or("no doctype")?;
    while let Some(start) = rest.find('<') {
        references(&rest[..start])?;
        let end = rest[start..].find('>').ok_or("a tag without an end")?;
        let tag = &rest[start + 1..start + end];
        rest = &rest[start + end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            let opened = open.pop();
            if opened != Some(name) {
                return Err(format!("</{name}> closes {opened:?}"));
            }
            continue;
        }
        let (tag, empty) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err(format!("<{tag}> is no tag"));
        }
        quoted(attributes).map_err(|fault| format!("<{tag}>: {fault}"))?;
        if !empty {
            open.push(name);
        }
        if name == "style" {
            // The style sheet is no markup, up to its end.
            rest = &rest[rest.find("</style>").ok_or("a style without an end")?..];
        }
    }
    match open.as_slice() {
        [] => references(rest),
        open => Err(format!("never closed: {open:?}")),
    }
}

fn quoted(mut attributes: &str) -> Result<(), String> {
    while !attributes.trim_start().is_empty() {
        let (name, value) = attributes.split_once("=\"").ok_or("a bare attribute")?;
        let (value, after) = value.split_once('"').ok_or("an open quote")?;
        if !name
            .trim()
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-')
        {
            return Err(format!("{name:?} is no attribute"));
        }
        references(value)?;
        attributes = after;
    }
    Ok(())
}

fn references(text: &str) -> Result<(), String> {
    let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
    for (at, _) in text.match_indices('&') {
        if !known
            .iter()
            .any(|reference| text[at..].starts_with(reference))
        {
            return Err(format!("a bare & in {:?}", &text[at..]));
        }
    }
    match text
        .chars()
        .find(|c| c.is_control() && !matches!(c, '\n' | '\t'))
    {
        Some(control) => Err(format!("the character {control:?}")),
        None => Ok(()),
    }
}
