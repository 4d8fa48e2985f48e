//! What went in, what was thrown away and why, and what came out.

mod beside;
pub mod markup;
mod page;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use page::page;

use serde::{Deserialize, Serialize};

use crate::clean::CleanReport;
use crate::prepare::{Beside, EvaluationReport, SourceReport};
use crate::shard::Provenance;
use crate::source::{LinkReport, ReadCounts};
use crate::split::Side;

/// The report of prepared data: `report.json`, and, printed, a table for a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of the folder's layout.
    pub version: u32,
    /// What the recipe calls this text.
    pub name: String,
    /// SHA-256 over the recipe and the list of input files: equal keys need no second run.
    pub key: String,
    /// SHA-256 over tokens and tokenizer: equal fingerprints are equal data.
    pub fingerprint: String,
    /// SHA-256 over the text of all documents that were kept, in order.
    pub text_fingerprint: String,
    /// The tokenizer.
    pub tokenizer: TokenizerReport,
    /// What reading met.
    pub read: ReadCounts,
    /// What cleaning changed and left out.
    pub clean: CleanReport,
    /// The training text.
    pub train: SplitReport,
    /// The held-out text.
    pub validation: SplitReport,
    /// UTF-8 bytes of text behind a token, over both splits; boundary tokens count as tokens.
    pub bytes_per_token: f64,
    /// Tokens, over both splits, for what the vocabulary cannot write: `[UNK]` of WordPiece.
    #[serde(default)]
    pub unknown_tokens: u64,
    /// Different tokens that occur, over both splits.
    #[serde(default)]
    pub vocabulary_used: u64,
    /// What became of each source, step by step.
    #[serde(default)]
    pub judged: BTreeMap<String, SourceReport>,
    /// What was read of each evaluation, and where it was found.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evaluations: BTreeMap<String, EvaluationReport>,
    /// What the lists of links had, by source.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub links: BTreeMap<String, LinkReport>,
    /// How many groups of duplicates there are of each size, from two documents on.
    #[serde(default)]
    pub duplicate_sizes: BTreeMap<u64, u64>,
    /// By source of the recipe.
    pub sources: BTreeMap<String, Share>,
    /// By package, in the cargo corpus.
    pub packages: BTreeMap<String, Share>,
    /// By licence; texts without a known one under `unknown`.
    pub licences: BTreeMap<String, Share>,
    /// How long it took.
    pub seconds: Seconds,
    /// How much memory it took.
    #[serde(default)]
    pub peak_memory: PeakMemory,
}

/// The tokenizer of prepared data.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenizerReport {
    /// What it is made of.
    pub kind: String,
    /// One more than its largest id.
    pub vocab_size: usize,
    /// SHA-256 of the tokenizer.json.
    pub fingerprint: String,
    /// The token after each document, if there is one.
    pub end_of_text: Option<u32>,
    /// Bytes of text that it was trained on, if it was trained here.
    pub trained_on_bytes: Option<u64>,
    /// Bytes of training text that these were drawn from.
    #[serde(default)]
    pub sampled_from_bytes: Option<u64>,
}

/// One side of the split.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplitReport {
    /// Documents; one that is cut by a split by position counts on both sides.
    pub documents: u64,
    /// UTF-8 bytes of text.
    pub bytes: u64,
    /// Tokens, boundary tokens among them.
    pub tokens: u64,
    /// Files.
    pub shards: u64,
    /// SHA-256 over the tokens.
    pub fingerprint: String,
}

/// What one source, package or licence has part in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Documents.
    pub documents: u64,
    /// UTF-8 bytes of text.
    pub bytes: u64,
    /// Tokens in the training text.
    pub train_tokens: u64,
    /// Tokens in the held-out text.
    pub validation_tokens: u64,
    /// Licences of its texts; `unknown` where the source states none.
    #[serde(default)]
    pub licences: BTreeSet<String>,
}

/// Seconds of each stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Seconds {
    /// Reading and cleaning everything once, to count it.
    pub scan: f64,
    /// Making the tokenizer.
    pub tokenizer: f64,
    /// Encoding and writing.
    pub encode: f64,
    /// All of it.
    pub total: f64,
}

/// The most memory that the process had held, in bytes; `None` where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeakMemory {
    /// When the tokenizer was made.
    pub tokenizer: Option<u64>,
    /// When all was written.
    pub total: Option<u64>,
}

