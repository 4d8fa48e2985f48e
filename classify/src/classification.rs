//! Classification, from recipe to report: texts, sides, trainings, what they have to beat.

use crate::fit::{Fit, Fitted};
use crate::ground::{Ground, Sides};
use crate::labelled::{self, Labelled};
use crate::leak::{DropLeaked, Leaks, distinct};
use crate::metrics::{Aim, Calibration, Temperature};
use crate::recipe::{Base, Recipe};
use crate::report::Report;
use crate::saved::logits;
use crate::split::{Split, SplitRecipe};
use crate::tell::{Found, Told};
use crate::{Error, Result, Truth, tell};
use burn::module::Module;
use slovo_args::{TrainClassifierArgs, TrainingArgs};
use slovo_data::stop::Stop;
use slovo_model::Classifier;
use slovo_train::backend::{self, Opened};
use slovo_train::files;
use slovo_train::progress::notice;
use slovo_train::run::{holds_run, refuse_filled};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// A recipe, its texts and its folder, ready to train.
pub struct Classification {
    /// Not resolved yet: that depends on how many texts are trained on.
    pub recipe: Recipe,
    /// The texts.
    pub labelled: Labelled,
    /// The run folder.
    pub out: PathBuf,
    /// The share of false positives that is allowed.
    aim: Option<Aim>,
    /// Texts that stood there more than once and are counted once.
    repeated: usize,
    pub(crate) opened: Opened,
    begun: Instant,
}

impl Classification {
    /// Reads recipe and texts. Nothing is written into the run folder yet.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with recipe, flags or texts.
    pub fn prepare(args: &TrainClassifierArgs) -> Result<Self> {
        let begun = Instant::now();
        let training = &args.training;
        let recipe = read_recipe(args)?;
        let out = training.out.clone().unwrap_or_else(|| folder_of(args));
        // Whatever can be refused is refused before minutes of work, not after.
        if training.resume && !holds_run(&out) {
            return Err(Error::Folder {
                path: out,
                what: "holds no run to resume; --out DIR names the folder of one".into(),
            });
        }
        if !training.resume && !training.dry_run {
            refuse_filled(&out)?;
        }
        slovo_train::progress::check(training.progress)?;
        let aim = aim(args.max_false_positive_rate)?;
        let opened = backend::open(&training.backend)?;
        let mut labelled = labelled::read(&recipe.data)?;
        let before = labelled.examples.len();
        if recipe.leaks.distinct {
            let kept = distinct(&labelled.examples);
            let examples = std::mem::take(&mut labelled.examples);
            let mut kept = kept.into_iter().peekable();
            labelled.examples = examples
                .into_iter()
                .enumerate()
                .filter(|(i, _)| kept.next_if_eq(i).is_some())
                .map(|(_, example)| example)
                .collect();
        }
        if let Some(positive) = &recipe.positive
            && !labelled.classes.contains(positive)
        {
            return Err(Error::Value {
                field: "positive",
                found: format!("{positive:?}"),
                expected: format!("the classes are {}", labelled.classes.join(", ")),
            });
        }
        Ok(Self {
            repeated: before - labelled.examples.len(),
            recipe,
            labelled,
            out,
            aim,
            opened,
            begun,
        })
    }

    /// The recipe and what it comes to, before anything is trained.
    ///
    /// # Errors
    ///
    /// Sides that cannot be made.
    pub fn plan(&self) -> Result<String> {
        let split = Split::new(&self.recipe.split, self.recipe.seed, &self.labelled)?;
        let sides = [&split.train, &split.validation, &split.test].map(Vec::len);
        Ok(format!(
            "{}\n{} texts of {} classes; train {}, validation {}, test {}\n{}",
            slovo_data::recipe::to_ron_string(&self.recipe)?,
            self.labelled.examples.len(),
            self.labelled.classes.len(),
            sides[0],
            sides[1],
            sides[2],
            self.labelled.counts
        ))
    }

    /// The class whose recall and false positives count: the recipe's, or the second of two.
    pub fn positive(&self) -> Option<usize> {
        let classes = &self.labelled.classes;
        match &self.recipe.positive {
            Some(name) => classes.iter().position(|class| class == name),
            None if classes.len() == 2 && self.recipe.data.multi_label.is_none() => Some(1),
            None => None,
        }
    }

