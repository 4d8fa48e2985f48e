//! A prompt that is known to fit, ready to be answered: continued by a decoder, its masks filled by an
//! encoder, translated by an encoder–decoder.

use super::{Sample, Samples};
use crate::recipe::{Objective, Recipe};
use crate::stop::Stop;
use crate::{Error, Result};
use burn::module::Module;
use burn::tensor::{Int, Tensor, TensorData};
use slovo_data::{Shards, Tokenizer};
use slovo_model::{
    BeamOptions, CausalLm, GenerateOptions, MaskedLm, Pass, Sampling, Seq2Seq, Slide,
};
use std::ops::ControlFlow;

/// Tokens of held-out text that make a prompt where the recipe has none.
const PROMPT_TOKENS: usize = 16;

/// The same for an encoder, which is asked for some of them.
const MASKED_TOKENS: usize = 40;

/// Which tokens of such a prompt are hidden.
const HIDDEN: usize = 7;

/// A prompt that is known to fit.
#[derive(Clone)]
pub struct Speaker {
    tokenizer: Tokenizer,
    prompt: String,
    ids: Vec<u32>,
    options: GenerateOptions,
}

impl Speaker {
    /// The speaker of a resolved recipe; `None` where it takes no samples.
    ///
    /// # Errors
    ///
    /// A prompt that the tokenizer cannot encode, or that is longer than the context.
    pub fn new(recipe: &Recipe, tokenizer: &Tokenizer, held_out: &Shards) -> Result<Option<Self>> {
        let Some(samples) = &recipe.samples else {
            return Ok(None);
        };
        let context = recipe.context()?;
        let masked = matches!(recipe.objective, Objective::Masked(_));
        let (prompt, ids) = match (&samples.prompt, masked) {
            (Some(text), false) => given(text, tokenizer)?,
            (None, false) => first_of(held_out, tokenizer, PROMPT_TOKENS.min(context / 4))?,
            (Some(text), true) => {
                let ids = tokenizer.encode_with_masks(text);
                (
                    text.clone(),
                    around(tokenizer, ids.map_err(slovo_data::Error::from)?),
                )
            }
            (None, true) => hidden(held_out, tokenizer, MASKED_TOKENS.min(context / 2))?,
        };
        Self::of(recipe, samples, tokenizer, prompt, ids).map(Some)
    }

    /// The speaker of a recipe of pairs, whose prompt is a source text.
    ///
    /// # Errors
    ///
    /// A prompt that the tokenizer cannot encode, or that is longer than the context.
    pub fn of_source(
        recipe: &Recipe,
        tokenizer: &Tokenizer,
        held_out: impl FnOnce() -> Result<String>,
    ) -> Result<Option<Self>> {
        let Some(samples) = &recipe.samples else {
            return Ok(None);
        };
        let prompt = match &samples.prompt {
            Some(text) => text.clone(),
            None => held_out()?,
        };
        let ids = tokenizer.encode(&prompt);
        let mut ids = ids.map_err(slovo_data::Error::from)?;
        ids.extend(tokenizer.end_of_text());
        Self::of(recipe, samples, tokenizer, prompt, ids).map(Some)
    }

    fn of(
        recipe: &Recipe,
        samples: &Samples,
        tokenizer: &Tokenizer,
        prompt: String,
        ids: Vec<u32>,
    ) -> Result<Self> {
        let context = recipe.context()?;
        if !(1..=context).contains(&ids.len()) {
            return Err(Error::Value {
                field: "samples.prompt",
                found: format!("{} tokens long", ids.len()),
                expected: format!("from 1 to {context} would do"),
            });
        }
        // Positions behind the context were never trained.
        let tokens = match context < recipe.model()?.max_seq_len {
            true => samples.tokens.min((context - ids.len()).max(1)),
            false => samples.tokens,
        };
        Ok(Self {
            tokenizer: tokenizer.clone(),
            prompt,
            ids,
            options: GenerateOptions {
                sampling: Sampling {
                    temperature: samples.temperature as f32,
                    seed: samples.seed,
                    ..Sampling::default()
                },
                // A short context is no reason for a short sample.
                slide: Some(Slide::default()),
                ..GenerateOptions::new(tokens)
            },
        })
    }

