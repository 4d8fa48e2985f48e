//! Training batches: batch *i* is a pure function of (seed, recipe, *i*).

use std::ops::Range;
use std::sync::Arc;

use crate::Error;
use crate::batch::{Row, TokenBatch, Waste, check, one_text};
use crate::best_fit::BestFit;
use crate::document_windows::{DocumentWindows, Part};
use crate::mixture::{Mixture, MixtureError, Turn, Turns};
use crate::order::{Order, Windows};
use crate::prefetch::BatchSource;
use crate::shard::Shards;

/// Training batches: batch `i` is a pure function of (seed, recipe, `i`).
#[derive(Clone, Debug)]
pub struct Batches {
    shards: Arc<Shards>,
    /// How windows are taken from each source; one that is the whole text, where nothing is mixed.
    cuts: Vec<Cut>,
    turns: Option<Arc<Turns>>,
    seq_len: usize,
    sequences: usize,
    apart: bool,
}

/// What is mixed.
#[derive(Clone, Copy, Debug)]
pub struct Mix<'a> {
    /// How much of each source.
    pub mixture: &'a Mixture,
    /// The sources: a name, and where it lies in the text, in tokens.
    pub sources: &'a [(String, Range<u64>)],
    /// How many windows the run asks for.
    pub wanted: u64,
}

/// Where windows begin and end.
#[derive(Clone, Debug)]
enum Cut {
    /// Anywhere behind a token; all are full.
    Anywhere(Order, u64),
    /// With their documents.
    Documents(Arc<DocumentWindows>),
    /// With a document, and with others where they fit.
    BestFit(Arc<BestFit>),
}

impl Cut {
    fn new(
        shards: &Shards,
        range: Range<u64>,
        windows: Windows,
        seq_len: usize,
        seed: u64,
    ) -> Option<Self> {
        let (len, context) = (range.end - range.start, seq_len as u64);
        let anywhere = |random| {
            let order = Order::new(random, len, context, seed)?;
            Some(Self::Anywhere(order, range.start))
        };
        match windows {
            Windows::Random => anywhere(true),
            Windows::Shuffled => anywhere(false),
            Windows::Documents => DocumentWindows::new(shards, range, Part::Targets, context, seed)
                .map(|windows| Self::Documents(Arc::new(windows))),
            Windows::BestFit => {
                let window = u32::try_from(context + 1).ok()?;
                let packed = BestFit::new(shards, range, window, seed)?;
                Some(Self::BestFit(Arc::new(packed)))
            }
        }
    }

    fn windows_per_epoch(&self) -> u64 {
        match self {
            Self::Anywhere(order, _) => order.windows_per_epoch(),
            Self::Documents(windows) => windows.windows_per_epoch(),
            Self::BestFit(windows) => windows.windows_per_epoch(),
        }
    }

    /// Batch `i` of `sequences` windows.
    fn rows(&self, shards: &Shards, i: u64, sequences: usize, seq_len: usize) -> Vec<Row> {
        match self {
            Self::Anywhere(order, first) => {
                let starts = order.starts(i, sequences).into_iter();
                let full = |start| one_text(first + start, seq_len);
                starts.map(full).collect()
            }
            Self::Documents(windows) => {
                let windows = windows.batch(shards, i, sequences).into_iter();
                windows
                    .map(|window| one_text(window.start, window.targets))
                    .collect()
            }
            Self::BestFit(windows) => {
                let first = i.wrapping_mul(sequences as u64);
                let numbers = (0..sequences as u64).map(|row| first.wrapping_add(row));
                numbers.map(|number| windows.row(number)).collect()
            }
        }
    }
}

impl Batches {
    /// Batches of `sequences` windows of `seq_len` tokens.
    ///
    /// # Errors
    /// A context that is 0 or longer than the text (by document, a text without a document of two
    /// tokens); no sequences.
    pub fn new(
        shards: Arc<Shards>,
        windows: Windows,
        seq_len: usize,
        sequences: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        check("sequences", sequences)?;
        check("seq_len", seq_len)?;
        let cut = Cut::new(&shards, 0..shards.len(), windows, seq_len, seed);
        let cut = cut.ok_or_else(|| Error::Context {
            split: "train".to_owned(),
            seq_len,
            found: shards.len(),
        })?;
        Ok(Self {
            shards,
            cuts: vec![cut],
            turns: None,
            seq_len,
            sequences,
            apart: false,
        })
    }

