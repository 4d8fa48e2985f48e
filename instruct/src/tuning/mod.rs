//! Tuning, from recipe to report: conversations, sides, trainings, answers.
//!
//! ```text
//! prepare ─► material ─► train ─► measure ─► report
//! ```

mod material;
mod measure;
mod prepare;
mod train;

use crate::assistant::{Answer, Assistant};
#[cfg(feature = "judge")]
use crate::judge::External;
use crate::judge::baselines;
use crate::order::Split;
use crate::recipe::{Objective, Recipe, Trains};
use crate::records::Records;
use crate::replay::Texts;
use crate::report::{self, Report, Run, Side};
use crate::{Result, keep};
use burn::module::Module;
use material::Material;
use slovo_args::TrainingArgs;
use slovo_data::memory;
use slovo_data::stop::Stop;
use slovo_model::CausalLm;
use slovo_train::backend::Opened;
use slovo_train::progress::notice;
use std::collections::BTreeMap;
use std::path::PathBuf;
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
    /// Another model that grades answers.
    #[cfg(feature = "judge")]
    external: Option<External>,
    begun: Instant,
}

impl Tuning {
    /// The recipe and what it comes to, before anything is tuned.
    ///
    /// # Errors
    ///
    /// A recipe that cannot be written.
    pub fn plan(&self) -> Result<String> {
        let text = slovo_data::recipe::to_ron_string(&self.recipe)?;
        let sides = self.material.sides();
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
        let cut = self.material.cut();
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
            sides: self.material.sides(),
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
