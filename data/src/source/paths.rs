//! Paths of a recipe to files: folders, wildcards and `$SLOVO_DATA`.

use std::ffi::OsStr;
use std::fs;
use std::io::BufRead;
use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use super::SourceError;
use super::compression::inner_name;
use super::stream::Stream;

/// The variable for the folder that holds the data.
const DATA_VARIABLE: &str = "SLOVO_DATA";

/// A file that a recipe's path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it lies.
    pub path: PathBuf,
    /// The path in the recipe's words, which are the same on every machine.
    pub name: String,
}

impl SourceFile {
    /// The files that a recipe's path names, sorted by name; never none.
    ///
    /// # Errors
    /// A path that matches nothing; an unset `$SLOVO_DATA`.
    pub fn find(given: &str) -> Result<Vec<Self>, SourceError> {
        expand(given, data_folder().as_deref())
    }

    /// Its bytes, decompressed.
    ///
    /// # Errors
    /// A file that the system does not give, or that begins as no text does.
    pub fn open(&self) -> Result<Box<dyn BufRead + Send>, SourceError> {
        Ok(Stream::open(&self.path, &self.name)?.input)
    }

    /// The name without the ending that speaks of a compression: `a.csv` of `a.csv.gz`.
    pub fn inner_name(&self) -> &str {
        inner_name(&self.name)
    }
}

