//! The project speaks of itself alone, and of what is finished.
//!
//! Looks at tracked files for paths of somebody's machine, for another package registry than the
//! public one, for unfinished code, for tests that never run, and for files over a megabyte.

use super::{Verdict, tracked};
use crate::cargo::root;
use std::fs;
use std::path::Path;

/// The largest file that belongs into the history, in bytes.
const LARGEST: u64 = 1_000_000;

/// Where paths of one machine begin. Written in two parts, as this file is looked at too.
const MACHINE_PATHS: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/m", "nt/"),
    concat!(":\\Us", "ers\\"),
];

/// Code that says of itself that it is not finished, and tests that do not run.
const UNFINISHED: [&str; 4] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("FIX", "ME"),
];

/// The public registry, as `Cargo.lock` names it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub fn check() -> Verdict {
    let tracked = match tracked::files() {
        Ok(tracked) => tracked,
        Err(why) => return Verdict::Skipped(why),
    };
    let mut findings = Vec::new();
    for name in &tracked {
        findings.extend(look_at(&root().join(name), name));
    }
    if findings.is_empty() {
        Verdict::Passed
    } else {
        Verdict::Failed(findings.join("\n"))
    }
}

/// What is wrong with one file; a file deleted since it was tracked has no fault.
fn look_at(path: &Path, name: &str) -> Vec<String> {
    let Ok(metadata) = fs::metadata(path) else {
        return Vec::new();
    };
    if metadata.len() > LARGEST {
        let bytes = metadata.len();
        return vec![format!(
            "{name}: {bytes} bytes; the largest allowed is {LARGEST}"
        )];
    }
    // A file that is not text has no words.
    fs::read_to_string(path).map_or_else(|_| Vec::new(), |text| faults(name, &text))
}

/// A line for each fault in `text`: `file:line: what`.
fn faults(name: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let mut fault = |what: &str| found.push(format!("{name}:{}: {what}", i + 1));
        for prefix in MACHINE_PATHS {
            if begins_a_path(line, prefix) {
                fault(&format!(
                    "a path of one machine (`{prefix}`); write it relative"
                ));
            }
        }
        for word in UNFINISHED {
            if line.contains(word) {
                fault(&format!("`{word}` marks what is not finished"));
            }
        }
        if name_of_another_registry(name, line) {
            fault("another registry than the public one; others could not build");
        }
    }
    found
}

/// Whether `prefix` stands in `line` as the beginning of a path, not inside an address or a
/// longer path.
fn begins_a_path(line: &str, prefix: &str) -> bool {
    line.match_indices(prefix).any(|(at, _)| {
        // A drive letter stands before its colon.
        prefix.starts_with(':')
            || !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-/~$}*".contains(c))
    })
}

fn name_of_another_registry(name: &str, line: &str) -> bool {
    let line = line.trim();
    let file = name.rsplit('/').next().unwrap_or(name);
    match file {
        "Cargo.lock" => line
            .strip_prefix("source = ")
            .is_some_and(|s| s.trim_matches('"') != REGISTRY),
        _ if name.ends_with("config.toml") => ["[source", "[registries", "replace-with"]
            .iter()
            .any(|start| line.starts_with(start)),
        "Cargo.toml" => line.contains("registry = ") || line.contains("registry-index"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_path_of_one_machine_is_found_with_its_line() {
        for prefix in MACHINE_PATHS {
            let found = faults("a.md", &format!("fine\nsee `{prefix}me/data`\n"));
            assert_eq!(found.len(), 1, "{prefix}");
            assert!(found[0].starts_with("a.md:2: "), "{found:?}");
        }
    }

    #[test]
    fn an_address_or_a_relative_path_is_no_machine_path() {
        let folder = MACHINE_PATHS[3];
        for line in [
            format!("https://example.org{folder}x"),
            format!("..{folder}x"),
        ] {
            assert_eq!(faults("a.md", &line), Vec::<String>::new());
        }
    }

    #[test]
    fn unfinished_code_is_found() {
        for word in UNFINISHED {
            assert_eq!(faults("a.rs", &format!("    {word}")).len(), 1, "{word}");
        }
        assert!(faults("Cargo.toml", "todo = \"warn\"").is_empty());
    }

    #[test]
    fn only_the_public_registry_is_named() {
        let public = format!("source = \"{REGISTRY}\"");
        assert!(faults("Cargo.lock", &public).is_empty());
        assert_eq!(
            faults(
                "Cargo.lock",
                "source = \"registry+https://mirror.example/\""
            )
            .len(),
            1
        );
        assert_eq!(
            faults(".cargo/config.toml", "replace-with = \"mirror\"").len(),
            1
        );
        assert_eq!(
            faults(
                "data/Cargo.toml",
                "a = { version = \"1\", registry = \"b\" }"
            )
            .len(),
            1
        );
    }

    #[test]
    fn a_large_file_is_found_even_if_it_is_not_text() {
        let path = std::env::temp_dir().join(format!("slovo-words-{}", std::process::id()));
        fs::write(&path, vec![0xff; 1_000_001]).unwrap();
        let found = look_at(&path, "big.bin");
        fs::remove_file(&path).unwrap();
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("1000001 bytes"), "{found:?}");
    }
}
