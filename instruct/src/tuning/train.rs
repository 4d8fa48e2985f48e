//! One tuning of those that a recipe asks for.

use super::Tuning;
use super::material::Material;
use crate::Result;
use crate::batch::{HeldOutTalks, TalkBatch, TrainBatches};
use crate::examples::Example;
use crate::fit::{Fit, Fitted};
use crate::order::{Pool, order};
use crate::preference::{HeldOutPairs, PairBatch, PreferenceTask, TrainPairs};
use crate::recipe::{Objective, Trains};
use crate::report::{Run, Side};
use crate::task::AnswerTask;
use burn::data::dataloader::DataLoader;
use burn::module::Module;
use sha2::{Digest, Sha256};
use slovo_args::TrainingArgs;
use slovo_data::files::hex;
use slovo_data::stop::Stop;
use slovo_model::CausalLm;
use slovo_train::batch::{EvalLoader, TrainLoader};
use slovo_train::checkpoint::RunIdentity;
use slovo_train::task::learning_parameters;
use std::path::Path;
use std::sync::Arc;

impl Tuning {
    /// One tuning: its model, adapters apart, and what is known of it but for the test side.
    pub(super) fn tune(
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
    pub(super) fn learning(&self) -> (usize, usize) {
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
