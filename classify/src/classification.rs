//! Classification, from recipe to report: texts, sides, trainings, what they have to beat.

use crate::base;
use crate::batch::Texts;
use crate::encode::Encoded;
use crate::fit::{Fit, Fitted};
use crate::front::{self, Front};
use crate::labelled::{self, Labelled};
use crate::leak::{DropLeaked, Leaks, distinct};
use crate::metrics::{Aim, Temperature};
use crate::recipe::{Base, Recipe};
use crate::report::Report;
use crate::saved::{FILE, Settings, logits};
use crate::split::{Split, SplitRecipe};
use crate::tell::{Found, Told};
use crate::{Error, Result, tell};
use burn::module::Module;
use sha2::{Digest, Sha256};
use slovo_args::{TrainClassifierArgs, TrainingArgs};
use slovo_data::files::hex;
use slovo_data::stop::Stop;
use slovo_model::{Classifier, Fixed, save_model};
use slovo_train::backend::{self, Opened};
use slovo_train::files;
use slovo_train::progress::notice;
use slovo_train::run::{holds_run, refuse_filled};
use std::path::{Path, PathBuf};
use std::sync::Arc;
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
    opened: Opened,
    begun: Instant,
}

/// The sides of one training.
struct Sides {
    split: Split,
    /// Places in the test side of texts that do not stand in training.
    clean: Vec<usize>,
}

/// What trainings with the same base share.
struct Ground {
    base: base::Opened,
    texts: Arc<Texts>,
    recipe: Recipe,
    frozen_seconds: f64,
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
            let Some(Fitted { model, outcome }) = fit.run(args, stop)? else {
                return Ok(None);
            };
            let told = self.told(&model, &current, sides)?;
            let loss = outcome
                .measured
                .map_or(f64::NAN, |(_, measured)| measured.loss);
            if best.as_ref().is_none_or(|(least, ..)| loss < *least) {
                best = Some((loss, model, number));
            }
            found.push(Found {
                seed: *seed,
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
            all.push(Sides { clean, split });
        }
        Ok(all)
    }

