//! Macros to what they stand for, so that `\R` in a formula is `\mathbb{R}` again.
//!
//! One pass with an explicit stack instead of recursion. What expansion puts back is counted against
//! [`MAX_EXPANDED_BYTES`], and a macro that is in use may be used within itself only
//! [`MAX_SELF_NESTING`] deep: TeX would end such loops by conditionals, which are not evaluated here
//! except for switches made by `\newif`; of others the `\else` branch is taken.

use std::collections::HashMap;

use super::LatexError;
use super::definitions::{self, Definition, Macro};
use super::gullet::{Gullet, ends_in_word};
use super::verbatim::Verbatim;

/// The most bytes that a paper's macros may expand to, all together.
pub(super) const MAX_EXPANDED_BYTES: usize = 32 << 20;
/// How deep a macro may stand in its own argument, as in `\abs{x + \abs{y}}`.
const MAX_SELF_NESTING: u32 = 16;

/// A source with its macros expanded and without their definitions.
pub(super) fn expand(source: &str) -> Result<String, LatexError> {
    let mut expander = Expander {
        input: Gullet::new(source.as_bytes()),
        verbatim: Verbatim::new(),
        macros: Vec::new(),
        names: HashMap::new(),
        switches: HashMap::new(),
        open_branches: 0,
        at_is_letter: false,
        in_use: Vec::new(),
        out: Vec::with_capacity(source.len()),
    };
    expander.run()?;
    Ok(match String::from_utf8(expander.out) {
        Ok(text) => text,
        // `\é` was cut within its letter.
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

enum Meaning {
    Macro(usize),
    /// A command of LaTeX, under another name.
    Command(Vec<u8>),
}

struct Defined {
    meaning: Macro,
    uses: u32,
}

struct Use {
    index: usize,
    /// It is over when no more than this is pending.
    mark: usize,
}

enum Branch {
    Else,
    End,
}

struct Expander<'a> {
    input: Gullet<'a>,
    verbatim: Verbatim,
    macros: Vec<Defined>,
    names: HashMap<Vec<u8>, Meaning>,
    switches: HashMap<Vec<u8>, bool>,
    /// Branches of conditionals that were taken and did not end.
    open_branches: usize,
    at_is_letter: bool,
    in_use: Vec<Use>,
    out: Vec<u8>,
}

impl Expander<'_> {
    fn run(&mut self) -> Result<(), LatexError> {
        let mut name = Vec::new();
        loop {
            if let Some(at) = self.input.place() {
                let source = self.input.source();
                let rest = &source[at..];
                let length = rest.iter().position(|&byte| byte == b'\\');
                let length = length.unwrap_or(rest.len());
                self.out.extend_from_slice(&rest[..length]);
                self.input.go_to(at + length);
                if let Some(raw) = self.verbatim.find(source, at + length) {
                    self.out.extend_from_slice(&source[at + length..raw.end]);
                    self.input.go_to(raw.end);
                    continue;
                }
            }
            self.end_uses(false);
            match self.input.bump() {
                None => return Ok(()),
                Some(b'\\') => {
                    self.input.name(&mut name, self.at_is_letter);
                    if !self.command(&name)? {
                        return Ok(());
                    }
                }
                Some(byte) => self.out.push(byte),
            }
        }
    }

    fn emit(&mut self, name: &[u8]) {
        self.out.push(b'\\');
        self.out.extend_from_slice(name);
    }

    /// What a command does; false where the document ends.
    fn command(&mut self, name: &[u8]) -> Result<bool, LatexError> {
        if let Some(definition) = definitions::read(name, &mut self.input, self.at_is_letter)? {
            self.define(name, definition);
            return Ok(true);
        }
        match name {
            b"makeatletter" => self.at_is_letter = true,
            b"makeatother" => self.at_is_letter = false,
            b"long" | b"global" | b"outer" | b"protected" => {}
            b"else" if self.open_branches > 0 => {
                while let Branch::Else = self.skip_branch() {}
                self.open_branches -= 1;
            }
            b"else" | b"or" => {}
            b"fi" => self.open_branches = self.open_branches.saturating_sub(1),
            b"begin" | b"end" => return self.environment(name),
            _ => {
                if self.is_conditional(name) {
                    self.conditional(name);
                } else if !self.set_switch(name) {
                    self.use_name(name, name)?;
                }
            }
        }
        Ok(true)
    }

    fn define(&mut self, command: &[u8], definition: Definition) {
        match definition {
            Definition::Macro(name, body) => {
                if command != b"providecommand" || !self.names.contains_key(&name) {
                    self.add(name, body);
                }
            }
            Definition::Environment(name, begin, end) => {
                self.add([b"begin{", name.as_slice(), b"}"].concat(), begin);
                self.add([b"end{", name.as_slice(), b"}"].concat(), end);
            }
            Definition::Same(name, other) => {
                let meaning = match self.names.get(&other) {
                    Some(Meaning::Macro(index)) => Meaning::Macro(*index),
                    Some(Meaning::Command(other)) => Meaning::Command(other.clone()),
                    None => Meaning::Command(other),
                };
                self.names.insert(name, meaning);
            }
            Definition::Switch(name) => {
                self.switches.insert(name, false);
            }
            Definition::None => {}
        }
    }

    fn add(&mut self, name: Vec<u8>, meaning: Macro) {
        self.names.insert(name, Meaning::Macro(self.macros.len()));
        self.macros.push(Defined { meaning, uses: 0 });
    }

    /// Puts back what a name stands for, or gives the command as it was written.
    fn use_name(&mut self, name: &[u8], written: &[u8]) -> Result<(), LatexError> {
        let index = match self.names.get(name) {
            Some(Meaning::Macro(index)) => *index,
            Some(Meaning::Command(other)) => {
                let other = other.clone();
                self.emit(&other);
                return Ok(());
            }
            None => {
                self.emit(written);
                return Ok(());
            }
        };
        if self.macros[index].uses >= MAX_SELF_NESTING {
            self.emit(written);
            return Ok(());
        }
        if name.first().is_some_and(u8::is_ascii_alphabetic) {
            self.input.skip_blanks();
        }
        let meaning = &self.macros[index].meaning;
        let mut arguments = Vec::new();
        for number in 0..meaning.parameters {
            let argument = match (&meaning.default, number) {
                (Some(default), 0) => {
                    Some(self.input.optional()?.unwrap_or_else(|| default.clone()))
                }
                _ => self.input.argument()?,
            };
            let Some(argument) = argument else {
                break;
            };
            arguments.push(argument);
        }
        let filled = meaning.fill(&arguments, MAX_EXPANDED_BYTES);
        let mut filled = filled.ok_or(LatexError::Expansion)?;
        let letter_follows = self
            .input
            .peek()
            .is_some_and(|byte| byte.is_ascii_alphabetic());
        if letter_follows && ends_in_word(&filled) {
            filled.push(b' ');
        }
        // Arguments may have been read from behind an earlier use.
        self.end_uses(true);
        let mark = self.input.pending();
        self.input.put_back(&filled)?;
        self.macros[index].uses += 1;
        self.in_use.push(Use { index, mark });
        Ok(())
    }

    /// Forgets uses that are over; `behind` forgets only those whose end lies behind, so that a macro
    /// that is the last thing in its own body is still in use.
    fn end_uses(&mut self, behind: bool) {
        let pending = self.input.pending() + usize::from(behind);
        while let Some(last) = self.in_use.pop_if(|last| pending <= last.mark) {
            self.macros[last.index].uses -= 1;
        }
    }

    /// `\begin{name}` and `\end{name}`; false where the document ends.
    fn environment(&mut self, command: &[u8]) -> Result<bool, LatexError> {
        let Some(name) = self.input.group()? else {
            self.emit(command);
            return Ok(true);
        };
        let whole = [command, b"{", name.as_slice(), b"}"].concat();
        self.use_name(&whole, &whole)?;
        Ok(whole != b"end{document}")
    }

    /// `\drafttrue` and `\draftfalse`, if there is a switch `\ifdraft`.
    fn set_switch(&mut self, name: &[u8]) -> bool {
        let (stem, value) = match (name.strip_suffix(b"true"), name.strip_suffix(b"false")) {
            (Some(stem), _) => (stem, true),
            (_, Some(stem)) => (stem, false),
            _ => return false,
        };
        match self.switches.get_mut([b"if", stem].concat().as_slice()) {
            Some(switch) => {
                *switch = value;
                true
            }
            None => false,
        }
    }

    /// Whether a command is one of TeX's conditionals, which end in `\fi`; classes define more.
    fn is_conditional(&self, name: &[u8]) -> bool {
        let is_tex = matches!(
            name,
            b"if"
                | b"ifcat"
                | b"ifx"
                | b"ifnum"
                | b"ifdim"
                | b"ifodd"
                | b"ifmmode"
                | b"ifvmode"
                | b"ifhmode"
                | b"ifinner"
                | b"ifvoid"
                | b"ifhbox"
                | b"ifvbox"
                | b"ifeof"
                | b"ifcase"
                | b"iftrue"
                | b"iffalse"
                | b"ifdefined"
                | b"ifcsname"
                | b"ifpdf"
        );
        // `\ifthenelse{…}{…}{…}` is another thing.
        is_tex
            || self.switches.contains_key(name)
            || (name.starts_with(b"if") && name != b"iff" && self.input.peek() != Some(b'{'))
    }

    fn conditional(&mut self, name: &[u8]) {
        let holds = match self.switches.get(name) {
            Some(switch) => *switch,
            // Macros that ask for it are mostly used in formulas.
            None => matches!(name, b"iftrue" | b"ifmmode"),
        };
        if holds || matches!(self.skip_branch(), Branch::Else) {
            self.open_branches += 1;
        }
    }

    /// Passes over a branch and the command that ends it.
    fn skip_branch(&mut self) -> Branch {
        let mut depth = 0_usize;
        let mut name = Vec::new();
        while let Some(byte) = self.input.bump() {
            if byte != b'\\' {
                continue;
            }
            self.input.name(&mut name, self.at_is_letter);
            match name.as_slice() {
                b"fi" if depth == 0 => return Branch::End,
                b"fi" => depth -= 1,
                b"else" if depth == 0 => return Branch::Else,
                name if self.is_conditional(name) => depth += 1,
                _ => {}
            }
        }
        Branch::End
    }
}

#[cfg(test)]
mod tests;
