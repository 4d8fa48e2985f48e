//! Commands that read another file: `\input{sections/intro}`, `\include`, `\subfile`, `\import`.

/// The longest name of a file.
const MAX_NAME_BYTES: usize = 256;

/// A command that reads a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Input<'a> {
    /// The folder that `\import` names.
    folder: &'a str,
    name: &'a str,
    /// What follows the command.
    pub(super) end: usize,
}

/// The command at the backslash at `at`, if it reads a file.
pub(super) fn find(text: &str, at: usize) -> Option<Input<'_>> {
    let rest = text.get(at..)?.strip_prefix('\\')?;
    let (name, imports) = [
        ("include", false),
        ("input", false),
        ("subfileinclude", false),
        ("subfile", false),
        ("subimport", true),
        ("import", true),
    ]
    .into_iter()
    .find(|(name, _)| {
        let rest = rest.strip_prefix(name);
        rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    })?;
    let start = at + 1 + name.len();
    if imports {
        let (folder, end) = group(text, start)?;
        let (name, end) = group(text, end)?;
        return Some(Input { folder, name, end });
    }
    let folder = "";
    if let Some((name, end)) = group(text, start) {
        return Some(Input { folder, name, end });
    }
    // Plain TeX: `\input macros `.
    let rest = text.get(start..)?;
    let name = rest.strip_prefix(' ').filter(|_| name == "input")?;
    let length = name.find(|c: char| c.is_whitespace() || "\\{}$%".contains(c));
    let name = &name[..length.unwrap_or(name.len())];
    if name.is_empty() || name.len() > MAX_NAME_BYTES {
        return None;
    }
    let end = start + 1 + name.len();
    Some(Input { folder, name, end })
}

fn group(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = text.get(at..)?;
    let blanks = rest.len() - rest.trim_start_matches(' ').len();
    let name = rest[blanks.min(1)..].strip_prefix('{')?;
    let name = &name[..name.floor_char_boundary(MAX_NAME_BYTES)];
    let length = name.find(['}', '{', '\n'])?;
    name[length..].starts_with('}').then_some(())?;
    let end = at + blanks.min(1) + length + 2;
    Some((name[..length].trim().trim_matches('"'), end))
}

impl Input<'_> {
    /// The paths that TeX would try for a command in a file of the folder `own`, in a paper whose
    /// main file lies in `root`. A path out of the archive is none.
    pub(super) fn paths(&self, root: &str, own: &str) -> impl Iterator<Item = String> {
        let name = format!("{}/{}", self.folder, self.name);
        [root.to_owned(), own.to_owned(), String::new()]
            .into_iter()
            .filter_map(move |folder| path(&format!("{folder}/{name}")))
            .flat_map(|path| [format!("{path}.tex"), path])
    }
}

/// The folder of a file.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path without `.` and `..`; none if it leads out of the archive.
fn path(path: &str) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn commands_that_read_files_are_told_from_others() {
        for (text, name, rest) in [
            ("\\input{a/b} c", "a/b", " c"),
            ("\\input a.tex\n", "a.tex", "\n"),
            ("\\include{ a }", "a", ""),
            ("\\input {\"a b\"}", "a b", ""),
            ("\\import{x/}{a}.", "a", "."),
        ] {
            let input = find(text, 0).unwrap();
            assert_eq!((input.name, &text[input.end..]), (name, rest), "{text}");
        }
        for text in [
            "\\includegraphics{a}",
            "\\inputs{a}",
            "\\input",
            "\\input{a",
            "\\input{",
            "\\input{é",
            "\\import{a}",
            "input{a}",
        ] {
            assert_eq!(find(text, 0), None, "{text}");
        }
    }

    #[test]
    fn paths_stay_within_the_archive() {
        let paths = |text: &str, root: &str, own: &str| -> Vec<String> {
            find(text, 0).unwrap().paths(root, own).collect()
        };
        assert_eq!(
            paths("\\input{./a}", "", ""),
            ["a.tex", "a", "a.tex", "a", "a.tex", "a"]
        );
        assert_eq!(
            paths("\\import{x/}{a.tex}", "r", "r/s")[..4],
            [
                "r/x/a.tex.tex",
                "r/x/a.tex",
                "r/s/x/a.tex.tex",
                "r/s/x/a.tex"
            ]
        );
        assert_eq!(paths("\\input{../a}", "r", "r")[..2], ["a.tex", "a"]);
        assert!(paths("\\input{../../etc/passwd}", "r", "").is_empty());
        assert!(paths("\\input{/etc/passwd}", "", "").contains(&"etc/passwd".to_owned()));
    }
}
