//! One bundle: writing it so that it is complete or absent, and reading it back.

use super::manifest::{self, Manifest};
use super::state::TrainState;
use crate::{Error, Result, files};
use burn::module::{Module, ModuleVisitor, Param, ParamGroup, ParamId};
use burn::optim::lr_scheduler::LrSchedulerRecord;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::optim::{ModuleOptimizer, OptimizerRecord};
use burn::store::{ModuleRecord, RecordError};
use burn::tensor::Tensor;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

const MODEL: &str = "model.bpk";
const OPTIMIZER: &str = "optimizer.bpk";
const SCHEDULER: &str = "scheduler.bpk";
const STATE: &str = "state.ron";

/// What a bundle holds, while it is being trained.
pub struct Parts<'a, M> {
    /// The parameters.
    pub model: &'a M,
    /// Their moments.
    pub optimizer: &'a ModuleOptimizer,
    /// The learning rate.
    pub scheduler: &'a ModuleLrScheduler,
    /// The rest.
    pub state: &'a TrainState,
}

/// A complete bundle on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Its folder.
    pub path: PathBuf,
    /// The step after which it was written.
    pub step: u64,
}

impl Bundle {
    /// Writes a bundle into `shelf`, beside its place, and renames it there.
    ///
    /// # Errors
    ///
    /// Any failing write, with its path; the temporary folder is removed again.
    pub fn write<M: Module>(shelf: &Path, parts: &Parts<'_, M>) -> Result<Self> {
        let step = parts.state.step;
        let path = shelf.join(folder_name(step));
        let temporary = shelf.join(format!(".{}.tmp", folder_name(step)));
        let written = write_files(&temporary, parts).and_then(|()| {
            // The same step written twice (a stop right after a save) replaces an equal bundle.
            files::replace_folder(&temporary, &path)
        });
        if let Err(error) = written {
            // The write's own error is the one to tell; what is left is cleared at the next start.
            let _ = fs::remove_dir_all(&temporary);
            return Err(error);
        }
        Ok(Self { path, step })
    }

    /// Whether every file is as the manifest says.
    ///
    /// # Errors
    ///
    /// Names the file that is not.
    pub fn verify(&self) -> Result<()> {
        let manifest = Manifest::read(&self.path)?;
        if manifest.step != self.step {
            return Err(Error::Checkpoint {
                path: self.path.clone(),
                what: format!("its {} says step {}", manifest::NAME, manifest.step),
            });
        }
        let listed: HashSet<_> = manifest.files.iter().map(|f| f.name.as_str()).collect();
        if listed != HashSet::from([MODEL, OPTIMIZER, SCHEDULER, STATE]) {
            return Err(Error::Checkpoint {
                path: self.path.join(manifest::NAME),
                what: "does not list the four files of a checkpoint".into(),
            });
        }
        manifest.verify(&self.path)
    }

    /// Reads the run's state.
    ///
    /// # Errors
    ///
    /// A file that cannot be read or understood.
    pub fn state(&self) -> Result<TrainState> {
        let path = self.path.join(STATE);
        slovo_data::recipe::load_ron(&path, &[]).map_err(|error| Error::Checkpoint {
            path,
            what: error.to_string(),
        })
    }

    /// Puts the parameters that learn, with their ids, into `model`.
    ///
    /// # Errors
    ///
    /// A parameter that is missing, is too much, or has another shape.
    pub fn load_model<M: Module>(&self, model: M) -> Result<M> {
        let path = self.path.join(MODEL);
        let (expected, mut known) = (learning(&model).len(), 0);
        let loaded = ModuleRecord::load(&path)
            .and_then(|record| {
                known = record.len();
                // What does not learn is the base's, and is there already.
                model.try_load_record(record.allow_partial(true))
            })
            .map_err(|error| wrong(path.clone(), &error))?;
        match known == expected {
            true => Ok(loaded),
            false => Err(Error::Checkpoint {
                path,
                what: format!("{known} parameters found, but {expected} learn"),
            }),
        }
    }

