//! Writing checkpoints and the model folder, and never one that is not worth keeping.

use super::finite;
use super::session::End;
use super::strategy::Training;
use crate::checkpoint::Parts;
use crate::task::Task;
use crate::{Error, Result, files};
use std::time::Instant;

impl<M: Task> Training<M> {
    /// Puts the model into `model/`.
    pub(super) fn export(&mut self, model: &M) -> Result<()> {
        self.require_finite(model)?;
        let session = &mut self.session;
        let place = session.run.path().join("model");
        let temporary = files::beside(&place, "tmp");
        if temporary.exists() {
            std::fs::remove_dir_all(&temporary).map_err(Error::io("remove", &temporary))?;
        }
        let written = std::fs::create_dir_all(&temporary)
            .map_err(Error::io("create", &temporary))
            .and_then(|()| model.save_model(&temporary))
            .and_then(|()| (session.describe)(&temporary, &session.state))
            .and_then(|()| files::sync_folder(&temporary))
            .and_then(|()| files::replace_folder(&temporary, &place));
        if written.is_err() {
            // The write's own error is the one to tell.
            let _ = std::fs::remove_dir_all(&temporary);
        }
        written
    }

    /// Writes a checkpoint.
    pub(super) fn save(&mut self, model: &M) -> Result<()> {
        self.require_finite(model)?;
        let session = &mut self.session;
        // A checkpoint must never know more steps than the tables.
        session.run.sync()?;
        let bundle = session.shelf.put(&Parts {
            model,
            optimizer: &session.optimizer.parameters,
            scheduler: &session.scheduler,
            state: &session.state,
        })?;
        self.saved = bundle.step;
        self.saved_at = Instant::now();
        session
            .run
            .log(&format!("step {}: checkpoint written", bundle.step))
    }

    /// Leaves a checkpoint of the step that was reached, and says that it was asked to.
    pub(super) fn stop(&mut self, model: &M) -> Result<Option<End>> {
        if self.session.state.step != self.saved || self.saved == 0 {
            self.save(model)?;
        }
        let step = self.session.state.step;
        self.session
            .run
            .log(&format!("step {step}: stopped on request"))?;
        Ok(Some(End::Stopped))
    }

    /// A model that is not finite is not worth keeping, would push out one that is, and gets no
    /// better by going on.
    fn require_finite(&self, model: &M) -> Result<()> {
        match finite::is_finite(model)? {
            true => Ok(()),
            false => Err(self.broken(&format!(
                "after step {} a parameter is not finite, and nothing of it was written",
                self.session.state.step
            ))?),
        }
    }

    /// The error of a training that broke: what happened, what there is to go back to, what to try.
    pub(super) fn broken(&self, what: &str) -> Result<Error> {
        let (good, _) = self.session.shelf.newest_good()?;
        Ok(Error::Training(format!(
            "{what}; {}. A lower schedule.peak, a longer schedule.warmup or a smaller clip would be \
             the first to try",
            match good {
                Some(bundle) => format!("the last checkpoint is {}", bundle.path.display()),
                None => "there is no checkpoint yet".into(),
            }
        )))
    }
}
