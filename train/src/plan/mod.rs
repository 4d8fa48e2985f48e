//! What a run needs, before it runs: parameters, tokens, FLOPs, memory, time and cost.
//!
//! [`Plan`] puts together what the files here compute, each from published formulas or, for memory,
//! from the model's own operations. Nothing here opens a device or reads text.

pub mod accelerators;
pub mod activations;
mod compute;
mod memory;
mod published;
mod text;
mod time;

pub use activations::Operations;
pub use compute::{Flops, OPTIMAL_TOKENS_PER_PARAMETER, Optimal};
pub use memory::{Load, Memory, Phase};
pub use published::{GPT_3, Published};
pub use time::{Duration, Speed, UTILISATION};

use crate::Result;
use crate::material::MaterialReport;
use crate::recipe::Recipe;
use serde::Serialize;
use slovo_data::recipe::DataRecipe;
use slovo_model::{Seq2SeqConfig, TransformerConfig};

/// What a run needs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Trainable numbers.
    pub parameters: Parameters,
    /// Target tokens of the whole run.
    pub tokens: u64,
    /// Target tokens of a step.
    pub tokens_per_step: u64,
    /// Tokens in a sequence.
    pub context: usize,
    /// FLOPs of a token.
    pub flops_per_token: Flops,
    /// FLOPs of the whole run.
    pub flops: Flops,
    /// What Hoffmann et al. 2022 would have done with them.
    pub optimal: Optimal,
    /// Bytes.
    pub memory: Memory,
    /// The text, where it is prepared.
    pub text: Option<Text>,
    /// What computes, where that was said.
    pub speed: Option<Speed>,
    /// How long it takes, where that is known.
    pub duration: Option<Duration>,
    /// What was published about this shape.
    pub published: Option<Published>,
    /// What could not be known and was assumed.
    pub notes: Vec<String>,
}

/// Trainable numbers, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Parameters {
    /// All of them.
    pub all: u64,
    /// In embeddings of tokens and positions, and in a head of its own.
    pub embeddings: u64,
    /// In the blocks and the norm behind them.
    pub blocks: u64,
}

/// How often the text is seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Text {
    /// Tokens of the training text.
    pub tokens: u64,
    /// How often the run sees it.
    pub epochs: f64,
    /// By source.
    pub sources: Vec<Source>,
}

/// How often a source is seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Source {
    /// Its name in the preparation's report.
    pub name: String,
    /// Its tokens in the training text.
    pub tokens: u64,
    /// Its part of what the run sees.
    pub share: f64,
    /// How often the run sees it.
    pub epochs: f64,
}

impl Plan {
    /// The plan of a resolved recipe; epochs are counted where the text's report is given.
    ///
    /// # Errors
    ///
    /// A recipe that was not resolved and names an unknown preset.
    pub fn of(
        recipe: &Recipe,
        report: Option<&MaterialReport>,
        operations: Operations,
    ) -> Result<Self> {
        let pair = recipe.pair()?;
        let load = Load {
            model: match &pair {
                Some(pair) => one_stack(pair),
                None => recipe.model()?,
            },
            context: recipe.context()?,
            sequences: recipe.sequences()?,
            micro_batches: recipe.batch.micro_batches,
            operations,
            optimizer: recipe.optimizer,
            evaluation: Some(recipe.evaluation.batch),
            checkpoints: true,
        };
        let tokens = recipe.tokens_per_step()? * recipe.steps;
        let mut plan = Self::new(&load, tokens);
        let data = recipe.data()?;
        plan.text = match report {
            Some(report) => Some(Text::of(report, &data, tokens, recipe.context()?)?),
            None => None,
        };
        plan.parameters.all = recipe.parameter_count()?;
        plan.parameters.blocks = plan.parameters.all - plan.parameters.embeddings;
        if pair.is_some() {
            plan.notes.push(
                "FLOPs and memory of an encoder–decoder are those of one stack with as many layers of \
                 attention, and of batches that are full"
                    .into(),
            );
        }
        Ok(plan)
    }

    /// The plan of a run over `tokens` tokens of any text.
    pub fn new(load: &Load, tokens: u64) -> Self {
        let model = &load.model;
        let parameters = Parameters::of(model);
        let flops_per_token = Flops::per_token(model, load.context);
        let sequences = (load.sequences as u64).saturating_mul(load.micro_batches);
        Self {
            parameters,
            tokens,
            tokens_per_step: sequences.saturating_mul(load.context as u64),
            context: load.context,
            flops_per_token,
            flops: flops_per_token.times(tokens),
            optimal: Optimal::of(parameters.all, tokens),
            memory: Memory::of(load),
            text: None,
            speed: None,
            duration: None,
            published: None,
            notes: Vec::new(),
        }
    }