impl Report {
    /// Counts a document, or a part of one, that went to `side`. Only the part that `begins` a document there
    /// counts as one of the split; of its source, that which `opens` the document.
    pub(crate) fn count(
        &mut self,
        from: &Provenance,
        side: Side,
        begins: bool,
        opens: bool,
        bytes: u64,
        tokens: u64,
    ) {
        match side {
            Side::Train => self.train.documents += u64::from(begins),
            Side::Validation => self.validation.documents += u64::from(begins),
        }
        let licence = from.licence.as_deref().unwrap_or("unknown");
        let shares = [
            Some(self.sources.entry(from.source.clone())),
            Some(self.licences.entry(licence.to_owned())),
            from.package
                .as_ref()
                .map(|package| self.packages.entry(package.clone())),
        ];
        for share in shares.into_iter().flatten() {
            let share = share.or_default();
            share.documents += u64::from(opens);
            share.bytes += bytes;
            if !share.licences.contains(licence) {
                share.licences.insert(licence.to_owned());
            }
            match side {
                Side::Train => share.train_tokens += tokens,
                Side::Validation => share.validation_tokens += tokens,
            }
        }
    }

    /// Takes over what was read beside the sources, and counts where it was found in them.
    pub(crate) fn read_beside(&mut self, beside: &Beside) {
        self.links = beside.links.clone();
        self.evaluations = beside.evaluations.clone();
        let steps = self.judged.values().flat_map(|source| &source.steps);
        for (name, count) in steps.flat_map(|step| &step.found) {
            if let Some(evaluation) = self.evaluations.get_mut(name) {
                evaluation.found += count;
            }
        }
    }

    /// How many texts were too short, and what could not be read, in a few words.
    pub fn left_out(&self) -> String {
        let mut told = format!("{} too short", grouped(self.clean.too_short));
        for (name, count) in self.read.unread() {
            told += &format!(", {} {name}", grouped(count));
        }
        told
    }

    /// Tokens of both splits.
    pub fn tokens(&self) -> u64 {
        self.train.tokens + self.validation.tokens
    }

    /// UTF-8 bytes of both splits.
    pub fn bytes(&self) -> u64 {
        self.train.bytes + self.validation.bytes
    }
}

/// What became of each source, step by step: a table for each.
pub(crate) struct StepByStep<'a>(pub &'a BTreeMap<String, SourceReport>);

impl fmt::Display for StepByStep<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, source) in self.0 {
            steps::write(name, source, f)?;
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new(["", "documents", "bytes", "tokens"]);
        for (name, split) in [("train", &self.train), ("validation", &self.validation)] {
            table.row(name, [split.documents, split.bytes, split.tokens]);
        }
        table.write(f)?;
        let sources: u64 = self.sources.values().map(|share| share.documents).sum();
        let halves = (self.train.documents + self.validation.documents).saturating_sub(sources);
        if halves > 0 {
            let halves = grouped(halves);
            writeln!(
                f,
                "{halves} documents are cut by the split, and count on both sides"
            )?;
        }
        writeln!(f)?;
        let mut table = Table::new(["", "documents", "bytes", "train", "validation"]);
        let mut shares: Vec<(&String, &Share)> = match self.packages.is_empty() {
            true => self.sources.iter().collect(),
            false => self.packages.iter().collect(),
        };
        shares.sort_by_key(|(_, share)| std::cmp::Reverse(share.bytes));
        // What is held out matters more than the last of many packages.
        let (held_out, rest): (Vec<_>, Vec<_>) = shares
            .into_iter()
            .partition(|(_, share)| share.validation_tokens > 0 && share.train_tokens == 0);
        let shown = 12;
        for (name, share) in held_out.iter().take(shown).chain(rest.iter().take(shown)) {
            table.row(
                name,
                [
                    share.documents,
                    share.bytes,
                    share.train_tokens,
                    share.validation_tokens,
                ],
            );
        }
        table.write(f)?;
        let hidden = held_out.len().saturating_sub(shown) + rest.len().saturating_sub(shown);
        if hidden > 0 {
            writeln!(f, "and {hidden} more, in report.json")?;
        }
        writeln!(f)?;
        write!(f, "{}", StepByStep(&self.judged))?;
        beside::write(self, f)?;
        writeln!(
            f,
            "tokenizer     {}, {} tokens, {:.3} bytes a token",
            self.tokenizer.kind,
            grouped(self.tokenizer.vocab_size as u64),
            self.bytes_per_token
        )?;
        if let (Some(bytes), Some(seen)) = (
            self.tokenizer.trained_on_bytes,
            self.tokenizer.sampled_from_bytes,
        ) {
            writeln!(
                f,
                "trained on    {} of {} bytes",
                grouped(bytes),
                grouped(seen)
            )?;
        }
        if self.unknown_tokens > 0 {
            writeln!(
                f,
                "unknown       {} of {} tokens",
                grouped(self.unknown_tokens),
                grouped(self.tokens())
            )?;
        }
        let clean = &self.clean;
        writeln!(f, "left out      {}", self.left_out())?;
        writeln!(
            f,
            "changed       {} line ends, {} control characters, {} bytes not UTF-8, {} documents to NFC",
            grouped(clean.newlines_changed),
            grouped(clean.control_removed),
            grouped(self.read.encoding_replaced),
            grouped(clean.nfc_changed),
        )?;
        writeln!(f, "fingerprint   {}", self.fingerprint)?;
        write!(f, "seconds       {}{}", self.seconds, self.peak_memory)
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.1} (read {:.1}, tokenizer {:.1}, encode {:.1})",
            self.total, self.scan, self.tokenizer, self.encode
        )
    }
}

