//! Continuing a text, printed as it comes.

use crate::place::ModelPlace;
use crate::stop::Stop;
use crate::{Error, Result, backend};
use slovo_args::GenerateArgs;
use slovo_model::{GenerateOptions, Sampling};
use std::io::{Read, Write};
use std::ops::ControlFlow;

/// Tokens that nobody asked to be more or fewer.
const USUAL: usize = 200;

/// Continues the prompt and writes prompt and continuation to `out` as they come.
///
/// # Errors
///
/// A model that cannot be loaded, a prompt that cannot be encoded or does not fit, or an `out` that
/// cannot be written to.
pub fn generate(args: &GenerateArgs, out: &mut dyn Write, stop: &Stop) -> Result<()> {
    let device = backend::device(&args.backend)?;
    let place = ModelPlace::find(&args.model.model)?;
    let model = place.model(&device)?;
    let tokenizer = place.tokenizer(&model)?;
    let prompt = match args.prompt.as_str() {
        "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .map_err(Error::io("read", "standard input"))?;
            text
        }
        text => text.to_string(),
    };
    let mut ids = tokenizer.encode(&prompt).map_err(slovo_data::Error::from)?;
    if ids.is_empty() {
        // Text begins where another ended.
        ids.extend(tokenizer.end_of_text());
    }
    let left = model.config().max_seq_len.saturating_sub(ids.len());
    let tokens = args.tokens.unwrap_or(left.clamp(1, USUAL));
    let sampling = Sampling {
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        seed: args.seed,
        ..Sampling::default()
    };
    let options = GenerateOptions {
        sampling,
        ..GenerateOptions::new(tokens)
    };
    // The prompt is echoed once it is known to be one.
    let mut written = Ok(());
    let mut echo = Some(prompt);
    let mut stream = tokenizer.stream();
    let end = tokenizer.end_of_text();
    model.generate(&ids, &options, |id| {
        if let Some(prompt) = echo.take() {
            written = write(out, &prompt);
        }
        if Some(id) == end || stop.requested() || written.is_err() {
            return ControlFlow::Break(());
        }
        if let Some(text) = stream.push(id) {
            written = write(out, &text);
        }
        ControlFlow::Continue(())
    })?;
    let rest = stream.finish().unwrap_or_default();
    let written = written
        .and_then(|()| write(out, &rest))
        .and_then(|()| write(out, "\n"));
    match written {
        // Whoever reads has had enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::io("write", "standard output")),
    }
}

fn write(out: &mut dyn Write, text: &str) -> std::io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