/// The files that `given` names, sorted by name; never none. `data` is the folder that
/// `$SLOVO_DATA` stands for.
pub(super) fn expand(given: &str, data: Option<&Path>) -> Result<Vec<SourceFile>, SourceError> {
    let (base, rest) = match after_variable(given) {
        Some(rest) => {
            let base = data.ok_or_else(|| SourceError::DataFolderUnset {
                given: given.to_owned(),
            })?;
            (Some(base), rest)
        }
        None => (None, given),
    };
    let path = base.map_or_else(|| PathBuf::from(rest), |base| base.join(rest));
    let mut files = Vec::new();
    if path.is_dir() {
        walk(&path, &mut files)?;
        if files.is_empty() {
            return Err(no_files(
                given,
                "the folder holds no file (hidden ones do not count)",
            ));
        }
    } else if path.exists() {
        files.push(path);
    } else if rest.contains(['*', '?', '[']) {
        match_wildcard(given, base, rest, &mut files)?;
        if files.is_empty() {
            return Err(no_files(given, "no file matches"));
        }
    } else {
        return Err(SourceError::Missing {
            given: given.to_owned(),
            path,
        });
    }
    let mut found: Vec<SourceFile> = files
        .into_iter()
        .map(|path| SourceFile {
            name: name(&path, base),
            path,
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found.dedup_by(|a, b| a.name == b.name);
    Ok(found)
}

/// The folder that `$SLOVO_DATA` stands for, where the variable is set.
pub(super) fn data_folder() -> Option<PathBuf> {
    std::env::var_os(DATA_VARIABLE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

fn after_variable(given: &str) -> Option<&str> {
    let rest = given.strip_prefix('$')?.strip_prefix(DATA_VARIABLE)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}

fn name(path: &Path, base: Option<&Path>) -> String {
    match base.and_then(|base| path.strip_prefix(base).ok()) {
        Some(inside) => format!("${DATA_VARIABLE}/{}", inside.display()),
        None => path.display().to_string(),
    }
}

fn no_files(given: &str, what: &str) -> SourceError {
    SourceError::NoFiles {
        given: given.to_owned(),
        what: what.to_owned(),
    }
}

/// All files below a folder. Hidden ones are left out, and folders behind links are not followed,
/// because they can lead round in a circle.
fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), SourceError> {
    let fault = |error| SourceError::Read {
        path: folder.display().to_string(),
        error,
    };
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        if is_hidden(&entry.file_name()) {
            continue;
        }
        let path = entry.path();
        if entry.file_type().map_err(fault)?.is_dir() {
            walk(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".")
}

fn match_wildcard(
    given: &str,
    base: Option<&Path>,
    rest: &str,
    files: &mut Vec<PathBuf>,
) -> Result<(), SourceError> {
    let pattern = match base {
        Some(base) => format!("{}/{rest}", Pattern::escape(&base.to_string_lossy())),
        None => rest.to_owned(),
    };
    let options = MatchOptions {
        case_sensitive: true,
        require_literal_separator: true,
        require_literal_leading_dot: true,
    };
    let matches = glob::glob_with(&pattern, options).map_err(|error| SourceError::Pattern {
        given: given.to_owned(),
        message: error.to_string(),
    })?;
    for path in matches {
        let path = path.map_err(|error| SourceError::Read {
            path: error.path().display().to_string(),
            error: error.into(),
        })?;
        if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in [
            "b.txt",
            "a.txt",
            "sub/c.txt",
            "sub/d.jsonl",
            ".hidden",
            "sub/.git/x.txt",
        ] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        fs::create_dir(folder.path().join("empty")).unwrap();
        folder
    }

    fn names(folder: &Path, given: &str) -> Result<Vec<String>, String> {
        let given = format!("$SLOVO_DATA/{given}");
        let found = expand(&given, Some(folder)).map_err(|error| error.to_string())?;
        for file in &found {
            assert!(file.path.is_file() && file.path.starts_with(folder));
        }
        let names = found.into_iter().map(|file| file.name);
        Ok(names
            .map(|name| name.strip_prefix("$SLOVO_DATA/").unwrap().to_owned())
            .collect())
    }

    #[test]
    fn files_folders_and_wildcards() {
        let folder = folder();
        let names = |given| names(folder.path(), given).unwrap();
        assert_eq!(names("a.txt"), ["a.txt"]);
        assert_eq!(names(""), ["a.txt", "b.txt", "sub/c.txt", "sub/d.jsonl"]);
        assert_eq!(names("sub"), ["sub/c.txt", "sub/d.jsonl"]);
        assert_eq!(names("*.txt"), ["a.txt", "b.txt"]);
        assert_eq!(names("**/*.txt"), ["a.txt", "b.txt", "sub/c.txt"]);
        assert_eq!(names("[b-z].txt"), ["b.txt"]);
        // A file that exists is never taken for a wildcard.
        fs::write(folder.path().join("[a].txt"), "").unwrap();
        assert_eq!(names("[a].txt"), ["[a].txt"]);
    }

    #[test]
    fn names_without_the_variable_are_the_paths() {
        let folder = folder();
        let given = folder.path().join("sub/*.txt").display().to_string();
        let found = expand(&given, None).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].name,
            folder.path().join("sub/c.txt").display().to_string()
        );
    }

    #[test]
    fn what_matches_nothing_is_named() {
        let folder = folder();
        let fault = |given| names(folder.path(), given).unwrap_err();
        let text = fault("absent.txt");
        assert!(
            text.contains("$SLOVO_DATA/absent.txt: there is no such file"),
            "{text}"
        );
        assert!(
            text.contains(&folder.path().join("absent.txt").display().to_string()),
            "{text}"
        );
        assert!(fault("*.md").contains("$SLOVO_DATA/*.md: no file matches"));
        assert!(fault("empty").contains("empty: the folder holds no file"));
        assert!(fault("a***.txt").contains("not a wildcard pattern"));
        let text = expand("$SLOVO_DATA/a.txt", None).unwrap_err().to_string();
        assert!(text.contains("SLOVO_DATA is not set"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_above_is_not_followed() {
        let folder = folder();
        std::os::unix::fs::symlink(folder.path(), folder.path().join("sub/up")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("a.txt"), folder.path().join("sub/l.txt"))
            .unwrap();
        let found = names(folder.path(), "sub").unwrap();
        assert_eq!(found, ["sub/c.txt", "sub/d.jsonl", "sub/l.txt"]);
    }
}
