//! Conversations as the text that a model reads: chat templates.
//!
//! Every template is a Jinja template, as `tokenizer_config.json` holds them, and is rendered as
//! `transformers` renders it: the named ones here, that of the base model, or a person's own. So what
//! is tuned here says in its folder how to talk to it.

mod jinja;
mod rendered;

pub use rendered::{Piece, Rendered};

use crate::conversation::{Message, Role};
use crate::{Error, Result};
use jinja::Jinja;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use slovo_data::Tokenizer;
use std::collections::BTreeMap;
use std::path::Path;

/// Which template a recipe asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateRecipe {
    /// That of the base model; Alpaca's where it has none.
    #[default]
    Base,
    /// "Below is an instruction …" (Taori et al. 2023): plain words, for any tokenizer.
    Alpaca,
    /// `<|im_start|>user …<|im_end|>`
    ChatMl,
    /// `<|user|> …<|end|>`
    Phi3,
    /// `<|start_header_id|>user<|end_header_id|> …<|eot_id|>`
    Llama3,
    /// `User: …` and `Assistant: …`
    Plain,
    /// A Jinja template.
    Jinja(String),
}

/// What a `tokenizer_config.json` says of conversations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatConfig {
    /// The chat template.
    pub template: Option<String>,
    /// `bos_token` and the like, under their names; none where the file is silent of them, and then the
    /// tokenizer's own are what there is.
    pub tokens: BTreeMap<String, String>,
}

/// What templates call special tokens.
const TOKENS: [&str; 4] = ["bos_token", "eos_token", "pad_token", "unk_token"];

/// A template, ready to render.
#[derive(Clone)]
pub struct Template {
    jinja: Jinja,
    /// Stands between an instruction and its input.
    between: &'static str,
}

const ALPACA: &str = include_str!("alpaca.jinja");
const CHATML: &str = include_str!("chatml.jinja");
const LLAMA3: &str = include_str!("llama3.jinja");
const PHI3: &str = include_str!("phi3.jinja");
const PLAIN: &str = include_str!("plain.jinja");

impl Template {
    /// The template of a recipe; `base` is what the base model's files say.
    ///
    /// # Errors
    ///
    /// A template that cannot be understood, or that has no token to end an answer with.
    pub fn new(recipe: &TemplateRecipe, base: &ChatConfig, tokenizer: &Tokenizer) -> Result<Self> {
        let (name, source, between) = match (recipe, base.template.as_deref()) {
            (TemplateRecipe::Base, Some(source)) => ("of the base model", source, "\n\n"),
            (TemplateRecipe::Base, None) | (TemplateRecipe::Alpaca, _) => {
                ("Alpaca", ALPACA, "\n\n### Input:\n")
            }
            (TemplateRecipe::ChatMl, _) => ("ChatMl", CHATML, "\n\n"),
            (TemplateRecipe::Phi3, _) => ("Phi3", PHI3, "\n\n"),
            (TemplateRecipe::Llama3, _) => ("Llama3", LLAMA3, "\n\n"),
            (TemplateRecipe::Plain, _) => ("Plain", PLAIN, "\n\n"),
            (TemplateRecipe::Jinja(source), _) => ("of the recipe", source.as_str(), "\n\n"),
        };
        // What tuning with Alpaca left behind is read as it was.
        let between = match source == ALPACA {
            true => "\n\n### Input:\n",
            false => between,
        };
        let template = Self {
            jinja: Jinja::new(name, source, tokens(base, tokenizer))?,
            between,
        };
        // What is wrong with a template is said now, not in the middle of a file.
        let probe = [
            Message::new(Role::User, "q"),
            Message::new(Role::Assistant, "a"),
        ];
        let rendered = template.conversation(&probe, tokenizer)?;
        match rendered.ends.is_empty() {
            false => Ok(template),
            true => Err(Error::Template {
                name: name.into(),
                what: "an answer ends with no special token of this tokenizer, so that the model could \
                       not say that it has ended; another template would do, such as Alpaca, which ends \
                       with the end of a text"
                    .into(),
            }),
        }
    }

    /// The names of the tokens that end answers.
    pub fn ends(&self, tokenizer: &Tokenizer) -> Vec<String> {
        let probe = [
            Message::new(Role::User, "q"),
            Message::new(Role::Assistant, "a"),
        ];
        // It was rendered when the template was read.
        let rendered = self.conversation(&probe, tokenizer);
        rendered.map(|rendered| rendered.ends).unwrap_or_default()
    }

