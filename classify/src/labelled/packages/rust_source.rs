//! What is code, what is test and what is prose in a source file.
//!
//! This is no parser: it follows strings, comments and braces, which is what it takes to find the
//! end of a module.

use super::passages::Line;

/// The lines of a source file by what they are.
#[derive(Debug, Default)]
pub(super) struct Parts {
    pub(super) library: Vec<Line>,
    /// Bodies of `#[cfg(test)]` modules, less their indentation.
    pub(super) tests: Vec<Line>,
    /// `///` and `//!` without these marks and without the code between fences, badges and links.
    pub(super) documentation: Vec<Line>,
}

pub(super) fn parts(source: &str) -> Parts {
    let mut parts = Parts::default();
    let mut code = Code::default();
    let mut prose = Prose::default();
    // The braces that were open where the test module began.
    let mut test: Option<usize> = None;
    // `#[cfg(test)]`, until it is known what it stands before.
    let mut attribute: Option<Line> = None;
    for (number, line) in (1..).zip(source.lines()) {
        let begins_in_code = code.is_outside();
        let before = code.braces;
        code.line(line);
        let trimmed = line.trim();
        if let Some(outer) = test {
            if code.is_outside() && code.braces <= outer {
                test = None;
                parts.tests.push((number, String::new()));
            } else {
                let inner = line.strip_prefix("    ").unwrap_or(line);
                parts.tests.push((number, inner.to_owned()));
            }
            continue;
        }
        if begins_in_code {
            if let Some(text) = documentation(trimmed) {
                parts.documentation.extend(prose.line(number, text));
                continue;
            }
            parts.documentation.extend(prose.end(number));
            if is_cfg_test(trimmed) {
                attribute = Some((number, line.to_owned()));
                continue;
            }
            if attribute.is_some() && (trimmed.starts_with("#[") || trimmed.is_empty()) {
                continue;
            }
            if let Some(attribute) = attribute.take() {
                match is_module(trimmed) {
                    true => {
                        test = (code.braces > before).then_some(before);
                        continue;
                    }
                    false => parts.library.push(attribute),
                }
            }
        }
        parts.library.push((number, line.to_owned()));
    }
    parts
}

/// The prose of a Markdown file.
pub(super) fn markdown(text: &str) -> Vec<Line> {
    let mut prose = Prose::default();
    let lines = (1..).zip(text.lines());
    lines
        .flat_map(|(number, line)| prose.line(number, line))
        .collect()
}

/// Prose line after line, without code between fences, badges, and lists of links.
#[derive(Default)]
struct Prose {
    in_fence: bool,
    in_block: bool,
}

impl Prose {
    fn line(&mut self, number: u64, text: &str) -> Option<Line> {
        self.in_block = true;
        let is_fence = ["```", "~~~"]
            .iter()
            .any(|mark| text.trim_start().starts_with(mark));
        let hidden = self.in_fence;
        if is_fence {
            self.in_fence = !self.in_fence;
            // The paragraphs around the code stay apart.
            return (!hidden).then(|| (number, String::new()));
        }
        let start = text.trim_start();
        let is_link = start.starts_with('[') && start.contains("]: ");
        (!hidden && !is_link && !start.starts_with("[![")).then(|| (number, text.to_owned()))
    }

    /// Ends a block of documentation: a fence that was never closed ends with it.
    fn end(&mut self, number: u64) -> Option<Line> {
        let was_in_block = std::mem::take(self).in_block;
        was_in_block.then(|| (number, String::new()))
    }
}

/// The text of a line of documentation.
fn documentation(line: &str) -> Option<&str> {
    let text = match line.strip_prefix("///") {
        // A rule of slashes is no documentation.
        Some(text) if !text.starts_with('/') => text,
        _ => line.strip_prefix("//!")?,
    };
    Some(text.strip_prefix(' ').unwrap_or(text))
}

fn is_cfg_test(line: &str) -> bool {
    let Some(condition) = line.strip_prefix("#[cfg(") else {
        return false;
    };
    let mut words = condition.split(|c: char| !c.is_alphanumeric() && c != '_');
    let names_test = words.any(|word| word == "test");
    names_test && !condition.contains("not(test") && !condition.contains("any(")
}

fn is_module(line: &str) -> bool {
    let line = line.strip_prefix("pub").map_or(line, |rest| {
        let rest = rest.trim_start();
        let rest = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        rest.map_or(line.trim_start_matches("pub").trim_start(), |(_, rest)| {
            rest.trim_start()
        })
    });
    line.starts_with("mod ")
}

/// Where in the code a line ends.
#[derive(Default)]
struct Code {
    braces: usize,
    within: Within,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Code,
    /// Block comments may be nested.
    Comment(usize),
    Text,
    /// `r##"` with this many `#`.
    RawText(usize),
}

