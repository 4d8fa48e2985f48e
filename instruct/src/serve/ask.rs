//! What a client asks: JSON, checked field by field.

use super::refusal::Refusal;
use crate::conversation::{Message, Role};
use axum::http::StatusCode;
use serde_json::{Map, Value};
use slovo_model::Sampling;

/// Answers to one question at most.
pub const MOST_ANSWERS: u64 = 8;
/// Texts of one request, at most.
const MOST_TEXTS: usize = 2048;
/// Texts that end an answer, at most, and how long they may be.
const MOST_STOPS: usize = 8;
const STOP_BYTES: usize = 256;
/// Tokens of an answer where nothing is said.
const TOKENS: usize = 512;

/// What is to be continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A conversation.
    Chat(Vec<Message>),
    /// Texts.
    Texts(Vec<String>),
}

impl Wanted {
    /// The field in which it was said.
    pub fn param(&self) -> &'static str {
        match self {
            Self::Chat(_) => "messages",
            Self::Texts(_) => "prompt",
        }
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What is to be continued.
    pub wanted: Wanted,
    /// By which model.
    pub model: Option<String>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Tokens at most; what is left of the context, but no more than 512, where not given.
    pub max_tokens: Option<usize>,
    /// Answers.
    pub n: u64,
    /// Texts behind which an answer ends.
    pub stop: Vec<String>,
    /// Token by token.
    pub stream: bool,
    /// Whether a stream ends with the usage.
    pub stream_usage: bool,
    /// Whether the prompt comes back before the answer; for texts.
    pub echo: bool,
}

impl Ask {
    /// Tokens of an answer, where so many are left: what is asked for, but no more than there is room for.
    pub fn tokens(&self, left: usize) -> usize {
        self.max_tokens.unwrap_or(TOKENS).min(left)
    }

    /// Reads a request for an answer in a conversation.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub fn chat(body: &[u8]) -> Result<Self, Refusal> {
        let fields = fields(body)?;
        let messages = match fields.get("messages") {
            Some(Value::Array(all)) if !all.is_empty() => messages(all)?,
            Some(Value::Array(_)) => {
                return Err(Refusal::field("messages", "there are none; one would do"));
            }
            Some(_) | None => {
                return Err(Refusal::field("messages", "a list of messages is needed"));
            }
        };
        for tool in ["tools", "functions"] {
            if !fields.get(tool).is_none_or(says_nothing) {
                return Err(Refusal::field(tool, "this server calls no functions"));
            }
        }
        let format = fields.get("response_format").and_then(|it| it.get("type"));
        if format.is_some_and(|format| format != "text") {
            return Err(Refusal::field("response_format", "only \"text\" is known"));
        }
        Self::read(&fields, Wanted::Chat(messages))
    }

    /// Reads a request to continue a text.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub fn completion(body: &[u8]) -> Result<Self, Refusal> {
        let fields = fields(body)?;
        let texts = texts(&fields, "prompt")?;
        Self::read(&fields, Wanted::Texts(texts))
    }

    fn read(fields: &Map<String, Value>, wanted: Wanted) -> Result<Self, Refusal> {
        for absent in ["logprobs", "top_logprobs", "logit_bias", "suffix"] {
            if !fields.get(absent).is_none_or(says_nothing) {
                return Err(Refusal::field(absent, "this server does not know it"));
            }
        }
        let number = |name: &str, low: f64, high: f64| number(fields, name, low, high);
        let mut sampling = Sampling::default();
        if let Some(value) = number("temperature", 0.0, 2.0)? {
            sampling.temperature = value as f32;
        }
        if let Some(value) = number("top_p", 0.0, 1.0)? {
            if value == 0.0 {
                return Err(Refusal::field(
                    "top_p",
                    "0 found; above 0 and at most 1 would do",
                ));
            }
            sampling.top_p = Some(value as f32).filter(|value| *value < 1.0);
        }
        sampling.min_p = number("min_p", 0.0, 1.0)?.map(|value| value as f32);
        sampling.frequency_penalty = number("frequency_penalty", -2.0, 2.0)?.unwrap_or(0.0) as f32;
        sampling.presence_penalty = number("presence_penalty", -2.0, 2.0)?.unwrap_or(0.0) as f32;
        if let Some(value) = number("repetition_penalty", 0.01, 10.0)? {
            sampling.repetition_penalty = value as f32;
        }
        sampling.top_k = whole(fields, "top_k", 1, 1 << 20)?.map(|value| value as usize);
        sampling.seed = match fields.get("seed") {
            None | Some(Value::Null) => Sampling::fresh_seed(),
            Some(value) => match value.as_u64().or(value.as_i64().map(|seed| seed as u64)) {
                Some(seed) => seed,
                None => return Err(Refusal::field("seed", "a whole number is needed")),
            },
        };
        if let Err(error) = sampling.validate() {
            let what = error.to_string();
            return Err(Refusal::status(StatusCode::BAD_REQUEST, what));
        }
        let limit = match whole(fields, "max_completion_tokens", 1, 1 << 24)? {
            Some(limit) => Some(limit),
            None => whole(fields, "max_tokens", 1, 1 << 24)?,
        };
        Ok(Self {
            wanted,
            model: text(fields, "model")?,
            sampling,
            max_tokens: limit.map(|limit| limit as usize),
            n: whole(fields, "n", 1, MOST_ANSWERS)?.unwrap_or(1),
            stop: stops(fields)?,
            stream: flag(fields, "stream")?,
            stream_usage: fields
                .get("stream_options")
                .and_then(|options| options.get("include_usage"))
                .is_some_and(|usage| usage == true),
            echo: flag(fields, "echo")?,
        })
    }
}

