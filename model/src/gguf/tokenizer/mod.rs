//! The tokenizer in the metadata, as the files of Hugging Face's `tokenizers` and `transformers`.

mod bpe;
mod pre;
mod sentencepiece;
mod vocab;

use super::error::{GgufError, quote};
use super::file::Gguf;
use super::settings::Settings;
use super::value::Value as Metadata;
use serde_json::{Value, json};
use vocab::{Vocab, at_most, text_at};

/// Models have one to three.
const MOST_TEMPLATES: usize = 64;

/// The two files of a tokenizer.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenizerFiles {
    /// `tokenizer.json`.
    pub tokenizer: Value,
    /// `tokenizer_config.json`: the special tokens by name, and the chat template.
    pub config: Value,
}

/// Tokens that are put around a text.
struct Around<'a> {
    bos: Option<(u32, &'a str)>,
    eos: Option<(u32, &'a str)>,
}

/// Reads the tokenizer of `file`: byte-level byte-pair encoding (`gpt2`) or SentencePiece (`llama`).
///
/// # Errors
///
/// When the metadata has none, one of another kind, or one that does not fit together.
pub fn read(file: &Gguf<'_>) -> Result<TokenizerFiles, GgufError> {
    let settings = Settings {
        file,
        prefix: "tokenizer.ggml.",
    };
    let known = "\"gpt2\" and \"llama\"";
    let model = settings.text("model")?;
    let model = model.ok_or_else(|| settings.missing("model", "\"gpt2\" or \"llama\""))?;
    let (is_bpe, adds_bos) = match model {
        "gpt2" => (true, pre::adds_bos(&settings)?),
        "llama" => (false, true),
        other => return Err(settings.refuse("model", &quote(other), known)),
    };
    let vocab = Vocab::read(&settings)?;
    let adds_bos = settings.flag("add_bos_token")?.unwrap_or(adds_bos);
    let adds_eos = settings.flag("add_eos_token")?.unwrap_or(false);
    let around = Around {
        bos: around(&settings, &vocab, adds_bos, "bos_token_id")?,
        eos: around(&settings, &vocab, adds_eos, "eos_token_id")?,
    };
    let parts = if is_bpe {
        bpe::read(&settings, &vocab)?
    } else {
        sentencepiece::read(&settings, &vocab)?
    };
    let tokenizer = json!({
        "version": "1.0",
        "truncation": null,
        "padding": null,
        "added_tokens": vocab.added(),
        "normalizer": parts.normalizer,
        "pre_tokenizer": parts.pre_tokenizer,
        "post_processor": around.post_processor(),
        "decoder": parts.decoder,
        "model": parts.model,
    });
    let config = config(&settings, &vocab, [adds_bos, adds_eos])?;
    Ok(TokenizerFiles { tokenizer, config })
}

/// What differs between the kinds of tokenizers.
struct Parts {
    normalizer: Value,
    pre_tokenizer: Value,
    decoder: Value,
    model: Value,
}

fn around<'a>(
    settings: &Settings<'a>,
    vocab: &Vocab<'a>,
    adds: bool,
    name: &str,
) -> Result<Option<(u32, &'a str)>, GgufError> {
    if !adds {
        return Ok(None);
    }
    let id = settings.token(name, vocab.len())?;
    let id = id.ok_or_else(|| settings.missing(name, "the id of the token that is to be added"))?;
    Ok(Some((id, vocab.text(id))))
}

impl Around<'_> {
    fn post_processor(&self) -> Value {
        if self.bos.is_none() && self.eos.is_none() {
            return Value::Null;
        }
        let special = |token: &Option<(u32, &str)>, part: u8| {
            let piece =
                |(_, text): &(u32, &str)| json!({"SpecialToken": {"id": text, "type_id": part}});
            token.as_ref().map(piece)
        };
        let sequence = |name: &str, part: u8| {
            let text = Some(json!({"Sequence": {"id": name, "type_id": part}}));
            let all = [special(&self.bos, part), text, special(&self.eos, part)];
            all.into_iter().flatten().collect::<Vec<_>>()
        };
        let tokens = [&self.bos, &self.eos].into_iter().flatten();
        let tokens = tokens.map(|(id, text)| {
            let token = json!({"id": text, "ids": [id], "tokens": [text]});
            ((*text).to_owned(), token)
        });
        let pair = [sequence("A", 0), sequence("B", 1)].concat();
        json!({
            "type": "TemplateProcessing",
            "single": sequence("A", 0),
            "pair": pair,
            "special_tokens": tokens.collect::<serde_json::Map<_, _>>(),
        })
    }
}

fn config(
    settings: &Settings<'_>,
    vocab: &Vocab<'_>,
    [adds_bos, adds_eos]: [bool; 2],
) -> Result<Value, GgufError> {
    let text = |name: &str| {
        let id = settings.token(name, vocab.len())?;
        Ok::<_, GgufError>(id.map(|id| vocab.text(id)))
    };
    let mut config = json!({
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": false,
        "add_bos_token": adds_bos,
        "add_eos_token": adds_eos,
        "bos_token": text("bos_token_id")?,
        "eos_token": text("eos_token_id")?,
        "unk_token": text("unknown_token_id")?,
        "pad_token": text("padding_token_id")?,
    });
    if let Some(template) = chat_template(settings)? {
        config["chat_template"] = template;
    }
    Ok(config)
}

/// One template is a text; several are a list with names, the nameless one called `default`.
fn chat_template(settings: &Settings<'_>) -> Result<Option<Value>, GgufError> {
    let settings = Settings {
        file: settings.file,
        prefix: "tokenizer.",
    };
    let default = settings.text("chat_template")?;
    let mut named = Vec::new();
    if let Some(default) = default {
        named.push(json!({"name": "default", "template": default}));
    }
    let names = match settings.get("chat_templates") {
        Some(Metadata::Array(names)) => names,
        None => return Ok(default.map(Value::from)),
        Some(other) => return Err(settings.invalid("chat_templates", other, "a list of names")),
    };
    at_most(&settings, "chat_templates", names.len(), MOST_TEMPLATES)?;
    for (number, name) in names.iter().enumerate() {
        let name = text_at(&settings, "chat_templates", number, name)?;
        let key = format!("chat_template.{name}");
        let template = settings.text(&key)?;
        let template = template.ok_or_else(|| settings.missing(&key, "a template"))?;
        named.push(json!({"name": name, "template": template}));
    }
    Ok(Some(Value::from(named)))
}
