//! Measuring an encoder–decoder on the pairs that its run held out: the loss of the given targets, and
//! how near its own come to them.

use super::{own_material, within};
use crate::batch::EvalLoader;
use crate::learner::evaluation::evaluate;
use crate::material::Material;
use crate::place::ModelPlace;
use crate::progress::notice;
use crate::recipe::Recipe;
use crate::stop::Stop;
use crate::task::TranslationTask;
use crate::{Error, Result, backend};
use serde::Serialize;
use slovo_args::EvaluateArgs;
use slovo_data::baseline::PairBaselines;
use slovo_data::report::grouped;
use slovo_data::score::Scores;
use slovo_data::{EvalPairs, Pairs};
use slovo_model::{BeamOptions, Seq2Seq};
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

/// How well held-out sources were translated.
#[derive(Clone, Debug, Serialize)]
pub struct Translated {
    /// Mean negative log-likelihood of a token of the given targets, in nats.
    pub loss: f64,
    /// Half the width of its 95 % interval.
    pub loss_interval: Option<f64>,
    /// e to the loss.
    pub perplexity: f64,
    /// BLEU of the model's own targets, by beam search, as sacreBLEU 2.6.0 computes it.
    pub bleu: f64,
    /// Their chrF2.
    pub chrf: f64,
    /// Pairs.
    pub pairs: u64,
    /// The same scores by simpler means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baselines: Option<PairBaselines>,
}

pub(super) fn measure(
    args: &EvaluateArgs,
    place: &ModelPlace,
    recipe: &Recipe,
    stop: &Stop,
) -> Result<Option<Translated>> {
    let opened = backend::open(&args.backend)?;
    let model = place.seq2seq(&opened.device)?;
    let Material::Pairs(data) = own_material(place, recipe, stop)? else {
        return Err(Error::Training("the run learned from no pairs".into()));
    };
    let budget = recipe.batch.tokens.unwrap_or(0);
    let held_out = EvalPairs::new(data.validation.clone(), budget)?;
    let loader = EvalLoader::new(Arc::new(held_out), None, 1, &opened.device);
    let task = TranslationTask {
        model,
        smoothing: 0.0,
    };
    let Some(found) = evaluate(&task, &loader, None, stop, None)? else {
        return Ok(None);
    };
    let Some(scores) = scores(&task.model, &data.validation, args.batch.max(1), stop)? else {
        return Ok(None);
    };
    Ok(Some(Translated {
        loss: found.loss,
        loss_interval: found.standard_error.map(|error| 1.96 * error),
        perplexity: found.perplexity(),
        bleu: scores.bleu.score,
        chrf: scores.chrf,
        pairs: data.validation.len(),
        baselines: match args.baselines {
            true => Some(data.baselines()?),
            false => None,
        },
    }))
}

/// Translates all sources, those of like length together; `None` when asked to stop.
fn scores(model: &Seq2Seq, pairs: &Pairs, batch: usize, stop: &Stop) -> Result<Option<Scores>> {
    let mut order: Vec<u64> = (0..pairs.len()).collect();
    let lengths = order
        .iter()
        .map(|i| pairs.lengths(*i).map(|(source, _)| source));
    let lengths: Vec<usize> = lengths.collect::<std::result::Result<_, _>>()?;
    order.sort_by_key(|i| lengths[*i as usize]);
    let (mut ours, mut given) = (Vec::new(), Vec::new());
    let mut told = 0;
    for numbers in order.chunks(batch) {
        if stop.requested() {
            return Ok(None);
        }
        let sources = numbers.iter().map(|i| Ok(pairs.read(*i)?.0));
        let sources: Vec<Vec<u32>> = sources.collect::<Result<_>>()?;
        for (number, found) in numbers
            .iter()
            .zip(model.translate(&sources, BeamOptions::default())?)
        {
            ours.push(pairs.decode(&found.tokens)?);
            given.push(pairs.texts(*number)?.1);
        }
        if ours.len() - told >= 256 {
            told = ours.len();
            notice(&format!(
                "{} of {} translated",
                grouped(told as u64),
                grouped(pairs.len())
            ));
        }
    }
    Ok(Some(
        Scores::of(&ours, &given).map_err(slovo_data::Error::from)?,
    ))
}

impl Display for Translated {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let half = within(self.loss_interval);
        writeln!(f, "loss           {:.4}{half} nats per token", self.loss)?;
        writeln!(f, "perplexity     {:.3}", self.perplexity)?;
        writeln!(
            f,
            "translations   BLEU {:.2}, chrF {:.2}",
            self.bleu, self.chrf
        )?;
        write!(f, "measured on    {} pairs", grouped(self.pairs))?;
        if let Some(baselines) = &self.baselines {
            write!(f, "\ncopying        {}", baselines.copy)?;
            write!(
                f,
                "\nlooking up     {}, in {} training pairs",
                baselines.lookup,
                grouped(baselines.lookup_pairs)
            )?;
        }
        Ok(())
    }
}