    /// Trains as often as the recipe says, keeps the best model and writes the report; `None` when
    /// asked to stop.
    ///
    /// # Errors
    ///
    /// A base that is not there, sides that cannot be made, or a training that failed.
    pub fn run(mut self, args: &TrainingArgs, stop: &Stop) -> Result<Option<Report>> {
        if self.aim.is_some() && self.positive().is_none() {
            return Err(Error::Value {
                field: "--max-false-positive-rate",
                found: "given".into(),
                expected: "the recipe needs `positive: Some(\"…\")` to say of which class".into(),
            });
        }
        let seeds: Vec<u64> = (0..self.recipe.seeds)
            .map(|i| self.recipe.seed + i)
            .collect();
        let splits = self.splits(&seeds)?;
        if seeds.len() > 1 {
            // What makes the folder one that several trainings lie in.
            self.write_recipe()?;
        }
        let mut ground: Option<Ground> = None;
        let mut found: Vec<Found> = Vec::new();
        let mut best: Option<(f64, Classifier, usize)> = None;
        for (number, seed) in seeds.iter().enumerate() {
            let sides = splits.get(number).unwrap_or(&splits[0]);
            let before = ground
                .take()
                .filter(|_| matches!(self.recipe.base, Base::Model(_)));
            let current = match before {
                Some(ground) => ground,
                None => self.ground(&splits, number, stop)?,
            };
            let folder = match seeds.len() {
                1 => self.out.clone(),
                _ => self.out.join(format!("seed-{seed}")),
            };
            if seeds.len() > 1 {
                notice(&format!(
                    "training {} of {}, seed {seed}",
                    number + 1,
                    seeds.len()
                ));
            }
            let config = current
                .base
                .classifier_config(&self.recipe, &self.labelled.classes);
            let fit = Fit {
                recipe: &current.recipe,
                base: &current.base,
                config: &config,
                texts: current.texts.clone(),
                split: &sides.split,
                data: self.fingerprint(&current, sides, *seed),
                seed: *seed,
                out: &folder,
                opened: &self.opened,
            };
            let Some(Fitted {
                model,
                step,
                outcome,
            }) = fit.run(args, stop)?
            else {
                return Ok(None);
            };
            let told = self.told(&model, &current, sides)?;
            let loss = told.validation_loss;
            if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                best = Some((loss, model, number));
            }
            found.push(Found {
                seed: *seed,
                step,
                told,
                outcome,
                folder,
                frozen_seconds: current.frozen_seconds,
            });
            ground = Some(current);
        }
        let (Some(ground), Some((_, model, best))) = (ground, best) else {
            return Ok(None);
        };
        let report = self.report(&splits, &found, &ground, &model, best, stop)?;
        let Some(report) = report else {
            return Ok(None);
        };
        self.keep(&model, &ground, &found[best], &report)?;
        report.write(&self.out)?;
        Ok(Some(report))
    }

    fn write_recipe(&self) -> Result<()> {
        let path = self.out.join("recipe.ron");
        std::fs::create_dir_all(&self.out).map_err(|error| slovo_data::Error::Io {
            action: "create",
            path: self.out.clone(),
            error,
        })?;
        let text = slovo_data::recipe::to_ron_string(&self.recipe)?;
        Ok(files::write_atomic(&path, text.as_bytes())?)
    }

    /// The sides of each training; one for all where they do not depend on the seed.
    fn splits(&mut self, seeds: &[u64]) -> Result<Vec<Sides>> {
        let random = match &self.recipe.split {
            SplitRecipe::Random { .. } | SplitRecipe::Groups { .. } => true,
            SplitRecipe::Sources { .. } => true,
            SplitRecipe::Indices { .. } | SplitRecipe::NamedGroups { .. } => false,
        };
        let seeds = if random { seeds } else { &seeds[..1] };
        let mut all = Vec::with_capacity(seeds.len());
        for seed in seeds {
            let recipe = &self.recipe.leaks;
            let mut split = Split::new(&self.recipe.split, *seed, &self.labelled)?;
            if recipe.drop != DropLeaked::None {
                let leaks = Leaks::find(&self.labelled, &split, recipe.near)?;
                split = leaks.dropping(recipe.drop)?;
            }
            if split.validation.is_empty() {
                return Err(Error::Value {
                    field: "split",
                    found: "without validation texts".into(),
                    expected: "some are needed to tell which step's model is the best".into(),
                });
            }
            let leaks = Leaks::find(&self.labelled, &split, recipe.near)?;
            let kept = leaks.deduplicated_test(recipe.leaves_out);
            let clean = split.test.iter().enumerate();
            let clean = clean.filter(|(_, item)| kept.binary_search(item).is_ok());
            let clean = clean.map(|(place, _)| place).collect();
            all.push(Sides {
                clean,
                leaks: leaks.report(),
                split,
            });
        }
        Ok(all)
    }

    /// What the model says of the texts that it did not learn from.
    fn told(&self, model: &Classifier, ground: &Ground, sides: &Sides) -> Result<Told> {
        let say = |items: &[usize]| logits(model, &ground.texts, items, &self.opened.device);
        let (validation, test) = (say(&sides.split.validation)?, say(&sides.split.test)?);
        let classes = self.labelled.classes.len();
        let truth = tell::truth(&self.labelled, &sides.split.validation, self.multi_label());
        let temperature = Temperature::fit_cautiously(&validation, truth.truth(), classes);
        let calibration = match truth.truth() {
            Truth::Single(truth) => {
                let said = Temperature::ONE.softmax(&validation, classes);
                Calibration::single(&said, truth, classes)
            }
            Truth::Multi(truth) => {
                Calibration::multi(&Temperature::ONE.sigmoid(&validation), truth)
            }
        };
        Ok(Told {
            validation_loss: calibration.log_loss.unwrap_or(f64::NAN),
            validation,
            test,
            temperature,
        })
    }

    pub(crate) fn multi_label(&self) -> bool {
        self.recipe.data.multi_label.is_some()
    }

    fn report(
        &self,
        splits: &[Sides],
        found: &[Found],
        ground: &Ground,
        model: &Classifier,
        best: usize,
        stop: &Stop,
    ) -> Result<Option<Report>> {
        let sides: Vec<&Sides> = (0..found.len())
            .map(|number| splits.get(number).unwrap_or(&splits[0]))
            .collect();
        let telling = tell::Telling {
            recipe: &ground.recipe,
            labelled: &self.labelled,
            positive: self.positive(),
            aim: self.aim,
            sides: &sides,
            splits: splits.len(),
            found,
            best,
            repeated: self.repeated,
            cut: ground
                .texts
                .encoded
                .iter()
                .filter(|text| text.cut > 0)
                .count(),
            config: model.config(),
            parameters: model.num_params(),
            learning: self.learning(ground)?,
            begun: self.begun,
        };
        telling.report(stop)
    }
}