    /// Puts moments and learning rate back.
    ///
    /// # Errors
    ///
    /// A parameter of `model` without optimizer state, although updates were made.
    pub fn load_optimizer<M: Module>(
        &self,
        model: &M,
        updates: u64,
        optimizer: ModuleOptimizer,
        scheduler: ModuleLrScheduler,
    ) -> Result<(ModuleOptimizer, ModuleLrScheduler)> {
        let path = self.path.join(SCHEDULER);
        let record = LrSchedulerRecord::load(&path).map_err(|error| wrong(path, &error))?;
        let scheduler = scheduler.load_record(record);

        let path = self.path.join(OPTIMIZER);
        if updates > 0 {
            check_states(model, &path)?;
        }
        let record = OptimizerRecord::load(&path).map_err(|error| wrong(path.clone(), &error))?;
        let tensors = record.len();
        let optimizer = optimizer.load_record(record);
        // Burn skips what it cannot put back.
        match optimizer.to_record().len() {
            found if found == tensors => Ok((optimizer, scheduler)),
            found => Err(Error::Checkpoint {
                path,
                what: format!(
                    "{found} of its {tensors} tensors fit this optimizer; was it another one?"
                ),
            }),
        }
    }
}

/// Folder name of the bundle after a step.
pub(super) fn folder_name(step: u64) -> String {
    format!("step-{step:08}")
}

fn write_files<M: Module>(folder: &Path, parts: &Parts<'_, M>) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(Error::io("remove", folder))?;
    }
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    let save = |name: &str, result: std::result::Result<(), RecordError>| {
        let path = folder.join(name);
        result.map_err(|error| wrong(path.clone(), &error))?;
        files::sync(&path)
    };
    save(
        MODEL,
        parts
            .model
            .clone()
            .into_record_group(ParamGroup::from_ids(learning(parts.model)))
            .save(folder.join(MODEL)),
    )?;
    save(
        OPTIMIZER,
        parts.optimizer.to_record().save(folder.join(OPTIMIZER)),
    )?;
    save(
        SCHEDULER,
        parts.scheduler.to_record().save(folder.join(SCHEDULER)),
    )?;
    let state = slovo_data::recipe::to_ron_string(parts.state)?;
    files::write_synced(&folder.join(STATE), state.as_bytes())?;
    let manifest = Manifest::of(
        folder,
        parts.state.step,
        &[MODEL, OPTIMIZER, SCHEDULER, STATE],
    )?;
    let text = serde_json::to_string_pretty(&manifest).map_err(|error| Error::Checkpoint {
        path: folder.into(),
        what: error.to_string(),
    })?;
    files::write_synced(&folder.join(manifest::NAME), text.as_bytes())?;
    files::sync_folder(folder)
}

fn wrong(path: PathBuf, error: &RecordError) -> Error {
    Error::Checkpoint {
        path,
        what: error.to_string(),
    }
}

/// Every parameter must find its state: Burn would start a missing one from zero without a word.
fn check_states<M: Module>(model: &M, path: &Path) -> Result<()> {
    let reader = burn_pack::Reader::from_file(path).map_err(|error| Error::Checkpoint {
        path: path.into(),
        what: error.to_string(),
    })?;
    let mut missing = Stateless {
        known: reader.metadata().keys().cloned().collect(),
        inside: Vec::new(),
        found: Vec::new(),
    };
    model.visit(&mut missing);
    match missing.found.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Error::Checkpoint {
            path: path.into(),
            what: format!(
                "{} of the model's parameters have no optimizer state, the first is {first}; \
                 the checkpoint is of another model",
                missing.found.len()
            ),
        }),
    }
}

/// The parameters that learn; of a model that has none, all.
fn learning<M: Module>(model: &M) -> Vec<ParamId> {
    let mut found = Learning::default();
    model.visit(&mut found);
    match found.learning.is_empty() {
        true => found.all,
        false => found.learning,
    }
}

#[derive(Default)]
struct Learning {
    learning: Vec<ParamId>,
    all: Vec<ParamId>,
}

impl ModuleVisitor for Learning {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.all.push(param.id);
        if learns(param) {
            self.learning.push(param.id);
        }
    }
}

fn learns<const D: usize>(param: &Param<Tensor<D>>) -> bool {
    param.val().is_require_grad()
}

struct Stateless {
    known: HashSet<String>,
    inside: Vec<String>,
    found: Vec<String>,
}

impl ModuleVisitor for Stateless {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.inside.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.inside.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if learns(param) && !self.known.contains(&param.id.val().to_string()) {
            self.found.push(self.inside.join("."));
        }
    }
}
