//! Measuring an encoder on hidden tokens of the text that its run held out.

use super::{own_material, within};
use crate::batch::EvalLoader;
use crate::learner::evaluation::evaluate;
use crate::material::Material;
use crate::place::ModelPlace;
use crate::recipe::{Objective, Recipe};
use crate::stop::Stop;
use crate::task::MaskedTask;
use crate::{Error, Result, backend};
use serde::Serialize;
use slovo_args::EvaluateArgs;
use slovo_data::{MaskedWindows, report::grouped};
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// How well hidden tokens were told.
#[derive(Clone, Debug, Serialize)]
pub struct Guessed {
    /// Mean negative log-likelihood of a hidden token, in nats.
    pub loss: f64,
    /// Half the width of its 95 % interval.
    pub loss_interval: Option<f64>,
    /// e to the loss.
    pub perplexity: f64,
    /// The share of hidden tokens that were the likeliest one.
    pub accuracy: f64,
    /// Hidden tokens.
    pub tokens: u64,
    /// Tokens a window.
    pub context: usize,
}

pub(super) fn measure(
    args: &EvaluateArgs,
    place: &ModelPlace,
    recipe: &Recipe,
    stop: &Stop,
) -> Result<Option<Guessed>> {
    let opened = backend::open(&args.backend)?;
    let model = place.masked_lm(&opened.device)?;
    let (Material::Text(data), Objective::Masked(masking)) =
        (own_material(place, recipe, stop)?, &recipe.objective)
    else {
        return Err(Error::Training("the run hid no tokens".into()));
    };
    let context = args.context.unwrap_or(recipe.context()?);
    let windows = MaskedWindows::new(data.validation.clone(), &data.tokenizer, masking, context)?;
    let loader = EvalLoader::new(Arc::new(windows), None, args.batch.max(1), &opened.device);
    let task = MaskedTask { model };
    let found = evaluate(&task, &loader, None, stop, None)?;
    Ok(found.map(|found| Guessed {
        loss: found.loss,
        loss_interval: found.standard_error.map(|error| 1.96 * error),
        perplexity: found.perplexity(),
        accuracy: found.accuracy.unwrap_or(f64::NAN),
        tokens: found.tokens,
        context,
    }))
}

impl Display for Guessed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let half = within(self.loss_interval);
        writeln!(
            f,
            "loss           {:.4}{half} nats per hidden token",
            self.loss
        )?;
        writeln!(f, "perplexity     {:.3}", self.perplexity)?;
        writeln!(f, "told right     {:.2} %", 100.0 * self.accuracy)?;
        write!(
            f,
            "measured on    {} hidden tokens in windows of {}",
            grouped(self.tokens),
            self.context
        )
    }
}
