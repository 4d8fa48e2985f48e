//! Tuning, from recipe to report: conversations, sides, trainings, answers.

use crate::assistant::{Answer, Assistant, newest_base};
use crate::batch::{HeldOutTalks, TalkBatch, TrainBatches};
use crate::conversation::Conversation;
use crate::examples::{Encoding, Example, Fitted as Cut};
use crate::fit::{Fit, Fitted};
use crate::judge::{Scores, baselines};
use crate::order::{Pool, Split, order};
use crate::preference::{HeldOutPairs, PairBatch, PairExample, PreferenceTask, TrainPairs};
use crate::recipe::{Objective, Recipe, Trains};
use crate::records::Records;
use crate::replay::{Texts, read};
use crate::report::{self, Report, Run, Side};
use crate::task::AnswerTask;
use crate::{Error, Result, keep};
use burn::data::dataloader::DataLoader;
use burn::module::Module;
use burn::tensor::Device;
use burn_train::InferenceStep;
use sha2::{Digest, Sha256};
use slovo_args::{TrainingArgs, TuneArgs};
use slovo_data::files::hex;
use slovo_data::memory;
use slovo_data::prepare::expand;
use slovo_data::stop::Stop;
use slovo_model::{CausalLm, Sampling};
use slovo_train::backend::{self, Opened};
use slovo_train::batch::{EvalLoader, HeldOut, OnDevice, TrainLoader};
use slovo_train::checkpoint::RunIdentity;
use slovo_train::progress::notice;
use slovo_train::run::{holds_run, refuse_filled};
use slovo_train::task::learning_parameters;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// A recipe, its conversations, its base and its folder, ready to tune.
pub struct Tuning {
    /// Every default spelled out.
    pub recipe: Recipe,
    /// What was read.
    pub records: Records,
    /// The run folder.
    pub out: PathBuf,
    /// What is tuned, where gradients are kept.
    base: Assistant,
    base_name: String,
    /// Names its weights.
    base_fingerprint: String,
    split: Split,
    material: Material,
    replay: Option<Texts>,
    opened: Opened,
    begun: Instant,
}

/// The sides, as tokens.
enum Material {
    Answers([Vec<(usize, Example)>; 3], Cut),
    Pairs([Vec<PairExample>; 3], Cut),
}

impl Tuning {
    /// Reads recipe, base and conversations. Nothing is written into the run folder yet.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with recipe, flags, base or conversations.
    pub fn prepare(args: &TuneArgs, stop: &Stop) -> Result<Option<Self>> {
        let begun = Instant::now();
        let training = &args.training;
        let recipe = read_recipe(args)?;
        let out = training.out.clone().unwrap_or_else(|| folder_of(args));
        // Whatever can be refused is refused before minutes of work, not after.
        if training.resume && !holds_run(&out) && !out.join("recipe.ron").is_file() {
            return Err(Error::Folder {
                path: out,
                what: "holds no run to resume; --out DIR names the folder of one".into(),
            });
        }
        if !training.resume && !training.dry_run {
            refuse_filled(&out)?;
        }
        slovo_train::progress::check(training.progress)?;
        let opened = backend::open(&training.backend)?;
        let path = match &recipe.base {
            Some(base) => expand(base)?,
            None => {
                let newest = newest_base(Path::new("runs"))?;
                notice(&format!("from the newest base model, {}", newest.display()));
                newest
            }
        };
        let device = opened.device.clone().autodiff();
        let base = Assistant::load(&path, &recipe.template, &device)?;
        let positions = base.model.config().max_seq_len;
        if recipe.max_tokens > positions {
            return Err(Error::Value {
                field: "max_tokens",
                found: recipe.max_tokens.to_string(),
                expected: format!("the base reads at most {positions} tokens"),
            });
        }
        let records = recipe.data.read(&base.template)?;
        let split = Split::new(&recipe.split, recipe.seed, &records)?;
        let encoding = Encoding {
            template: &base.template,
            tokenizer: &base.tokenizer,
            max_tokens: recipe.max_tokens,
            too_long: recipe.too_long,
            everything: recipe.objective == Objective::Everything,
        };
        let material = match recipe.objective.is_preference() {
            true => pairs(&encoding, &records, &split)?,
            false => answers(&encoding, &records, &split)?,
        };
        let count = material.count();
        if count == 0 {
            return Err(Error::Value {
                field: "max_tokens",
                found: recipe.max_tokens.to_string(),
                expected: "no conversation to learn from is that short; more would do".into(),
            });
        }
        let replay = recipe.replay.as_ref();
        let replay = replay
            .map(|it| Texts::read(it, &base.tokenizer))
            .transpose()?;
        let width = base.model.config().d_model;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let mut tuning = Self {
            recipe: recipe.resolve(count, width)?,
            records,
            out,
            base_fingerprint: base.place.fingerprint()?,
            base_name: name.unwrap_or_else(|| path.display().to_string()),
            base,
            split,
            material,
            replay,
            opened,
            begun,
        };
        if !training.dry_run && !tuning.ask_reference(stop)? {
            return Ok(None);
        }
        Ok(Some(tuning))
    }

