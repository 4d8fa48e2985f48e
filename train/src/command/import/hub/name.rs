//! `hf:OWNER/NAME[/FILE.gguf][@REVISION]`, taken apart.
//!
//! Only what the hub itself allows in names passes: they become parts of addresses and of paths in
//! the cache.

use super::HubError;
use std::fmt;
use std::str::FromStr;

/// What a name of the hub begins with.
pub const PREFIX: &str = "hf:";
/// The branch that is meant when none is named.
const USUAL: &str = "main";
/// The hub's own limit for each part of a name.
const LONGEST: usize = 96;

/// A model on the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// `OWNER/NAME`, or `NAME` of the few models without an owner.
    pub repository: String,
    /// A branch, a tag or a commit.
    pub revision: String,
    /// The GGUF file in it, where one is named.
    pub file: Option<String>,
}

impl FromStr for Name {
    type Err = HubError;

    fn from_str(given: &str) -> Result<Self, HubError> {
        let wrong = |what: String| HubError::Name {
            found: given.into(),
            what,
        };
        let name = given.strip_prefix(PREFIX).unwrap_or(given);
        let (path, revision) = name.split_once('@').unwrap_or((name, USUAL));
        let mut parts = path.splitn(3, '/');
        let repository: Vec<&str> = parts.by_ref().take(2).collect();
        let file = parts.next();
        for part in &repository {
            if let Some(fault) = fault(part, "-_.") {
                return Err(wrong(format!("the part {part:?} {fault}")));
            }
        }
        if let Some(fault) = fault_of_path(revision) {
            return Err(wrong(format!("the revision {revision:?} {fault}")));
        }
        if let Some(file) = file {
            if let Some(fault) = fault_of_path(file) {
                return Err(wrong(format!("the file {file:?} {fault}")));
            }
            if !file.to_ascii_lowercase().ends_with(".gguf") {
                let what = "is no GGUF file, the one kind that is named by itself";
                return Err(wrong(format!("the file {file:?} {what}")));
            }
        }
        Ok(Self {
            repository: repository.join("/"),
            revision: revision.into(),
            file: file.map(str::to_owned),
        })
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", self.repository)?;
        if let Some(file) = &self.file {
            write!(f, "/{file}")?;
        }
        match self.revision == USUAL {
            true => Ok(()),
            false => write!(f, "@{}", self.revision),
        }
    }
}

/// What is wrong with a path of which each part must do.
fn fault_of_path(path: &str) -> Option<String> {
    path.split('/').find_map(|part| fault(part, "-_.+=~"))
}

/// What is wrong with a part of a name that may hold letters, digits and `also`.
fn fault(part: &str, also: &str) -> Option<String> {
    let strange = |c: &char| !c.is_ascii_alphanumeric() && !also.contains(*c);
    if part.is_empty() {
        return Some("is empty".into());
    }
    if let Some(found) = part.chars().find(strange) {
        return Some(format!("holds {found:?}, which no such name does"));
    }
    if part.len() > LONGEST {
        return Some(format!("has more than {LONGEST} characters"));
    }
    (part.starts_with('.') || part.contains("..")).then(|| "is no name but a path".into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn name(repository: &str, file: Option<&str>, revision: &str) -> Name {
        Name {
            repository: repository.into(),
            revision: revision.into(),
            file: file.map(str::to_owned),
        }
    }

    #[test]
    fn names_are_taken_apart_and_said_again() {
        for (given, expected) in [
            ("hf:gpt2", name("gpt2", None, "main")),
            ("hf:a/b-1.5", name("a/b-1.5", None, "main")),
            ("hf:a/b@v1.0", name("a/b", None, "v1.0")),
            ("hf:a/b@refs/pr/3", name("a/b", None, "refs/pr/3")),
            (
                "hf:a/b/c.Q4_1.gguf",
                name("a/b", Some("c.Q4_1.gguf"), "main"),
            ),
            ("hf:a/b/d/c.gguf@x", name("a/b", Some("d/c.gguf"), "x")),
        ] {
            let found: Name = given.parse().unwrap();
            assert_eq!(found, expected);
            assert_eq!(found.to_string(), given);
        }
    }

    #[test]
    fn what_is_no_name_is_refused_and_said_why() {
        for (given, part) in [
            ("hf:", "is empty"),
            ("hf:a/", "is empty"),
            ("hf:a/b@", "is empty"),
            ("hf:../b", "path"),
            ("hf:a/b@../../x", "path"),
            ("hf:a/b c", "' '"),
            ("hf:a/b?x=1", "'?'"),
            ("hf:a/b/model.safetensors", "is no GGUF file"),
            ("hf:a/b/../../x.gguf", "path"),
            ("hf:https://a/b", "':'"),
        ] {
            let error = given.parse::<Name>().unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
