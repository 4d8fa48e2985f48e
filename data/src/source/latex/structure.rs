//! Which brace closes which, and which `\end` ends which `\begin`: found in one pass, so that
//! skipping is a look-up and no later step searches.
//!
//! What is not closed is not in here; the text behind it is then read as if it had not been opened.

use std::collections::HashMap;

use super::verbatim::Verbatim;

/// The longest name of an environment.
const MAX_NAME_BYTES: usize = 64;

/// An environment that ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Environment {
    /// Behind `\begin{name}`.
    pub(super) content: usize,
    /// At `\end{name}`.
    pub(super) end: usize,
    /// Behind `\end{name}`.
    pub(super) after: usize,
}

/// The pairs of a text. At most 2³² bytes are looked at, far beyond what is ever read.
#[derive(Default)]
pub(super) struct Structure {
    /// `{` and its `}`, by the first.
    groups: Vec<(u32, u32)>,
    /// `\begin` and what belongs to it, by the first.
    environments: Vec<(u32, [u32; 3])>,
}

/// `\begin{name}` or `\end{name}` at a backslash.
pub(super) struct Mark<'a> {
    pub(super) begins: bool,
    pub(super) name: &'a [u8],
    /// What follows it.
    pub(super) after: usize,
}

/// The mark at `at`.
pub(super) fn mark(text: &[u8], at: usize) -> Option<Mark<'_>> {
    let rest = text.get(at..)?.strip_prefix(b"\\")?;
    let (begins, name) = match rest.strip_prefix(b"begin") {
        Some(name) => (true, name),
        None => (false, rest.strip_prefix(b"end")?),
    };
    let blanks = name
        .iter()
        .take_while(|&&byte| byte == b' ')
        .take(4)
        .count();
    let name = name[blanks..].strip_prefix(b"{")?;
    let name = &name[..name.len().min(MAX_NAME_BYTES)];
    let length = name.iter().position(|byte| b"{}\\\n".contains(byte))?;
    if name[length] != b'}' {
        return None;
    }
    let before = if begins { "\\begin{" } else { "\\end{" }.len() + blanks;
    Some(Mark {
        begins,
        name: name[..length].trim_ascii(),
        after: at + before + length + 1,
    })
}

impl Structure {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut this = Self::default();
        let mut verbatim = Verbatim::new();
        let mut open_groups = Vec::new();
        let mut open: Vec<(&[u8], u32, u32)> = Vec::new();
        let mut open_by_name: HashMap<&[u8], usize> = HashMap::new();
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            let Ok(place) = u32::try_from(at) else {
                break;
            };
            match byte {
                b'{' => open_groups.push(place),
                b'}' => {
                    if let Some(from) = open_groups.pop() {
                        this.groups.push((from, place));
                    }
                }
                b'\\' => {
                    if let Some(raw) = verbatim.find(text, at) {
                        at = raw.end;
                        continue;
                    }
                    let Some(mark) = mark(text, at) else {
                        at += 2;
                        continue;
                    };
                    let after = u32::try_from(mark.after).unwrap_or(u32::MAX);
                    if mark.begins {
                        open.push((mark.name, place, after));
                        *open_by_name.entry(mark.name).or_default() += 1;
                    } else if open_by_name.get(mark.name).is_some_and(|&count| count > 0) {
                        // Those opened within it never end.
                        while let Some((name, begin, content)) = open.pop() {
                            if let Some(count) = open_by_name.get_mut(name) {
                                *count -= 1;
                            }
                            if name == mark.name {
                                this.environments.push((begin, [content, place, after]));
                                break;
                            }
                        }
                    }
                    at = mark.after;
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        this.groups.sort_unstable();
        this.environments.sort_unstable();
        this
    }

    /// The `}` that closes the `{` at `at`.
    pub(super) fn close(&self, at: usize) -> Option<usize> {
        let at = u32::try_from(at).ok()?;
        let found = self
            .groups
            .binary_search_by_key(&at, |group| group.0)
            .ok()?;
        Some(self.groups[found].1 as usize)
    }

    /// The environment that begins at `at`.
    pub(super) fn environment(&self, at: usize) -> Option<Environment> {
        let at = u32::try_from(at).ok()?;
        let found = self
            .environments
            .binary_search_by_key(&at, |environment| environment.0)
            .ok()?;
        let [content, end, after] = self.environments[found].1.map(|at| at as usize);
        Some(Environment {
            content,
            end,
            after,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_and_environments_are_paired() {
        let text = b"{a{b}\\{c}} \\begin{x}{\\begin{y}\\begin{x}\\end{x}\\end{ x }z} \\end{y}";
        let found = Structure::of(text);
        assert_eq!(
            [0, 2, 9, 20].map(|at| found.close(at)),
            [Some(8), Some(4), None, Some(56)]
        );
        let outer = found.environment(11);
        assert_eq!(
            outer.map(|found| (found.content, found.end, found.after)),
            Some((20, 46, 55))
        );
        assert!(found.environment(30).is_some());
        assert_eq!(found.environment(21), None);
    }

    #[test]
    fn what_is_raw_has_no_braces() {
        let found = Structure::of(b"\\verb|{|{\\begin{verbatim}{\\end{verbatim}}");
        assert_eq!(found.close(8), Some(40));
        assert_eq!(found.close(6), None);
    }

    #[test]
    fn a_hundred_thousand_levels_take_one_pass() {
        let levels = 100_000;
        let text = ["\\begin{a}{".repeat(levels), "}\\end{a}".repeat(levels)].concat();
        let found = Structure::of(text.as_bytes());
        assert_eq!(
            found.environment(0).map(|found| found.after),
            Some(text.len())
        );
        let open = "{\\begin{b}".repeat(levels) + &"\\end{c}".repeat(levels);
        assert_eq!(Structure::of(open.as_bytes()).close(0), None);
    }
}
