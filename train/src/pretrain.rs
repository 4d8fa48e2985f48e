//! Pretraining, from recipe to model folder.

use crate::backend::{Adapter, Opened};
use crate::batch::{EvalLoader, TrainLoader};
use crate::checkpoint::RunIdentity;
use crate::launches::{self, Launch};
use crate::learner::launch;
use crate::learner::{Describe, Limits, Milestones, Outcome, Session};
use crate::place::Provenance;
use crate::plan::{Operations, Plan};
use crate::progress::notice;
use crate::recipe::{Batch, Evaluation, Recipe};
use crate::run::{holds_run, refuse_filled};
use crate::samples::{Samples, Speaker};
use crate::start::Start;
use crate::stop::Stop;
use crate::task::CausalTask;
use crate::{Error, Result, backend, files, limits, progress, report};
use slovo_args::{Backend, PretrainArgs, TrainingArgs};
use slovo_data::{Batches, EvalWindows, Prepared, Shards, Tokenizer};
use slovo_model::CausalLm;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A recipe, its text and its folder, ready to train.
pub struct Pretraining {
    /// Every default spelled out.
    pub recipe: Recipe,
    /// Tokens and tokenizer.
    pub data: Prepared,
    /// The run folder.
    pub out: PathBuf,
    opened: Option<Opened>,
    speaker: Option<Speaker>,
}

impl Pretraining {
    /// Reads the recipe, prepares its text where that has not been done, and checks one against the
    /// other. Nothing is written into the run folder yet.
    ///
    /// `preparing` is told what the preparation is doing.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with recipe, flags or text.
    pub fn prepare(
        args: &PretrainArgs,
        preparing: &mut dyn FnMut(slovo_data::Progress),
        stop: &Stop,
    ) -> Result<Self> {
        let training = &args.training;
        let out = training
            .out
            .clone()
            .unwrap_or_else(|| default_folder(args.recipe.as_deref()));
        // Whatever can be refused is refused before minutes of work, not after.
        if !training.resume && !training.dry_run {
            refuse_filled(&out)?;
        }
        if training.resume && !holds_run(&out) {
            return Err(Error::Folder {
                path: out,
                what: "holds no run to resume; --out DIR names the folder of one".into(),
            });
        }
        progress::check(training.progress)?;
        let opened = match training.dry_run {
            true => None,
            false => Some(backend::open(&training.backend)?),
        };
        let recipe = read_recipe(args.recipe.as_deref(), training, &out)?;
        recipe.validate()?;
        let data = slovo_data::prepare(&recipe.data()?, None, preparing, stop.flag())?;
        let recipe = recipe.resolve(&data.tokenizer)?;
        let speaker = Speaker::new(&recipe, &data)?;
        Ok(Self {
            recipe,
            data,
            out,
            opened,
            speaker,
        })
    }

    /// What it will run on, on a backend that goes through a graphics API.
    pub fn adapter(&self) -> Option<&Adapter> {
        self.opened.as_ref()?.adapter.as_ref()
    }

    /// What the run needs.
    ///
    /// # Errors
    ///
    /// See [`Plan::of`].
    pub fn plan(&self, backend: Backend) -> Result<Plan> {
        let operations = Operations::of(backend);
        Plan::of(&self.recipe, Some(&self.data.report), operations)
    }

    /// The share of a batch that is padding, from 0 to 1; only windows by document pad.
    ///
    /// # Errors
    ///
    /// A context that the text is too short for.
    pub fn padding(&self) -> Result<f64> {
        Ok(self.batches()?.padding())
    }

    fn batches(&self) -> Result<Batches> {
        let Batch {
            sequences, windows, ..
        } = self.recipe.batch;
        let context = self.recipe.context()?;
        let text = self.data.train.clone();
        Ok(Batches::new(
            text,
            windows,
            context,
            sequences,
            self.recipe.seed,
        )?)
    }

