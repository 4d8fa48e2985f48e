//! What a model does on the test side.

use super::Tuning;
use super::material::Material;
use crate::Result;
use crate::assistant::{Answer, Assistant};
use crate::batch::{HeldOutTalks, TalkBatch};
use crate::conversation::Conversation;
use crate::judge::Scores;
use crate::preference::{HostPairs, PairBatch, PairExample, PreferenceTask};
use crate::recipe::Objective;
use crate::replay::read;
use crate::report::Side;
use crate::task::AnswerTask;
use burn::module::Module;
use burn::tensor::Device;
use burn_train::InferenceStep;
use slovo_data::stop::Stop;
use slovo_model::{CausalLm, Sampling};
use slovo_train::batch::{HeldOut, OnDevice};
use slovo_train::progress::notice;

impl Tuning {
    /// What the reference finds of the pairs; `false` when asked to stop.
    pub(super) fn ask_reference(&mut self, stop: &Stop) -> Result<bool> {
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

    /// What a model does on the test side, and what it answers there; `None` when asked to stop.
    pub(super) fn measure(
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
        #[cfg(feature = "judge")]
        if let Some(scores) = &mut side.scores
            && !self.grade(scores, &chosen, &answers, stop)?
        {
            return Ok(None);
        }
        Ok(Some((side, answers)))
    }

    /// What another model thinks of answers; `false` when asked to stop.
    #[cfg(feature = "judge")]
    fn grade(
        &self,
        scores: &mut Scores,
        asked: &[&Conversation],
        answers: &[Option<Answer>],
        stop: &Stop,
    ) -> Result<bool> {
        let Some(judge) = &self.external else {
            return Ok(true);
        };
        notice(&format!("having {} answers graded", answers.len()));
        let mut grades = Vec::with_capacity(answers.len());
        for (conversation, answer) in asked.iter().zip(answers) {
            if stop.requested() {
                return Ok(false);
            }
            let question = conversation.prompt().iter();
            let question: Vec<&str> = question.map(|message| message.content.as_str()).collect();
            let said = answer.as_ref().map_or("", |answer| answer.text.as_str());
            let grade = judge.score(&question.join("\n\n"), conversation.answer(), said);
            // What was tuned for hours is not lost for want of a grade.
            match grade {
                Ok(grade) => grades.extend(grade),
                Err(error) => {
                    notice(&format!("warning: no grades: {error}"));
                    break;
                }
            }
        }
        scores.ungraded = answers.len() - grades.len();
        let mean = grades.iter().sum::<f64>() / grades.len() as f64;
        scores.grade = Some(mean).filter(|mean| mean.is_finite());
        Ok(true)
    }

    /// The test conversations that are answered.
    pub(super) fn judged(&self) -> Vec<&Conversation> {
        let most = self.recipe.judge.answers.unwrap_or(usize::MAX);
        let test = self.split.test.iter().take(most);
        test.map(|i| &self.records.conversations[*i]).collect()
    }
}

fn margins(
    task: &PreferenceTask,
    pairs: &[PairExample],
    columns: usize,
    device: &Device,
) -> Result<Vec<f32>> {
    let pairs: Vec<&PairExample> = pairs.iter().collect();
    let host = HostPairs::new(&pairs, columns);
    Ok(task.margins_of(PairBatch::new(0, host, 0, device))?)
}
