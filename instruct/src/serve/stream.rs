//! Answers in pieces: server-sent events.

use super::answering::{Answering, Asked, Step};
use super::refusal::Refusal;
use super::shape::{Shape, Usage};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use serde_json::Value;
use std::collections::VecDeque;
use std::convert::Infallible;

/// What every stream ends with.
const DONE: &str = "[DONE]";

/// The answers of a request, each piece as it comes.
struct Pieces {
    /// Of all answers, with their numbers.
    steps: BoxStream<'static, (usize, Step)>,
    shape: Shape,
    usage: Usage,
    tells_usage: bool,
    /// Not sent yet.
    waiting: VecDeque<String>,
    over: bool,
}

/// The answers of a request as they come. `echoes` are texts that stand before them.
pub fn stream(asked: Asked, shape: Shape, tells_usage: bool, echoes: &[String]) -> Response {
    let mut waiting = VecDeque::new();
    for index in 0..asked.answers.len() {
        waiting.extend(shape.head(index).map(|head| head.to_string()));
        let echo = echoes.get(index).map(|echo| shape.piece(index, echo));
        waiting.extend(echo.map(|echo| echo.to_string()));
    }
    let numbered = asked.answers.into_iter().enumerate();
    let steps = stream::select_all(numbered.map(|(index, answer)| steps(index, answer)));
    let pieces = Pieces {
        steps: steps.boxed(),
        shape,
        usage: Usage {
            prompt: asked.prompt_tokens,
            new: 0,
        },
        tells_usage,
        waiting,
        over: false,
    };
    let events = stream::unfold(pieces, |mut pieces| async move {
        let data = pieces.next().await?;
        Some((Ok::<_, Infallible>(Event::default().data(data)), pieces))
    });
    let answer = Sse::new(events).keep_alive(KeepAlive::default());
    // Nothing on the way shall hold pieces back.
    ([("x-accel-buffering", "no")], answer).into_response()
}

/// The steps of an answer, with its number.
fn steps(index: usize, answer: Answering) -> BoxStream<'static, (usize, Step)> {
    let next = move |mut answer: Answering| async move {
        let step = answer.next().await?;
        Some(((index, step), answer))
    };
    stream::unfold(answer, next).boxed()
}

impl Pieces {
    /// The data of the next event.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(data) = self.waiting.pop_front() {
                return Some(data);
            }
            if self.over {
                return None;
            }
            match self.steps.next().await {
                Some((index, step)) => self.take(index, step),
                None => {
                    if self.tells_usage {
                        self.send(&self.shape.usage(self.usage));
                    }
                    self.waiting.push_back(DONE.into());
                    self.over = true;
                }
            }
        }
    }

    fn take(&mut self, index: usize, step: Step) {
        match step {
            Step::Text(text) => self.send(&self.shape.piece(index, &text)),
            Step::End { reason, tokens } => {
                self.usage.new += tokens;
                self.send(&self.shape.end(index, reason));
            }
            // The status has been sent: the stream breaks off without its end.
            Step::Failed(refusal) => self.break_off(&refusal),
        }
    }

    fn break_off(&mut self, refusal: &Refusal) {
        self.send(&refusal.json());
        self.over = true;
    }

    fn send(&mut self, value: &Value) {
        self.waiting.push_back(value.to_string());
    }
}
