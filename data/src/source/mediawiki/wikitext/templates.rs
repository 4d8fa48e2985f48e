//! Templates whose own words are text.
//!
//! A dump of articles does not hold what templates expand to. Most stand for boxes, notes and
//! references and are left out; these few carry a sentence's words. The names are those of the
//! English Wikipedia (<https://en.wikipedia.org/wiki/Wikipedia:Template_index>), which most others
//! share.

use super::{BREAK, GAP};

/// The most bytes of a template's name here.
const MAX_NAME_BYTES: usize = 24;

/// The text of the template whose content begins at `start` in `out`, with its `|` at `pipes`; None
/// where it has none.
pub(super) fn text(out: &str, start: usize, pipes: &[usize]) -> Option<String> {
    let content = Content { out, start, pipes };
    let name = content.name()?;
    let first = || content.positional(1).map(str::to_owned);
    if let Some((function, argument)) = name.split_once(':') {
        let argument = argument.trim();
        return match function {
            "lc" => Some(argument.to_lowercase()),
            "uc" => Some(argument.to_uppercase()),
            "formatnum" => Some(argument.to_owned()),
            _ => None,
        };
    }
    let name = name.to_ascii_lowercase().replace('_', " ");
    match name.as_str() {
        "lang" | "transl" | "transliteration" | "script" | "tooltip alt" => content.last(),
        "nowrap"
        | "nobr"
        | "nobold"
        | "noitalic"
        | "small"
        | "smaller"
        | "big"
        | "larger"
        | "abbr"
        | "tooltip"
        | "mvar"
        | "math"
        | "var"
        | "code"
        | "tt"
        | "kbd"
        | "key"
        | "keypress"
        | "samp"
        | "mono"
        | "sic"
        | "em"
        | "strong"
        | "sc"
        | "smallcaps"
        | "linktext"
        | "ill"
        | "interlanguage link"
        | "ipa"
        | "midsize"
        | "resize"
        | "center"
        | "flag"
        | "flagcountry"
        | "rtl-lang"
        | "sub"
        | "overline"
        | "underline"
        | "nastaliq"
        | "nq"
        | "vanchor"
        | "visible anchor"
        | "nihongo"
        | "native name"
        | "nts"
        | "number table sorting" => first(),
        "quote" | "blockquote" | "cquote" | "bquote" | "quotation" | "poemquote" | "poem quote" => {
            let quoted = content.named("text").or_else(|| content.named("quote"));
            let quoted = quoted.or_else(|| content.positional(1))?;
            Some(format!("{BREAK}{quoted}{BREAK}"))
        }
        "convert" | "cvt" => content.measure(),
        "val" => content.value(),
        "frac" | "sfrac" | "fraction" => content.fraction(),
        "sup" => first().map(|raised| format!("^{raised}")),
        "e" => first().map(|power| format!("×10^{power}")),
        "chem" | "chem2" => Some(content.positionals().collect()),
        "as of" => {
            let start = if content.named("lc").is_some() {
                "as of "
            } else {
                "As of "
            };
            first().map(|date| format!("{start}{date}"))
        }
        "circa" | "c." => Some(format!("c. {}", first().unwrap_or_default())),
        "floruit" | "fl." => Some(format!("fl. {}", first().unwrap_or_default())),
        "uss" | "hms" | "ss" | "rms" | "hmas" | "hmcs" => Some(format!(
            "{} {}",
            name.to_ascii_uppercase(),
            content.positional(1)?
        )),
        "angbr" | "angle bracket" | "angbr ipa" => first().map(|letters| format!("⟨{letters}⟩")),
        "'" | "apostrophe" => Some("'".to_owned()),
        "'s" => Some("'s".to_owned()),
        "'\"" | "' \"" => Some("'\"".to_owned()),
        "!" | "pipe" => Some("|".to_owned()),
        "=" | "equals" => Some("=".to_owned()),
        "pi" => Some("π".to_owned()),
        "nbsp" | "spaces" | "space" | "thinsp" | "hair space" => Some(" ".to_owned()),
        "snd" | "snds" | "spnd" | "spaced ndash" | "dash" => Some(" – ".to_owned()),
        "ndash" | "en dash" => Some("–".to_owned()),
        "mdash" | "em dash" | "mdashb" => Some("—".to_owned()),
        "·" | "dot" | "•" | "bullet" => Some(" · ".to_owned()),
        // Names of languages are printed in front of the words; the words alone read on.
        name if name.starts_with("lang-") => first(),
        _ => None,
    }
}