    /// The recipe and what it comes to, before anything is tuned.
    ///
    /// # Errors
    ///
    /// A recipe that cannot be written.
    pub fn plan(&self) -> Result<String> {
        let text = slovo_data::recipe::to_ron_string(&self.recipe)?;
        let sides = [&self.split.train, &self.split.validation, &self.split.test].map(Vec::len);
        let (learning, parameters) = self.learning();
        Ok(format!(
            "{text}\n{} conversations; train {}, validation {}, test {}\n{learning} of {parameters} \
             parameters learn",
            self.records.conversations.len(),
            sides[0],
            sides[1],
            sides[2],
        ))
    }

    /// What the reference finds of the pairs; `false` when asked to stop.
    fn ask_reference(&mut self, stop: &Stop) -> Result<bool> {
        let task = PreferenceTask {
            model: self.base.model.valid(),
            beta: 1.0,
            label_smoothing: 0.0,
        };
        let device = self.opened.device.clone();
        let (batch, columns) = (self.recipe.evaluation.batch, self.recipe.max_tokens);
        let Material::Pairs(sides, _) = &mut self.material else {
            return Ok(true);
        };
        notice("asking the reference what it finds of the answers");
        for pairs in sides {
            for pairs in pairs.chunks_mut(batch) {
                if stop.requested() {
                    return Ok(false);
                }
                let found = margins(&task, pairs, columns, &device)?;
                for (pair, found) in pairs.iter_mut().zip(found) {
                    pair.reference = found;
                }
            }
        }
        Ok(true)
    }

    /// Tunes as often as the recipe says, keeps the best model and writes the report; `None` when
    /// asked to stop.
    ///
    /// # Errors
    ///
    /// A training that failed, a folder that cannot be written.
    pub fn run(self, args: &TrainingArgs, stop: &Stop) -> Result<Option<Report>> {
        let seeds: Vec<u64> = (0..self.recipe.seeds)
            .map(|i| self.recipe.seed + i)
            .collect();
        if seeds.len() > 1 {
            // What makes the folder one that several tunings lie in.
            let text = slovo_data::recipe::to_ron_string(&self.recipe)?;
            std::fs::create_dir_all(&self.out)
                .map_err(slovo_train::Error::io("create", &self.out))?;
            slovo_train::files::write_atomic(&self.out.join("recipe.ron"), text.as_bytes())?;
        }
        let before = match self.recipe.judge.before {
            true => match self.measure(&self.base.model.valid(), "before tuning", stop)? {
                Some(found) => Some(found),
                None => return Ok(None),
            },
            false => None,
        };
        let mut runs: Vec<Run> = Vec::new();
        let mut best: Option<(f64, CausalLm, Vec<Option<Answer>>)> = None;
        for (number, seed) in seeds.iter().enumerate() {
            let folder = match seeds.len() {
                1 => self.out.clone(),
                n => {
                    notice(&format!("tuning {} of {n}, seed {seed}", number + 1));
                    self.out.join(format!("seed-{seed}"))
                }
            };
            let Some((model, mut run)) = self.tune(*seed, &folder, args, stop)? else {
                return Ok(None);
            };
            let whole = model.valid().materialize();
            let Some((side, answers)) = self.measure(&whole, "after tuning", stop)? else {
                return Ok(None);
            };
            run.test = side;
            if best
                .as_ref()
                .is_none_or(|(least, ..)| run.validation_loss < *least)
            {
                best = Some((run.validation_loss, model, answers));
            }
            runs.push(run);
        }
        let Some((_, model, said)) = best else {
            return Ok(None);
        };
        let report = self.report(before, runs, &said);
        keep::keep(&keep::Kept {
            out: &self.out,
            base: &self.base,
            base_fingerprint: &self.base_fingerprint,
            model: &model,
            recipe: &self.recipe,
            report: &report,
        })?;
        report.write(&self.out)?;
        Ok(Some(report))
    }

