//! One source of many files: the main file, with what it reads in place of the commands that read it.

use std::collections::HashMap;

use super::LatexError;
use super::input::{self, folder};
use super::unpack::{MAX_SOURCE_BYTES, SourceFile};
use super::verbatim::{RawKind, Verbatim};

/// How deep files may read each other; people use two or three levels.
const MAX_DEPTH: usize = 16;
/// How many commands that read a file may be met, in files that are read again once more.
pub(super) const MAX_INPUTS: usize = 4096;
/// How many files are tried as a paper's main one, the largest first.
const MAX_CANDIDATES: usize = 8;

/// The files of a paper by their path.
struct Files<'a> {
    files: &'a [SourceFile],
    by_name: HashMap<&'a str, usize>,
}

impl Files<'_> {
    fn resolve(&self, input: &input::Input<'_>, root: &str, own: usize) -> Option<usize> {
        let own = folder(&self.files[own].name);
        input
            .paths(root, own)
            .find_map(|path| self.by_name.get(path.as_str()).copied())
    }
}

impl<'a> Files<'a> {
    fn new(files: &'a [SourceFile]) -> Self {
        let by_name = files.iter().enumerate();
        let by_name = by_name.map(|(index, file)| (file.name.as_str(), index));
        Self {
            files,
            by_name: by_name.collect(),
        }
    }
}

/// The main files of the documents that some files are, in the order of their names.
///
/// With `one`, the files are one paper, and the longest of its documents is it: others are
/// supplements and templates.
pub(super) fn mains(files: &[SourceFile], one: bool) -> Vec<usize> {
    let files = Files::new(files);
    let mut mains = unread(&files);
    if one && mains.len() > 1 {
        mains.sort_by_key(|&index| std::cmp::Reverse(files.files[index].text.len()));
        mains.truncate(MAX_CANDIDATES);
        let length = |&index: &usize| inline(&files, index).map_or(0, |text| text.len());
        let name = |&index: &usize| std::cmp::Reverse(&files.files[index].name);
        let longest = mains
            .iter()
            .max_by_key(|index| (length(index), name(index)));
        mains = longest.copied().into_iter().collect();
    }
    mains.sort_by_key(|&index| &files.files[index].name);
    mains
}

/// The source of a document in one piece.
pub(super) fn whole(files: &[SourceFile], main: usize) -> Result<String, LatexError> {
    inline(&Files::new(files), main)
}

/// The files that are documents of their own: they name a class and no other file reads them.
fn unread(files: &Files<'_>) -> Vec<usize> {
    let mut is_read = vec![false; files.files.len()];
    for (index, file) in files.files.iter().enumerate() {
        for (at, _) in file.text.match_indices('\\') {
            if let Some(input) = input::find(&file.text, at)
                && let Some(read) = files.resolve(&input, "", index)
            {
                is_read[read] |= read != index;
            }
        }
    }
    let of = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let all = files.files.iter().enumerate();
        let found = all.filter(|(index, file)| wanted(&file.text) && !is_read[*index]);
        found.map(|(index, _)| index).collect()
    };
    let classes = of(&|text| text.contains("\\documentclass") || text.contains("\\documentstyle"));
    if !classes.is_empty() {
        return classes;
    }
    // Plain TeX has no class; its papers end in one of these. One file alone needs less.
    let ends = [
        "\\bye",
        "\\end\n",
        "\\enddocument",
        "\\vfill\\end",
        "\\end{document}",
    ];
    let begins = ["\\begin{", "\\section", "\\chapter"];
    let is_alone = files.files.len() == 1;
    of(&|text| {
        ends.iter().any(|end| text.contains(end))
            || text.trim_end().ends_with("\\end")
            || (is_alone && begins.iter().any(|begin| text.contains(begin)))
    })
}

/// A file that is being read, and how much of it was.
struct Open<'a> {
    index: usize,
    text: &'a str,
    verbatim: Verbatim,
    /// Copied up to here.
    from: usize,
    at: usize,
}

impl<'a> Open<'a> {
    fn new(files: &Files<'a>, index: usize, is_main: bool) -> Self {
        let text = files.files[index].text.as_str();
        let (text, from) = match is_main {
            true => (text, 0),
            false => body(text),
        };
        Self {
            index,
            text,
            verbatim: Verbatim::new(),
            from,
            at: from,
        }
    }
}

/// A file that is read may be a document of its own, which then begins and ends within it.
fn body(text: &str) -> (&str, usize) {
    let Some(begin) = text.find("\\begin{document}") else {
        return (text, 0);
    };
    let end = text.find("\\end{document}").unwrap_or(text.len());
    (&text[..end.max(begin)], begin + "\\begin{document}".len())
}

