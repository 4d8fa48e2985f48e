//! Predicting hidden tokens of a text.

use super::{Parts, Text, milestones};
use crate::batch::{EvalLoader, TrainLoader};
use crate::recipe::Recipe;
use crate::task::MaskedTask;
use crate::{Result, samples};
use slovo_data::{MaskedBatches, MaskedWindows, Masking, Prepared};
use slovo_model::MaskedLm;
use std::sync::Arc;

/// What a run for hidden tokens brings.
pub(super) fn parts(text: Text<'_>, masking: &Masking) -> Result<Parts<MaskedTask>> {
    let Text {
        recipe,
        data,
        training,
        device,
        ..
    } = text;
    let context = recipe.context()?;
    let valid = data.validation.clone();
    let windows = MaskedWindows::new(valid, &data.tokenizer, masking, context)?;
    let windows = Arc::new(windows);
    let (batches, seed) = (batches(recipe, data, masking)?, recipe.seed);
    let waste = Some(batches.waste());
    let on = training.clone();
    let speaker = samples::Speaker::new(recipe, &data.tokenizer, &data.validation)?;
    let evaluation = recipe.evaluation;
    Ok(Parts {
        model: MaskedTask {
            model: match &text.base {
                Some(place) => place
                    .masked_lm(training)?
                    .with_dropout(recipe.model()?.dropout),
                None => MaskedLm::new(&recipe.model()?, seed, training)?,
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
        // The loss is that of some of the tokens, told from all the others.
        tokens_per_byte: None,
        waste,
        milestones: milestones(recipe, speaker, |speaker, task: &MaskedTask, step, _| {
            speaker.fill(&task.model, step).map(Some)
        }),
    })
}

/// The training batches of a recipe.
pub(crate) fn batches(
    recipe: &Recipe,
    text: &Prepared,
    masking: &Masking,
) -> Result<MaskedBatches> {
    let batch = recipe.batch;
    Ok(MaskedBatches::new(
        text.train.clone(),
        &text.tokenizer,
        masking,
        batch.windows,
        recipe.context()?,
        batch.sequences,
        recipe.seed,
    )?)
}