    /// Continues the prompt; `None` when asked to stop before the end.
    ///
    /// # Errors
    ///
    /// A model whose output is not finite, or a device that fails.
    pub fn speak(&self, model: &CausalLm, step: u64, stop: &Stop) -> Result<Option<Sample>> {
        let end = self.tokenizer.end_of_text();
        let mut stream = self.tokenizer.stream();
        let mut text = String::new();
        model.generate(&self.ids, &self.options, |id| {
            if Some(id) == end || stop.requested() {
                return ControlFlow::Break(());
            }
            text.extend(stream.push(id));
            ControlFlow::Continue(())
        })?;
        if stop.requested() {
            return Ok(None);
        }
        text.extend(stream.finish());
        Ok(Some(self.said(step, text)))
    }

    /// Fills the prompt's masks with the likeliest tokens.
    ///
    /// # Errors
    ///
    /// A device that fails.
    pub fn fill(&self, model: &MaskedLm, step: u64) -> Result<Sample> {
        let model = model.valid();
        let device = model.encoder.embedding.tokens.weight.device();
        let ids: Vec<i64> = self.ids.iter().map(|id| i64::from(*id)).collect();
        let ids = TensorData::new(ids, [1, self.ids.len()]);
        let logits = model.forward(
            Tensor::<2, Int>::from_data(ids, &device),
            &mut Pass::default(),
        );
        let likeliest = logits.argmax(2).into_data();
        let mask = self.tokenizer.mask();
        let filled = self.ids.iter().zip(likeliest.iter::<i64>());
        let filled = filled.map(|(id, found)| match Some(*id) == mask {
            true => found as u32,
            false => *id,
        });
        let ends = [self.tokenizer.cls(), self.tokenizer.sep()];
        let filled: Vec<u32> = filled.filter(|id| !ends.contains(&Some(*id))).collect();
        let text = self.tokenizer.decode(&filled);
        Ok(self.said(step, text.map_err(slovo_data::Error::from)?))
    }

    /// Translates the prompt.
    ///
    /// # Errors
    ///
    /// A model whose output is not finite, or a device that fails.
    pub fn translate(&self, model: &Seq2Seq, step: u64) -> Result<Sample> {
        let found = model.translate(std::slice::from_ref(&self.ids), BeamOptions::default())?;
        let ids = found.into_iter().flat_map(|found| found.tokens);
        let text = self.tokenizer.decode(&ids.collect::<Vec<_>>());
        Ok(self.said(step, text.map_err(slovo_data::Error::from)?))
    }

    fn said(&self, step: u64, text: String) -> Sample {
        Sample {
            step,
            prompt: self.prompt.clone(),
            text,
        }
    }
}

fn given(text: &str, tokenizer: &Tokenizer) -> Result<(String, Vec<u32>)> {
    let mut ids = tokenizer.encode(text).map_err(slovo_data::Error::from)?;
    if ids.is_empty() {
        // Text begins where another ended.
        ids.extend(tokenizer.end_of_text());
    }
    Ok((text.into(), ids))
}

/// The first `longest` tokens of the held-out text, or all of it.
fn first_of(
    held_out: &Shards,
    tokenizer: &Tokenizer,
    longest: usize,
) -> Result<(String, Vec<u32>)> {
    let mut ids = vec![0; longest.max(1).min(held_out.len() as usize)];
    let read = held_out.read(0, &mut ids);
    read.map_err(slovo_data::Error::from)?;
    let text = tokenizer.decode(&ids).map_err(slovo_data::Error::from)?;
    Ok((text, ids))
}

/// The same with some tokens hidden.
fn hidden(held_out: &Shards, tokenizer: &Tokenizer, longest: usize) -> Result<(String, Vec<u32>)> {
    let (_, mut ids) = first_of(held_out, tokenizer, longest)?;
    if let Some(mask) = tokenizer.mask() {
        ids.iter_mut()
            .skip(HIDDEN / 2)
            .step_by(HIDDEN)
            .for_each(|id| *id = mask);
    }
    let text = tokenizer.decode(&ids).map_err(slovo_data::Error::from)?;
    Ok((text, around(tokenizer, ids)))
}

/// The tokens between those that a text begins and ends with, where the tokenizer has them.
fn around(tokenizer: &Tokenizer, ids: Vec<u32>) -> Vec<u32> {
    let (first, last) = (tokenizer.cls(), tokenizer.sep());
    first.into_iter().chain(ids).chain(last).collect()
}
