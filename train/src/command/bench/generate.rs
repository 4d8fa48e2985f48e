//! Speed of one text, token by token with a key-value cache, and what reading the weights allows.

use super::{Shape, asked, bandwidth, median};
use crate::place::ModelPlace;
use crate::stop::Stop;
use crate::{Error, Result, backend};
use serde::Serialize;
use slovo_args::BenchArgs;
use slovo_data::memory;
use slovo_model::{CausalLm, GenerateOptions, Sampling};
use std::fmt;
use std::ops::ControlFlow;
use std::time::Instant;

/// Times that a text is continued and timed, after one that is not.
const ROUNDS: usize = 5;

/// What the benchmark measured.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Measurement {
    config: String,
    backend: String,
    /// Seconds until the model was there.
    loaded: f64,
    /// Tokens of the text that was continued.
    prompt: usize,
    /// Of these, a second; median of several texts.
    read_per_second: f64,
    /// New tokens behind the first, a second; median of several texts.
    tokens_per_second: f64,
    best: f64,
    /// Bytes a second that this machine reads, all cores together.
    read_bandwidth: f64,
    /// Tokens a second if nothing but reading every weight once took time.
    ceiling: f64,
    /// Most bytes that were resident at once, where the system tells.
    peak_memory: Option<u64>,
}

impl fmt::Display for Measurement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} on {}: {:.1} tokens/s, best {:.1}, behind {} tokens that were read at {:.0} a second; \
             there after {:.2} s\n\
             reading every weight once a token at {:.1} GB/s allows {:.1}, of which this is {:.0} %",
            self.config,
            self.backend,
            self.tokens_per_second,
            self.best,
            self.prompt,
            self.read_per_second,
            self.loaded,
            self.read_bandwidth / 1e9,
            self.ceiling,
            100.0 * self.tokens_per_second / self.ceiling
        )
    }
}

/// Continues a text greedily.
///
/// # Errors
///
/// An unknown shape, too many tokens, a device that fails, or a request to stop.
pub(super) fn generate(args: &BenchArgs, stop: &Stop) -> Result<Measurement> {
    // Before anything fills the memory, and the caches.
    let read_bandwidth = bandwidth::read();
    let device = backend::device(&args.backend)?;
    let start = Instant::now();
    let (name, model) = match &args.model {
        Some(path) => {
            let model = ModelPlace::find(path)?.model(&device)?;
            (path.display().to_string(), model)
        }
        None => {
            let (name, Shape { config, .. }) = asked(args, "C")?;
            (name, CausalLm::new(&config, 1337, &device)?)
        }
    };
    let loaded = start.elapsed().as_secs_f64();
    let config = model.config();
    let prompt: Vec<u32> = (1..config.vocab_size as u32)
        .cycle()
        .take(args.prompt.max(1))
        .collect();
    let options = GenerateOptions {
        sampling: Sampling::greedy(),
        // The first one is part of reading.
        ..GenerateOptions::new(args.tokens.max(1) + 1)
    };
    let (mut read, mut speeds) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let start = Instant::now();
        let mut first = None;
        let tokens = model.generate(&prompt, &options, |_| {
            first.get_or_insert_with(|| start.elapsed());
            match stop.requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        if stop.requested() {
            return Err(Error::from(slovo_data::Error::Stopped));
        }
        if let Some(first) = first.filter(|_| round > 0) {
            read.push(prompt.len() as f64 / first.as_secs_f64());
            let seconds = (start.elapsed() - first).as_secs_f64();
            speeds.push((tokens.len() - 1) as f64 / seconds);
        }
    }
    let bytes = 4 * config.parameter_count();
    Ok(Measurement {
        config: name,
        backend: args.backend.backend.to_string(),
        loaded,
        prompt: prompt.len(),
        read_per_second: median(read),
        best: speeds.iter().copied().fold(0.0, f64::max),
        tokens_per_second: median(speeds),
        read_bandwidth,
        ceiling: read_bandwidth / bytes as f64,
        peak_memory: memory::peak(),
    })
}
