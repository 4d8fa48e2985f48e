//! What a paper defines: `\newcommand{\R}{\mathbb{R}}`, `\def\x#1{…}`, `\let`, `\newif`,
//! `\newenvironment`.
//!
//! A definition of a command whose meaning the text depends on, such as `\section`, is passed over:
//! papers redefine how it looks, not what it is. So is one whose arguments are not plain, since
//! `\def\x#1.#2{…}` reads whatever stands before a full stop.

use super::gullet::{Gullet, ends_in_word};
use super::{LatexError, commands, environments};

/// The longest text between a command's name and its body in `\def`.
const MAX_PARAMETER_TEXT: usize = 256;

/// What a command stands for.
#[derive(Debug)]
pub(super) struct Macro {
    /// How many arguments it takes, of which the first may be optional.
    pub(super) parameters: usize,
    /// The first argument where it is not given.
    pub(super) default: Option<Vec<u8>>,
    pub(super) body: Vec<u8>,
}

/// A definition that was read.
#[derive(Debug)]
pub(super) enum Definition {
    /// A command, by its name.
    Macro(Vec<u8>, Macro),
    /// A command that means what another means.
    Same(Vec<u8>, Vec<u8>),
    /// An environment: what its beginning and its end stand for.
    Environment(Vec<u8>, Macro, Macro),
    /// A switch of TeX's `\if`.
    Switch(Vec<u8>),
    /// One that is passed over.
    None,
}

/// Reads a definition behind the command that makes it; none if `command` makes no definition.
pub(super) fn read(
    command: &[u8],
    input: &mut Gullet<'_>,
    at_is_letter: bool,
) -> Result<Option<Definition>, LatexError> {
    let definition = match command {
        b"newcommand" | b"renewcommand" | b"providecommand" | b"DeclareRobustCommand" => {
            new_command(input, at_is_letter)?
        }
        b"def" | b"gdef" | b"edef" | b"xdef" => def(input, at_is_letter)?,
        b"let" => same(input, at_is_letter),
        b"DeclareMathOperator" => operator(input, at_is_letter)?,
        b"NewDocumentCommand"
        | b"RenewDocumentCommand"
        | b"ProvideDocumentCommand"
        | b"DeclareDocumentCommand" => document_command(input, at_is_letter)?,
        b"newenvironment" | b"renewenvironment" => environment(input)?,
        b"newif" => name(input, at_is_letter)?.map(Definition::Switch),
        _ => return Ok(None),
    };
    Ok(Some(match definition {
        Some(Definition::Macro(name, _) | Definition::Same(name, _))
            if commands::is_structural(&name) =>
        {
            Definition::None
        }
        Some(Definition::Environment(name, ..)) if environments::is_known(&name) => {
            Definition::None
        }
        definition => definition.unwrap_or(Definition::None),
    }))
}

/// A command's name: `\x` or `{\x}`.
fn name(input: &mut Gullet<'_>, at_is_letter: bool) -> Result<Option<Vec<u8>>, LatexError> {
    input.skip_blanks();
    if input.peek() == Some(b'*') {
        input.bump();
        input.skip_blanks();
    }
    if let Some(group) = input.group()? {
        let name = group.trim_ascii().strip_prefix(b"\\");
        return Ok(name.map(<[u8]>::to_vec));
    }
    if input.peek() != Some(b'\\') {
        return Ok(None);
    }
    input.bump();
    let mut name = Vec::new();
    input.name(&mut name, at_is_letter);
    Ok(Some(name).filter(|name| !name.is_empty()))
}

/// `[2][default]`.
fn parameters(input: &mut Gullet<'_>) -> Result<(usize, Option<Vec<u8>>), LatexError> {
    input.skip_blanks();
    let Some(count) = input.optional()? else {
        return Ok((0, None));
    };
    let count = match count.trim_ascii() {
        [digit @ b'1'..=b'9'] => usize::from(digit - b'0'),
        _ => 0,
    };
    input.skip_blanks();
    let default = if count > 0 { input.optional()? } else { None };
    Ok((count, default))
}

fn new_command(
    input: &mut Gullet<'_>,
    at_is_letter: bool,
) -> Result<Option<Definition>, LatexError> {
    let Some(name) = name(input, at_is_letter)? else {
        return Ok(None);
    };
    let (parameters, default) = parameters(input)?;
    let body = input.argument()?;
    Ok(body.map(|body| {
        let body = Macro {
            parameters,
            default,
            body,
        };
        Definition::Macro(name, body)
    }))
}

