//! Progress on standard error: one line that updates on a terminal, a line a stage elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use super::{Progress, Stage};

/// Shows progress to a person.
pub struct Meter {
    quiet: bool,
    terminal: bool,
    stage: Option<(Stage, Instant)>,
    shown: Option<Instant>,
}

impl Meter {
    /// Shows nothing but notes when `quiet`.
    pub fn new(quiet: bool) -> Self {
        Self {
            quiet,
            terminal: std::io::stderr().is_terminal(),
            stage: None,
            shown: None,
        }
    }

    /// Takes a message.
    pub fn take(&mut self, progress: &Progress) {
        match progress {
            Progress::Note(note) => {
                self.clear();
                // Not even a quiet run keeps these to itself.
                eprintln!("note: {note}");
            }
            Progress::At { stage, done, total } if !self.quiet => self.at(*stage, *done, *total),
            Progress::At { .. } => {}
        }
    }

    fn at(&mut self, stage: Stage, done: u64, total: Option<u64>) {
        let begin = match self.stage {
            Some((current, begin)) if current == stage => begin,
            _ => {
                let now = Instant::now();
                self.stage = Some((stage, now));
                self.shown = None;
                if !self.terminal {
                    eprintln!("{stage} …");
                }
                now
            }
        };
        let often = Duration::from_millis(100);
        if !self.terminal || self.shown.is_some_and(|shown| shown.elapsed() < often) {
            return;
        }
        self.shown = Some(Instant::now());
        let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        let seconds = begin.elapsed().as_secs_f64().max(1e-3);
        let of = total.map_or(String::new(), |total| {
            format!(" of {:.1}", mebibytes(total))
        });
        eprint!(
            "\r\x1b[K{stage}: {:.1}{of} MiB, {:.1} MiB/s",
            mebibytes(done),
            mebibytes(done) / seconds
        );
        let _ = std::io::stderr().flush();
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if self.terminal && self.shown.take().is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