/// A line of its own behind another, or nothing.
impl fmt::Display for PeakMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.tokenizer, self.total) {
            (Some(tokenizer), Some(total)) => write!(
                f,
                "\nmemory        {} MiB at the peak ({} with the tokenizer)",
                total >> 20,
                tokenizer >> 20
            ),
            _ => Ok(()),
        }
    }
}

/// Left-aligned names and right-aligned numbers.
pub(crate) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(head: [&str; N]) -> Self {
        Self {
            rows: vec![head.map(str::to_owned)],
        }
    }

    pub(crate) fn cells(&mut self, cells: [String; N]) {
        self.rows.push(cells);
    }

    fn row<const M: usize>(&mut self, name: &str, numbers: [u64; M]) {
        let cells = std::iter::once(name.to_owned()).chain(numbers.map(grouped));
        let mut row = std::array::from_fn(|_| String::new());
        for (cell, text) in row.iter_mut().zip(cells) {
            *cell = text;
        }
        self.rows.push(row);
    }

    pub(crate) fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: [usize; N] = std::array::from_fn(width);
        for row in &self.rows {
            let mut line = format!("{:<1$}", row[0], widths[0].max(12));
            for (cell, width) in row.iter().zip(widths).skip(1) {
                line += &format!("  {cell:>width$}");
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// 1234567 as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prepare::StepReport;

    #[test]
    fn numbers_are_grouped() {
        let texts = [0, 999, 1_000, 1_115_394].map(grouped);
        assert_eq!(texts, ["0", "999", "1,000", "1,115,394"]);
    }

    #[test]
    fn a_report_prints_what_is_held_out() {
        let mut report = Report::default();
        for package in 0..30 {
            let from = Provenance {
                source: "0: cargo".into(),
                package: Some(format!("package-{package}")),
                ..Provenance::default()
            };
            let side = if package == 29 {
                Side::Validation
            } else {
                Side::Train
            };
            report.count(&from, side, true, true, 1_000 - package, 250);
        }
        let text = report.to_string();
        assert!(text.contains("package-29 "), "{text}");
        assert!(text.contains("and 17 more"), "{text}");
        assert_eq!(report.licences["unknown"].documents, 30);
        let of_source = &report.sources["0: cargo"].licences;
        assert_eq!(of_source.iter().collect::<Vec<_>>(), ["unknown"]);
    }

    #[test]
    fn a_report_prints_why_documents_went() {
        let mut step = StepReport::new("GopherQuality");
        (step.documents_in, step.documents_out, step.bytes_out) = (1_020, 1_000, 9_000);
        for (reason, count) in [("bullets", 2), ("ellipses", 5), ("mean word length", 10)] {
            step.dropped.insert(reason.to_owned(), count);
        }
        for (reason, count) in [("stop words", 1), ("symbols", 2)] {
            step.dropped.insert(reason.to_owned(), count);
        }
        let web = SourceReport {
            steps: vec![step],
            ..SourceReport::default()
        };
        let report = Report {
            judged: [("web".to_owned(), web)].into(),
            ..Report::default()
        };
        let text = report.to_string();
        let line = text.lines().find(|line| line.starts_with("Gopher"));
        let cells: Vec<&str> = line.unwrap_or_default().split("  ").collect();
        let cells: Vec<&str> = cells.into_iter().filter(|it| !it.is_empty()).collect();
        let why = "10 mean word length, 5 ellipses, 2 bullets and 2 more";
        assert_eq!(cells, ["GopherQuality", "1,020", "1,000", "9,000", why]);
    }
}
