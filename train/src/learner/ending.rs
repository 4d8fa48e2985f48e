//! The end of a run: the best model, measured on the whole validation set.

use super::evaluation::evaluate;
use super::session::{End, Outcome};
use super::strategy::Training;
use crate::progress::notice;
use crate::task::Task;
use crate::{Result, launches, progress};

impl<M: Task> Training<M> {
    /// The last measurement: the best model on the whole validation set.
    pub(super) fn finish(&mut self, model: &M, end: End) -> Result<Outcome> {
        let stopped = |state| Outcome {
            end: End::Stopped,
            state,
            measured: None,
        };
        let session = &mut self.session;
        let state = session.state.clone();
        if end == End::Stopped {
            return Ok(stopped(state));
        }
        // No step is left to watch, and the measuring is not shown.
        progress::close();
        let (step, model) = self.best(model)?;
        let session = &mut self.session;
        let known = self
            .evaluated
            .filter(|(of, found)| *of == step && found.windows == session.whole.num_items() as u64);
        let found = match known {
            Some((_, found)) => Some(found),
            None => evaluate(
                &model.valid(),
                &*session.whole,
                session.limits.tokens_per_byte,
                &session.stop,
                None,
            )?,
        };
        let Some(whole) = found else {
            session
                .run
                .log("stopped on request while measuring the whole validation set")?;
            return Ok(stopped(state));
        };
        session.run.log(&format!(
            "finished: the model of step {step} has validation loss {:.4} over all {} windows",
            whole.loss, whole.windows
        ))?;
        if !whole.loss.is_finite() {
            return Err(self.broken(&format!(
                "the validation loss of the model of step {step} is not finite"
            ))?);
        }
        Ok(Outcome {
            end,
            state,
            measured: Some((step, whole)),
        })
    }

    /// Writes down how the run ended. The outcome itself is told by whoever launched the run.
    pub(super) fn close(&mut self, outcome: &Result<Outcome>) {
        if let Err(error) = outcome {
            let _ = self.session.run.log(&format!("failed: {error}"));
        }
        if let Err(error) = launches::end(self.session.run.path(), outcome) {
            notice(&format!("warning: the run's end is not on record: {error}"));
        }
    }

    /// The best model and its step; the last one where the best one's checkpoint is no longer whole.
    fn best(&mut self, last: &M) -> Result<(u64, M)> {
        let session = &mut self.session;
        let now = session.state.step;
        let Some(best) = session.state.best.filter(|best| best.step != now) else {
            return Ok((now, last.clone()));
        };
        let mut bundles = session.shelf.bundles()?.into_iter();
        let Some(bundle) = bundles.find(|bundle| bundle.step == best.step) else {
            let what = format!("the checkpoint of the best step, {}, is gone", best.step);
            return self.last_instead(last, &what);
        };
        match bundle
            .verify()
            .and_then(|()| bundle.load_model(last.clone()))
        {
            Ok(model) => Ok((best.step, model)),
            Err(error) => self.last_instead(last, &error.to_string()),
        }
    }

    fn last_instead(&mut self, last: &M, why: &str) -> Result<(u64, M)> {
        let step = self.session.state.step;
        self.tell(&format!(
            "{why}; measuring the last model, of step {step}, instead"
        ))?;
        Ok((step, last.clone()))
    }
}
