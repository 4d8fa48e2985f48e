//! How far a download has come: a bar on a terminal, a line a file elsewhere.

use crate::progress::clock;
use hf_hub::api::Progress;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Characters of the bar, and of a file's name: with the numbers a line of 80 at most.
const WIDTH: usize = 10;
const NAME: usize = 18;

/// Shared by the thread that downloads and the one that watches it.
#[derive(Clone, Debug)]
pub(super) struct Seen(Arc<Mutex<State>>);

/// What is being done.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The file, and how many there are so far and in all.
    pub file: Option<(String, usize, usize)>,
    /// Its bytes, once the hub has said.
    pub size: u64,
    /// Bytes that are here.
    pub done: u64,
    /// Bytes that came over the network, of all files and attempts.
    pub arrived: u64,
    /// Bytes that were here before; known with the first that come.
    start: Option<u64>,
    began: Instant,
    /// When anything happened last.
    pub last: Instant,
    /// A file is named on a line of its own when its download begins.
    by_lines: bool,
    is_named: bool,
}

impl Seen {
    pub fn new() -> Self {
        let now = Instant::now();
        Self(Arc::new(Mutex::new(State {
            file: None,
            size: 0,
            done: 0,
            arrived: 0,
            start: None,
            began: now,
            last: now,
            by_lines: !std::io::stderr().is_terminal(),
            is_named: false,
        })))
    }

    /// A copy of what is known now.
    pub fn state(&self) -> State {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Says that the work goes on.
    pub fn touch(&self) {
        self.change(|_| {});
    }

    /// The next file.
    pub fn begin(&self, file: &str, number: usize, of: usize) {
        self.change(|state| {
            state.file = Some((file.into(), number, of));
            (state.size, state.done, state.start) = (0, 0, None);
            state.is_named = false;
        });
    }

    fn change(&self, how: impl FnOnce(&mut State)) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        how(&mut state);
        state.last = Instant::now();
    }
}

impl Progress for Seen {
    /// The crate calls this twice for each attempt.
    fn init(&mut self, size: usize, _filename: &str) {
        self.change(|state| {
            (state.size, state.done, state.start) = (size as u64, 0, None);
            state.began = Instant::now();
            if state.by_lines && !std::mem::replace(&mut state.is_named, true) {
                state.name();
            }
        });
    }

    /// The first call of an attempt says what was there before it.
    fn update(&mut self, size: usize) {
        self.change(|state| {
            let size = size as u64;
            state.done += size;
            match state.start {
                Some(_) => state.arrived += size,
                None => state.start = Some(size),
            }
        });
    }

    fn finish(&mut self) {
        self.touch();
    }
}

/// Shows it on a terminal, as a line that is written over.
#[derive(Default)]
pub(super) struct Meter {
    shown: bool,
}

impl Meter {
    pub fn show(&mut self, state: &State) {
        // A file that is here already never gets a size.
        if let (Some((file, ..)), false, 1..) = (&state.file, state.by_lines, state.size) {
            self.shown = true;
            say(&format!("\r\x1b[K{}", state.line(file)));
        }
    }

    /// Removes the line.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            say("\r\x1b[K");
        }
    }
}

impl State {
    fn name(&self) {
        if let Some((file, number, of)) = &self.file {
            let size = mebibytes(self.size);
            say(&format!(
                "downloading {file}, {size:.1} MiB ({number} of {of}) …\n"
            ));
        }
    }

    fn line(&self, file: &str) -> String {
        let share = self.done as f64 / self.size.max(1) as f64;
        let full = ((share * WIDTH as f64) as usize).min(WIDTH);
        let seconds = self.began.elapsed().as_secs_f64().max(1e-3);
        let speed = self.done.saturating_sub(self.start.unwrap_or(0)) as f64 / seconds;
        let left = self.size.saturating_sub(self.done) as f64 / speed.max(1.0);
        let left = match speed > 0.0 {
            true => format!(", {} left", clock(Duration::from_secs_f64(left))),
            false => String::new(),
        };
        let (bar, rest) = ("#".repeat(full), "-".repeat(WIDTH - full));
        format!(
            "{} [{bar}{rest}] {:.0} % of {:.1} MiB, {:.1} MiB/s{left}",
            short(file),
            100.0 * share,
            mebibytes(self.size),
            speed / f64::from(1 << 20),
        )
    }
}

/// Nobody listening is no reason to stop.
fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The end of a long name: shards differ there.
fn short(file: &str) -> String {
    let characters = file.chars().count();
    if characters <= NAME {
        return file.into();
    }
    let end = file.chars().skip(characters - NAME + 1);
    std::iter::once('…').chain(end).collect()
}

fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_before_is_no_speed() {
        let mut seen = Seen::new();
        seen.begin("model.safetensors", 3, 3);
        for _ in 0..2 {
            seen.init(8 << 20, "model.safetensors");
        }
        seen.update(4 << 20);
        let line = seen.state().line("model.safetensors");
        assert_eq!(
            line,
            "model.safetensors [#####-----] 50 % of 8.0 MiB, 0.0 MiB/s"
        );
        seen.update(2 << 20);
        let line = seen.state().line("model-00001-of-00002.safetensors");
        let begin = "…00002.safetensors [#######---] 75 % of 8.0 MiB, ";
        assert!(
            line.starts_with(begin) && line.ends_with(" s left"),
            "{line}"
        );
        assert!(line.chars().count() <= 80, "{line}");
    }
}