impl Code {
    /// Whether neither a text nor a comment is open.
    fn is_outside(&self) -> bool {
        self.within == Within::Code
    }

    fn line(&mut self, line: &str) {
        let chars: Vec<char> = line.chars().collect();
        let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
        let mut i = 0;
        while i < chars.len() {
            let (c, next) = (chars[i], at(i + 1));
            i += 1;
            match self.within {
                Within::Comment(depth) => match (c, next) {
                    ('/', '*') => {
                        self.within = Within::Comment(depth + 1);
                        i += 1;
                    }
                    ('*', '/') => {
                        self.within = match depth {
                            1 => Within::Code,
                            _ => Within::Comment(depth - 1),
                        };
                        i += 1;
                    }
                    _ => {}
                },
                Within::Text => match c {
                    '\\' => i += 1,
                    '"' => self.within = Within::Code,
                    _ => {}
                },
                Within::RawText(hashes) => {
                    if c == '"' && (0..hashes).all(|n| at(i + n) == '#') {
                        self.within = Within::Code;
                        i += hashes;
                    }
                }
                Within::Code => match (c, next) {
                    ('/', '/') => return,
                    ('/', '*') => {
                        self.within = Within::Comment(1);
                        i += 1;
                    }
                    ('"', _) => self.within = Within::Text,
                    ('r', '"' | '#') if !is_in_word(&chars, i - 1) => {
                        let hashes = chars[i..].iter().take_while(|&&c| c == '#').count();
                        if at(i + hashes) == '"' {
                            self.within = Within::RawText(hashes);
                            i += hashes + 1;
                        }
                    }
                    // `'\n'` and `'{'` are letters, `'a` is a lifetime.
                    ('\'', '\\') => {
                        let rest = chars.get(i + 2..).unwrap_or_default();
                        i += 2 + rest.iter().take_while(|&&c| c != '\'').count() + 1;
                    }
                    ('\'', _) if at(i + 1) == '\'' => i += 2,
                    ('{', _) => self.braces += 1,
                    ('}', _) => self.braces = self.braces.saturating_sub(1),
                    _ => {}
                },
            }
        }
    }
}

/// Whether a letter goes on a word, as the `r` of `for`; `br"` is a raw text too.
fn is_in_word(chars: &[char], at: usize) -> bool {
    let word = |i: usize| chars[i].is_alphanumeric() || chars[i] == '_';
    match at {
        0 => false,
        1 => word(0) && !"bc".contains(chars[0]),
        _ if "bc".contains(chars[at - 1]) => word(at - 2),
        _ => word(at - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r####"//! A crate.
//!
//! ```
//! let code = hidden();
//! ```
//! More of it.
use std::fmt;

/// Says `{`.
pub fn brace() -> char {
    let text = "} not the end \" {";
    let raw = br##"{ "# { "##; /* { /* { */ { */
    let lifetime: &'static str = text; // {
    '{'
}

#[cfg(test)]
use extra::Thing;

#[cfg(all(test, feature = "std"))]
#[allow(dead_code)]
mod tests {
    /// Not prose.
    #[test]
    fn works() {
        assert_eq!(brace(), '{');
        let c = '\'';
    }
}

#[cfg(test)]
mod elsewhere;

#[cfg(not(test))]
fn last() {}
"####;

    fn text(lines: &[Line]) -> String {
        lines.iter().map(|(_, line)| format!("{line}\n")).collect()
    }

    #[test]
    fn modules_end_where_their_braces_do() {
        let parts = parts(SOURCE);
        let tests = text(&parts.tests);
        assert!(
            tests.starts_with("/// Not prose.\n#[test]\nfn works() {\n    assert"),
            "{tests}"
        );
        assert!(tests.ends_with("    let c = '\\'';\n}\n\n"), "{tests}");
        let library = text(&parts.library);
        for present in [
            "pub fn brace",
            "    '{'",
            "use extra::Thing",
            "#[cfg(not(test))]\nfn last",
        ] {
            assert!(library.contains(present), "{present}: {library}");
        }
        for absent in ["mod tests", "elsewhere", "works", "///", "//!"] {
            assert!(!library.contains(absent), "{absent}: {library}");
        }
        let documentation = text(&parts.documentation);
        assert_eq!(documentation, "A crate.\n\n\nMore of it.\n\nSays `{`.\n\n");
        assert_eq!(parts.documentation[3].0, 6);
    }

    #[test]
    fn markdown_loses_code_and_badges() {
        let text_in = "# Title\n[![badge](x)](y)\nProse.\n```rust\nfn f() {}\n```\nEnd.\n[a]: b\n";
        assert_eq!(text(&markdown(text_in)), "# Title\nProse.\n\nEnd.\n");
    }
}
