//! Who said what.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Says how the assistant is to be.
    System,
    /// Asks.
    User,
    /// Answers.
    Assistant,
}

impl Role {
    /// The role that a file calls so: `user` or `human`, `assistant` or `gpt`, `system`.
    pub fn of(name: &str) -> Option<Self> {
        Some(match name {
            "system" => Self::System,
            "user" | "human" => Self::User,
            "assistant" | "gpt" | "model" => Self::Assistant,
            _ => return None,
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        })
    }
}

/// Something said.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Message {
    /// By whom.
    pub role: Role,
    /// What.
    pub content: String,
}

impl Message {
    /// What `role` says.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
        }
    }
}

/// What is said about one matter, and what could be said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conversation {
    /// In order. The last message is the assistant's, unless there is a choice.
    pub messages: Vec<Message>,
    /// The worse of two last answers, where the last message is the better one.
    pub rejected: Option<String>,
    /// What an Alpaca record gave beside its instruction; judging compares answers with it.
    pub input: String,
}

impl Conversation {
    /// A question and its answer.
    pub fn of_two(question: impl Into<String>, answer: impl Into<String>) -> Self {
        Self {
            messages: vec![
                Message::new(Role::User, question),
                Message::new(Role::Assistant, answer),
            ],
            ..Self::default()
        }
    }

    /// Everything before the last answer.
    pub fn prompt(&self) -> &[Message] {
        &self.messages[..self.messages.len().saturating_sub(1)]
    }

    /// The last answer.
    pub fn answer(&self) -> &str {
        let last = self.messages.last();
        last.map_or("", |message| message.content.as_str())
    }
}
