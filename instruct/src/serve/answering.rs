//! An answer as it comes: from the model's tokens to text that a client may see.

use super::ask::Ask;
use super::metrics::Metrics;
use super::refusal::Refusal;
use super::scheduler::{self, Event, Job};
use super::state::{Answers, State};
use crate::conversation::Message;
use axum::http::StatusCode;
use slovo_data::tokenizer::Pieces;
use slovo_model::{GenerateOptions, Sampling};
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::mpsc::Receiver;

/// One answer that is being made.
pub struct Answering {
    events: Receiver<Event>,
    pieces: Pieces,
    tokens: usize,
    /// Comes behind the text that was handed out last.
    behind: Option<Step>,
    over: bool,
    begun: Instant,
    metrics: Arc<Metrics>,
    /// What is computed or waits is bounded.
    _place: OwnedSemaphorePermit,
}

/// What comes next.
#[derive(Debug)]
pub enum Step {
    /// More text.
    Text(String),
    /// The end.
    End {
        /// `stop`, where the model or a stop text ended it, or `length`.
        reason: &'static str,
        /// Tokens that were made.
        tokens: usize,
    },
    /// There will be no end.
    Failed(Refusal),
}

/// All answers to one request.
pub struct Asked {
    /// In the order of their numbers.
    pub answers: Vec<Answering>,
    /// Tokens of the prompts.
    pub prompt_tokens: usize,
}

/// Token ids of a conversation.
///
/// # Errors
///
/// What the template says against it.
pub fn conversation(answers: &Answers, messages: &[Message]) -> Result<Vec<u32>, Refusal> {
    let assistant = &answers.assistant;
    let ids = assistant
        .template
        .prompt_ids(messages, &assistant.tokenizer);
    ids.map_err(|error| Refusal::field("messages", error.to_string()))
}

/// Token ids of a text that is continued.
///
/// # Errors
///
/// A text that the tokenizer has no tokens for.
pub fn text(answers: &Answers, text: &str) -> Result<Vec<u32>, Refusal> {
    let ids = answers.assistant.tokenizer.encode(text);
    ids.map_err(|error| Refusal::field("prompt", error.to_string()))
}

/// Hands a request's prompts to the model, each as often as answers are wanted.
///
/// # Errors
///
/// A prompt that does not fit; a queue that is full.
pub fn begin(
    state: &State,
    answers: &Answers,
    prompts: &[Vec<u32>],
    ask: &Ask,
) -> Result<Asked, Refusal> {
    let most = answers.scheduler.most_tokens();
    for prompt in prompts {
        if prompt.is_empty() {
            return Err(Refusal::field("prompt", "holds no token"));
        }
        if prompt.len() >= most {
            let what = format!(
                "{} tokens found; {most} are read at most, {}, of which one at least must be left for the \
                 answer",
                prompt.len(),
                match most < answers.assistant.model.config().max_seq_len {
                    true => "for which the server has memory",
                    false => "the model's context",
                }
            );
            let param = ask.wanted.param();
            return Err(Refusal::field(param, what).code("context_length_exceeded"));
        }
    }
    let places = answers.scheduler.places(prompts.len() * ask.n as usize)?;
    let wanted = prompts
        .iter()
        .flat_map(|prompt| (0..ask.n).map(move |number| (prompt, number)));
    let mut all = Vec::with_capacity(places.len());
    for ((prompt, number), place) in wanted.zip(places) {
        let (sender, events) = scheduler::events();
        let job = Job {
            prompt: prompt.clone(),
            options: GenerateOptions {
                sampling: Sampling {
                    seed: ask.sampling.seed.wrapping_add(number),
                    ..ask.sampling.clone()
                },
                ..GenerateOptions::new(ask.tokens(most - prompt.len()))
            },
            answer: sender,
        };
        answers.scheduler.submit(job)?;
        state.metrics.open.add(1);
        all.push(Answering {
            events,
            pieces: Pieces::new(&answers.assistant.tokenizer, &ask.stop),
            tokens: 0,
            behind: None,
            over: false,
            begun: Instant::now(),
            metrics: Arc::clone(&state.metrics),
            _place: place,
        });
    }
    Ok(Asked {
        answers: all,
        prompt_tokens: prompts.iter().map(Vec::len).sum(),
    })
}

impl Answering {
    /// The next piece of text, or the end; nothing behind the end.
    pub async fn next(&mut self) -> Option<Step> {
        while !self.over {
            let step = match self.behind.take() {
                Some(step) => step,
                None => match self.read().await {
                    Some(step) => step,
                    None => continue,
                },
            };
            if !matches!(step, Step::Text(_)) {
                self.over = true;
                self.metrics.whole.add(self.begun.elapsed());
            }
            return Some(step);
        }
        None
    }

    /// What the model says next; nothing where it is no text yet.
    async fn read(&mut self) -> Option<Step> {
        let event = self.events.recv().await;
        if let Some(Event::Token(id)) = event {
            if self.tokens == 0 {
                self.metrics.first.add(self.begun.elapsed());
            }
            self.tokens += 1;
            let text = self.pieces.push(id);
            if self.pieces.is_stopped() {
                // The model need not go on.
                self.events.close();
                return self.text_then(text, self.end("stop"));
            }
            return (!text.is_empty()).then_some(Step::Text(text));
        }
        let failed = |status, what: &str| Step::Failed(Refusal::status(status, what));
        match event {
            Some(Event::Done { ended, tokens }) => {
                self.tokens = tokens;
                // What may have become a stop text did not, unless the last character does.
                let rest = self.pieces.finish();
                let stopped = ended || self.pieces.is_stopped();
                self.text_then(rest, self.end(if stopped { "stop" } else { "length" }))
            }
            Some(Event::Failed(what)) => Some(failed(StatusCode::INTERNAL_SERVER_ERROR, &what)),
            _ => {
                let what = "the answer was read too slowly, or the model has failed";
                Some(failed(StatusCode::SERVICE_UNAVAILABLE, what))
            }
        }
    }

    /// All that is left of it: text, reason and tokens.
    ///
    /// # Errors
    ///
    /// Why there is no end.
    pub async fn whole(mut self) -> Result<(String, &'static str, usize), Refusal> {
        let mut text = String::new();
        while let Some(step) = self.next().await {
            match step {
                Step::Text(more) => text += &more,
                Step::End { reason, tokens } => return Ok((text, reason, tokens)),
                Step::Failed(refusal) => return Err(refusal),
            }
        }
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Err(Refusal::status(status, "the answer has no end"))
    }

    fn end(&self, reason: &'static str) -> Step {
        Step::End {
            reason,
            tokens: self.tokens,
        }
    }

    /// Text, if there is any, and `step` behind it.
    fn text_then(&mut self, text: String, step: Step) -> Option<Step> {
        if text.is_empty() {
            return Some(step);
        }
        self.behind = Some(step);
        Some(Step::Text(text))
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.metrics.open.take(1);
    }
}