    /// One tuning: its model, adapters apart, and what is known of it but for the test side.
    fn tune(
        &self,
        seed: u64,
        folder: &Path,
        args: &TrainingArgs,
        stop: &Stop,
    ) -> Result<Option<(CausalLm, Run)>> {
        let recipe = &self.recipe;
        let fit = Fit {
            recipe,
            identity: RunIdentity {
                data: self.fingerprint(seed),
                tokenizer: self.base.tokenizer.fingerprint(),
            },
            out: folder,
            opened: &self.opened,
            counted: match recipe.objective.is_preference() {
                true => "pairs",
                false => "tokens",
            },
        };
        let device = self.opened.device.clone();
        let training = device.clone().autodiff();
        let count = recipe.steps.unwrap_or(0) as usize * recipe.batch;
        let (batch, columns) = (recipe.batch, recipe.max_tokens);
        let eval = recipe.evaluation.batch;
        Ok(match &self.material {
            Material::Answers([train, validation, _], _) => {
                let mut examples: Vec<Example> =
                    train.iter().map(|(_, example)| example.clone()).collect();
                let mut pools = self.pools(train);
                if let (Some(texts), Some(replay)) = (&self.replay, &recipe.replay) {
                    let first = examples.len() as u32;
                    examples.extend(texts.train.iter().cloned());
                    let talk: f64 = pools.iter().map(|pool| pool.weight).sum();
                    pools.push(Pool {
                        items: (first..examples.len() as u32).collect(),
                        weight: talk * replay.share / (1.0 - replay.share),
                    });
                }
                let batches = TrainBatches {
                    examples: Arc::new(examples),
                    order: Arc::new(order(&pools, count, seed)),
                    batch,
                    columns,
                };
                let held_out = Arc::new(HeldOutTalks {
                    examples: validation.iter().map(|(_, it)| it.clone()).collect(),
                    columns,
                });
                let base = || {
                    Ok(AnswerTask {
                        model: self.learner(seed),
                    })
                };
                let train = |from, to| -> Arc<dyn DataLoader<TalkBatch>> {
                    Arc::new(TrainLoader::new(batches, from, to, seed, &training))
                };
                let held_out = || -> Arc<dyn DataLoader<TalkBatch>> {
                    Arc::new(EvalLoader::new(held_out.clone(), None, eval, &device))
                };
                let fitted = fit.run(args, stop, base, train, held_out)?;
                fitted.map(|fitted| run_of(seed, fitted, |task| task.model))
            }
            Material::Pairs([train, validation, _], _) => {
                let Objective::Preference {
                    beta,
                    label_smoothing,
                } = recipe.objective
                else {
                    return Ok(None);
                };
                let all = Pool {
                    items: (0..train.len() as u32).collect(),
                    weight: 1.0,
                };
                let batches = TrainPairs {
                    pairs: Arc::new(train.clone()),
                    order: Arc::new(order(&[all], count, seed)),
                    batch,
                    columns,
                };
                let held_out = Arc::new(HeldOutPairs {
                    pairs: validation.clone(),
                    columns,
                });
                let base = || {
                    Ok(PreferenceTask {
                        model: self.learner(seed),
                        beta,
                        label_smoothing,
                    })
                };
                let train = |from, to| -> Arc<dyn DataLoader<PairBatch>> {
                    Arc::new(TrainLoader::new(batches, from, to, seed, &training))
                };
                let held_out = || -> Arc<dyn DataLoader<PairBatch>> {
                    Arc::new(EvalLoader::new(held_out.clone(), None, eval, &device))
                };
                let fitted = fit.run(args, stop, base, train, held_out)?;
                fitted.map(|fitted| run_of(seed, fitted, |task| task.model))
            }
        })
    }

