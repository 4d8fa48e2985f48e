//! The report as a person reads it.

use std::fmt;

use super::{InputReport, Inspection, VocabularyReport};
use crate::report::{Table, grouped};

/// A script is shown that has one in so many bytes.
const LEAST_SHARE: u64 = 1_000;
/// Lengths that are shown by themselves; longer tokens are summed up.
const LENGTHS: u64 = 8;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.vocabulary)?;
        if self.inputs.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n")?;
        let mut table = Table::new([
            "",
            "bytes",
            "characters",
            "tokens",
            "bytes a token",
            "tokens a word",
            "unknown",
        ]);
        for input in &self.inputs {
            rows(&mut table, input);
        }
        table.write(f)?;
        for input in &self.inputs {
            for unknown in &input.unknown {
                writeln!(
                    f,
                    "unknown       {:?} U+{:04X}, {} times, first in {}",
                    unknown.character,
                    unknown.character as u32,
                    grouped(unknown.count),
                    unknown.first
                )?;
            }
        }
        if let Some(unused) = &self.unused {
            write!(f, "unused        {} tokens", grouped(unused.tokens))?;
            write_list(f, ": ", &unused.examples)?;
        }
        Ok(())
    }
}

/// An input, and its scripts where it has more than one.
fn rows(table: &mut Table<7>, input: &InputReport) {
    table.cells([
        input.name.clone(),
        grouped(input.all.bytes),
        grouped(input.characters),
        grouped(input.all.tokens),
        per(input.all.bytes, input.all.tokens),
        per(input.all.tokens, input.words),
        grouped(input.unknown_characters),
    ]);
    let mut scripts: Vec<_> = input.scripts.iter().collect();
    scripts.sort_by_key(|(_, share)| std::cmp::Reverse(share.bytes));
    if scripts.len() < 2 {
        return;
    }
    let shown = |bytes: u64| bytes * LEAST_SHARE >= input.all.bytes;
    let hidden = scripts
        .iter()
        .filter(|(_, share)| !shown(share.bytes))
        .count();
    for (script, share) in scripts {
        if !shown(share.bytes) {
            continue;
        }
        table.cells([
            format!("  {script}"),
            grouped(share.bytes),
            String::new(),
            grouped(share.tokens),
            per(share.bytes, share.tokens),
            String::new(),
            String::new(),
        ]);
    }
    if hidden > 0 {
        let mut row: [String; 7] = Default::default();
        row[0] = format!("  and {hidden} more");
        table.cells(row);
    }
}

/// So many for each; a dash where there is nothing to share them among.
fn per(count: u64, each: u64) -> String {
    match each {
        0 => "–".to_owned(),
        _ => format!("{:.3}", count as f64 / each as f64),
    }
}

impl fmt::Display for VocabularyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "kind          {}", self.kind)?;
        writeln!(f, "vocabulary    {}", grouped(self.vocab_size))?;
        let specials: Vec<String> = self
            .specials
            .iter()
            .map(|(name, id)| format!("{name} = {id}"))
            .collect();
        let specials = match specials.is_empty() {
            true => "none".to_owned(),
            false => specials.join(", "),
        };
        writeln!(f, "special       {specials}")?;
        if let Some(loses) = &self.loses {
            writeln!(f, "leaves out    {loses}")?;
        }
        writeln!(f, "fingerprint   {}", self.fingerprint)?;
        let mut lengths: Vec<String> = Vec::new();
        for (length, count) in self.lengths.range(..=LENGTHS) {
            lengths.push(format!("{length}: {}", grouped(*count)));
        }
        let longer: u64 = self
            .lengths
            .range(LENGTHS + 1..)
            .map(|(_, count)| count)
            .sum();
        if longer > 0 {
            lengths.push(format!("longer: {}", grouped(longer)));
        }
        writeln!(f, "bytes long    {}", lengths.join(", "))?;
        write!(f, "longest       ")?;
        write_list(f, "", &self.longest)?;
        write!(f, "\nmade of       ")?;
        write_counts(f, self.made_of.iter().map(|(name, count)| (*name, *count)))?;
        write!(f, "\nscripts       ")?;
        write_counts(f, self.scripts.iter().map(|(name, count)| (*name, *count)))
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, before: &str, texts: &[String]) -> fmt::Result {
    for (index, text) in texts.iter().enumerate() {
        write!(f, "{}{text:?}", if index == 0 { before } else { ", " })?;
    }
    Ok(())
}

/// The largest first, with their shares.
fn write_counts(
    f: &mut fmt::Formatter<'_>,
    counts: impl Iterator<Item = (&'static str, u64)>,
) -> fmt::Result {
    let mut counts: Vec<_> = counts.collect();
    if counts.is_empty() {
        return write!(f, "none");
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let total: u64 = counts.iter().map(|(_, count)| count).sum();
    for (index, (name, count)) in counts.into_iter().enumerate() {
        let percent = 100.0 * count as f64 / total as f64;
        let comma = if index == 0 { "" } else { ", " };
        write!(f, "{comma}{name} {} ({percent:.1} %)", grouped(count))?;
    }
    Ok(())
}
