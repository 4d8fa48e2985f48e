//! The tree in `ARCHITECTURE.md` names every source file and recipe, and says in a few words what
//! each is for.
//!
//! A line of the tree is a name and its purpose, two spaces or more between them; a name that ends
//! with `/` is a folder, and what is indented below stands in it.

use super::{Verdict, tracked};
use crate::cargo::root;
use std::collections::BTreeMap;
use std::fs;

const FILE: &str = "ARCHITECTURE.md";
/// The heading above the tree.
const HEADING: &str = "## The tree";
/// What has its place in the tree.
const ENDINGS: [&str; 2] = [".rs", ".ron"];
/// The longest purpose, in words.
const WORDS: usize = 8;

pub fn check() -> Verdict {
    let tracked = match tracked::files() {
        Ok(tracked) => tracked,
        Err(why) => return Verdict::Skipped(why),
    };
    let text = match fs::read_to_string(root().join(FILE)) {
        Ok(text) => text,
        Err(error) => return Verdict::Failed(format!("{FILE}: {error}")),
    };
    let findings = compare(&text, &tracked);
    match findings.is_empty() {
        true => Verdict::Passed,
        false => Verdict::Failed(findings.join("\n")),
    }
}

/// A line for each difference between the tree in `text` and the `tracked` files.
fn compare(text: &str, tracked: &[String]) -> Vec<String> {
    let tree = read(text);
    if tree.is_empty() {
        return vec![format!("{FILE}: no tree under the heading `{HEADING}`")];
    }
    let belongs = |name: &&String| ENDINGS.iter().any(|ending| name.ends_with(ending));
    let missing = tracked.iter().filter(belongs);
    let missing = missing.filter(|name| !tree.contains_key(*name));
    let mut found: Vec<_> = missing
        .map(|name| format!("{FILE}: the tree lacks {name}"))
        .collect();
    for (path, entry) in &tree {
        let mut fault = |what: String| found.push(format!("{FILE}:{}: {path}{what}", entry.line));
        let exists = match path.ends_with('/') {
            true => tracked.iter().any(|name| name.starts_with(path)),
            false => tracked.contains(path),
        };
        if !exists {
            fault(" is not tracked".into());
        }
        match entry.purpose.split_whitespace().count() {
            0 if !path.ends_with('/') => fault(" has no purpose beside it".into()),
            words if words > WORDS => {
                fault(format!(
                    " has a purpose of {words} words; at most {WORDS} would do"
                ));
            }
            _ => {}
        }
    }
    found
}

struct Entry<'a> {
    purpose: &'a str,
    /// Counted from 1.
    line: usize,
}

/// The lines of the code blocks under the heading, by path.
fn read(text: &str) -> BTreeMap<String, Entry<'_>> {
    let mut tree = BTreeMap::new();
    let mut folders: Vec<(usize, String)> = Vec::new();
    let mut fenced = false;
    let lines = text.lines().enumerate();
    let section = lines.skip_while(|(_, line)| *line != HEADING).skip(1);
    for (at, line) in section.take_while(|(_, line)| !line.starts_with("## ")) {
        if line.starts_with("```") {
            fenced = !fenced;
            folders.clear();
            continue;
        }
        let content = line.trim_start();
        if !fenced || content.is_empty() {
            continue;
        }
        let indent = line.len() - content.len();
        folders.retain(|(depth, _)| *depth < indent);
        let parent = folders.last().map_or("", |(_, path)| path.as_str());
        let (name, purpose) = content.split_once("  ").unwrap_or((content, ""));
        let path = format!("{parent}{name}");
        if path.ends_with('/') {
            folders.push((indent, path.clone()));
        }
        let entry = Entry {
            purpose: purpose.trim(),
            line: at + 1,
        };
        tree.insert(path, entry);
    }
    tree
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# A\n\n## The tree\n\nIn words.\n\n```\nmodel/src/       the transformer\n  \
                        lib.rs         what others see\n  weights/\n    read.rs      a model from a \
                        folder\n  mask.rs        who sees whom\n```\n\n## Else\n\n```\nx.rs  y\n```\n";

    fn tracked(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_whole_tree_has_no_fault() {
        let files = tracked(&[
            "model/src/lib.rs",
            "model/src/mask.rs",
            "model/src/weights/read.rs",
            "Cargo.lock",
        ]);
        assert_eq!(compare(TEXT, &files), Vec::<String>::new());
    }

    #[test]
    fn what_is_new_and_what_is_gone_is_named() {
        let files = tracked(&["model/src/lib.rs", "model/src/mask.rs", "model/src/new.rs"]);
        let found = compare(TEXT, &files);
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].ends_with("lacks model/src/new.rs"));
        assert!(found[1].starts_with("ARCHITECTURE.md:10: model/src/weights/ is not"));
        assert!(found[2].starts_with("ARCHITECTURE.md:11: model/src/weights/read.rs is not"));
    }

    #[test]
    fn a_purpose_is_there_and_short() {
        let files = tracked(&["a.rs", "b.rs"]);
        let long =
            "## The tree\n```\na.rs  one two three four five six seven eight nine\nb.rs\n```\n";
        let found = compare(long, &files);
        assert!(found[0].contains("9 words"), "{found:?}");
        assert!(found[1].contains("b.rs has no purpose"), "{found:?}");
    }
}