    /// The training examples of each source, with their weights.
    fn pools(&self, train: &[(usize, Example)]) -> Vec<Pool> {
        let sources = &self.recipe.data.sources;
        let weighted = sources.iter().any(|source| source.weight().is_some());
        if !weighted {
            return vec![Pool {
                items: (0..train.len() as u32).collect(),
                weight: train.len() as f64,
            }];
        }
        let of = |source: usize| {
            let items = (0..).zip(train);
            let items = items.filter(|(_, (number, _))| self.records.sources[*number] == source);
            Pool {
                items: items.map(|(place, _)| place).collect(),
                weight: sources[source].weight().unwrap_or(1.0),
            }
        };
        (0..sources.len()).map(of).collect()
    }

    /// What a tuning begins with.
    fn learner(&self, seed: u64) -> CausalLm {
        let base = self.base.model.clone();
        match &self.recipe.trains {
            Trains::All => base,
            Trains::Lora {
                rank,
                alpha,
                matrices,
            } => base.with_lora(*rank, *alpha, matrices, seed),
        }
    }

    /// Parameters that learn, and all of them.
    fn learning(&self) -> (usize, usize) {
        let learner = self.learner(self.recipe.seed);
        (learning_parameters(&learner), self.base.model.num_params())
    }

    /// Names base, conversations and sides.
    fn fingerprint(&self, seed: u64) -> String {
        let mut hash = Sha256::new();
        hash.update(&self.base_fingerprint);
        hash.update(format!(
            "{seed} {:?} {}",
            self.split,
            self.base.template.source()
        ));
        let mut example =
            |example: &Example| hash.update(format!("{:?}{:?}", example.ids, example.said));
        match &self.material {
            Material::Answers(sides, _) => sides.iter().flatten().for_each(|(_, it)| example(it)),
            Material::Pairs(sides, _) => {
                let answers = sides.iter().flatten().flat_map(|pair| &pair.answers);
                answers.for_each(example);
            }
        }
        if let Some(texts) = &self.replay {
            let rows = texts.train.iter().chain(&texts.held_out);
            rows.for_each(|row| hash.update(format!("{:?}", row.ids)));
        }
        hex(&hash.finalize())
    }

    /// What a model does on the test side, and what it answers there; `None` when asked to stop.
    fn measure(
        &self,
        model: &CausalLm,
        when: &str,
        stop: &Stop,
    ) -> Result<Option<(Side, Vec<Option<Answer>>)>> {
        let device = &self.opened.device;
        let (batch, columns) = (self.recipe.evaluation.batch, self.recipe.max_tokens);
        let mut side = Side::default();
        match &self.material {
            Material::Answers([_, _, test], _) => {
                let task = AnswerTask {
                    model: model.clone(),
                };
                let (mut nats, mut targets) = (0.0, 0);
                let held_out = HeldOutTalks {
                    examples: test.iter().map(|(_, it)| it.clone()).collect(),
                    columns,
                };
                let parts: Vec<u64> = (0..held_out.count()).collect();
                for parts in parts.chunks(batch) {
                    if stop.requested() {
                        return Ok(None);
                    }
                    let rows = held_out.batch(parts)?;
                    let found = InferenceStep::step(&task, TalkBatch::new(0, rows, 0, device));
                    nats += read(found.loss_sum)?;
                    targets += found.valid;
                }
                if targets > 0 {
                    let loss = nats / targets as f64;
                    side.loss = Some(loss);
                    side.perplexity = Some(loss.exp());
                }
            }
            Material::Pairs([_, _, test], _) => {
                let beta = match self.recipe.objective {
                    Objective::Preference { beta, .. } => beta,
                    _ => 1.0,
                };
                let task = PreferenceTask {
                    model: model.clone(),
                    beta,
                    label_smoothing: 0.0,
                };
                let mut found = Vec::with_capacity(test.len());
                for pairs in test.chunks(batch) {
                    if stop.requested() {
                        return Ok(None);
                    }
                    found.extend(margins(&task, pairs, columns, device)?);
                }
                let n = found.len().max(1) as f64;
                // By rewards: what the reference finds is no preference, so that half of its are right.
                let right = |margin: &f32| match margin.abs() < 1e-4 {
                    true => 0.5,
                    false => f64::from(u8::from(*margin > 0.0)),
                };
                let margin = found.iter().map(|it| f64::from(*it)).sum::<f64>() / n;
                side.preference_accuracy = Some(found.iter().map(right).sum::<f64>() / n);
                side.reward_margin = Some(margin);
            }
        }
        if let Some(texts) = &self.replay {
            side.replay_bits_per_byte = Some(texts.bits_per_byte(model, device)?);
        }
        let chosen = self.judged();
        if chosen.is_empty() {
            return Ok(Some((side, Vec::new())));
        }
        notice(&format!("answering {} questions {when}", chosen.len()));
        let assistant = Assistant {
            model: model.clone(),
            ..self.base.clone()
        };
        let prompts: Vec<_> = chosen.iter().map(|it| it.prompt()).collect();
        let sampling = Sampling {
            temperature: self.recipe.judge.temperature as f32,
            seed: self.recipe.seed,
            ..Sampling::greedy()
        };
        let judge = &self.recipe.judge;
        let answers =
            assistant.answer_all(&prompts, &sampling, judge.max_new, judge.batch, stop)?;
        let Some(answers) = answers else {
            return Ok(None);
        };
        let nothing = Answer::default();
        let answered = answers.iter().map(|it| it.as_ref().unwrap_or(&nothing));
        let right = chosen.iter().map(|it| it.answer());
        side.scores = Some(Scores::of(answered.zip(right)));
        Ok(Some((side, answers)))
    }

