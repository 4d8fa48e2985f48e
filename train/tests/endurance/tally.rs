//! What was done, how often, what failed; and the randomness that decides where.

use std::time::{Duration, Instant};

/// How a single trial went: what failed, in words.
pub type Trial = Result<(), String>;

/// One row of the table.
pub struct Tally {
    what: String,
    /// How often it is to be done.
    planned: u64,
    done: u64,
    failed: Vec<String>,
    /// What else is worth a number.
    note: String,
    begun: Instant,
    took: Duration,
    told: Instant,
}

impl Tally {
    /// Begins to count `planned` trials.
    pub fn new(what: &str, planned: u64) -> Self {
        eprintln!("{what} …");
        Self {
            what: what.into(),
            planned,
            done: 0,
            failed: Vec::new(),
            note: String::new(),
            begun: Instant::now(),
            took: Duration::ZERO,
            told: Instant::now(),
        }
    }

    /// Counts a trial, and tells of a failure at once.
    pub fn count(&mut self, trial: Trial) {
        self.done += 1;
        self.check(trial);
        if self.told.elapsed() > Duration::from_secs(5) {
            self.told = Instant::now();
            eprintln!("  {} of {}", self.done, self.planned);
        }
    }

    /// Takes what is no trial of its own but must hold too.
    pub fn check(&mut self, outcome: Trial) {
        if let Err(what) = outcome {
            eprintln!("FAILED after {} of these: {what}", self.done);
            self.failed.push(what);
        }
        self.took = self.begun.elapsed();
    }

    /// Adds a remark to the row.
    pub fn note(&mut self, note: String) {
        self.note = note;
    }

    /// How many are still to be done.
    pub fn left(&self) -> u64 {
        match self.is_hopeless() {
            true => 0,
            false => self.planned.saturating_sub(self.done),
        }
    }

    /// Whether so many failed that more would tell nothing new.
    pub fn is_hopeless(&self) -> bool {
        self.failed.len() >= 10
    }

    /// How many were done.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Whether everything planned was done and nothing failed.
    pub fn is_good(&self) -> bool {
        self.failed.is_empty() && self.done >= self.planned
    }
}

/// The table, on standard output.
pub fn print(rows: &[Tally], took: Duration) {
    println!("\n{:<58}{:>7}{:>8}{:>9}", "", "times", "failed", "seconds");
    for row in rows {
        println!(
            "{:<58}{:>7}{:>8}{:>9.1}  {}",
            row.what,
            row.done,
            row.failed.len(),
            row.took.as_secs_f64(),
            row.note
        );
    }
    println!("{:<73}{:>9.1}", "together", took.as_secs_f64());
}

/// Fails with a sentence unless `fine`.
pub fn require(fine: bool, what: impl FnOnce() -> String) -> Trial {
    if fine { Ok(()) } else { Err(what()) }
}

/// Numbers from a seed: SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A time shorter than `end`.
    pub fn time(&mut self, end: Duration) -> Duration {
        Duration::from_micros(self.below(end.as_micros().max(1) as u64))
    }
}