fn def(input: &mut Gullet<'_>, at_is_letter: bool) -> Result<Option<Definition>, LatexError> {
    let Some(name) = name(input, at_is_letter)? else {
        return Ok(None);
    };
    let mut text = Vec::new();
    while let Some(byte) = input.peek() {
        if byte == b'{' || text.len() > MAX_PARAMETER_TEXT {
            break;
        }
        text.push(byte);
        input.bump();
    }
    let Some(body) = input.group()? else {
        return Ok(None);
    };
    let text = text.trim_ascii();
    let parameters = text.len() / 2;
    let plain: Vec<u8> = (b'1'..=b'9')
        .take(parameters)
        .flat_map(|digit| [b'#', digit])
        .collect();
    Ok((plain == text).then_some(Definition::Macro(
        name,
        Macro {
            parameters,
            default: None,
            body,
        },
    )))
}

/// `\let\a=\b`.
fn same(input: &mut Gullet<'_>, at_is_letter: bool) -> Option<Definition> {
    let word = |input: &mut Gullet<'_>| {
        input.skip_blanks();
        if input.peek() != Some(b'\\') {
            return None;
        }
        input.bump();
        let mut name = Vec::new();
        input.name(&mut name, at_is_letter);
        Some(name)
    };
    let name = word(input)?;
    input.skip_blanks();
    if input.peek() == Some(b'=') {
        input.bump();
    }
    let other = word(input)?;
    Some(Definition::Same(name, other))
}

fn operator(input: &mut Gullet<'_>, at_is_letter: bool) -> Result<Option<Definition>, LatexError> {
    let Some(name) = name(input, at_is_letter)? else {
        return Ok(None);
    };
    let body = input.argument()?;
    Ok(body.map(|body| {
        let body = Macro {
            parameters: 0,
            default: None,
            body: [b"\\operatorname{", body.as_slice(), b"}"].concat(),
        };
        Definition::Macro(name, body)
    }))
}

/// `\NewDocumentCommand{\x}{m m}{…}`; other than mandatory arguments are not plain.
fn document_command(
    input: &mut Gullet<'_>,
    at_is_letter: bool,
) -> Result<Option<Definition>, LatexError> {
    let (Some(name), Some(kinds), Some(body)) = (
        name(input, at_is_letter)?,
        input.argument()?,
        input.argument()?,
    ) else {
        return Ok(None);
    };
    let kinds: Vec<u8> = kinds.into_iter().filter(|byte| *byte != b' ').collect();
    let plain = kinds.len() <= 9 && kinds.iter().all(|&kind| kind == b'm');
    Ok(plain.then_some(Definition::Macro(
        name,
        Macro {
            parameters: kinds.len(),
            default: None,
            body,
        },
    )))
}

fn environment(input: &mut Gullet<'_>) -> Result<Option<Definition>, LatexError> {
    if input.peek() == Some(b'*') {
        input.bump();
    }
    let Some(name) = input.argument()? else {
        return Ok(None);
    };
    let (parameters, default) = parameters(input)?;
    let (Some(begin), Some(end)) = (input.argument()?, input.argument()?) else {
        return Ok(None);
    };
    let begin = Macro {
        parameters,
        default,
        body: begin,
    };
    let end = Macro {
        parameters: 0,
        default: None,
        body: end,
    };
    Ok(Some(Definition::Environment(name, begin, end)))
}

impl Macro {
    /// The body with arguments in the places of `#1` to `#9`.
    pub(super) fn fill(&self, arguments: &[Vec<u8>], limit: usize) -> Option<Vec<u8>> {
        let mut filled = Vec::with_capacity(self.body.len());
        let mut bytes = self.body.iter().copied().peekable();
        let mut after_word = false;
        while let Some(byte) = bytes.next() {
            if after_word && byte.is_ascii_alphabetic() {
                filled.push(b' ');
            }
            after_word = false;
            let next = bytes.peek().copied();
            match (byte, next) {
                (b'#', Some(digit @ b'1'..=b'9')) => {
                    bytes.next();
                    let argument = arguments.get(usize::from(digit - b'1'));
                    let argument = argument.map_or(&[][..], Vec::as_slice);
                    filled.extend_from_slice(argument);
                    after_word = ends_in_word(argument);
                }
                (b'#', Some(b'#')) => {
                    bytes.next();
                    filled.push(b'#');
                }
                _ => filled.push(byte),
            }
            if filled.len() > limit {
                return None;
            }
        }
        Some(filled)
    }
}
