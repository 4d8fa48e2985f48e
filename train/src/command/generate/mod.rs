//! Continuing texts, shown as they come; translating texts (`translate`) and filling hidden words
//! (`fill`), by the kind of model.
//!
//! The model continues ids, so many prompts at a time; here ids become text ([`Pieces`]), the text
//! decides where to stop, and [`show`] puts it before a person or a program.

mod fill;
mod prompts;
pub mod show;
mod translate;

use crate::place::ModelPlace;
use crate::stop::Stop;
use crate::{Error, Result, backend};
use prompts::Prompt;
use show::{Finished, JsonLines, Plain, Reason, Show, Shown};
use slovo_args::GenerateArgs;
use slovo_data::Tokenizer;
use slovo_data::tokenizer::Pieces;
use slovo_model::{CausalLm, GenerateError, GenerateOptions, NewToken, Request, Sampling, Slide};
use std::io::{self, Write};
use std::ops::ControlFlow;

/// Tokens that nobody asked to be more or fewer.
const USUAL: usize = 200;

/// Continues the prompts and writes the continuations to `out` as they come.
///
/// When `stop` asks, what has been generated until then is written and nothing more.
///
/// # Errors
///
/// A model that cannot be loaded, a prompt that cannot be encoded or does not fit, or an `out` that
/// cannot be written to.
pub fn generate(args: &GenerateArgs, out: &mut dyn Write, stop: &Stop) -> Result<()> {
    if !args.source.is_empty() {
        return translate::translate(args, out, stop);
    }
    if !args.mask.is_empty() {
        return fill::fill(args, out);
    }
    let device = backend::device(&args.backend)?;
    let place = ModelPlace::find(&args.model.model)?;
    let model = place.model(&device)?;
    let tokenizer = place.tokenizer(&model)?;
    let prompts = prompts::read(args, &tokenizer)?;
    let tasks: Vec<Task<'_>> = (0..prompts.len())
        .flat_map(|prompt| (0..args.samples.get()).map(move |sample| (prompt, sample)))
        .map(|(number, sample)| Task {
            prompt: &prompts[number],
            number,
            sample,
            options: options(args, &model, &prompts[number], sample),
        })
        .collect();
    for task in &tasks {
        let fits = task.request().check(model.config());
        fits.map_err(|error| match error {
            // The flags are to blame, whatever the prompt.
            GenerateError::Sampling { .. } | GenerateError::Slide { .. } => error.into(),
            error => task.prompt.wrong(error.into()),
        })?;
    }
    let mut show: Box<dyn Show> = match args.json {
        true => Box::new(JsonLines::new(out, &tokenizer)),
        false => Box::new(Plain::new(out, prompts.len(), args.samples.get())),
    };
    let mut written = Ok(());
    for tasks in tasks.chunks(args.batch.get()) {
        if stop.requested() || written.is_err() {
            break;
        }
        let mut writers: Vec<Writer<'_>> = tasks
            .iter()
            .map(|task| Writer::new(task, &tokenizer, &args.stop))
            .collect();
        let requests: Vec<Request<'_>> = tasks.iter().map(Task::request).collect();
        model.generate_batch(&requests, |token| {
            if written.is_ok() {
                let writer = &mut writers[token.row];
                written = writer.take(token, stop, show.as_mut());
                if written.is_ok() && !writer.is_done {
                    return ControlFlow::Continue(());
                }
            }
            ControlFlow::Break(())
        })?;
        // Nothing at all was asked of these.
        for writer in writers.iter_mut().filter(|writer| !writer.is_done) {
            if written.is_ok() {
                written = writer.end(Reason::Length, show.as_mut());
            }
        }
    }
    match written {
        // Whoever reads has had enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::io("write", "standard output")),
    }
}

fn options(
    args: &GenerateArgs,
    model: &CausalLm,
    prompt: &Prompt,
    sample: usize,
) -> GenerateOptions {
    let left = model.config().max_seq_len.saturating_sub(prompt.ids.len());
    let usual = match args.slide {
        Some(_) => USUAL,
        None => left.clamp(1, USUAL),
    };
    GenerateOptions {
        max_new: args.tokens.unwrap_or(usual),
        sampling: sampling(args, sample),
        slide: args.slide.map(|keep| keep.map_or(Slide::Half, Slide::Keep)),
        logprobs: args.logprobs,
    }
}

fn sampling(args: &GenerateArgs, sample: usize) -> Sampling {
    Sampling {
        repetition_penalty: args.repetition_penalty,
        presence_penalty: args.presence_penalty,
        frequency_penalty: args.frequency_penalty,
        temperature: args.temperature,
        top_k: args.top_k,
        top_p: args.top_p,
        min_p: args.min_p,
        seed: args.seed.wrapping_add(sample as u64),
    }
}

/// Writes a line; `false` where whoever reads has had enough.
fn say(out: &mut dyn Write, line: &str) -> Result<bool> {
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Error::io("write", "standard output")(error)),
    }
}

/// One continuation of one prompt.
struct Task<'a> {
    prompt: &'a Prompt,
    number: usize,
    sample: usize,
    options: GenerateOptions,
}

impl Task<'_> {
    fn request(&self) -> Request<'_> {
        Request {
            prompt: &self.prompt.ids,
            options: self.options.clone(),
        }
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            prompt: self.number,
            sample: self.sample,
            text: &self.prompt.text,
        }
    }
}

/// Turns the tokens of one continuation into text, and knows when it ends.
struct Writer<'a> {
    task: &'a Task<'a>,
    pieces: Pieces,
    end_of_text: Option<u32>,
    text: String,
    tokens: usize,
    is_done: bool,
}

impl<'a> Writer<'a> {
    fn new(task: &'a Task<'a>, tokenizer: &Tokenizer, stops: &[String]) -> Self {
        Self {
            task,
            pieces: Pieces::new(tokenizer, stops),
            end_of_text: tokenizer.end_of_text(),
            text: String::new(),
            tokens: 0,
            is_done: false,
        }
    }

    /// Shows a token, and the end if it is the last.
    fn take(&mut self, token: &NewToken, stop: &Stop, show: &mut dyn Show) -> io::Result<()> {
        self.tokens += 1;
        let is_end = Some(token.id) == self.end_of_text;
        let mut piece = match is_end {
            true => String::new(),
            false => self.pieces.push(token.id),
        };
        let reason = if is_end {
            Some(Reason::EndOfText)
        } else if self.pieces.is_stopped() {
            Some(Reason::Stop)
        } else if self.tokens == self.task.options.max_new {
            Some(Reason::Length)
        } else {
            stop.requested().then_some(Reason::Interrupted)
        };
        if reason.is_some() {
            piece += &self.pieces.finish();
        }
        self.text += &piece;
        show.token(&self.task.shown(), token, &piece)?;
        reason.map_or(Ok(()), |reason| self.end(reason, show))
    }

    fn end(&mut self, reason: Reason, show: &mut dyn Show) -> io::Result<()> {
        self.is_done = true;
        let finished = Finished {
            text: &self.text,
            tokens: self.tokens,
            reason,
        };
        show.end(&self.task.shown(), &finished)
    }
}
