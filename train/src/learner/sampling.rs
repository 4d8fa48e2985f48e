//! Samples between two steps: an extra, which may fail without the run.

use super::session::Session;
use super::strategy::Training;
use crate::samples;
use crate::task::Task;

impl<M: Task> Training<M> {
    /// Takes a sample where one is due; `false` when asked to stop before its end.
    ///
    /// What goes wrong is told, and nothing more: the run is worth more than the sample.
    pub(super) fn sample(&mut self, model: &M) -> bool {
        let Session {
            milestones,
            limits,
            state,
            stop,
            run,
            ..
        } = &self.session;
        let step = state.step;
        let Some(milestones) = milestones
            .as_ref()
            .filter(|it| it.recipe.due(step, limits.evaluate_every, limits.steps))
        else {
            return true;
        };
        let taken = match (milestones.speak)(model, step, stop) {
            Ok(None) => return false,
            Ok(Some(sample)) => samples::append(run.path(), &sample),
            Err(error) => Err(error),
        };
        if let Err(error) = taken {
            // A log that cannot be written to will be told of by the next row of a table.
            let _ = self.tell(&format!("step {step}: no sample: {error}"));
        }
        true
    }
}