    /// The same plan with time and cost at a speed.
    pub fn at(mut self, speed: Option<Speed>) -> Self {
        self.duration = speed
            .as_ref()
            .map(|speed| speed.duration(self.flops.with_attention));
        self.speed = speed;
        self
    }

    /// How often the training text is seen, where it is known.
    pub fn epochs(&self) -> Option<f64> {
        self.text.as_ref().map(|text| text.epochs)
    }
}

/// A decoder that costs about as much as an encoder–decoder: of what a block does, cross-attention
/// does about a third once more.
fn one_stack(pair: &Seq2SeqConfig) -> TransformerConfig {
    let (encoder, decoder) = (pair.encoder(), pair.decoder());
    TransformerConfig {
        n_layers: encoder.n_layers + decoder.n_layers + decoder.n_layers / 3,
        ..decoder
    }
}

impl Parameters {
    fn of(model: &TransformerConfig) -> Self {
        let all = model.parameter_count() as u64;
        let bare = TransformerConfig {
            n_layers: 0,
            ..model.clone()
        };
        let norm = TransformerConfig {
            vocab_size: 0,
            max_seq_len: 0,
            ..bare.clone()
        };
        let embeddings = (bare.parameter_count() - norm.parameter_count()) as u64;
        Self {
            all,
            embeddings,
            blocks: all - embeddings,
        }
    }
}

impl Text {
    /// Where nothing is mixed, windows are drawn from the whole text alike, and a source's part of the run is
    /// its part of the text.
    fn of(report: &MaterialReport, data: &DataRecipe, drawn: u64, context: usize) -> Result<Self> {
        let tokens = report.targets();
        let labels = data.sources.iter().enumerate().map(|(i, it)| it.label(i));
        let labels: Vec<String> = labels.collect();
        let size = |name: &String| match report {
            MaterialReport::Text(report) => report
                .sources
                .get(name)
                .map_or(0, |source| source.train_tokens),
            MaterialReport::Pairs(_) => 0,
        };
        let found: Vec<(&str, u64)> = match report {
            MaterialReport::Text(_) => labels.iter().map(|it| (it.as_str(), size(it))).collect(),
            MaterialReport::Pairs(_) => Vec::new(),
        };
        let mixture = data.mixture.as_ref();
        let alike = drawn as f64 / tokens.max(1) as f64;
        let epochs = match mixture {
            Some(mixture) => {
                let window = context.max(1) as u64;
                mixture
                    .check_run(&found, window, drawn / window)
                    .and_then(|()| mixture.epochs(&found, drawn))
                    .map_err(slovo_data::Error::from)?
            }
            None => vec![alike; found.len()],
        };
        let source = |(&(name, tokens), epochs): (&(&str, u64), f64)| Source {
            name: name.to_owned(),
            tokens,
            share: epochs * tokens as f64 / drawn.max(1) as f64,
            epochs,
        };
        Ok(Self {
            tokens,
            epochs: alike,
            sources: found.iter().zip(epochs).map(source).collect(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use slovo_data::Report;
    use slovo_data::recipe::from_ron_str;
    use slovo_data::report::{Share, SplitReport};

    #[test]
    fn parameters_are_told_by_place() {
        let model = TransformerConfig::preset("gpt2-124m").unwrap();
        let parameters = Parameters::of(&model);
        assert_eq!(parameters.embeddings, (50257 + 1024) * 768);
        assert_eq!(parameters.all, parameters.embeddings + parameters.blocks);
        // An untied head is a second matrix.
        let untied = TransformerConfig {
            tied: false,
            ..model
        };
        let more = Parameters::of(&untied).embeddings - parameters.embeddings;
        assert_eq!(more, 50257 * 768);
    }

    #[test]
    fn epochs_are_counted_by_source() {
        let share = |train_tokens| Share {
            train_tokens,
            ..Share::default()
        };
        let report = Report {
            train: SplitReport {
                tokens: 1000,
                ..SplitReport::default()
            },
            sources: [("a".into(), share(750)), ("b".into(), share(250))].into(),
            ..Report::default()
        };
        let data = from_ron_str(
            r#"(name: "t", sources: [Files(name: Some("a"), paths: ["a"]), Files(name: Some("b"), paths: ["b"])],
                tokenizer: Byte, split: Hash(validation: 0.1))"#,
        );
        let report = MaterialReport::Text(Box::new(report));
        let text = Text::of(&report, &data.unwrap(), 3000, 10).unwrap();
        assert_eq!(text.epochs, 3.0);
        let found: Vec<_> = text.sources.iter().map(|s| (s.share, s.epochs)).collect();
        assert_eq!(found, [(0.75, 3.0), (0.25, 3.0)]);
    }
}