/// A template's name and arguments.
struct Content<'a> {
    out: &'a str,
    start: usize,
    pipes: &'a [usize],
}

impl<'a> Content<'a> {
    /// None where it is too long to be one of these.
    fn name(&self) -> Option<&'a str> {
        let end = self.pipes.first().copied().unwrap_or(self.out.len());
        let name = self.out.get(self.start..end)?.trim_matches(blank);
        (name.len() <= MAX_NAME_BYTES).then_some(name)
    }

    fn arguments(&self) -> impl Iterator<Item = &'a str> {
        let ends = self.pipes.iter().skip(1).copied().chain([self.out.len()]);
        let (out, pipes) = (self.out, self.pipes);
        pipes
            .iter()
            .zip(ends)
            .map(move |(&pipe, end)| out.get(pipe + 1..end).unwrap_or_default())
    }

    fn positionals(&self) -> impl Iterator<Item = &'a str> {
        self.arguments()
            .filter(|argument| split(argument).is_none())
            .map(|argument| argument.trim_matches(blank))
    }

    /// The argument of this number, from 1, given by its place or by its number.
    fn positional(&self, number: usize) -> Option<&'a str> {
        let text = match self.positionals().nth(number - 1) {
            Some(text) => text,
            None => self.named(["1", "2", "3", "4"].get(number - 1)?)?,
        };
        (!text.is_empty()).then_some(text)
    }

    fn named(&self, name: &str) -> Option<&'a str> {
        let mut named = self.arguments().filter_map(split);
        let found = named.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim_matches(blank))
    }

    /// The last argument behind a language's code.
    fn last(&self) -> Option<String> {
        let last = self.positionals().skip(1).last();
        let text = last
            .or_else(|| self.positional(2))
            .or_else(|| self.named("text"))?;
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// `{{convert|5|to|10|km|mi}}`: what was measured, without what it is converted to.
    fn measure(&self) -> Option<String> {
        let arguments: Vec<&str> = self.positionals().take(6).collect();
        let is_number = |text: &&&str| text.contains(|c: char| c.is_ascii_digit());
        match arguments.as_slice() {
            [from, between, to, unit, ..] if !is_number(&between) && is_number(&to) => {
                match *between {
                    "-" | "–" | "to(-)" => Some(format!("{from}–{to} {unit}")),
                    // Feet and inches: another unit, not a word between two numbers.
                    "ft" | "lb" | "st" | "mi" | "yd" | "in" | "oz" => {
                        Some(format!("{from} {between} {to} {unit}"))
                    }
                    "x" | "by" | "*" | "×" => Some(format!("{from} × {to} {unit}")),
                    _ => Some(format!("{from} {between} {to} {unit}")),
                }
            }
            [from, unit, ..] => Some(format!("{from} {unit}")),
            _ => None,
        }
    }

    /// `{{val|1.2|e=6|u=m}}`
    fn value(&self) -> Option<String> {
        let mut text = self.positional(1)?.to_owned();
        if let Some(power) = self.named("e") {
            text.push_str("×10^");
            text.push_str(power);
        }
        if let Some(unit) = self.named("u").or_else(|| self.named("ul")) {
            text.push(' ');
            text.push_str(unit);
        }
        Some(text)
    }

    fn fraction(&self) -> Option<String> {
        let arguments: Vec<&str> = self.positionals().take(3).collect();
        match arguments.as_slice() {
            [whole, above, below] => Some(format!("{whole} {above}/{below}")),
            [above, below] => Some(format!("{above}/{below}")),
            [below] => Some(format!("1/{below}")),
            _ => None,
        }
    }
}

fn blank(c: char) -> bool {
    c.is_whitespace() || c == GAP
}

/// A named argument as its name and value.
fn split(argument: &str) -> Option<(&str, &str)> {
    let (name, value) = argument.split_once('=')?;
    let name = name.trim_matches(blank);
    let word = |c: char| c.is_alphanumeric() || c == '-' || c == '_' || c == ' ';
    (name.len() <= MAX_NAME_BYTES && !name.is_empty() && name.chars().all(word))
        .then_some((name, value))
}
