//! Saying a text anew, learned from pairs.

use super::{Parts, milestones};
use crate::batch::{EvalLoader, TrainLoader};
use crate::recipe::{Recipe, Translation};
use crate::samples::Speaker;
use crate::task::TranslationTask;
use crate::{Error, Result};
use burn::tensor::Device;
use slovo_data::{EvalPairs, PairBatches, PreparedPairs};
use slovo_model::Seq2Seq;
use std::sync::Arc;

/// What a run on pairs brings.
pub(super) fn parts(
    recipe: &Recipe,
    how: &Translation,
    data: &PreparedPairs,
    training: &Device,
    device: &Device,
) -> Result<Parts<TranslationTask>> {
    check_lengths(recipe, data)?;
    let ends = Translation::ends(&data.tokenizer)?;
    let shape = how.shape(recipe.model()?, ends);
    let (seed, on) = (recipe.seed, training.clone());
    let batches = batches(recipe, data)?;
    let held_out = Arc::new(EvalPairs::new(data.validation.clone(), budget(recipe))?);
    let speaker = speaker(recipe, data)?;
    let valid = &data.report.validation.targets;
    Ok(Parts {
        model: TranslationTask {
            model: Seq2Seq::new(&shape, seed, training)?,
            smoothing: how.smoothing,
        },
        train: Box::new(move |from, to| Arc::new(TrainLoader::new(batches, from, to, seed, &on))),
        subset: Arc::new(EvalLoader::new(
            held_out.clone(),
            recipe.evaluation.windows,
            1,
            device,
        )),
        whole: Arc::new(EvalLoader::new(held_out, None, 1, device)),
        tokens_per_byte: (valid.bytes > 0).then(|| valid.tokens as f64 / valid.bytes as f64),
        // Which pairs meet differs from batch to batch.
        waste: None,
        milestones: milestones(
            recipe,
            speaker,
            |speaker, task: &TranslationTask, step, _| {
                speaker.translate(&task.model, step).map(Some)
            },
        ),
    })
}

/// The training batches of a recipe.
pub(crate) fn batches(recipe: &Recipe, pairs: &PreparedPairs) -> Result<PairBatches> {
    let train = pairs.train.clone();
    Ok(PairBatches::new(train, budget(recipe), recipe.seed)?)
}

/// The most source and the most target tokens of a batch.
fn budget(recipe: &Recipe) -> usize {
    recipe.batch.tokens.unwrap_or(0)
}

/// The speaker of a recipe of pairs: it translates the first held-out source.
pub(super) fn speaker(recipe: &Recipe, data: &PreparedPairs) -> Result<Option<Speaker>> {
    Speaker::of_source(recipe, &data.tokenizer, || Ok(data.validation.texts(0)?.0))
}

/// Refuses pairs that are longer than the model or a batch.
pub(super) fn check_lengths(recipe: &Recipe, data: &PreparedPairs) -> Result<()> {
    let splits = [&data.report.train, &data.report.validation];
    let sides = splits
        .into_iter()
        .flat_map(|split| [&split.sources, &split.targets]);
    let longest = sides.map(|side| side.lengths.longest).max().unwrap_or(0) as usize;
    let (max_seq_len, tokens) = (recipe.model()?.max_seq_len, recipe.batch.tokens);
    for (field, room) in [
        ("model.max_seq_len", max_seq_len),
        ("batch.tokens", tokens.unwrap_or(0)),
    ] {
        if room < longest {
            return Err(Error::Value {
                field,
                found: room.to_string(),
                expected: format!(
                    "the longest text of the pairs has {longest} tokens: {longest} or more, or a \
                     smaller max_length of the data's sources, would do"
                ),
            });
        }
    }
    Ok(())
}