    /// Opens the base and lets the part that does not learn read the texts.
    fn ground(&self, splits: &[Sides], number: usize, stop: &Stop) -> Result<Ground> {
        let sides = splits.get(number).unwrap_or(&splits[0]);
        let seed = self.recipe.seed + number as u64;
        let device = self.opened.device.clone();
        let examples = &self.labelled.examples;
        let trained = sides.split.train.iter();
        let trained = trained.map(|item| examples[*item].text.as_str());
        // What learns is loaded where gradients are kept; the rest asks for none.
        let base = base::open(&self.recipe, trained, &device.clone().autodiff())?;
        let positions = base.shape().max_seq_len;
        if self.recipe.encoding.max_tokens > positions {
            return Err(Error::Value {
                field: "encoding.max_tokens",
                found: self.recipe.encoding.max_tokens.to_string(),
                expected: format!("the base reads at most {positions} tokens"),
            });
        }
        let texts: Vec<&str> = examples
            .iter()
            .map(|example| example.text.as_str())
            .collect();
        let place = |i: usize| examples[i].place.to_string();
        let encoded = self
            .recipe
            .encoding
            .encode(&base.tokenizer, &texts, place)?;
        let width = base.shape().d_model;
        let recipe = self
            .recipe
            .clone()
            .resolve(sides.split.train.len(), width)?;
        let started = Instant::now();
        let mut wanted = vec![false; examples.len()];
        for Sides { split, .. } in splits {
            let sides = [&split.train, &split.validation, &split.test];
            sides
                .into_iter()
                .flatten()
                .for_each(|item| wanted[*item] = true);
        }
        let front = self.front(&base, (&encoded, &wanted), seed, stop)?;
        Ok(Ground {
            base,
            texts: Arc::new(Texts {
                classes: examples
                    .iter()
                    .map(|example| example.classes.clone())
                    .collect(),
                count: self.labelled.classes.len(),
                multi_label: self.recipe.data.multi_label.is_some(),
                encoded,
                front,
            }),
            recipe,
            frozen_seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn front(
        &self,
        base: &base::Opened,
        (texts, wanted): (&[Encoded], &[bool]),
        seed: u64,
        stop: &Stop,
    ) -> Result<Option<Front>> {
        let device = &self.opened.device;
        let config = base.classifier_config(&self.recipe, &self.labelled.classes);
        let classifier = base.classifier(&config, seed, &device.clone().autodiff())?;
        let fixed = classifier.fixed(&self.recipe.trains);
        if fixed == Fixed::Nothing {
            return Ok(None);
        }
        let request = front::Request {
            classifier: &classifier.valid(),
            fixed,
            weights: base.fingerprint(seed),
            texts,
            wanted,
            cache: self.recipe.cache,
            device,
            backend: self.opened_name(),
        };
        Front::of(&request, stop)
    }

    fn opened_name(&self) -> &'static str {
        match self.opened.adapter {
            Some(_) => "adapter",
            None => "cpu",
        }
    }

    /// What the model says of the texts that it did not learn from.
    fn told(&self, model: &Classifier, ground: &Ground, sides: &Sides) -> Result<Told> {
        let say = |items: &[usize]| logits(model, &ground.texts, items, &self.opened.device);
        let (validation, test) = (say(&sides.split.validation)?, say(&sides.split.test)?);
        let classes = self.labelled.classes.len();
        let truth = tell::truth(&self.labelled, &sides.split.validation, self.multi_label());
        let temperature = Temperature::fit_cautiously(&validation, truth.truth(), classes);
        Ok(Told {
            validation,
            test,
            temperature,
        })
    }

    pub(crate) fn multi_label(&self) -> bool {
        self.recipe.data.multi_label.is_some()
    }

    /// Names texts, sides and what the classifier begins with.
    fn fingerprint(&self, ground: &Ground, sides: &Sides, seed: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(ground.base.fingerprint(seed));
        let Split {
            train,
            validation,
            test,
        } = &sides.split;
        hash.update(format!(
            "{:?} {train:?} {validation:?} {test:?}",
            self.labelled.classes
        ));
        for (encoded, classes) in ground.texts.encoded.iter().zip(&ground.texts.classes) {
            hash.update(format!("{:?}{classes:?}", encoded.ids));
        }
        hex(&hash.finalize())
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
        let sides: Vec<tell::Sides<'_>> = (0..found.len())
            .map(|number| {
                let of = splits.get(number).unwrap_or(&splits[0]);
                tell::Sides {
                    split: &of.split,
                    clean: &of.clean,
                }
            })
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

    /// How many parameters learn.
    fn learning(&self, ground: &Ground) -> Result<usize> {
        let device = self.opened.device.clone().autodiff();
        let config = ground
            .base
            .classifier_config(&self.recipe, &self.labelled.classes);
        let model = ground.base.classifier(&config, self.recipe.seed, &device)?;
        let model = model.train_only(&self.recipe.trains, self.recipe.seed);
        let mut count = Count(0);
        model.visit(&mut count);
        Ok(count.0)
    }

    /// Writes the best model's folder: complete or absent.
    fn keep(
        &self,
        model: &Classifier,
        ground: &Ground,
        found: &Found,
        report: &Report,
    ) -> Result<()> {
        let place = self.out.join("model");
        let temporary = files::beside(&place, "tmp");
        if temporary.exists() {
            files::remove_folder(&temporary)?;
        }
        let run = report.runs.iter().find(|run| run.seed == found.seed);
        let settings = Settings {
            encoding: self.recipe.encoding,
            temperature: found.told.temperature.get(),
            positive: self
                .positive()
                .map(|class| self.labelled.classes[class].clone()),
            threshold: run.and_then(|run| Some(run.threshold.as_ref()?.threshold)),
        };
        let json = serde_json::to_string_pretty(&settings)
            .map_err(|error| slovo_train::Error::Training(error.to_string()))?;
        let write = || -> Result<()> {
            save_model(&temporary, model)?;
            let tokenizer = &ground.base.tokenizer;
            let path = temporary.join("tokenizer.json");
            tokenizer.save(&path).map_err(slovo_data::Error::from)?;
            let mut config = serde_json::json!({
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": self.recipe.encoding.max_tokens,
            });
            for (role, token) in tokenizer.special_tokens_map() {
                config[role] = token.into();
            }
            let text = format!("{config:#}\n");
            files::write_synced(&temporary.join("tokenizer_config.json"), text.as_bytes())?;
            files::write_synced(&temporary.join(FILE), format!("{json}\n").as_bytes())?;
            let provenance = slovo_train::place::Provenance {
                version: env!("CARGO_PKG_VERSION").into(),
                stage: "classify".into(),
                step: run.map_or(0, |run| run.step),
                tokens: found.outcome.state.tokens,
                validation_loss: run.map_or(f64::NAN, |run| run.validation_loss),
                context: self.recipe.encoding.max_tokens,
                data: found.outcome.state.identity.data.clone(),
                tokenizer: tokenizer.fingerprint(),
            };
            let text = slovo_data::recipe::to_ron_string(&provenance)?;
            files::write_synced(&temporary.join("slovo.ron"), text.as_bytes())?;
            files::sync_folder(&temporary)?;
            Ok(files::replace_folder(&temporary, &place)?)
        };
        let written = write();
        if written.is_err() {
            // The write's own error is the one to tell.
            let _ = std::fs::remove_dir_all(&temporary);
        }
        written
    }
}

struct Count(usize);

impl burn::module::ModuleVisitor for Count {
    fn visit_float<const D: usize>(
        &mut self,
        param: &burn::module::Param<burn::tensor::Tensor<D>>,
    ) {
        let value = param.val();
        if value.is_require_grad() {
            self.0 += value.shape().num_elements();
        }
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
