//! Measuring a decoder on held-out text, its own or another.

use super::{own_material, within};
use crate::batch::{EvalLoader, HeldOut as Held};
use crate::learner::evaluation::{Evaluation, evaluate};
use crate::material::Material;
use crate::place::ModelPlace;
use crate::pretrain::windows;
use crate::recipe::Recipe;
use crate::stop::Stop;
use crate::task::CausalTask;
use crate::{Error, Result, backend, limits};
use burn::tensor::Device;
use serde::Serialize;
use slovo_args::EvaluateArgs;
use slovo_data::document::Document;
use slovo_data::source::Inputs;
use slovo_data::{Prepared, TokenBatch, Tokenizer};
use std::sync::Arc;

/// What a model needs for a text, beside what simpler means need.
#[derive(Clone, Debug, Serialize)]
pub struct HeldOut {
    /// Mean negative log-likelihood of a token, in nats.
    pub loss: f64,
    /// Half the width of its 95 % interval.
    pub loss_interval: Option<f64>,
    /// e to the loss.
    pub perplexity: f64,
    /// Bits for a byte of the text.
    pub bits_per_byte: f64,
    /// Half the width of its 95 % interval.
    pub bits_per_byte_interval: Option<f64>,
    /// Tokens measured.
    pub tokens: u64,
    /// Bytes of the whole text.
    pub bytes: u64,
    /// Tokens a window.
    pub context: usize,
    /// Bits for a byte of the same text, by other means.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<(String, f64)>,
}

/// A model that is ready to be measured.
pub(super) struct Ready {
    task: CausalTask,
    /// Its tokenizer.
    pub tokenizer: Tokenizer,
    /// Tokens a window.
    pub context: usize,
    batch: usize,
    device: Device,
}

impl Ready {
    pub(super) fn new(args: &EvaluateArgs, place: &ModelPlace) -> Result<Self> {
        let opened = backend::open(&args.backend)?;
        let shape = slovo_model::load_config(&place.folder)?;
        let trained = place.provenance()?.map(|provenance| provenance.context);
        let longest = shape.max_seq_len;
        let context = args.context.or(trained).unwrap_or(longest);
        if !(1..=longest).contains(&context) {
            return Err(Error::Value {
                field: "--context",
                found: context.to_string(),
                expected: format!("from 1 to {longest}, the model's longest, would do"),
            });
        }
        let batch = args.batch.max(1);
        limits::inference(&shape, [batch, context], "--batch", &opened)?;
        let model = place.model(&opened.device)?;
        Ok(Self {
            tokenizer: place.tokenizer(&model)?,
            task: CausalTask { model },
            context,
            batch,
            device: opened.device,
        })
    }

    /// Measures the model on windows of `context` tokens of a text of so many tokens and bytes; `None` when
    /// asked to stop.
    pub(super) fn evaluate(
        &self,
        windows: Arc<dyn Held<Tokens = TokenBatch>>,
        context: usize,
        [tokens, bytes]: [u64; 2],
        stop: &Stop,
    ) -> Result<Option<HeldOut>> {
        if bytes == 0 {
            return Err(Error::Training("the text has no bytes to measure".into()));
        }
        let tokens_per_byte = tokens as f64 / bytes as f64;
        let loader = EvalLoader::new(windows, None, self.batch, &self.device);
        let found = evaluate(&self.task, &loader, Some(tokens_per_byte), stop, None)?;
        Ok(found.map(|found| HeldOut::new(&found, bytes, context)))
    }
}

/// `recipe` is that of the model's own run.
pub(super) fn measure(
    args: &EvaluateArgs,
    place: &ModelPlace,
    recipe: Option<Recipe>,
    stop: &Stop,
) -> Result<Option<HeldOut>> {
    let ready = Ready::new(args, place)?;
    if !args.data.is_empty() {
        let text = InMemory::read(&args.data, &ready.tokenizer, ready.context)?;
        let size = text.size();
        return ready.evaluate(Arc::new(text), ready.context, size, stop);
    }
    let (recipe, data) = own_data(place, recipe, stop)?;
    let validation = data.validation.clone();
    let (tokens, bytes) = (validation.len(), validation.bytes());
    let windows = windows(validation, ready.context, recipe.evaluation.stride)?;
    let found = ready.evaluate(Arc::new(windows), ready.context, [tokens, bytes], stop)?;
    let Some(mut held_out) = found else {
        return Ok(None);
    };
    if args.baselines {
        let found = data.baselines()?;
        held_out.baselines = vec![
            ("xz -9".into(), found.xz_bits_per_byte),
            (format!("{}-gram", found.order), found.ngram_bits_per_byte),
        ];
    }
    Ok(Some(held_out))
}

