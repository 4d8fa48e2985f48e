//! Our learning strategy for burn-train: steps, not epochs.
//!
//! The stock strategy cannot resume inside an epoch, clips each tensor by itself, and takes
//! whatever gradient it gets. This one takes the model from the `Learner`, owns optimizer and
//! schedule, and can stop and go on after any step: a step is a pure function of the state that a
//! checkpoint holds, because batches and dropout masks are functions of (seed, step).
//!
//! What burn-train calls an epoch is here the stretch between two evaluations.

use super::evaluation::{Evaluation, evaluate};
use super::session::{End, Export, Outcome, Session};
use super::step::{self, Measured};
use crate::checkpoint::Best;
use crate::progress::notice;
use crate::run::TrainRow;
use crate::task::{StepOutput, StepValues, Task};
use crate::{Error, Result};
use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn_train::{
    EventProcessorTraining, Interrupter, Learner, LearnerEvent, SupervisedLearningStrategy,
    SupervisedTrainingEventProcessor, TrainLoader, TrainingComponents, TrainingItem, ValidLoader,
};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Steps in a row that may be skipped before the run gives up.
const MAX_SKIPPED: u64 = 3;

/// The strategy; give it to burn-train as `TrainingStrategy::Custom`.
pub struct StepStrategy<M: Task> {
    session: Mutex<Option<Session<M>>>,
    outcome: Mutex<Option<Result<Outcome>>>,
}

impl<M: Task> StepStrategy<M> {
    /// A strategy for one launch.
    pub fn new(session: Session<M>) -> Self {
        Self {
            session: Mutex::new(Some(session)),
            outcome: Mutex::new(None),
        }
    }

    /// How the launch ended.
    ///
    /// # Errors
    ///
    /// What the run failed with.
    pub fn outcome(&self) -> Result<Outcome> {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        outcome
            .take()
            .unwrap_or_else(|| Err(Error::Training("the run was never launched".into())))
    }
}

impl<M: Task> SupervisedLearningStrategy<M> for StepStrategy<M> {
    fn fit(
        &self,
        components: TrainingComponents<M>,
        learner: Learner<M>,
        train: TrainLoader<M>,
        valid: ValidLoader<M>,
        _starting_epoch: usize,
    ) -> (M, SupervisedTrainingEventProcessor<M>) {
        let model = learner.model();
        // The learner's copy would keep every parameter shared, and each update a copy.
        drop(learner);
        let session = self
            .session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(session) = session else {
            return (model, components.event_processor);
        };
        let mut training = Training {
            saved: session.state.step,
            saved_at: Instant::now(),
            evaluated: None,
            session,
            events: components.event_processor,
            interrupter: components.interrupter,
            valid,
        };
        let (model, outcome) = training.run(model, &*train);
        training.close(&outcome);
        *self.outcome.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome);
        (model, training.events)
    }
}

/// One launch, from its first step to its end.
pub(super) struct Training<M: Task> {
    pub(super) session: Session<M>,
    events: SupervisedTrainingEventProcessor<M>,
    interrupter: Interrupter,
    valid: ValidLoader<M>,
    /// Step of the newest checkpoint.
    pub(super) saved: u64,
    /// When it was written; without one, when this process began.
    pub(super) saved_at: Instant,
    /// The last evaluation of this process, and its step.
    pub(super) evaluated: Option<(u64, Evaluation)>,
}

impl<M: Task> Training<M> {
    fn run(&mut self, mut model: M, train: &dyn DataLoader<M::Batch>) -> (M, Result<Outcome>) {
        let mut batches = train.iter();
        self.start_stretch();
        loop {
            match self.look_up(&model) {
                Ok(None) => {}
                Ok(Some(end)) => {
                    let outcome = self.finish(&model, end);
                    return (model, outcome);
                }
                Err(error) => return (model, Err(error)),
            }
            let (stepped, result) = self.step(model, &mut *batches);
            model = stepped;
            if let Err(error) = result {
                return (model, Err(error));
            }
        }
    }

    /// Between two steps: evaluate, save, and say whether this is the end.
    fn look_up(&mut self, model: &M) -> Result<Option<End>> {
        let limits = self.session.limits;
        let step = self.session.state.step;
        let last = step >= limits.steps;
        let due = |every: u64| step > 0 && (last || step.is_multiple_of(every));

        let waited = limits
            .save_after
            .is_some_and(|after| self.saved_at.elapsed() >= after);
        let mut save = (due(limits.save_every) || waited) && step != self.saved;
        if due(limits.evaluate_every) && self.session.state.evaluated != step {
            match self.evaluate(model)? {
                // A resumed run may hold this step without its evaluation.
                Some(better) => save |= better || step == self.saved,
                None => return self.stop(model),
            }
        }
        let patience = limits.patience.unwrap_or(u64::MAX);
        let exhausted = self.session.state.patience_used >= patience;
        save |= exhausted && step != self.saved;
        // A step that was skipped says that the parameters may be broken already.
        if save && self.session.state.skipped_in_a_row == 0 {
            self.save(model)?;
        }
        if let Some(error) = self.interrupter.error() {
            return Err(Error::Training(error.to_string()));
        }
        match () {
            () if last => Ok(Some(End::Finished)),
            () if exhausted => Ok(Some(End::NoImprovement)),
            () if self.stop_requested() => self.stop(model),
            () => Ok(None),
        }
    }