    /// Batches whose windows come from several sources in turn.
    ///
    /// # Errors
    /// As [`Batches::new`]; a mixture that does not fit the sources, or that they cannot fill.
    pub fn mixed(
        shards: Arc<Shards>,
        mix: &Mix<'_>,
        windows: Windows,
        seq_len: usize,
        sequences: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        check("sequences", sequences)?;
        check("seq_len", seq_len)?;
        let Mix {
            mixture,
            sources,
            wanted,
        } = *mix;
        let names: Vec<&str> = sources.iter().map(|(name, _)| name.as_str()).collect();
        let shares = mixture.shares(&names)?;
        let mut cuts = Vec::new();
        let mut limits = Vec::new();
        for (number, (name, range)) in sources.iter().enumerate() {
            // Each source is shuffled by itself.
            let seed = seed.wrapping_add((number as u64) << 32);
            let cut = Cut::new(&shards, range.clone(), windows, seq_len, seed);
            let cut = cut.ok_or_else(|| MixtureError::Short {
                name: name.clone(),
                tokens: range.end - range.start,
                window: seq_len as u64 + 1,
            })?;
            let epochs = mixture.max_epochs.get(name);
            limits.push(match epochs {
                Some(epochs) => (epochs * cut.windows_per_epoch() as f64) as u64,
                None => u64::MAX,
            });
            cuts.push(cut);
        }
        let turns = Turns::new(shares, limits);
        mixture.check_limits(wanted, seq_len as u64, Some(turns.len()))?;
        Ok(Self {
            shards,
            cuts,
            turns: Some(Arc::new(turns)),
            seq_len,
            sequences,
            apart: false,
        })
    }

    /// The same batches, where no text of a window is predicted from another.
    pub fn apart(self, apart: bool) -> Self {
        Self { apart, ..self }
    }

    /// Batch `i`, of `[sequences, seq_len]`, whatever was asked for before.
    pub fn batch(&self, i: u64) -> TokenBatch {
        let mut rows = self.rows(i);
        if self.apart {
            rows = rows.into_iter().map(|row| self.divided(row)).collect();
        }
        TokenBatch::of_rows(&self.shards, &rows, self.seq_len, self.apart)
    }

    /// The tokens that each row of batch `i` holds, by their places in the split.
    pub fn rows(&self, i: u64) -> Vec<Vec<Range<u64>>> {
        let Some(turns) = &self.turns else {
            return self.cuts[0].rows(&self.shards, i, self.sequences, self.seq_len);
        };
        let first = i.saturating_mul(self.sequences as u64);
        let last = turns.len().saturating_sub(1);
        (0..self.sequences as u64)
            .filter_map(|row| turns.turn(first.saturating_add(row).min(last)))
            .flat_map(|Turn { source, window }| {
                self.cuts[source].rows(&self.shards, window, 1, self.seq_len)
            })
            .collect()
    }

    /// A row, divided where documents begin.
    fn divided(&self, row: Row) -> Row {
        let mut divided = Vec::with_capacity(row.len());
        for range in row {
            let mut start = range.start;
            let mut continues = false;
            for span in self.shards.spans(self.shards.entry_at(range.start)) {
                if span.start >= range.end {
                    break;
                }
                if span.start > start && !continues {
                    divided.push(start..span.start);
                    start = span.start;
                }
                continues = span.continues;
            }
            divided.push(start..range.end);
        }
        divided
    }

    /// What its windows leave empty, and what of the text they leave out.
    pub fn waste(&self) -> Waste {
        Waste {
            padding: self.mean(|cut| match cut {
                Cut::Anywhere(..) => 0.0,
                Cut::Documents(windows) => windows.padding(),
                Cut::BestFit(windows) => windows.padding(self.seq_len as u64 + 1),
            }),
            cropped: self
                .cuts
                .iter()
                .map(|cut| match cut {
                    Cut::BestFit(windows) => windows.cropped(),
                    _ => 0,
                })
                .sum(),
        }
    }

    /// A number of each source, weighed by its share of the windows.
    fn mean(&self, of: impl Fn(&Cut) -> f64) -> f64 {
        let share = |i: usize| self.turns.as_ref().map_or(1.0, |turns| turns.shares()[i]);
        let cuts = self.cuts.iter().enumerate();
        cuts.map(|(i, cut)| share(i) * of(cut)).sum()
    }

    /// Tokens that the model sees in one batch, padding among them.
    pub fn tokens_per_batch(&self) -> usize {
        self.seq_len * self.sequences
    }

    /// Tokens in the text: what one epoch is counted by.
    pub fn tokens(&self) -> u64 {
        self.shards.len()
    }
}

impl BatchSource for Batches {
    type Batch = TokenBatch;

    fn batch(&self, i: u64) -> Result<TokenBatch, Error> {
        Ok(Self::batch(self, i))
    }
}
