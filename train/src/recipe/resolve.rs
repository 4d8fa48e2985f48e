//! Checking a recipe, and spelling out what it leaves open.

use super::{Batch, Checkpointing, Evaluation, Model, Objective, Recipe, RunRecipe};
use crate::{Error, Result};
use slovo_data::Tokenizer;
use slovo_model::TransformerConfig;

impl Recipe {
    /// Checks everything that can be checked before the text is read.
    ///
    /// # Errors
    ///
    /// The first field that cannot work, what it is and what would do.
    pub fn validate(&self) -> Result<()> {
        let model = self.model()?;
        let sized = TransformerConfig {
            // The tokenizer's, which is not known yet, is never 0.
            vocab_size: model.vocab_size.max(1),
            ..model.clone()
        };
        sized.validate()?;
        self.objective.validate(&model)?;
        let of_pairs = self.learns_from_pairs();
        let context = self.context()?;
        require(
            (1..=model.max_seq_len).contains(&context),
            "batch.context",
            context,
            || {
                format!(
                    "from 1 to {}, the model's max_seq_len, would do",
                    model.max_seq_len
                )
            },
        )?;
        let Evaluation {
            every,
            windows,
            stride,
            batch,
            patience,
        } = self.evaluation;
        for (field, value) in [
            ("steps", self.steps),
            (
                "batch.sequences",
                if of_pairs {
                    1
                } else {
                    self.batch.sequences as u64
                },
            ),
            ("batch.tokens", self.batch.tokens.unwrap_or(1) as u64),
            ("batch.micro_batches", self.batch.micro_batches),
            ("evaluation.every", every),
            ("evaluation.batch", batch as u64),
            ("evaluation.windows", windows.unwrap_or(1) as u64),
            ("evaluation.stride", stride.unwrap_or(1) as u64),
            ("evaluation.patience", patience.unwrap_or(1)),
            ("checkpoint.every", self.checkpoint.every.unwrap_or(every)),
            ("checkpoint.seconds", self.checkpoint.seconds.unwrap_or(1)),
            ("checkpoint.keep", self.checkpoint.keep as u64),
        ] {
            require(value > 0, field, value, || "1 or more would do".into())?;
        }
        require(
            of_pairs == self.batch.tokens.is_some(),
            "batch.tokens",
            format!("{:?}", self.batch.tokens),
            || match of_pairs {
                true => "Some(4096) would do: pairs are batched by tokens".into(),
                false => "None would do: only pairs are batched by tokens".into(),
            },
        )?;
        require(
            !(of_pairs && self.batch.sequences > 0),
            "batch.sequences",
            self.batch.sequences,
            || "0, or leaving it out, would do: pairs are batched by tokens".into(),
        )?;
        require(
            stride.is_none() || matches!(self.objective, Objective::Causal),
            "evaluation.stride",
            stride.unwrap_or(0),
            || "None would do: only windows for the next token may overlap".into(),
        )?;
        require(
            stride.is_none_or(|stride| stride <= context),
            "evaluation.stride",
            stride.unwrap_or(0),
            || format!("at most {context}, the tokens of a window, would do"),
        )?;
        let causal = matches!(self.objective, Objective::Causal);
        require(
            causal || self.batch.across_documents,
            "batch.across_documents",
            false,
            || "true would do: only windows for the next token hold several texts".into(),
        )?;
        require(
            causal || self.mixture().is_none(),
            "data.mixture",
            "given",
            || "None would do: only text for the next token is mixed".into(),
        )?;
        // A batch is made on the host, and its tokens are counted over the whole run.
        let tokens = match self.batch.tokens {
            Some(tokens) => Some(tokens),
            None => self.batch.sequences.checked_mul(context),
        };
        require(
            tokens.is_some_and(|tokens| tokens <= MAX_BATCH_TOKENS),
            "batch.sequences",
            self.batch.sequences,
            || {
                format!(
                    "at most {}, or a smaller context, would do",
                    MAX_BATCH_TOKENS / context
                )
            },
        )?;
        let batches = self.batch.micro_batches.checked_mul(self.steps);
        require(
            batches.is_some_and(|n| n.checked_mul(MAX_BATCH_TOKENS as u64).is_some()),
            "steps",
            self.steps,
            || "fewer steps, or fewer micro-batches, would do".into(),
        )?;
        if let Some(clip) = self.clip {
            require(clip.is_finite() && clip > 0.0, "clip", clip, || {
                "a positive number, or None, would do".into()
            })?;
        }
        if let Some(samples) = &self.samples {
            samples.validate()?;
        }
        self.optimizer.validate()?;
        self.schedule.resolve(self.steps, model.d_model).map(|_| ())
    }

    /// Fits the recipe to a tokenizer, and spells every default out.
    ///
    /// # Errors
    ///
    /// As [`Recipe::validate`], and a vocabulary that is smaller than the tokenizer's.
    pub fn resolve(&self, tokenizer: &Tokenizer) -> Result<Self> {
        self.resolve_for(tokenizer.vocab_size())
    }

    /// [`Recipe::resolve`] for a tokenizer of which only the size is known.
    ///
    /// # Errors
    ///
    /// As [`Recipe::resolve`].
    pub fn resolve_for(&self, vocabulary: usize) -> Result<Self> {
        self.validate()?;
        let mut model = self.model()?;
        if model.vocab_size == 0 {
            model.vocab_size = vocabulary;
        }
        require(
            model.vocab_size >= vocabulary,
            "model.vocab_size",
            model.vocab_size,
            || {
                format!(
                    "the tokenizer has {vocabulary} tokens: {vocabulary} or more, or 0, would do"
                )
            },
        )?;
        Ok(Self {
            model: Model::Shape(model),
            batch: Batch {
                context: Some(self.context()?),
                ..self.batch
            },
            schedule: self.schedule.resolve(self.steps, self.model()?.d_model)?,
            checkpoint: Checkpointing {
                every: Some(self.checkpoint.every.unwrap_or(self.evaluation.every)),
                ..self.checkpoint
            },
            ..self.clone()
        })
    }
}

/// Tokens in a micro-batch, at most; far more than any device holds activations for.
const MAX_BATCH_TOKENS: usize = 1 << 30;

fn require(
    fine: bool,
    field: &'static str,
    found: impl ToString,
    expected: impl FnOnce() -> String,
) -> Result<()> {
    match fine {
        true => Ok(()),
        false => Err(Error::Value {
            field,
            found: found.to_string(),
            expected: expected(),
        }),
    }
}
