//! Pretraining, from recipe to model folder.

use crate::batch::{EvalLoader, TrainLoader};
use crate::checkpoint::{RunIdentity, Shelf, TrainState};
use crate::learner::launch;
use crate::place::Provenance;
use crate::plan::Plan;
use crate::recipe::{Recipe, differences};
use crate::run::{RunFolder, holds_run};
use crate::schedule::Schedule;
use crate::stop::Stop;
use crate::strategy::{Limits, Outcome, Session};
use crate::task::CausalTask;
use crate::{Error, Result, backend, files};
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::Device;
use slovo_args::{PretrainArgs, TrainingArgs};
use slovo_data::{Batches, EvalWindows, Prepared};
use slovo_model::CausalLm;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A recipe, its text and its folder, ready to train.
pub struct Pretraining {
    /// Every default spelled out.
    pub recipe: Recipe,
    /// Tokens and tokenizer.
    pub data: Prepared,
    /// The run folder.
    pub out: PathBuf,
}

impl Pretraining {
    /// Reads the recipe, prepares its text where that has not been done, and checks one against the
    /// other. Nothing is written into the run folder yet.
    ///
    /// `progress` is told what the preparation is doing.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with recipe, flags or text.
    pub fn prepare(
        args: &PretrainArgs,
        progress: &mut dyn FnMut(slovo_data::Progress),
        stop: &Stop,
    ) -> Result<Self> {
        let training = &args.training;
        let out = training
            .out
            .clone()
            .unwrap_or_else(|| default_folder(args.recipe.as_deref()));
        // Said before minutes of work, not after.
        if !training.resume && !training.dry_run && holds_run(&out) {
            return Err(Error::Folder {
                path: out,
                what: "already holds a run; --resume goes on with it, --out DIR makes another"
                    .into(),
            });
        }
        if training.resume && !holds_run(&out) {
            return Err(Error::Folder {
                path: out,
                what: "holds no run to resume; --out DIR names the folder of one".into(),
            });
        }
        let recipe = read_recipe(args.recipe.as_deref(), training, &out)?;
        let data = slovo_data::prepare(&recipe.data()?, None, progress, stop.flag())?;
        let recipe = recipe.resolve(&data.tokenizer)?;
        Ok(Self { recipe, data, out })
    }

    /// What the run needs.
    ///
    /// # Errors
    ///
    /// See [`Plan::of`].
    pub fn plan(&self) -> Result<Plan> {
        Plan::of(&self.recipe, self.data.train.len())
    }

    /// Trains on `device` until the recipe's end, or goes on from the newest good checkpoint.
    ///
    /// # Errors
    ///
    /// A run folder that is another run's, a checkpoint that is not whole, or a training that failed.
    pub fn run(self, args: &TrainingArgs, stop: &Stop) -> Result<Outcome> {
        let device = backend::device(&args.backend)?;
        self.run_on(&device, args.resume, args.progress, stop)
    }

    /// [`Pretraining::run`] on a device at hand.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn run_on(
        self,
        device: &Device,
        resume: bool,
        progress: slovo_args::Progress,
        stop: &Stop,
    ) -> Result<Outcome> {
        let Self { recipe, data, out } = self;
        let training_device = device.clone().autodiff();
        let config = recipe.model()?;
        let context = recipe.context()?;
        let (train, valid) = (data.train, data.validation);
        let tokens_per_byte =
            (valid.bytes() > 0).then(|| valid.len() as f64 / valid.bytes() as f64);
        let batches = Batches::new(
            train,
            recipe.batch.windows,
            context,
            recipe.batch.sequences,
            recipe.seed,
        )?;
        let windows = Arc::new(EvalWindows::new(valid, context)?);

        let identity = RunIdentity {
            data: data.fingerprint.clone(),
            tokenizer: data.tokenizer.fingerprint(),
        };
        let mut model = CausalTask {
            model: CausalLm::new(&config, recipe.seed, &training_device)?,
        };
        let shelf = Shelf::new(&out, recipe.checkpoint.keep);
        let mut scheduler = ModuleLrScheduler::new(Schedule::new(recipe.schedule));
        let optimizer;
        let state;
        let run;
        if resume {
            let resumed = resume_state(&out, &shelf, &recipe, &identity)?;
            match resumed {
                Some((bundle, found)) => {
                    model = bundle.load_model(model)?;
                    (optimizer, scheduler) = bundle.load_optimizer(
                        &model,
                        found.updates,
                        recipe.optimizer.init(&model),
                        scheduler,
                    )?;
                    state = found;
                }
                None => {
                    optimizer = recipe.optimizer.init(&model);
                    state = new_state(identity);
                }
            }
            run = RunFolder::reopen(&out, &recipe, state.step)?;
            shelf.open()?;
        } else {
            run = RunFolder::create(&out, &recipe)?;
            shelf.open()?;
            optimizer = recipe.optimizer.init(&model);
            state = new_state(identity);
        }

        let micro = recipe.batch.micro_batches;
        let inner = device.clone();
        let every = recipe.evaluation.every;
        let valid_loader = EvalLoader::new(
            windows.clone(),
            recipe.evaluation.windows,
            recipe.evaluation.batch,
            &inner,
        );
        let whole = EvalLoader::new(windows, None, recipe.evaluation.batch, &inner);
        let train_loader = TrainLoader::new(
            batches,
            state.step * micro,
            recipe.steps * micro,
            recipe.seed,
            &training_device,
        );
        let describe = describe(data.dir.join("tokenizer.json"), context);
        let session = Session {
            limits: Limits {
                steps: recipe.steps,
                micro_batches: micro,
                clip: recipe.clip,
                evaluate_every: every,
                save_every: recipe.checkpoint.every.unwrap_or(every),
                patience: recipe.evaluation.patience,
                tokens_per_byte,
            },
            optimizer,
            scheduler,
            state,
            run,
            shelf,
            whole: Arc::new(whole),
            stop: stop.clone(),
            describe,
        };
        launch(
            model,
            Arc::new(train_loader),
            Arc::new(valid_loader),
            session,
            progress,
        )
    }
}