    /// The test conversations that are answered.
    fn judged(&self) -> Vec<&Conversation> {
        let most = self.recipe.judge.answers.unwrap_or(usize::MAX);
        let test = self.split.test.iter().take(most);
        test.map(|i| &self.records.conversations[*i]).collect()
    }

    fn report(
        &self,
        before: Option<(Side, Vec<Option<Answer>>)>,
        runs: Vec<Run>,
        said: &[Option<Answer>],
    ) -> Report {
        let chosen = self.judged();
        let train = self.split.train.iter();
        let train: Vec<_> = train.map(|i| &self.records.conversations[*i]).collect();
        let simple = match chosen.is_empty() || self.recipe.objective.is_preference() {
            true => BTreeMap::new(),
            false => baselines(&train, &chosen).into_iter().collect(),
        };
        let text = |answers: &[Option<Answer>], i: usize| {
            let answer = answers.get(i)?.as_ref()?;
            Some(answer.text.clone())
        };
        let (before, answered_before) = before.unzip();
        let answered_before = answered_before.unwrap_or_default();
        let answers = chosen
            .iter()
            .enumerate()
            .map(|(i, conversation)| report::Example {
                prompt: self
                    .base
                    .template
                    .prompt(conversation.prompt())
                    .unwrap_or_default(),
                expected: conversation.answer().into(),
                before: text(&answered_before, i),
                said: text(said, i),
            });
        let (learning, parameters) = self.learning();
        let cut = match &self.material {
            Material::Answers(_, cut) | Material::Pairs(_, cut) => cut,
        };
        let mut report = Report {
            name: self.recipe.data.name.clone(),
            base: self.base_name.clone(),
            template: self.base.template.source().into(),
            objective: match self.recipe.objective {
                Objective::Answers => "Answers are learnt.".into(),
                Objective::Everything => "Whole conversations are learnt.".into(),
                Objective::Preference { beta, .. } => {
                    format!("Preferences are learnt, with beta {beta}.")
                }
            },
            trains: match &self.recipe.trains {
                Trains::All => "everything".into(),
                Trains::Lora { rank, .. } => format!("additions of rank {rank}"),
            },
            parameters,
            learning,
            sides: [&self.split.train, &self.split.validation, &self.split.test].map(Vec::len),
            cut: cut.cut,
            dropped: cut.dropped,
            skipped: self.records.skipped,
            before,
            runs,
            test: BTreeMap::new(),
            baselines: simple,
            answers: answers.collect(),
            seconds: self.begun.elapsed().as_secs_f64(),
            peak_memory_bytes: memory::peak(),
        };
        report.sum_up();
        report
    }
}

