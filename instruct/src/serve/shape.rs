//! Answers in OpenAI's shapes: of a conversation and of a text, whole and in pieces.

use serde_json::{Value, json};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// What an answer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To a conversation.
    Chat,
    /// To a text.
    Text,
}

/// What all parts of an answer have in common.
#[derive(Clone, Debug)]
pub struct Shape {
    kind: Kind,
    id: String,
    created: u64,
    model: String,
}

/// Tokens that were read and made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Read.
    pub prompt: usize,
    /// Made.
    pub new: usize,
}

impl Usage {
    fn json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt,
            "completion_tokens": self.new,
            "total_tokens": self.prompt + self.new,
        })
    }
}

impl Shape {
    /// The shape of a new answer.
    pub fn new(kind: Kind, model: &str, created: u64) -> Self {
        static ASKED: AtomicU64 = AtomicU64::new(0);
        let number = ASKED.fetch_add(1, Ordering::Relaxed);
        let random = RandomState::new().hash_one(number);
        let name = match kind {
            Kind::Chat => "chatcmpl",
            Kind::Text => "cmpl",
        };
        Self {
            kind,
            id: format!("{name}-{random:016x}{number:x}"),
            created,
            model: model.into(),
        }
    }

    /// The answers as one object, each a text and why it ended.
    pub fn whole(&self, answers: &[(String, &str)], usage: Usage) -> Value {
        let choices = answers.iter().enumerate().map(|(index, (text, reason))| {
            let said = match self.kind {
                Kind::Chat => ("message", json!({"role": "assistant", "content": text})),
                Kind::Text => ("text", json!(text)),
            };
            self.choice(index, said, Some(reason))
        });
        let object = match self.kind {
            Kind::Chat => "chat.completion",
            Kind::Text => "text_completion",
        };
        self.object(object, choices.collect(), Some(usage))
    }

    /// What says who speaks, before the first piece of a conversation's answer.
    pub fn head(&self, index: usize) -> Option<Value> {
        let delta = json!({"role": "assistant", "content": ""});
        let choice = || self.choice(index, ("delta", delta), None);
        (self.kind == Kind::Chat).then(|| self.chunk(vec![choice()], None))
    }

    /// A piece of an answer.
    pub fn piece(&self, index: usize, text: &str) -> Value {
        let said = match self.kind {
            Kind::Chat => ("delta", json!({"content": text})),
            Kind::Text => ("text", json!(text)),
        };
        self.chunk(vec![self.choice(index, said, None)], None)
    }

    /// The end of an answer.
    pub fn end(&self, index: usize, reason: &str) -> Value {
        let said = match self.kind {
            Kind::Chat => ("delta", json!({})),
            Kind::Text => ("text", json!("")),
        };
        self.chunk(vec![self.choice(index, said, Some(reason))], None)
    }

    /// What comes behind all pieces, for clients that ask for it.
    pub fn usage(&self, usage: Usage) -> Value {
        self.chunk(Vec::new(), Some(usage))
    }

    fn choice(&self, index: usize, said: (&str, Value), reason: Option<&str>) -> Value {
        let mut choice = json!({"index": index, "finish_reason": reason, "logprobs": null});
        choice[said.0] = said.1;
        choice
    }

    fn chunk(&self, choices: Vec<Value>, usage: Option<Usage>) -> Value {
        let object = match self.kind {
            Kind::Chat => "chat.completion.chunk",
            Kind::Text => "text_completion",
        };
        self.object(object, choices, usage)
    }

    fn object(&self, object: &str, choices: Vec<Value>, usage: Option<Usage>) -> Value {
        let mut all = json!({
            "id": self.id,
            "object": object,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        });
        if let Some(usage) = usage {
            all["usage"] = usage.json();
        }
        all
    }
}
