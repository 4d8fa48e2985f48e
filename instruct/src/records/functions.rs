//! A task that every build machine has: what does this function do? From the packages that this
//! program is built from ([`slovo_data::cargo_corpus`]); the answer is the first sentence of what the
//! function's author wrote over it.

use super::sentences;
use crate::conversation::Conversation;
use crate::template::Template;
use crate::{Error, Result};
use slovo_data::cargo_corpus;
use slovo_data::source::SourceError;
use std::collections::HashSet;
use std::fs;

/// What is asked.
const QUESTION: &str = "What does this function do?";
/// Characters of an answer: shorter ones say nothing, longer ones are no sentence.
const ANSWER: std::ops::RangeInclusive<usize> = 20..=160;
/// Characters of a function: shorter ones are only declared, of longer ones the beginning tells little.
const FUNCTION: std::ops::RangeInclusive<usize> = 40..=700;

/// Functions with their packages, at most `most` of each package, in a fixed order.
///
/// # Errors
///
/// No lock, packages that are missing, files that cannot be read.
pub(super) fn all(
    packages: &[String],
    most: usize,
    template: &Template,
) -> Result<Vec<(Conversation, String)>> {
    let corpus = cargo_corpus::select(packages, u64::MAX).map_err(SourceError::from)?;
    let (mut all, mut seen) = (Vec::new(), HashSet::new());
    for files in corpus.files.chunk_by(|a, b| a.package == b.package) {
        let mut of_package = Vec::new();
        for file in files {
            if !file.name.ends_with(".rs") {
                continue;
            }
            let text = fs::read_to_string(&file.path).map_err(|error| Error::File {
                file: file.name.clone(),
                what: error.to_string(),
            })?;
            of_package.extend(functions(&text));
        }
        // Macros and generators write the same sentence over hundreds of functions.
        of_package.retain(|(_, answer)| seen.insert(answer.clone()));
        let taken = of_package.len().min(most);
        let package = files[0].package.name.to_string();
        for i in 0..taken {
            let (function, answer) = &of_package[i * of_package.len() / taken];
            let question = template.joined(QUESTION, function);
            let mut conversation = Conversation::of_two(question, answer);
            conversation.input = function.clone();
            all.push((conversation, package.clone()));
        }
    }
    Ok(all)
}

/// The documented functions of a source file, each with the first sentence of its documentation.
fn functions(source: &str) -> Vec<(String, String)> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    let mut docs: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at].trim();
        if let Some(text) = line.strip_prefix("///") {
            docs.push(text.trim());
        } else if is_function(line) {
            let function = body(&lines[at..]);
            if let Some((answer, function)) = sentence(&docs).zip(function) {
                found.push((function, answer));
            }
            docs.clear();
        } else if !(line.starts_with("#[") || line.starts_with(')') || line.starts_with(']')) {
            docs.clear();
        }
        at += 1;
    }
    found
}

/// The first sentence of documentation, if it can be an answer.
fn sentence(docs: &[&str]) -> Option<String> {
    let paragraph = docs.iter().take_while(|line| !line.is_empty());
    let paragraph = paragraph.copied().collect::<Vec<_>>().join(" ");
    let sentence = sentences::first(&paragraph).map_or(paragraph.as_str(), |(first, _)| first);
    let fits = ANSWER.contains(&sentence.chars().count()) && sentence.ends_with('.');
    let prose = sentence.starts_with(char::is_alphabetic) && !sentence.contains("```");
    (fits && prose).then(|| sentence.to_owned())
}

fn is_function(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let leads = |word: &str| {
        word.starts_with("pub") || matches!(word, "const" | "async" | "unsafe" | "extern" | "\"C\"")
    };
    words.find(|word| !leads(word)) == Some("fn")
}

/// The function that begins with the first line, up to the brace that closes it, with the same indent
/// taken from every line.
fn body(lines: &[&str]) -> Option<String> {
    let indent = lines[0].len() - lines[0].trim_start().len();
    let (mut depth, mut text) = (0i64, String::new());
    for line in lines {
        let line = line.get(indent..).unwrap_or(line.trim_start());
        text += line.trim_end();
        text.push('\n');
        if text.len() > *FUNCTION.end() {
            return None;
        }
        // Braces in texts and comments are counted too; such a function ends late, and is left out.
        depth += line.matches('{').count() as i64 - line.matches('}').count() as i64;
        let declared = depth == 0 && line.trim_end().ends_with(';');
        if declared {
            return None;
        }
        if depth == 0 && line.contains('}') {
            let text = text.trim_end().to_owned();
            return FUNCTION.contains(&text.len()).then_some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_functions_are_found_with_their_first_sentence() {
        let source = "
/// Adds two numbers and returns the sum. Never fails.
///
/// More.
#[inline]
pub fn add(a: u32, b: u32) -> u32 {
    if a > b { a + b } else { b + a }
}

/// Not a function, although it is documented well.
pub struct S;

    /// Says whether a number is even or odd.
    pub(crate) const fn even(a: u32) -> bool {
        a % 2 == 0 // by the remainder
    }

/// Short.
fn short() { let _ = \"much longer than the sentence over it\"; }
";
        let found = functions(source);
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(found[0].1, "Adds two numbers and returns the sum.");
        assert!(found[0].0.starts_with("pub fn add") && found[0].0.ends_with("\n}"));
        assert!(found[1].0.contains("\n    a % 2"), "{}", found[1].0);
    }
}
