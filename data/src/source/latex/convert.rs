//! A source whose macros are expanded to its title and its text.

use std::collections::HashMap;
use std::ops::Range;

use super::LatexError;
use super::comments::strip_comments;
use super::expand::expand;
use super::paragraphs::{MAX_OPTION_BYTES, Paragraphs};
use super::structure::Structure;

/// What is kept of a paper besides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Formulas, as LaTeX source: `$x$`, `\begin{equation} … \end{equation}`.
    pub math: bool,
    /// The captions of figures and tables.
    pub captions: bool,
}

impl Default for Options {
    /// Both are kept.
    fn default() -> Self {
        Self {
            math: true,
            captions: true,
        }
    }
}

/// A paper's text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Article {
    /// What stands in `\title`.
    pub title: Option<String>,
    /// Paragraphs, each on a line of its own, with a blank line between two; headings are paragraphs,
    /// items of lists and displayed formulas are lines.
    pub text: String,
}

/// The text of a source that is one file.
///
/// # Errors
/// Its macros expand beyond a bound.
pub fn convert(source: &str, options: Options) -> Result<Article, LatexError> {
    of_source(&strip_comments(source), options)
}

/// The text of a source without comments.
pub(super) fn of_source(source: &str, options: Options) -> Result<Article, LatexError> {
    let text = expand(source)?;
    let structure = Structure::of(text.as_bytes());
    let body = body(&text);
    let theorems = theorems(&text, &structure, body.start);
    let read = |range: Range<usize>, with_notes: bool| {
        Paragraphs::new(&text, &structure, &theorems, options, with_notes).read(range)
    };
    let title = title(&text, &structure, body.end)
        .map(|range| {
            read(range, false)
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ")
        })
        .filter(|title| !title.is_empty());
    Ok(Article {
        title,
        text: read(body, true),
    })
}

/// What stands between the preamble and the end.
fn body(text: &str) -> Range<usize> {
    let begin = "\\begin{document}";
    let from = text.find(begin).map_or(0, |at| at + begin.len());
    let ends = ["\\end{document}", "\\enddocument", "\\bye"].iter();
    let end = ends.filter_map(|end| text[from..].find(end)).min();
    from..end.map_or(text.len(), |end| from + end)
}

/// The argument of a command from `at` on, and what follows it.
fn argument(text: &str, structure: &Structure, at: usize) -> Option<(Range<usize>, usize)> {
    let rest = text.get(at..)?;
    let at = at + rest.len() - rest.trim_start_matches([' ', '\n', '*']).len();
    let close = structure.close(at)?;
    Some((at + 1..close, close + 1))
}

/// Passes over `[…]`, if it is no longer than such things are.
fn option(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes().get(at..).unwrap_or_default();
    if bytes.first() != Some(&b'[') {
        return at;
    }
    let mut bytes = bytes.iter().take(MAX_OPTION_BYTES);
    let close = bytes.position(|byte| matches!(byte, b']' | b'\n'));
    close.map_or(at, |length| at + length + 1)
}

fn title(text: &str, structure: &Structure, end: usize) -> Option<Range<usize>> {
    ["\\title", "\\icmltitle", "\\Title"]
        .iter()
        .find_map(|name| {
            let mut places = text[..end].match_indices(name);
            places.find_map(|(at, _)| {
                let at = option(text, at + name.len());
                argument(text, structure, at).map(|(range, _)| range)
            })
        })
}

/// The headings of `\newtheorem{thm}{Theorem}`, by environment.
fn theorems<'a>(text: &'a str, structure: &Structure, end: usize) -> HashMap<&'a str, &'a str> {
    let name = "\\newtheorem";
    let places = text[..end].match_indices(name);
    let found = places.filter_map(|(at, _)| {
        let (environment, at) = argument(text, structure, at + name.len())?;
        let (heading, _) = argument(text, structure, option(text, at))?;
        let heading = text.get(heading)?.trim();
        // A heading with commands in it would have to be read first.
        (!heading.contains(['\\', '{', '\n'])).then_some((text.get(environment)?.trim(), heading))
    });
    found.collect()
}
