//! Pretraining, from recipe to model folder.

mod causal;
mod masked;
mod translation;

pub(crate) use causal::{batches, windows};
pub(crate) use masked::batches as masked_batches;
pub(crate) use translation::batches as pair_batches;

use crate::backend::{Adapter, Opened};
use crate::checkpoint::RunIdentity;
use crate::launches::{self, Launch};
use crate::learner::{self, Describe, Export, Limits, Milestones, Outcome, Session};
use crate::material::Material;
use crate::place::{ModelPlace, Provenance};
use crate::plan::{Operations, Plan};
use crate::progress::notice;
use crate::recipe::{Evaluation, Objective, Recipe, RunRecipe};
use crate::run::{holds_run, refuse_filled};
use crate::samples::{Sample, Speaker};
use crate::start::Start;
use crate::stop::Stop;
use crate::task::Task;
use crate::{Error, Result, backend, limits, progress, report};
use burn::data::dataloader::DataLoader;
use burn::tensor::Device;
use slovo_args::{Backend, PretrainArgs, TrainingArgs};
use slovo_data::report::grouped;
use slovo_data::{Prepared, Tokenizer, Waste};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A recipe, its text and its folder, ready to train.
pub struct Pretraining {
    /// Every default spelled out.
    pub recipe: Recipe,
    /// Tokens and tokenizer.
    pub data: Material,
    /// The run folder.
    pub out: PathBuf,
    opened: Option<Opened>,
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
        let recipe = read_recipe(args, &out)?;
        recipe.validate()?;
        // A run that goes on has weights of its own.
        let base = match training.resume {
            true => None,
            false => recipe.base()?,
        };
        let data = Material::prepare(&recipe, preparing, stop)?;
        if let Some(place) = base {
            same_tokenizer(&place, &recipe, data.tokenizer())?;
        }
        let recipe = recipe.resolve(data.tokenizer())?;
        // What does not fit is refused at once.
        match &data {
            Material::Text(data) => Speaker::new(&recipe, &data.tokenizer, &data.validation)?,
            Material::Pairs(data) => {
                translation::check_lengths(&recipe, data)?;
                translation::speaker(&recipe, data)?
            }
        };
        Ok(Self {
            recipe,
            data,
            out,
            opened,
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
        Plan::of(&self.recipe, Some(&self.data.report()), operations)
    }

    fn text<'a>(
        &'a self,
        base: Option<&'a ModelPlace>,
        data: &'a Prepared,
        training: &'a Device,
        device: &'a Device,
    ) -> Text<'a> {
        Text {
            recipe: &self.recipe,
            base,
            data,
            training,
            device,
        }
    }

    /// Trains until the recipe's end, or goes on from the newest good checkpoint.
    ///
    /// # Errors
    ///
    /// A tensor too large for the device, a run folder that is another run's, a checkpoint that is
    /// not whole, or a training that failed.
    pub fn run(mut self, args: &TrainingArgs, stop: &Stop) -> Result<Outcome> {
        let opened = match self.opened.take() {
            Some(opened) => opened,
            // It was prepared for a dry run.
            None => backend::open(&args.backend)?,
        };
        limits::training(&self.recipe, &opened)?;
        let base = match args.resume {
            true => None,
            false => self.recipe.base()?,
        };
        let device = opened.device.clone();
        let training = device.clone().autodiff();
        match (&self.recipe.objective, &self.data) {
            (Objective::Translation(how), Material::Pairs(data)) => {
                let parts = translation::parts(&self.recipe, how, data, &training, &device)?;
                self.train(parts, opened, args, stop)
            }
            (Objective::Masked(masking), Material::Text(data)) => {
                let text = self.text(base.as_ref(), data, &training, &device);
                self.train(masked::parts(text, masking)?, opened, args, stop)
            }
            (_, Material::Text(data)) => {
                let text = self.text(base.as_ref(), data, &training, &device);
                self.train(causal::parts(text)?, opened, args, stop)
            }
            // The material was prepared for the objective.
            (_, Material::Pairs(data)) => Err(Error::Folder {
                path: data.dir.clone(),
                what: "holds pairs, which only `objective: Translation(())` learns from".into(),
            }),
        }
    }

    /// Trains whatever it is, from the step that is due.
    fn train<M: Task>(
        &self,
        parts: Parts<M>,
        opened: Opened,
        args: &TrainingArgs,
        stop: &Stop,
    ) -> Result<Outcome> {
        let Self {
            recipe, data, out, ..
        } = self;
        let micro_batches = recipe.batch.micro_batches;
        let identity = RunIdentity {
            data: data.fingerprint().into(),
            tokenizer: data.tokenizer().fingerprint(),
        };
        let start = match args.resume {
            true => Start::resumed(out, recipe, identity, parts.model)?,
            false => Start::fresh(out, recipe, identity, parts.model)?,
        };
        start.run.keep_data(&data.report())?;
        let launch = Launch {
            waste: parts.waste,
            ..Launch::here(&args.backend, &opened, start.state.step)
        };
        launches::begin(out, launch)?;

        let Evaluation {
            every, patience, ..
        } = recipe.evaluation;
        let first = start.state.step * micro_batches;
        let train = (parts.train)(first, recipe.steps * micro_batches);
        if let Some(waste) = parts.waste
            && !args.progress.is_quiet()
        {
            tell(waste, data.report().targets());
        }
        let session = Session {
            limits: Limits {
                steps: recipe.steps,
                micro_batches,
                clip: recipe.clip,
                evaluate_every: every,
                save_every: recipe.checkpoint.every.unwrap_or(every),
                save_after: recipe.checkpoint.seconds.map(Duration::from_secs),
                patience,
                tokens_per_byte: parts.tokens_per_byte,
                export: Export::EachBest,
                counted: "tokens",
            },
            optimizer: start.optimizer,
            scheduler: start.scheduler,
            state: start.state,
            run: start.run,
            shelf: start.shelf,
            whole: parts.whole,
            stop: stop.clone(),
            describe: describe(data.tokenizer().clone(), recipe.context()?),
            milestones: parts.milestones,
        };
        let outcome = learner::launch(start.model, train, parts.subset, session, args.progress);
        // However the run ended; what was trained is worth more than what is told of it.
        if let Err(error) = report::write(out) {
            notice(&format!("warning: no report: {error}"));
        }
        outcome
    }
}

