//! What went in, what was left out and why, and what came out.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Lengths;
use crate::clean::CleanReport;
use crate::prepare::prepared::{PAIRS, VERSION};
use crate::report::{PeakMemory, Seconds, Table, TokenizerReport, grouped};
use crate::source::PairCounts;

/// The report of prepared pairs: `report.json`, and, printed, a table for a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PairReport {
    /// `pairs`; the report of a text has no kind.
    pub kind: String,
    /// Version of the folder's layout.
    pub version: u32,
    /// What the recipe calls these pairs.
    pub name: String,
    /// SHA-256 over the recipe and the list of input files: equal keys need no second run.
    pub key: String,
    /// SHA-256 over tokens and tokenizer: equal fingerprints are equal data.
    pub fingerprint: String,
    /// SHA-256 over the text of all pairs that were kept, in order.
    pub text_fingerprint: String,
    /// The tokenizer of both sides.
    pub tokenizer: TokenizerReport,
    /// What reading met.
    pub read: PairCounts,
    /// What cleaning changed and left out; each side counts as a document.
    pub clean: CleanReport,
    /// Pairs that were read and are in no split.
    pub dropped: Dropped,
    /// What the model learns from.
    pub train: PairSplitReport,
    /// What it is measured on.
    pub validation: PairSplitReport,
    /// How long it took.
    pub seconds: Seconds,
    /// How much memory it took.
    pub peak_memory: PeakMemory,
}

/// Pairs that were read and are in no split, by the first reason met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// A side has fewer characters than `clean.min_chars`.
    pub too_short: u64,
    /// The same pair came before.
    pub duplicates: u64,
    /// Its source is held out in another file.
    pub held_out: u64,
    /// The tokenizer has no token for anything in a side.
    pub unsaid: u64,
    /// A side has more tokens than `max_length`.
    pub too_long: u64,
}

impl Dropped {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.too_short + self.duplicates + self.held_out + self.unsaid + self.too_long
    }
}

/// One side of the split.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PairSplitReport {
    /// Pairs.
    pub pairs: u64,
    /// What is given.
    pub sources: PairSide,
    /// What is wanted.
    pub targets: PairSide,
}

/// One side of the pairs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PairSide {
    /// UTF-8 bytes of text.
    pub bytes: u64,
    /// Tokens, ends of sentence among them.
    pub tokens: u64,
    /// Tokens a text.
    pub lengths: Lengths,
    /// Files.
    pub shards: u64,
    /// SHA-256 over the tokens.
    pub fingerprint: String,
}

impl PairReport {
    pub(super) fn new(name: &str, key: &str) -> Self {
        Self {
            kind: PAIRS.to_owned(),
            version: VERSION,
            name: name.to_owned(),
            key: key.to_owned(),
            ..Self::default()
        }
    }

    fn sides(&self) -> [(&'static str, &PairSide, u64); 4] {
        let (train, validation) = (&self.train, &self.validation);
        [
            ("train sources", &train.sources, train.pairs),
            ("train targets", &train.targets, train.pairs),
            ("validation sources", &validation.sources, validation.pairs),
            ("validation targets", &validation.targets, validation.pairs),
        ]
    }
}

impl fmt::Display for PairReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = Table::new([
            "", "pairs", "bytes", "tokens", "mean", "50 %", "90 %", "99 %", "longest",
        ]);
        for (name, side, pairs) in self.sides() {
            let lengths = &side.lengths;
            let count = |number: u32| grouped(u64::from(number));
            table.cells([
                name.to_owned(),
                grouped(pairs),
                grouped(side.bytes),
                grouped(side.tokens),
                format!("{:.1}", lengths.mean),
                count(lengths.p50),
                count(lengths.p90),
                count(lengths.p99),
                count(lengths.longest),
            ]);
        }
        table.write(f)?;
        writeln!(f)?;
        let bytes: u64 = self.sides().iter().map(|(_, side, _)| side.bytes).sum();
        let tokens: u64 = self.sides().iter().map(|(_, side, _)| side.tokens).sum();
        writeln!(
            f,
            "tokenizer     {}, {} tokens, {:.3} bytes a token",
            self.tokenizer.kind,
            grouped(self.tokenizer.vocab_size as u64),
            bytes as f64 / (tokens as f64).max(1.0)
        )?;
        if let (Some(bytes), Some(seen)) = (
            self.tokenizer.trained_on_bytes,
            self.tokenizer.sampled_from_bytes,
        ) {
            let (bytes, seen) = (grouped(bytes), grouped(seen));
            writeln!(f, "trained on    {bytes} of {seen} bytes")?;
        }
        writeln!(
            f,
            "bad lines     {} not one tab, {} a side empty, {} not JSON, {} not UTF-8",
            grouped(self.read.columns_skipped),
            grouped(self.read.empty_skipped),
            grouped(self.read.json_skipped),
            grouped(self.read.encoding_skipped),
        )?;
        for sample in self.read.samples.iter() {
            writeln!(f, "  {sample}")?;
        }
        let dropped = &self.dropped;
        writeln!(
            f,
            "left out      {} of {} pairs: {} twice, {} too long, {} too short, {} held out \
             elsewhere, {} without a token",
            grouped(dropped.total()),
            grouped(self.read.pairs),
            grouped(dropped.duplicates),
            grouped(dropped.too_long),
            grouped(dropped.too_short),
            grouped(dropped.held_out),
            grouped(dropped.unsaid),
        )?;
        writeln!(
            f,
            "changed       {} line ends, {} control characters, {} bytes not UTF-8, {} texts to NFC",
            grouped(self.clean.newlines_changed),
            grouped(self.clean.control_removed),
            grouped(self.read.encoding_replaced),
            grouped(self.clean.nfc_changed),
        )?;
        writeln!(f, "fingerprint   {}", self.fingerprint)?;
        write!(f, "seconds       {}{}", self.seconds, self.peak_memory)
    }
}