    /// Trains until the recipe's end, or goes on from the newest good checkpoint.
    ///
    /// # Errors
    ///
    /// A tensor too large for the device, a run folder that is another run's, a checkpoint that is
    /// not whole, or a training that failed.
    pub fn run(self, args: &TrainingArgs, stop: &Stop) -> Result<Outcome> {
        let batches = self.batches()?;
        let Self {
            recipe,
            data,
            out,
            opened,
            speaker,
        } = self;
        let opened = match opened {
            Some(opened) => opened,
            // It was prepared for a dry run.
            None => backend::open(&args.backend)?,
        };
        limits::training(&recipe, &opened)?;
        let device = opened.device.clone();
        let training_device = device.clone().autodiff();
        let context = recipe.context()?;
        let valid = data.validation;
        let tokens_per_byte =
            (valid.bytes() > 0).then(|| valid.len() as f64 / valid.bytes() as f64);
        let micro_batches = recipe.batch.micro_batches;
        let windows = Arc::new(windows(valid, context, recipe.evaluation.stride)?);
        let identity = RunIdentity {
            data: data.fingerprint,
            tokenizer: data.tokenizer.fingerprint(),
        };
        let model = CausalTask {
            model: CausalLm::new(&recipe.model()?, recipe.seed, &training_device)?,
        };
        let start = match args.resume {
            true => Start::resumed(&out, &recipe, identity, model)?,
            false => Start::fresh(&out, &recipe, identity, model)?,
        };
        start.run.keep_data(&data.report)?;
        launches::begin(&out, Launch::here(&args.backend, &opened, start.state.step))?;

        let Evaluation {
            every,
            windows: count,
            batch,
            patience,
            ..
        } = recipe.evaluation;
        let train = TrainLoader::new(
            batches,
            start.state.step * micro_batches,
            recipe.steps * micro_batches,
            recipe.seed,
            &training_device,
        );
        let subset = EvalLoader::new(windows.clone(), count, batch, &device);
        let whole = EvalLoader::new(windows, None, batch, &device);
        let session = Session {
            limits: Limits {
                steps: recipe.steps,
                micro_batches,
                clip: recipe.clip,
                evaluate_every: every,
                save_every: recipe.checkpoint.every.unwrap_or(every),
                save_after: recipe.checkpoint.seconds.map(Duration::from_secs),
                patience,
                tokens_per_byte,
            },
            optimizer: start.optimizer,
            scheduler: start.scheduler,
            state: start.state,
            run: start.run,
            shelf: start.shelf,
            whole: Arc::new(whole),
            stop: stop.clone(),
            describe: describe(data.tokenizer, context),
            milestones: milestones(recipe.samples, speaker),
        };
        let outcome = launch(
            start.model,
            Arc::new(train),
            Arc::new(subset),
            session,
            args.progress,
        );
        // However the run ended; what was trained is worth more than what is told of it.
        if let Err(error) = report::write(&out) {
            notice(&format!("warning: no report: {error}"));
        }
        outcome
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
    recipe.steps = args.steps.unwrap_or(recipe.steps);
    if own.is_file() && args.resume {
        // A schedule that ended with the run ends with the longer (or shorter) one.
        let before = Recipe::of_run(out)?;
        if before.schedule.end == Some(before.steps) && recipe.schedule.end == Some(before.steps) {
            recipe.schedule.end = None;
        }
    }
    Ok(recipe)
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

fn default_folder(recipe: Option<&Path>) -> PathBuf {
    let stem = recipe.and_then(Path::file_stem);
    Path::new("runs").join(stem.unwrap_or("default".as_ref()))
}

/// Asks the model for a continuation of the recipe's prompt.
fn milestones(
    samples: Option<Samples>,
    speaker: Option<Speaker>,
) -> Option<Milestones<CausalTask>> {
    let (recipe, speaker) = samples.zip(speaker)?;
    Some(Milestones {
        recipe,
        speak: Box::new(move |task: &CausalTask, step, stop| {
            speaker.speak(&task.model, step, stop)
        }),
    })
}

/// Puts tokenizer and provenance beside the weights.
fn describe(tokenizer: Tokenizer, context: usize) -> Describe {
    Box::new(move |folder, state| {
        tokenizer
            .save(&folder.join("tokenizer.json"))
            .map_err(slovo_data::Error::from)?;
        // What `transformers` wants to know beside the tokenizer itself.
        let end = tokenizer.end_of_text();
        let specials = tokenizer.specials();
        let end = specials.into_iter().find(|(id, _)| Some(*id) == end);
        let config = serde_json::json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": context,
            "eos_token": end.map(|(_, text)| text),
        });
        let text = format!("{config:#}\n");
        files::write_synced(&folder.join("tokenizer_config.json"), text.as_bytes())?;
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