fn inline(files: &Files<'_>, main: usize) -> Result<String, LatexError> {
    let root = folder(&files.files[main].name);
    let mut out = String::new();
    let mut stack = vec![Open::new(files, main, true)];
    let mut inputs = 0;
    while let Some(open) = stack.last_mut() {
        let bytes = open.text.as_bytes();
        let rest = bytes.get(open.at..).unwrap_or_default();
        let Some(length) = rest.iter().position(|&byte| byte == b'\\') else {
            take(&mut out, open, open.text.len())?;
            stack.pop();
            continue;
        };
        let at = open.at + length;
        open.at = at + 1;
        if let Some(raw) = open.verbatim.find(bytes, at) {
            if raw.kind != RawKind::Href {
                open.at = raw.end;
            }
        } else if bytes[at..].starts_with(b"\\endinput") {
            take(&mut out, open, at)?;
            stack.pop();
        } else if bytes[at..].starts_with(b"\\\\") {
            open.at += 1;
        } else if let Some(input) = input::find(open.text, at) {
            take(&mut out, open, at)?;
            open.from = input.end;
            open.at = input.end;
            inputs += 1;
            if inputs > MAX_INPUTS {
                return Err(LatexError::Inputs);
            }
            let found = files.resolve(&input, root, open.index);
            let in_use = |found: usize| stack.iter().any(|open| open.index == found);
            if let Some(found) = found
                && !in_use(found)
                && stack.len() < MAX_DEPTH
            {
                stack.push(Open::new(files, found, false));
            }
        }
    }
    Ok(out)
}

/// Copies what was read of a file and not copied yet.
fn take(out: &mut String, open: &mut Open<'_>, to: usize) -> Result<(), LatexError> {
    let piece = open.text.get(open.from..to).unwrap_or_default();
    open.from = to;
    if out.len() + piece.len() > MAX_SOURCE_BYTES {
        return Err(LatexError::Inputs);
    }
    out.push_str(piece);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn source(files: &[(&str, &str)], one: bool) -> Result<Vec<String>, LatexError> {
        let files: Vec<SourceFile> = files
            .iter()
            .map(|(name, text)| SourceFile {
                name: (*name).to_owned(),
                text: (*text).to_owned(),
            })
            .collect();
        let mains = mains(&files, one).into_iter();
        mains.map(|main| whole(&files, main)).collect()
    }

    #[test]
    fn files_are_read_in_place_of_their_commands() {
        let files = [
            ("s/intro.tex", "intro \\input{s/deep}\\endinput not"),
            ("s/deep.tex", "deep"),
            (
                "main.tex",
                "\\documentclass{a} \\input{s/intro}, \\include{s/own} \\verb|\\input{s/deep}| \
                 \\input{none}\\\\input{s/deep}",
            ),
            (
                "s/own.tex",
                "\\documentclass{subfiles}\\begin{document}own\\end{document} not",
            ),
        ];
        let want = "\\documentclass{a} intro deep, own \\verb|\\input{s/deep}| \\\\input{s/deep}";
        assert_eq!(source(&files, true).unwrap(), [want]);
    }

    #[test]
    fn files_that_read_each_other_end() {
        let files = [
            ("main.tex", "\\documentclass{a}\\input{main}m\\input{b}"),
            ("b.tex", "b\\input{c}\\input{b}"),
            ("c.tex", "c\\input{b}\\input{../../etc/passwd}"),
        ];
        assert_eq!(source(&files, true).unwrap(), ["\\documentclass{a}mbc"]);
    }

    #[test]
    fn a_tree_that_grows_without_bound_is_refused() {
        let twenty = |name: &str| format!("\\input{{{name}}}x").repeat(20);
        let (a, b, c) = (twenty("b"), twenty("c"), twenty("d"));
        let main = format!("\\documentclass{{a}}{}", twenty("a"));
        let files = [
            ("main.tex", main.as_str()),
            ("a.tex", &a),
            ("b.tex", &b),
            ("c.tex", &c),
            ("d.tex", ""),
        ];
        assert_eq!(source(&files, true), Err(LatexError::Inputs));
        let long = "x".repeat(1 << 20);
        let main = format!("\\documentclass{{a}}{}", twenty("a"));
        let files = [("main.tex", main.as_str()), ("a.tex", &b), ("c.tex", &long)];
        assert_eq!(source(&files, true), Err(LatexError::Inputs));
    }

    #[test]
    fn the_longest_document_is_the_paper_and_many_files_may_be_many() {
        let files = [
            ("supp.tex", "\\documentclass{a} short"),
            ("main.tex", "\\documentclass{a} \\input{part}"),
            ("part.tex", "that is much longer"),
        ];
        let main = "\\documentclass{a} that is much longer".to_owned();
        assert_eq!(
            source(&files, true).unwrap().as_slice(),
            std::slice::from_ref(&main)
        );
        let supplement = "\\documentclass{a} short".to_owned();
        assert_eq!(source(&files, false).unwrap(), [main, supplement]);
        assert_eq!(
            source(&[("a.tex", "plain \\bye")], true).unwrap(),
            ["plain \\bye"]
        );
        let alone = "\\section{Alone}";
        assert_eq!(source(&[("a.tex", alone)], true).unwrap(), [alone]);
        assert!(source(&[("a.txt", "a letter")], true).unwrap().is_empty());
        assert!(source(&[], true).unwrap().is_empty());
    }
}