    fn step(
        &mut self,
        model: M,
        batches: &mut dyn DataLoaderIterator<M::Batch>,
    ) -> (M, Result<()>) {
        let start = Instant::now();
        let session = &mut self.session;
        let summed = step::accumulate(&model, batches, session.limits.micro_batches)
            .and_then(|summed| Ok((step::measure(&model, &summed)?, summed)));
        let (measured, summed) = match summed {
            Ok(measured) => measured,
            Err(error) => return (model, Err(error)),
        };
        let (output, valid) = (summed.output.clone(), summed.valid);
        let (model, lr) = if measured.is_finite() {
            let (model, lr) = step::update(
                model,
                summed,
                &measured,
                &mut session.optimizer,
                &mut session.scheduler,
                session.limits.clip,
            );
            (model, Some(lr))
        } else {
            (model, None)
        };
        let seconds = start.elapsed().as_secs_f64();
        (model, self.record(output, measured, lr, valid, seconds))
    }

    /// Writes a step down and tells burn-train of it.
    fn record(
        &mut self,
        mut output: StepOutput,
        measured: Measured,
        lr: Option<f64>,
        valid: usize,
        seconds: f64,
    ) -> Result<()> {
        let session = &mut self.session;
        let state = &mut session.state;
        state.step += 1;
        state.tokens += valid as u64;
        state.seconds += seconds;
        let rate = lr.unwrap_or(0.0);
        output.values = StepValues {
            loss: measured.loss,
            accuracy: measured.accuracy,
            grad_norm: measured.grad_norm,
            lr: rate,
            tokens_per_second: valid as f64 / seconds,
            seconds,
            tokens: valid,
        };
        let step = state.step;
        session.run.train_row(&TrainRow {
            step,
            tokens: state.tokens,
            lr: rate,
            loss: measured.loss,
            grad_norm: measured.grad_norm,
            tokens_per_second: output.values.tokens_per_second,
        })?;
        self.count(&measured, lr.is_some())?;
        let item = TrainingItem::new(
            output,
            self.progress(),
            Some(step as usize),
            Some(rate.into()),
        );
        let sent = self.events.process_train(LearnerEvent::ProcessedItem(item));
        self.interrupter.fail_on_error(sent);
        Ok(())
    }

    /// Counts updates and skipped steps; too many of the latter in a row end the run.
    fn count(&mut self, measured: &Measured, updated: bool) -> Result<()> {
        let session = &mut self.session;
        let state = &mut session.state;
        if updated {
            state.updates += 1;
            state.skipped_in_a_row = 0;
            return Ok(());
        }
        state.skipped += 1;
        state.skipped_in_a_row += 1;
        let first = (state.step - 1) * session.limits.micro_batches;
        let last = state.step * session.limits.micro_batches - 1;
        let what = format!(
            "step {} skipped: loss {}, gradient norm {}, batch {}",
            state.step,
            measured.loss,
            measured.grad_norm,
            if first == last {
                first.to_string()
            } else {
                format!("{first} to {last}")
            },
        );
        let skipped = state.skipped_in_a_row;
        self.tell(&what)?;
        if skipped < MAX_SKIPPED {
            return Ok(());
        }
        Err(self.broken(&format!(
            "{MAX_SKIPPED} steps in a row had a loss or gradient that is not finite"
        ))?)
    }

    /// Measures the model; says whether it is the best so far, `None` when stopped before the end.
    fn evaluate(&mut self, model: &M) -> Result<Option<bool>> {
        if !self.sample(model) {
            return Ok(None);
        }
        let session = &mut self.session;
        let epoch = session.state.step.div_ceil(session.limits.evaluate_every) as usize;
        let ended = self.events.process_train(LearnerEvent::EndSplit(epoch));
        self.interrupter.fail_on_error(ended);
        let started = self.events.process_valid(LearnerEvent::StartSplit {
            epoch_number: epoch,
            total_items: self.valid.num_items(),
        });
        self.interrupter.fail_on_error(started);
        let found = evaluate(
            &model.valid(),
            &*self.valid,
            session.limits.tokens_per_byte,
            &session.stop,
            Some(&mut self.events),
        )?;
        let ended = self.events.process_valid(LearnerEvent::EndSplit(epoch));
        self.interrupter.fail_on_error(ended);
        let Some(found) = found else {
            return Ok(None);
        };
        let ended = self.events.process_train(LearnerEvent::EndEpoch(epoch));
        self.interrupter.fail_on_error(ended);

        let state = &mut session.state;
        state.evaluated = state.step;
        self.evaluated = Some((state.step, found));
        session.run.eval_row(state.step, state.tokens, &found)?;
        let (step, loss) = (state.step, found.loss);
        session
            .run
            .log(&format!("step {step}: validation loss {loss:.4}"))?;
        let better = loss.is_finite() && state.best.is_none_or(|best| loss < best.loss);
        if better {
            state.best = Some(Best { step, loss });
            state.patience_used = 0;
            if session.limits.export == Export::EachBest {
                self.export(model)?;
            }
        } else {
            state.patience_used += 1;
        }
        self.start_stretch();
        Ok(Some(better))
    }

    /// By a signal, or by the dashboard's own key.
    fn stop_requested(&self) -> bool {
        self.session.stop.requested() || self.interrupter.interruption().is_some()
    }

    /// Says something out of the ordinary, on the screen and in the log.
    pub(super) fn tell(&mut self, what: &str) -> Result<()> {
        notice(&format!("warning: {what}"));
        self.session.run.log(what)
    }

    fn start_stretch(&mut self) {
        let epoch = self.session.state.step / self.session.limits.evaluate_every + 1;
        let started = self.events.process_train(LearnerEvent::StartSplit {
            epoch_number: epoch as usize,
            total_items: self.session.limits.evaluate_every as usize,
        });
        self.interrupter.fail_on_error(started);
    }

    fn progress(&self) -> Progress {
        let every = self.session.limits.evaluate_every;
        let done = (self.session.state.step - 1) % every + 1;
        Progress::new(done as usize, every as usize, Some("steps".into()))
    }
}