fn run_of<T>(seed: u64, fitted: Fitted<T>, model: impl Fn(T) -> CausalLm) -> (CausalLm, Run) {
    let measured = fitted.outcome.measured.as_ref();
    let run = Run {
        seed,
        step: fitted.step,
        steps: fitted.outcome.state.step,
        seconds: fitted.outcome.state.seconds,
        validation_loss: measured.map_or(f64::NAN, |(_, measured)| measured.loss),
        test: Side::default(),
    };
    (model(fitted.task), run)
}

impl Material {
    /// How many training examples there are.
    fn count(&self) -> usize {
        match self {
            Self::Answers(sides, _) => sides[0].len(),
            Self::Pairs(sides, _) => sides[0].len(),
        }
    }
}

fn answers(encoding: &Encoding<'_>, records: &Records, split: &Split) -> Result<Material> {
    let mut cut = Cut::default();
    let mut side = |items: &[usize]| -> Result<Vec<(usize, Example)>> {
        let chosen = items.iter().map(|i| (*i, &records.conversations[*i]));
        let (examples, fitted) = encoding.all(chosen)?;
        cut.cut += fitted.cut;
        cut.dropped += fitted.dropped;
        Ok(examples)
    };
    let sides = [
        side(&split.train)?,
        side(&split.validation)?,
        side(&split.test)?,
    ];
    Ok(Material::Answers(sides, cut))
}

fn pairs(encoding: &Encoding<'_>, records: &Records, split: &Split) -> Result<Material> {
    let mut cut = Cut::default();
    let mut side = |items: &[usize]| -> Result<Vec<PairExample>> {
        let mut all = Vec::with_capacity(items.len());
        for i in items {
            let conversation = &records.conversations[*i];
            let Some(rejected) = &conversation.rejected else {
                return Err(Error::Value {
                    field: "objective",
                    found: "Preference".into(),
                    expected: format!("record {} has no `rejected` answer", i + 1),
                });
            };
            let mut worse = conversation.messages.clone();
            if let Some(last) = worse.last_mut() {
                last.content.clone_from(rejected);
            }
            let mut two = Vec::with_capacity(2);
            for messages in [&conversation.messages, &worse] {
                // Only the last answers differ; a question alone teaches nothing.
                if let Some((example, false)) = encoding.example(messages)? {
                    two.push(last_answer(example));
                }
            }
            match <[Example; 2]>::try_from(two) {
                Ok(answers) => all.push(PairExample {
                    answers,
                    reference: 0.0,
                }),
                Err(_) => cut.dropped += 1,
            }
        }
        Ok(all)
    };
    let sides = [
        side(&split.train)?,
        side(&split.validation)?,
        side(&split.test)?,
    ];
    Ok(Material::Pairs(sides, cut))
}

/// Of several answers only the last one counts.
fn last_answer(mut example: Example) -> Example {
    let mut at = example.said.len();
    while at > 0 && !example.said[at - 1] {
        at -= 1;
    }
    while at > 0 && example.said[at - 1] {
        at -= 1;
    }
    example.said[..at].fill(false);
    example
}

fn margins(
    task: &PreferenceTask,
    pairs: &[PairExample],
    columns: usize,
    device: &Device,
) -> Result<Vec<f32>> {
    let pairs: Vec<&PairExample> = pairs.iter().collect();
    let host = crate::preference::HostPairs::new(&pairs, columns);
    Ok(task.margins_of(PairBatch::new(0, host, 0, device))?)
}

fn read_recipe(args: &TuneArgs) -> Result<Recipe> {
    let training = &args.training;
    let mut sets = training.set.clone();
    if let Some(steps) = training.steps {
        sets.push(format!("steps={steps}"));
    }
    // A run that goes on without a recipe goes on with its own.
    let own = training.out.as_ref().map(|out| out.join("recipe.ron"));
    let own = own.filter(|own| training.resume && args.recipe.is_none() && own.is_file());
    let path = own.as_deref().or(args.recipe.as_deref());
    let mut recipe = Recipe::load(path, &sets)?;
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
        recipe.base = Some(base.display().to_string());
    }
    Ok(recipe)
}

/// `runs/NAME`, after the recipe.
fn folder_of(args: &TuneArgs) -> PathBuf {
    let stem = args.recipe.as_deref().and_then(Path::file_stem);
    Path::new("runs").join(stem.unwrap_or("instruct".as_ref()))
}
