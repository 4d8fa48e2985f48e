//! Predicting the next token of a text.

use super::{Parts, Text, milestones};
use crate::batch::{EvalLoader, TrainLoader};
use crate::recipe::Recipe;
use crate::task::CausalTask;
use crate::{Result, samples};
use slovo_data::{Batches, EvalWindows, Mix, Prepared, Shards};
use slovo_model::CausalLm;
use std::sync::Arc;

/// What a run for the next token brings.
pub(super) fn parts(text: Text<'_>) -> Result<Parts<CausalTask>> {
    let Text {
        recipe,
        data,
        training,
        device,
        ..
    } = text;
    let valid = data.validation.clone();
    let tokens_per_byte = (valid.bytes() > 0).then(|| valid.len() as f64 / valid.bytes() as f64);
    let windows = windows(valid, recipe.context()?, recipe.evaluation.stride)?;
    let windows = Arc::new(windows);
    let (batches, seed) = (batches(recipe, data)?, recipe.seed);
    let waste = Some(batches.waste());
    let on = training.clone();
    let speaker = samples::Speaker::new(recipe, &data.tokenizer, &data.validation)?;
    let evaluation = recipe.evaluation;
    Ok(Parts {
        model: CausalTask {
            model: match &text.base {
                Some(place) => place.model(training)?.with_dropout(recipe.model()?.dropout),
                None => CausalLm::new(&recipe.model()?, seed, training)?,
            },
        },
        train: Box::new(move |from, to| Arc::new(TrainLoader::new(batches, from, to, seed, &on))),
        subset: Arc::new(EvalLoader::new(
            windows.clone(),
            evaluation.windows,
            evaluation.batch,
            device,
        )),
        whole: Arc::new(EvalLoader::new(windows, None, evaluation.batch, device)),
        tokens_per_byte,
        waste,
        milestones: milestones(recipe, speaker, |speaker, task: &CausalTask, step, stop| {
            speaker.speak(&task.model, step, stop)
        }),
    })
}

/// The training batches of a recipe.
pub(crate) fn batches(recipe: &Recipe, text: &Prepared) -> Result<Batches> {
    let (batch, context) = (recipe.batch, recipe.context()?);
    let (shards, data) = (text.train.clone(), recipe.data()?);
    let batches = match &data.mixture {
        Some(mixture) => {
            let sources = text.train_ranges(&data.sources);
            let mix = Mix {
                mixture,
                sources: &sources,
                wanted: batch.sequences as u64 * batch.micro_batches * recipe.steps,
            };
            let (windows, sequences) = (batch.windows, batch.sequences);
            Batches::mixed(shards, &mix, windows, context, sequences, recipe.seed)
        }
        None => Batches::new(shards, batch.windows, context, batch.sequences, recipe.seed),
    };
    Ok(batches?.apart(!batch.across_documents))
}

/// The validation windows of a recipe with this context and `evaluation.stride`.
pub(crate) fn windows(
    valid: Arc<Shards>,
    context: usize,
    stride: Option<usize>,
) -> Result<EvalWindows> {
    Ok(match stride {
        Some(stride) => EvalWindows::overlapping(valid, context, stride)?,
        None => EvalWindows::new(valid, context)?,
    })
}
