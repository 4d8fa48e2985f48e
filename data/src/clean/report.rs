//! Verdicts and their counts.

use serde::{Deserialize, Serialize};

use crate::sample::Samples;

/// What cleaning says of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It stays, as this text.
    Keep {
        /// The text after cleaning.
        text: String,
        /// What was changed.
        changes: Changes,
    },
    /// It goes.
    Drop {
        /// Why.
        reason: DropReason,
        /// What it had become.
        text: String,
    },
}

/// How often each rule changed a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Line ends that became `\n`.
    pub newlines: u64,
    /// Control characters (and byte order marks) removed.
    pub control: u64,
    /// Whether normalisation changed anything.
    pub nfc: bool,
}

/// Why a document goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DropReason {
    /// Fewer characters than `min_chars`.
    TooShort,
}

/// What documents are called that go because they have too few characters.
pub(crate) const TOO_SHORT: &str = "too short";

/// Counts of verdicts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanReport {
    /// Documents seen.
    pub documents_in: u64,
    /// Documents kept.
    pub documents_kept: u64,
    /// Bytes of text seen.
    pub bytes_in: u64,
    /// Bytes of text kept.
    pub bytes_kept: u64,
    /// Line ends that became `\n`, in kept documents.
    pub newlines_changed: u64,
    /// Control characters removed, in kept documents.
    pub control_removed: u64,
    /// Kept documents that normalisation changed.
    pub nfc_changed: u64,
    /// Kept documents that any of this changed.
    #[serde(default)]
    pub changed: u64,
    /// Documents left out because they were too short.
    pub too_short: u64,
    /// Some of those.
    #[serde(default)]
    pub samples: Samples,
}

impl CleanReport {
    /// Counts one verdict on a text of `bytes_in` bytes.
    pub fn count(&mut self, bytes_in: usize, verdict: &Verdict) {
        self.documents_in += 1;
        self.bytes_in += bytes_in as u64;
        match verdict {
            Verdict::Keep { text, changes } => {
                self.documents_kept += 1;
                self.bytes_kept += text.len() as u64;
                self.newlines_changed += changes.newlines;
                self.control_removed += changes.control;
                self.nfc_changed += u64::from(changes.nfc);
                self.changed += u64::from(*changes != Changes::default());
            }
            Verdict::Drop {
                reason: DropReason::TooShort,
                ..
            } => self.too_short += 1,
        }
    }

    /// Adds the counts of the next piece of one text, which counts as one document.
    pub fn join(&mut self, piece: &Self) {
        self.add(piece);
        for count in [
            &mut self.documents_in,
            &mut self.documents_kept,
            &mut self.nfc_changed,
            &mut self.changed,
        ] {
            *count = (*count).min(1);
        }
    }

    /// Adds the counts of other documents.
    pub fn add(&mut self, other: &Self) {
        self.documents_in += other.documents_in;
        self.documents_kept += other.documents_kept;
        self.bytes_in += other.bytes_in;
        self.bytes_kept += other.bytes_kept;
        self.newlines_changed += other.newlines_changed;
        self.control_removed += other.control_removed;
        self.nfc_changed += other.nfc_changed;
        self.changed += other.changed;
        self.too_short += other.too_short;
        self.samples.add(&other.samples);
    }
}