/// The recipe that was asked for; a resumed run without one goes on with its own.
fn read_recipe(path: Option<&Path>, args: &TrainingArgs, out: &Path) -> Result<Recipe> {
    let own = out.join("recipe.ron");
    let path = match path {
        None if args.resume && own.is_file() => Some(own.as_path()),
        path => path,
    };
    let mut recipe = Recipe::load(path, &args.set)?;
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    if let Some(steps) = args.steps {
        // A schedule that ended with the run ends with the longer (or shorter) one.
        if recipe.schedule.end == Some(recipe.steps) {
            recipe.schedule.end = None;
        }
        recipe.steps = steps;
    }
    Ok(recipe)
}

fn default_folder(recipe: Option<&Path>) -> PathBuf {
    let stem = recipe.and_then(Path::file_stem);
    Path::new("runs").join(stem.unwrap_or("default".as_ref()))
}

fn new_state(identity: RunIdentity) -> TrainState {
    TrainState {
        identity,
        ..TrainState::default()
    }
}

/// Finds where a run stands and refuses to go on as another run.
fn resume_state(
    out: &Path,
    shelf: &Shelf,
    recipe: &Recipe,
    identity: &RunIdentity,
) -> Result<Option<(crate::checkpoint::Bundle, TrainState)>> {
    let before = Recipe::of_run(out)?;
    let kept = ["seed", "model", "batch", "optimizer", "clip"];
    let mut changed = differences(&before, recipe, &kept)?;
    let (newest, passed_over) = shelf.newest_good()?;
    for bad in &passed_over {
        eprintln!("warning: passed over {}: {}", bad.path.display(), bad.why);
    }
    let Some(bundle) = newest else {
        if let Some(bad) = passed_over.first() {
            return Err(Error::Checkpoint {
                path: bad.path.clone(),
                what: format!("{}; no other checkpoint of this run is whole", bad.why),
            });
        }
        eprintln!("no checkpoint yet in {}: starting at step 0", out.display());
        return refuse(out, changed).map(|()| None);
    };
    let state = bundle.state()?;
    for (what, before, now) in [
        ("tokenizer", &state.identity.tokenizer, &identity.tokenizer),
        (
            "tokens of the training and validation text",
            &state.identity.data,
            &identity.data,
        ),
    ] {
        if before != now {
            changed.push(format!("{what}: {before} → {now}"));
        }
    }
    if state.identity.data != identity.data {
        changed.extend(differences(&before, recipe, &["data"])?);
    }
    refuse(out, changed)?;
    eprintln!(
        "resuming at step {} from {}",
        state.step,
        bundle.path.display()
    );
    Ok(Some((bundle, state)))
}

fn refuse(out: &Path, changed: Vec<String>) -> Result<()> {
    match changed.is_empty() {
        true => Ok(()),
        false => Err(Error::Folder {
            path: out.into(),
            what: format!(
                "is another run; what it was trained with differs from what is asked for now:\n  {}\n\
                 resume with the same values, or start anew with another --out",
                changed.join("\n  ")
            ),
        }),
    }
}

/// Puts tokenizer and provenance beside the weights.
fn describe(tokenizer: PathBuf, context: usize) -> crate::strategy::Describe {
    Box::new(move |folder, state| {
        let text = std::fs::read(&tokenizer).map_err(Error::io("read", &tokenizer))?;
        files::write_synced(&folder.join("tokenizer.json"), &text)?;
        let provenance = Provenance {
            version: env!("CARGO_PKG_VERSION").into(),
            stage: "pretrain".into(),
            step: state.step,
            tokens: state.tokens,
            validation_loss: state.best.map_or(f64::NAN, |best| best.loss),
            context,
            data: state.identity.data.clone(),
            tokenizer: state.identity.tokenizer.clone(),
        };
        let text = slovo_data::recipe::to_ron_string(&provenance)?;
        files::write_synced(&folder.join("slovo.ron"), text.as_bytes())
    })
}
