//! What all requests share.

use super::metrics::Metrics;
use super::refusal::Refusal;
use super::scheduler::Scheduler;
use super::vectors::Vectors;
use crate::assistant::Assistant;
use axum::http::StatusCode;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// What all requests share.
pub struct State {
    /// The model.
    pub serves: Serves,
    /// What it is called.
    pub name: String,
    /// When the server began, in seconds of Unix time.
    pub created: u64,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Requests computed at once.
    pub slots: usize,
    /// SHA-256 of the key that requests must bring.
    pub key: Option<[u8; 32]>,
    /// Whether only programs of this machine may ask, and need no key.
    pub for_this_machine: bool,
    /// Turns at reading what is asked.
    pub encoding: Arc<Semaphore>,
    /// Origins whose pages may ask; `*` for all.
    pub cors: Vec<String>,
}

/// What a model is served for.
pub enum Serves {
    /// For answers.
    Answers(Box<Answers>),
    /// For vectors.
    Vectors(Box<Vectors>),
}

/// A decoder.
pub struct Answers {
    /// Template and tokenizer, and the model's shape.
    pub assistant: Assistant,
    /// The way to the model.
    pub scheduler: Scheduler,
}

impl State {
    /// Whether a request may be answered: it brings the key, where one is asked for.
    pub fn knows(&self, key: Option<&str>) -> bool {
        // Hashes, so that the time it takes tells nothing of the key.
        self.key.is_none_or(|expected| {
            key.is_some_and(|key| <[u8; 32]>::from(Sha256::digest(key.as_bytes())) == expected)
        })
    }

    /// Whether a request's `model` is the one that is served; none is as well.
    ///
    /// # Errors
    ///
    /// Another model's name.
    pub fn is_served(&self, model: Option<&str>) -> Result<(), Refusal> {
        match model {
            Some(other) if other != self.name => {
                let what = format!("there is no model {other:?}; {:?} is served", self.name);
                let refusal = Refusal::field("model", what).code("model_not_found");
                Err(Refusal {
                    status: StatusCode::NOT_FOUND,
                    ..refusal
                })
            }
            _ => Ok(()),
        }
    }

    /// The decoder.
    ///
    /// # Errors
    ///
    /// Where an encoder is served.
    pub fn answers(&self) -> Result<&Answers, Refusal> {
        match &self.serves {
            Serves::Answers(answers) => Ok(answers),
            Serves::Vectors(_) => Err(Refusal::status(
                StatusCode::NOT_FOUND,
                "an encoder is served here, which gives vectors (/v1/embeddings) and no answers",
            )),
        }
    }

    /// The encoder.
    ///
    /// # Errors
    ///
    /// Where a decoder is served.
    pub fn vectors(&self) -> Result<&Vectors, Refusal> {
        match &self.serves {
            Serves::Vectors(vectors) => Ok(vectors),
            Serves::Answers(_) => Err(Refusal::status(
                StatusCode::NOT_FOUND,
                "a decoder is served here, which gives answers (/v1/chat/completions) and no vectors",
            )),
        }
    }
}
