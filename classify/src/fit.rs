//! One training of a classifier, from its base to its best model.

use crate::Result;
use crate::base;
use crate::batch::{HeldOutTexts, TextBatch, Texts, TrainBatches};
use crate::order::{Balance, Pool, weights};
use crate::recipe::Recipe;
use crate::split::Split;
use crate::task::ClassifyTask;
use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::tensor::Device;
use slovo_args::TrainingArgs;
use slovo_data::stop::Stop;
use slovo_model::{Classifier, ClassifierConfig};
use slovo_train::backend::Opened;
use slovo_train::batch::{EvalLoader, TrainLoader};
use slovo_train::checkpoint::{RunIdentity, Shelf};
use slovo_train::launches::{self, Launch};
use slovo_train::learner::{End, Export, Limits, Outcome, Session, launch};
use slovo_train::start::Start;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What one training is given.
pub struct Fit<'a> {
    /// Every default spelled out.
    pub recipe: &'a Recipe,
    /// What it begins with.
    pub base: &'a base::Opened,
    /// The classifier's shape.
    pub config: &'a ClassifierConfig,
    /// The texts of all sides.
    pub texts: Arc<Texts>,
    /// Which is which.
    pub split: &'a Split,
    /// Names texts and split, for a run that goes on.
    pub data: String,
    /// Seed of fresh weights, batches and dropout.
    pub seed: u64,
    /// The run folder.
    pub out: &'a Path,
    /// What computes.
    pub opened: &'a Opened,
}

/// What came out of it.
pub struct Fitted {
    /// The model that the recipe keeps, without gradients; adapters are part of their matrices.
    pub model: Classifier,
    /// Its step; of an average, the last one in it.
    pub step: u64,
    /// How the run ended.
    pub outcome: Outcome,
}

impl Fit<'_> {
    /// A classifier as training begins with it, on `device`.
    fn task(&self, device: &Device) -> Result<ClassifyTask> {
        let model = self.base.classifier(self.config, self.seed, device)?;
        let trains = &self.recipe.trains;
        Ok(ClassifyTask {
            fixed: model.fixed(trains),
            model: model.train_only(trains, self.seed),
        })
    }

    /// Trains until the recipe's end, or goes on from the newest good checkpoint; `None` when asked to
    /// stop.
    ///
    /// # Errors
    ///
    /// A run folder that is another run's, or a training that failed.
    pub fn run(&self, args: &TrainingArgs, stop: &Stop) -> Result<Option<Fitted>> {
        let device = &self.opened.device;
        let training = device.clone().autodiff();
        let task = self.task(&training)?;
        let identity = RunIdentity {
            data: self.data.clone(),
            tokenizer: self.base.tokenizer.fingerprint(),
        };
        // One of several trainings may be over, another not begun.
        let begun = slovo_train::run::holds_run(self.out);
        let start = match args.resume && begun {
            true => Start::resumed(self.out, self.recipe, identity, task)?,
            false => Start::fresh(self.out, self.recipe, identity, task)?,
        };
        launches::begin(
            self.out,
            Launch::here(&args.backend, self.opened, start.state.step),
        )?;
        let (steps, every) = (
            self.recipe.steps.unwrap_or(0),
            self.recipe.evaluation.every.unwrap_or(1),
        );
        let batches = self.batches();
        let train: Arc<dyn DataLoader<TextBatch>> = Arc::new(TrainLoader::new(
            batches,
            start.state.step,
            steps,
            self.seed,
            &training,
        ));
        let session = Session {
            limits: Limits {
                steps,
                micro_batches: 1,
                clip: self.recipe.clip,
                evaluate_every: every,
                save_every: self.recipe.checkpoint.every.unwrap_or(steps),
                save_after: self.recipe.checkpoint.seconds.map(Duration::from_secs),
                patience: self.recipe.evaluation.patience,
                tokens_per_byte: None,
                export: Export::Never,
                counted: "texts",
            },
            optimizer: start.optimizer,
            scheduler: start.scheduler,
            state: start.state,
            run: start.run,
            shelf: start.shelf,
            whole: self.held_out(device),
            stop: stop.clone(),
            describe: Box::new(|_, _| Ok(())),
            milestones: None,
        };
        let outcome = launch(
            start.model,
            train,
            self.held_out(device),
            session,
            args.progress,
        )?;
        let Some((best, _)) = outcome.measured.filter(|_| outcome.end != End::Stopped) else {
            return Ok(None);
        };
        let shelf = Shelf::new(self.out, self.recipe.checkpoint.keep);
        let kept = self.recipe.evaluation.keeps;
        let whole = |task: ClassifyTask| task.model.valid().materialize();
        let (model, step) = kept.model(&shelf, best, || self.task(&training), whole)?;
        Ok(Some(Fitted {
            model,
            step,
            outcome,
        }))
    }

    fn batches(&self) -> TrainBatches {
        let items = self.split.train.clone();
        let class = |item: &usize| self.texts.classes[*item].first().copied().unwrap_or(0);
        let pool = Pool {
            lengths: items
                .iter()
                .map(|item| self.texts.encoded[*item].ids.len())
                .collect(),
            classes: items.iter().map(class).collect(),
            balanced: self.recipe.balance == Balance::Sampling,
            batch: self.recipe.batch,
            seed: self.seed,
            items,
        };
        let weights = (self.recipe.balance == Balance::Weights)
            .then(|| weights(pool.classes.iter().copied(), self.texts.count));
        TrainBatches::new(self.texts.clone(), pool, weights)
    }

    fn held_out(&self, device: &Device) -> Arc<dyn DataLoader<TextBatch>> {
        let texts = HeldOutTexts::new(self.texts.clone(), &self.split.validation);
        let batch = self.recipe.evaluation.batch;
        Arc::new(EvalLoader::new(Arc::new(texts), None, batch, device))
    }
}