    /// The template itself.
    pub fn source(&self) -> &str {
        self.jinja.source()
    }

    /// The template and its special tokens as `tokenizer_config.json` holds them.
    pub fn config(&self) -> Value {
        let mut config = json!({"chat_template": self.source()});
        for (name, token) in self.jinja.tokens() {
            config[name] = token.as_str().into();
        }
        config
    }

    /// An instruction and its input as one message.
    pub fn joined(&self, instruction: &str, input: &str) -> String {
        format!("{instruction}{}{input}", self.between)
    }

    /// The text that asks for an answer to the last of `messages`.
    ///
    /// # Errors
    ///
    /// What the template says against it.
    pub fn prompt(&self, messages: &[Message]) -> Result<String> {
        self.jinja.render(messages, true)
    }

    /// The text of a conversation as it stands, which asks for nothing.
    ///
    /// # Errors
    ///
    /// What the template says against it.
    pub fn whole(&self, messages: &[Message]) -> Result<String> {
        self.jinja.render(messages, false)
    }

    /// The tokens that ask for an answer to the last of `messages`. What looks like a special token in
    /// a message is text.
    ///
    /// # Errors
    ///
    /// What the template says against it, or text that the tokenizer cannot encode.
    pub fn prompt_ids(&self, messages: &[Message], tokenizer: &Tokenizer) -> Result<Vec<u32>> {
        let text = self.prompt(messages)?;
        let said = rendered::said(&self.jinja, &text, messages, true);
        Ok(tokenizer.encode_with_tokens(&text, &said)?)
    }

    /// A whole conversation, and which parts of it the assistant says.
    ///
    /// # Errors
    ///
    /// What the template says against it; a template whose rendering of a conversation does not begin
    /// with that of its beginning.
    pub fn conversation(&self, messages: &[Message], tokenizer: &Tokenizer) -> Result<Rendered> {
        Rendered::new(&self.jinja, messages, tokenizer)
    }
}

/// The special tokens under the names that templates call them by.
fn tokens(base: &ChatConfig, tokenizer: &Tokenizer) -> BTreeMap<String, String> {
    if !base.tokens.is_empty() {
        return base.tokens.clone();
    }
    let mut tokens: BTreeMap<String, String> = tokenizer
        .special_tokens_map()
        .into_iter()
        .filter(|(name, _)| TOKENS.contains(name))
        .map(|(name, token)| (name.to_owned(), token))
        .collect();
    // Decoders begin a text with the token that ends one, where they have no other.
    if let Some(end) = tokens.get("eos_token").cloned() {
        tokens.entry("bos_token".to_owned()).or_insert(end);
    }
    tokens
}

/// What the files of a model folder say: `chat_template.jinja`, `tokenizer_config.json`.
///
/// # Errors
///
/// A file that cannot be read or understood.
pub fn of_folder(folder: &Path) -> Result<ChatConfig> {
    let read = |name: &str| -> Result<Option<String>> {
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Folder {
                path,
                what: error.to_string(),
            }),
        }
    };
    let mut found = match read("tokenizer_config.json")? {
        Some(text) => {
            let config: Value = serde_json::from_str(&text).map_err(|error| Error::Folder {
                path: folder.join("tokenizer_config.json"),
                what: error.to_string(),
            })?;
            of_config(&config)
        }
        None => ChatConfig::default(),
    };
    if let Some(text) = read("chat_template.jinja")? {
        found.template = Some(text);
    }
    Ok(found)
}

/// What a parsed `tokenizer_config.json` says.
pub fn of_config(config: &Value) -> ChatConfig {
    let default = |all: &Vec<Value>| {
        let default = all.iter().find(|one| one["name"] == "default");
        Some(default?["template"].as_str()?.to_owned())
    };
    let template = match &config["chat_template"] {
        Value::String(text) => Some(text.clone()),
        Value::Array(all) => default(all),
        _ => None,
    };
    // A token is its text, or an object with it and how it is found.
    let token = |name: &str| {
        let token = &config[name];
        let text = token.as_str().or_else(|| token["content"].as_str())?;
        Some((name.to_owned(), text.to_owned()))
    };
    ChatConfig {
        template,
        tokens: TOKENS.into_iter().filter_map(token).collect(),
    }
}