/// A request for vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskVectors {
    /// Of these texts.
    pub texts: Vec<String>,
    /// By which model.
    pub model: Option<String>,
    /// As base64 of their bytes, instead of numbers.
    pub base64: bool,
}

impl AskVectors {
    /// Reads a request.
    ///
    /// # Errors
    ///
    /// The field that is wrong.
    pub fn read(body: &[u8]) -> Result<Self, Refusal> {
        let fields = fields(body)?;
        let base64 = match text(&fields, "encoding_format")?.as_deref() {
            None | Some("float") => false,
            Some("base64") => true,
            Some(_) => {
                let what = "\"float\" and \"base64\" are known";
                return Err(Refusal::field("encoding_format", what));
            }
        };
        if !fields.get("dimensions").is_none_or(Value::is_null) {
            let what = "a vector has as many as the model makes";
            return Err(Refusal::field("dimensions", what));
        }
        Ok(Self {
            texts: texts(&fields, "input")?,
            model: text(&fields, "model")?,
            base64,
        })
    }
}

/// Whether a field is there but asks for nothing: `null`, `false`, `0`, nothing in it.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Array(all) => all.is_empty(),
        Value::Bool(true) => false,
    }
}

fn fields(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => {
            let message = "the body is no JSON object";
            Err(Refusal::status(StatusCode::BAD_REQUEST, message))
        }
        Err(error) => {
            let message = format!("the body is no JSON: {error}");
            Err(Refusal::status(StatusCode::BAD_REQUEST, message))
        }
    }
}

fn messages(all: &[Value]) -> Result<Vec<Message>, Refusal> {
    let mut found = Vec::with_capacity(all.len());
    for (number, message) in all.iter().enumerate() {
        let at = |field: &str| format!("messages[{number}].{field}");
        let role = message.get("role").and_then(Value::as_str);
        let role = match role {
            Some("developer") => Some(Role::System),
            Some(role) => Role::of(role),
            None => None,
        };
        let Some(role) = role else {
            let known = "`system`, `user` and `assistant` are known";
            return Err(Refusal::field(at("role"), known));
        };
        let content = match message.get("content") {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(parts)) => {
                let mut text = String::new();
                for part in parts {
                    match part.get("text").and_then(Value::as_str) {
                        Some(more) => text += more,
                        None => return Err(Refusal::field(at("content"), "only text is read")),
                    }
                }
                text
            }
            _ => return Err(Refusal::field(at("content"), "a text is needed")),
        };
        if role == Role::System && number > 0 {
            let what = "a system message can only be the first one";
            return Err(Refusal::field(at("role"), what));
        }
        found.push(Message { role, content });
    }
    match found.last() {
        Some(last) if last.role == Role::User => Ok(found),
        _ => Err(Refusal::field(
            "messages",
            "the last message must be the user's",
        )),
    }
}

fn texts(fields: &Map<String, Value>, name: &str) -> Result<Vec<String>, Refusal> {
    let wrong = |what: &str| Err(Refusal::field(name, what));
    let all = match fields.get(name) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(all)) if all.len() > MOST_TEXTS => {
            let what = format!("{} texts found; at most {MOST_TEXTS} would do", all.len());
            return wrong(&what);
        }
        Some(Value::Array(all)) if !all.is_empty() => {
            let of = |value: &Value| value.as_str().map(str::to_owned);
            match all.iter().map(of).collect() {
                Some(all) => all,
                None => return wrong("texts are read, not token ids"),
            }
        }
        _ => return wrong("a text is needed, or a list of texts"),
    };
    match all.iter().any(String::is_empty) {
        true => wrong("an empty text found; one letter at least would do"),
        false => Ok(all),
    }
}

