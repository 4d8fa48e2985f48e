//! Counters, as Prometheus reads them.

use std::fmt::Write;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that several threads change.
#[derive(Debug, Default)]
pub struct Number(AtomicU64);

impl Number {
    /// Adds to it.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Takes from it.
    pub fn take(&self, n: u64) {
        self.0.fetch_sub(n, Ordering::Relaxed);
    }

    /// Replaces it.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// It.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper ends of the buckets of times, in seconds.
const ENDS: [f64; 10] = [0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Times, counted by length.
#[derive(Debug, Default)]
pub struct Times {
    buckets: [Number; ENDS.len()],
    count: Number,
    microseconds: Number,
}

impl Times {
    /// Counts one.
    pub fn add(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        for (bucket, end) in self.buckets.iter().zip(ENDS) {
            bucket.add(u64::from(seconds <= end));
        }
        self.count.add(1);
        self.microseconds.add(time.as_micros() as u64);
    }

    fn write(&self, name: &str, help: &str, text: &mut String) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} histogram");
        for (bucket, end) in self.buckets.iter().zip(ENDS) {
            let _ = writeln!(text, "{name}_bucket{{le=\"{end}\"}} {}", bucket.get());
        }
        let count = self.count.get();
        let sum = self.microseconds.get() as f64 / 1e6;
        let _ = writeln!(
            text,
            "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}"
        );
    }
}

/// What the server counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Tokens that were read.
    pub prompt_tokens: Number,
    /// Tokens that were made.
    pub new_tokens: Number,
    /// Requests that are being computed.
    pub busy: Number,
    /// 1 while the model computes what it is asked.
    pub alive: Number,
    /// Answers that somebody waits for, those in the queue among them.
    pub open: Number,
    /// From a request to the first of its answer.
    pub first: Times,
    /// From a request to the end of its answer.
    pub whole: Times,
    /// Answers by status.
    statuses: Mutex<std::collections::BTreeMap<u16, u64>>,
}

impl Metrics {
    /// Counts an answer with this status.
    pub fn status(&self, status: u16) {
        let mut all = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        *all.entry(status).or_default() += 1;
    }

    /// All of it, in Prometheus' text format; `slots` is how many requests are computed at most.
    pub fn text(&self, slots: usize) -> String {
        let mut text = String::new();
        let mut number = |name: &str, kind: &str, help: &str, value: u64| {
            let _ = writeln!(
                text,
                "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}"
            );
        };
        number(
            "slovo_prompt_tokens_total",
            "counter",
            "Tokens read.",
            self.prompt_tokens.get(),
        );
        number(
            "slovo_generated_tokens_total",
            "counter",
            "Tokens made.",
            self.new_tokens.get(),
        );
        number(
            "slovo_model_up",
            "gauge",
            "Whether the model computes.",
            self.alive.get(),
        );
        number(
            "slovo_slots",
            "gauge",
            "Requests computed at once, at most.",
            slots as u64,
        );
        number(
            "slovo_slots_busy",
            "gauge",
            "Requests being computed.",
            self.busy.get(),
        );
        number(
            "slovo_answers_open",
            "gauge",
            "Answers being waited for.",
            self.open.get(),
        );
        let memory = slovo_data::memory::resident().unwrap_or(0);
        number("slovo_resident_bytes", "gauge", "Memory held.", memory);
        self.first.write(
            "slovo_first_token_seconds",
            "Time to the first token.",
            &mut text,
        );
        self.whole.write(
            "slovo_answer_seconds",
            "Time to the end of an answer.",
            &mut text,
        );
        let name = "slovo_responses_total";
        let _ = writeln!(
            text,
            "# HELP {name} Responses by status.\n# TYPE {name} counter"
        );
        let all = self.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        for (status, count) in all.iter() {
            let _ = writeln!(text, "{name}{{status=\"{status}\"}} {count}");
        }
        text
    }
}