/// What a flag allows.
pub(crate) fn aim(rate: Option<f64>) -> Result<Option<Aim>> {
    match rate {
        Some(rate) if !(0.0..1.0).contains(&rate) => Err(Error::Value {
            field: "--max-false-positive-rate",
            found: rate.to_string(),
            expected: "at least 0 and below 1 would do, such as 0.001".into(),
        }),
        rate => Ok(rate.map(Aim::MaxFalsePositiveRate)),
    }
}

fn read_recipe(args: &TrainClassifierArgs) -> Result<Recipe> {
    let training = &args.training;
    let mut sets = training.set.clone();
    if let Some(steps) = training.steps {
        sets.push(format!("steps={steps}"));
    }
    // A run that goes on without a recipe goes on with its own.
    let own = training.out.as_ref().map(|out| out.join("recipe.ron"));
    let own = own.filter(|own| training.resume && args.recipe.is_none() && own.is_file());
    let path = own.as_deref().or(args.recipe.as_deref());
    let mut recipe = Recipe::load(path, args.variant.as_deref(), &sets)?;
    recipe.seed = training.seed.unwrap_or(recipe.seed);
    recipe.seeds = args.seeds.unwrap_or(recipe.seeds);
    if recipe.seeds == 0 {
        return Err(Error::Value {
            field: "--seeds",
            found: "0".into(),
            expected: "1 or more would do".into(),
        });
    }
    if let Some(base) = &args.base {
        recipe.base = Base::Model(base.display().to_string());
    }
    Ok(recipe)
}

/// `runs/classify-NAME`, after the recipe and the variant.
fn folder_of(args: &TrainClassifierArgs) -> PathBuf {
    let stem = args.recipe.as_deref().and_then(Path::file_stem);
    let mut name = match stem {
        Some(stem) => stem.to_string_lossy().into_owned(),
        None => "classify".into(),
    };
    if let Some(variant) = &args.variant {
        name += &format!("-{variant}");
    }
    Path::new("runs").join(name)
}