impl HeldOut {
    fn new(found: &Evaluation, bytes: u64, context: usize) -> Self {
        let interval = found.standard_error.map(|error| 1.96 * error);
        let bits_per_byte = found.bits_per_byte.unwrap_or(f64::NAN);
        Self {
            loss: found.loss,
            loss_interval: interval,
            perplexity: found.perplexity(),
            bits_per_byte,
            bits_per_byte_interval: interval.map(|half| half / found.loss * bits_per_byte),
            tokens: found.tokens,
            bytes,
            context,
            baselines: Vec::new(),
        }
    }
}

impl std::fmt::Display for HeldOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "loss           {:.4}{} nats per token",
            self.loss,
            within(self.loss_interval)
        )?;
        writeln!(f, "perplexity     {:.3}", self.perplexity)?;
        writeln!(
            f,
            "bits per byte  {:.4}{}",
            self.bits_per_byte,
            within(self.bits_per_byte_interval)
        )?;
        write!(
            f,
            "measured on    {} tokens in windows of {}; the text has {} bytes",
            self.tokens, self.context, self.bytes
        )?;
        for (name, bits) in &self.baselines {
            write!(f, "\n{name:<14} {bits:.4} bits per byte of the same text")?;
        }
        Ok(())
    }
}

/// The recipe of the model's own run, and the text that it held out.
fn own_data(place: &ModelPlace, recipe: Option<Recipe>, stop: &Stop) -> Result<(Recipe, Prepared)> {
    let no_text = |what: &str| Error::Folder {
        path: place.folder.clone(),
        what: what.into(),
    };
    let recipe = recipe.ok_or_else(|| {
        no_text(
            "is a model without a run, so it has no validation set of its own; --data PATH names a \
             text to measure it on",
        )
    })?;
    match own_material(place, &recipe, stop)? {
        Material::Text(data) => Ok((recipe, data)),
        Material::Pairs(_) => Err(no_text("learned from pairs, not from a text")),
    }
}

/// A text, encoded and kept whole.
pub(super) struct InMemory {
    ids: Vec<u32>,
    bytes: u64,
    context: usize,
}

impl InMemory {
    /// The text of files that the person names.
    fn read(paths: &[String], tokenizer: &Tokenizer, context: usize) -> Result<Self> {
        let mut text = Self::empty(context);
        for document in Inputs::typed(paths).map_err(slovo_data::Error::from)? {
            let document = document.map_err(slovo_data::Error::from)?;
            text.push(&document, tokenizer)?;
        }
        text.enough()
    }

    /// The text of some documents.
    pub(super) fn of<'a>(
        documents: impl Iterator<Item = &'a str>,
        tokenizer: &Tokenizer,
        context: usize,
    ) -> Result<Self> {
        let mut text = Self::empty(context);
        for document in documents {
            let document = Document {
                text: document.to_owned(),
                ..Document::default()
            };
            text.push(&document, tokenizer)?;
        }
        // A short text is one window, and a shorter one.
        text.context = context.min(text.ids.len().saturating_sub(1));
        Ok(text)
    }

    /// Tokens a window.
    pub(super) fn context(&self) -> usize {
        self.context
    }

    fn empty(context: usize) -> Self {
        Self {
            ids: Vec::new(),
            bytes: 0,
            context,
        }
    }

    fn push(&mut self, document: &Document, tokenizer: &Tokenizer) -> Result<()> {
        self.bytes += document.text.len() as u64;
        self.ids.extend(tokenizer.encode_document(document)?);
        self.ids.extend(tokenizer.end_of_text());
        Ok(())
    }

    /// Tokens and bytes.
    pub(super) fn size(&self) -> [u64; 2] {
        [self.ids.len() as u64, self.bytes]
    }

    /// Refuses a text that does not fill a window.
    fn enough(self) -> Result<Self> {
        match self.ids.len() > self.context {
            true => Ok(self),
            false => Err(slovo_data::Error::Context {
                split: "given".into(),
                seq_len: self.context,
                found: self.ids.len() as u64,
            }
            .into()),
        }
    }
}

impl Held for InMemory {
    type Tokens = TokenBatch;

    fn count(&self) -> u64 {
        ((self.ids.len() - 1) / self.context) as u64
    }

    fn batch(&self, parts: &[u64]) -> std::result::Result<TokenBatch, slovo_data::Error> {
        let window = |ids: &[u64], from: usize| -> Vec<u32> {
            let starts = ids.iter().map(|part| *part as usize * self.context + from);
            let tokens = starts.flat_map(|start| &self.ids[start..start + self.context]);
            tokens.copied().collect()
        };
        Ok(TokenBatch {
            rows: parts.len(),
            cols: self.context,
            inputs: window(parts, 0),
            targets: window(parts, 1),
            ..TokenBatch::default()
        })
    }
}