fn stops(fields: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let wrong = || {
        let what = format!(
            "a text is needed, or a list of at most {MOST_STOPS}, each of 1 to {STOP_BYTES} bytes"
        );
        Refusal::field("stop", what)
    };
    let all = match fields.get("stop") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(all)) if all.len() <= MOST_STOPS => {
            let of = |value: &Value| value.as_str().map(str::to_owned);
            all.iter()
                .map(of)
                .collect::<Option<_>>()
                .ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    match all
        .iter()
        .all(|text| (1..=STOP_BYTES).contains(&text.len()))
    {
        true => Ok(all),
        false => Err(wrong()),
    }
}

fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::field(name, "a text is needed")),
    }
}

fn flag(fields: &Map<String, Value>, name: &str) -> Result<bool, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(Refusal::field(name, "true or false is needed")),
    }
}

fn number(
    fields: &Map<String, Value>,
    name: &str,
    low: f64,
    high: f64,
) -> Result<Option<f64>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_f64().filter(|value| (low..=high).contains(value)) {
            Some(value) => Ok(Some(value)),
            None => {
                let what = format!("{value} found; a number from {low} to {high} would do");
                Err(Refusal::field(name, what))
            }
        },
    }
}

fn whole(
    fields: &Map<String, Value>,
    name: &str,
    low: u64,
    high: u64,
) -> Result<Option<u64>, Refusal> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64().filter(|value| (low..=high).contains(value)) {
            Some(value) => Ok(Some(value)),
            None => {
                let what = format!("{value} found; a whole number from {low} to {high} would do");
                Err(Refusal::field(name, what))
            }
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn chat(more: Value) -> Result<Ask, Refusal> {
        let mut body = json!({"messages": [{"role": "user", "content": "hello"}]});
        let Value::Object(more) = more else {
            unreachable!()
        };
        more.into_iter()
            .for_each(|(name, value)| body[name] = value);
        Ask::chat(body.to_string().as_bytes())
    }

    #[test]
    fn what_a_client_says_is_read() {
        let ask = chat(json!({
            "model": "m", "temperature": 0, "top_p": 0.5, "max_tokens": 7, "n": 2, "stop": "x",
            "seed": 5, "stream": true, "stream_options": {"include_usage": true}, "user": "u",
        }));
        let ask = ask.unwrap();
        assert_eq!(ask.sampling.temperature, 0.0);
        assert_eq!(ask.sampling.top_p, Some(0.5));
        assert_eq!((ask.max_tokens, ask.n, ask.sampling.seed), (Some(7), 2, 5));
        assert_eq!(ask.stop, ["x"]);
        assert!(ask.stream && ask.stream_usage);
        let parts = json!({"messages": [{"role": "developer", "content": "s"},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]});
        let ask = Ask::chat(parts.to_string().as_bytes()).unwrap();
        let expected = vec![
            Message::new(Role::System, "s"),
            Message::new(Role::User, "ab"),
        ];
        assert_eq!(ask.wanted, Wanted::Chat(expected));
        assert_ne!(
            chat(json!({})).unwrap().sampling.seed,
            chat(json!({})).unwrap().sampling.seed
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (more, param) in [
            (json!({"temperature": -0.1}), "temperature"),
            (json!({"temperature": "hot"}), "temperature"),
            (json!({"top_p": 0}), "top_p"),
            (json!({"top_p": 1.5}), "top_p"),
            (json!({"max_tokens": 0}), "max_tokens"),
            (json!({"max_tokens": 1.5}), "max_tokens"),
            (json!({"n": 9}), "n"),
            (json!({"frequency_penalty": 3}), "frequency_penalty"),
            (json!({"stop": ["a", 3]}), "stop"),
            (json!({"stop": ""}), "stop"),
            (json!({"stream": 1}), "stream"),
            (json!({"seed": "x"}), "seed"),
            (json!({"tools": [{}]}), "tools"),
            (json!({"messages": []}), "messages"),
            (
                json!({"messages": [{"role": "user"}]}),
                "messages[0].content",
            ),
            (
                json!({"messages": [{"role": "tool", "content": "x"}]}),
                "messages[0].role",
            ),
            (
                json!({"messages": [{"role": "assistant", "content": "x"}]}),
                "messages",
            ),
        ] {
            let refusal = chat(more.clone()).unwrap_err();
            assert_eq!(refusal.param.as_deref(), Some(param), "{more}");
        }
        for body in ["", "[]", "{\"messages\": NaN}", &"[".repeat(100_000)] {
            assert_eq!(Ask::chat(body.as_bytes()).unwrap_err().status, 400);
        }
    }
}