/// Says what windows leave empty, and what of so many tokens they leave out, if they do.
fn tell(waste: Waste, tokens: u64) {
    if waste.padding > 0.0 {
        notice(&format!(
            "{:.1} % of a batch is padding",
            100.0 * waste.padding
        ));
    }
    if waste.cropped > 0 {
        notice(&format!(
            "{} tokens are cropped, {:.1} % of the text: no window holds them",
            grouped(waste.cropped),
            100.0 * waste.cropped as f64 / tokens.max(1) as f64
        ));
    }
}

/// A text to train on, and where.
#[derive(Clone, Copy)]
struct Text<'a> {
    recipe: &'a Recipe,
    /// Where the weights are that training begins with; none for fresh ones, or a checkpoint's.
    base: Option<&'a ModelPlace>,
    data: &'a Prepared,
    training: &'a Device,
    device: &'a Device,
}

/// Training batches `from..to`.
type Train<M> = Box<dyn FnOnce(u64, u64) -> Batches<M>>;

type Batches<M> = Arc<dyn DataLoader<<M as Task>::Batch>>;

/// What a run of one objective brings; the rest is the same for all.
struct Parts<M: Task> {
    model: M,
    train: Train<M>,
    /// What evaluations measure.
    subset: Batches<M>,
    /// What the end measures.
    whole: Batches<M>,
    tokens_per_byte: Option<f64>,
    /// `None` where it differs from batch to batch.
    waste: Option<Waste>,
    milestones: Option<Milestones<M>>,
}

/// The recipe that was asked for; a resumed run without one goes on with its own.
/// Whether the text was read as the base reads it.
fn same_tokenizer(base: &ModelPlace, recipe: &Recipe, tokenizer: &Tokenizer) -> Result<()> {
    let own = base.tokenizer_within(recipe.model()?.vocab_size)?;
    match own.fingerprint() == tokenizer.fingerprint() {
        true => Ok(()),
        false => Err(Error::Value {
            field: "data.tokenizer",
            found: "another one than the base's".into(),
            expected: format!("that of {} would do", base.folder.display()),
        }),
    }
}

fn read_recipe(args: &PretrainArgs, out: &Path) -> Result<Recipe> {
    let own = out.join("recipe.ron");
    let (base, path) = (args.base.as_deref(), args.recipe.as_deref());
    let args = &args.training;
    let path = match path {
        None if args.resume && own.is_file() => Some(own.as_path()),
        path => path,
    };
    let mut recipe = Recipe::load_from(path, base, &args.set)?;
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

fn default_folder(recipe: Option<&Path>) -> PathBuf {
    let stem = recipe.and_then(Path::file_stem);
    Path::new("runs").join(stem.unwrap_or("default".as_ref()))
}

/// Asks the model to answer the recipe's prompt now and then, by `speak`.
fn milestones<M: Task>(
    recipe: &Recipe,
    speaker: Option<Speaker>,
    speak: impl Fn(&Speaker, &M, u64, &Stop) -> Result<Option<Sample>> + Send + 'static,
) -> Option<Milestones<M>> {
    let (samples, speaker) = recipe.samples.clone().zip(speaker)?;
    Some(Milestones {
        recipe: samples,
        speak: Box::new(move |model, step, stop| speak(&speaker, model, step, stop)),
    })
}

/// Puts tokenizer and provenance beside the weights.
fn describe(tokenizer: Tokenizer, context: usize) -> Describe {
    Box::new(move |folder, state| {
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
        provenance.write(folder, &tokenizer, serde_json::json!({}))
    })
}
