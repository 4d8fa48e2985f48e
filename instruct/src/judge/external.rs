//! Another model's opinion of answers, asked over OpenAI's protocol: a server of one's own (`cargo
//! xtask serve` is one), or somebody else's.

use crate::{Error, Result};
use serde_json::{Value, json};
use std::env;
use std::thread;
use std::time::Duration;
use ureq::{Agent, Body};

/// Where the key stands, if the judge wants one.
const KEY: &str = "OPENAI_API_KEY";
/// Seconds to wait before each time that it is asked the same.
const PAUSES: [u64; 4] = [0, 1, 2, 4];
/// How long one opinion may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A model that is asked how good answers are.
pub struct External {
    agent: Agent,
    url: String,
    model: String,
    key: Option<String>,
}

impl External {
    /// The judge at `url`, which ends with `/v1`: the model of that name, or the first one there.
    ///
    /// # Errors
    ///
    /// Nobody there, or no model.
    pub fn new(url: &str, model: Option<&str>) -> Result<Self> {
        let config = Agent::config_builder()
            .timeout_global(Some(PATIENCE))
            .http_status_as_error(false);
        let mut judge = Self {
            agent: config.build().into(),
            url: url.trim_end_matches('/').into(),
            model: String::new(),
            key: env::var(KEY).ok(),
        };
        judge.model = match model {
            Some(model) => model.into(),
            None => {
                let asked = judge.agent.get(format!("{}/models", judge.url));
                let asked = judge.signed(asked).call();
                let found = judge.read(asked)?;
                let first = found["data"][0]["id"].as_str();
                let first =
                    first.ok_or_else(|| judge.wrong("tells no model; --judge-model names one"))?;
                first.into()
            }
        };
        Ok(judge)
    }

    /// How good `said` is as an answer to `question`, beside `expected`: from 0 to 100, or nothing where
    /// the judge says something else than a number.
    ///
    /// # Errors
    ///
    /// A judge that does not answer, asked several times.
    pub fn score(&self, question: &str, expected: &str, said: &str) -> Result<Option<f64>> {
        let task = format!(
            "Grade an answer.\n\nQuestion:\n{question}\n\nA right answer:\n{expected}\n\nThe answer to \
             grade:\n{said}\n\nHow good is the answer to grade, from 0 (useless) to 100 (as good as it can be)? \
             Reply with the whole number alone."
        );
        let body = json!({
            "model": self.model,
            "messages": [{"role": "user", "content": task}],
            "temperature": 0,
            "max_tokens": 16,
        });
        let mut failed = None;
        for wait in PAUSES {
            thread::sleep(Duration::from_secs(wait));
            let asked = self.agent.post(format!("{}/chat/completions", self.url));
            match self.read(self.signed(asked).send_json(&body)) {
                Ok(found) => {
                    let content = found["choices"][0]["message"]["content"].as_str();
                    return Ok(content.and_then(number));
                }
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(None), Err)
    }

    fn signed<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
        match &self.key {
            Some(key) => request.header("authorization", format!("Bearer {key}")),
            None => request,
        }
    }

    fn read(
        &self,
        answer: std::result::Result<ureq::http::Response<Body>, ureq::Error>,
    ) -> Result<Value> {
        let mut answer = answer.map_err(|error| self.wrong(&error.to_string()))?;
        let status = answer.status();
        let found = answer.body_mut().read_to_string();
        let found = found.map_err(|error| self.wrong(&error.to_string()))?;
        match (status.is_success(), serde_json::from_str(&found)) {
            (true, Ok(value)) => Ok(value),
            (true, Err(error)) => Err(self.wrong(&format!("answered no JSON: {error}"))),
            (false, found) => {
                let said: Value = found.unwrap_or_default();
                let said = said["error"]["message"].as_str().unwrap_or_default();
                Err(self.wrong(&format!("status {status}: {said}")))
            }
        }
    }

    fn wrong(&self, what: &str) -> Error {
        Error::Value {
            field: "--judge",
            found: self.url.clone(),
            expected: what.into(),
        }
    }
}

/// The first whole number of a text, if it is a grade.
fn number(text: &str) -> Option<f64> {
    let digits = text.find(|letter: char| letter.is_ascii_digit())?;
    let rest = &text[digits..];
    let end = rest.find(|letter: char| !letter.is_ascii_digit());
    let grade: f64 = rest[..end.unwrap_or(rest.len())].parse().ok()?;
    (grade <= 100.0).then_some(grade)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grade_is_the_first_number() {
        for (text, grade) in [
            ("87", Some(87.0)),
            ("**Score: 5/100**", Some(5.0)),
            ("100.", Some(100.0)),
            ("101", None),
            ("very good", None),
            ("", None),
        ] {
            assert_eq!(number(text), grade, "{text}");
        }
    }
}
