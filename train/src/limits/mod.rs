//! Whether every tensor of a run fits into one buffer of the adapter, before the first step.
//!
//! A kernel is given whole tensors, and WebGPU promises only 128 MiB for each
//! (`maxStorageBufferBindingSize`, <https://www.w3.org/TR/webgpu/#limits>). A tensor that is larger
//! fails in the middle of a step, long after the recipe was chosen, with a message that does not
//! name it.

mod tensors;

pub use tensors::{TensorSize, activations, matrices, size};

use crate::backend::{Adapter, Opened};
use crate::recipe::Recipe;
use crate::{Error, Result};
use slovo_model::TransformerConfig;
use tensors::Cure;

/// The largest tensor that an adapter can be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Whose limit.
    pub adapter: String,
    /// How large, in bytes.
    pub bytes: u64,
}

impl Limit {
    /// What an adapter says of itself.
    pub fn of(adapter: &Adapter) -> Self {
        Self {
            adapter: adapter.name.clone(),
            bytes: adapter.max_binding.min(adapter.max_buffer),
        }
    }
}

/// Checks the training and the evaluations of a resolved recipe against a device.
///
/// # Errors
///
/// [`Error::TooLarge`], which names each tensor that does not fit, its size, the limit, and what to
/// change in the recipe.
pub fn training(recipe: &Recipe, opened: &Opened) -> Result<()> {
    match &opened.adapter {
        Some(adapter) => check(recipe, &Limit::of(adapter)),
        None => Ok(()),
    }
}

/// Checks `rows` windows of `context` tokens, read at once without training, against a device.
///
/// # Errors
///
/// As [`training`]; `flag` is what makes fewer rows.
pub fn inference(
    model: &TransformerConfig,
    [rows, context]: [usize; 2],
    flag: &str,
    opened: &Opened,
) -> Result<()> {
    let Some(limit) = opened.adapter.as_ref().map(Limit::of) else {
        return Ok(());
    };
    let mut report = Report::new(&limit);
    report.matrices(model);
    report.activations(model, rows, context, |fit| match fit {
        Some(rows) => format!("lower {flag} to {rows}"),
        None => format!("lower --context to {}", longest(model, context, &limit)),
    });
    report.verdict()
}

/// Checks a resolved recipe against a limit.
///
/// # Errors
///
/// As [`training`].
pub fn check(recipe: &Recipe, limit: &Limit) -> Result<()> {
    let (model, context) = (recipe.model()?, recipe.context()?);
    let (batch, evaluation) = (recipe.batch, recipe.evaluation);
    let shorter = || {
        let context = longest(&model, context, limit);
        format!("lower batch.context to {context}: one sequence alone is too long")
    };
    let mut report = Report::new(limit);
    report.matrices(&model);
    report.activations(&model, recipe.sequences()?, context, |fit| match fit {
        Some(rows) if batch.tokens.is_some() => {
            format!("lower batch.tokens to {}", rows * context)
        }
        Some(fit) => {
            // The same sequences in a step, in more parts.
            let divides = |&n: &usize| batch.sequences.is_multiple_of(n);
            let rows = (1..=fit).rev().find(divides).unwrap_or(1);
            let parts = batch.micro_batches * (batch.sequences / rows) as u64;
            format!(
                "lower batch.sequences to {rows} and raise batch.micro_batches to {parts}, which \
                 is the same step in more parts"
            )
        }
        None => shorter(),
    });
    report.activations(&model, evaluation.batch, context, |fit| match fit {
        Some(rows) => format!("lower evaluation.batch to {rows}"),
        None => shorter(),
    });
    report.verdict()
}

/// The longest context, by halves, of which one row fits.
fn longest(model: &TransformerConfig, context: usize, limit: &Limit) -> usize {
    let fits = |context: usize| {
        let all = activations(model, 1, context);
        all.iter().all(|tensor| tensor.bytes() <= limit.bytes)
    };
    let halves = std::iter::successors(Some(context), |context| Some(context / 2));
    let mut shorter = halves.take_while(|&context| context > 0);
    shorter.find(|&context| fits(context)).unwrap_or(1)
}

/// What does not fit, and what to do about it.
struct Report<'a> {
    limit: &'a Limit,
    too_large: Vec<TensorSize>,
    cures: Vec<String>,
}

impl<'a> Report<'a> {
    fn new(limit: &'a Limit) -> Self {
        Self {
            limit,
            too_large: Vec::new(),
            cures: Vec::new(),
        }
    }

    fn matrices(&mut self, model: &TransformerConfig) {
        for tensor in matrices(model) {
            if tensor.bytes() > self.limit.bytes {
                if let Cure::Model(fields) = tensor.cure {
                    self.suggest(format!("choose {fields}"));
                }
                self.too_large.push(tensor);
            }
        }
    }

    /// `cure` is told how many rows fit, if any does.
    fn activations(
        &mut self,
        model: &TransformerConfig,
        rows: usize,
        context: usize,
        cure: impl FnOnce(Option<usize>) -> String,
    ) {
        let all = activations(model, rows, context).into_iter();
        let large: Vec<_> = all.filter(|t| t.bytes() > self.limit.bytes).collect();
        let Some(worst) = large.iter().map(TensorSize::bytes).max() else {
            return;
        };
        let row = worst / rows as u64;
        let fit = (self.limit.bytes / row) as usize;
        self.suggest(cure((fit > 0).then_some(fit)));
        for tensor in large {
            if !self.too_large.contains(&tensor) {
                self.too_large.push(tensor);
            }
        }
    }

    fn suggest(&mut self, cure: String) {
        if !self.cures.contains(&cure) {
            self.cures.push(cure);
        }
    }

    fn verdict(self) -> Result<()> {
        if self.too_large.is_empty() {
            return Ok(());
        }
        let tensors: Vec<_> = self.too_large.iter().map(TensorSize::to_string).collect();
        let cures = &self.cures;
        Err(Error::TooLarge(format!(
            "{} binds at most {} in one buffer, which is too little for\n  {}\n{}; or compute on \
             another adapter (`cargo xtask doctor` lists them) or with `--backend flex`, which has \
             no such limit",
            self.limit.adapter,
            size(self.limit.bytes),
            tensors.join("\n  "),
            cures.join("; ")
        )))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::recipe::Model;
    use crate::recipe::tests::recipe;

    fn gpt2(sequences: usize, context: usize) -> Recipe {
        let mut recipe = recipe();
        let shape = TransformerConfig::preset("gpt2-124m").unwrap();
        recipe.model = Model::Shape(shape);
        recipe.batch.sequences = sequences;
        recipe.batch.context = Some(context);
        recipe.evaluation.batch = 1;
        recipe
    }

    fn limit(mib: u64) -> Limit {
        Limit {
            adapter: "a card".into(),
            bytes: mib << 20,
        }
    }

    fn refusal(recipe: &Recipe, mib: u64) -> String {
        check(recipe, &limit(mib)).unwrap_err().to_string()
    }

    #[test]
    fn what_fits_is_let_through() {
        // 8 · 512 · 50257 · 4 bytes are 785.3 MiB.
        assert!(check(&gpt2(8, 512), &limit(786)).is_ok());
        assert!(check(&gpt2(8, 512), &limit(785)).is_err());
    }

    #[test]
    fn tensor_bytes_limit_and_cure_are_named() {
        let text = refusal(&gpt2(8, 512), 256);
        for part in [
            "a card binds at most 256 MiB",
            "logits [8, 512, 50257]: 785.3 MiB",
            "lower batch.sequences to 2 and raise batch.micro_batches to 4",
            "--backend flex",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains("embedding"), "{text}");
    }

    #[test]
    fn the_promised_128_mib_are_too_little_for_gpt2s_embedding() {
        let text = refusal(&gpt2(1, 512), 128);
        assert!(text.contains("embedding.tokens.weight [50257, 768]: 147.2 MiB"));
        assert!(text.contains("a smaller vocabulary"), "{text}");
        assert!(!text.contains("logits"), "{text}");
    }

    #[test]
    fn the_cure_cures() {
        let mut recipe = gpt2(12, 1024);
        recipe.evaluation.batch = 16;
        let text = refusal(&recipe, 700);
        // Three rows of 196.3 MiB fit, and three divides twelve.
        assert!(text.contains("batch.sequences to 3 and"), "{text}");
        assert!(text.contains("batch.micro_batches to 4"), "{text}");
        assert!(text.contains("evaluation.batch to 3"), "{text}");
        (recipe.batch.sequences, recipe.evaluation.batch) = (3, 3);
        assert!(check(&recipe, &limit(700)).is_ok());
    }

    #[test]
    fn a_sequence_that_is_too_long_alone_is_told_so() {
        let recipe = gpt2(4, 1024);
        let text = refusal(&recipe, 150);
        assert!(text.contains("batch.context to 512"), "{text}");
        assert!(check(&gpt2(1, 512), &limit(150)).is_ok());
    }

    #[test]
    fn attention_is_quadratic() {
        let mut recipe = gpt2(1, 4096);
        let Model::Shape(shape) = &mut recipe.model else {
            unreachable!()
        };
        (shape.vocab_size, shape.max_seq_len) = (256, 4096);
        let text = refusal(&recipe, 128);
        assert!(text.contains("attention scores [1, 12, 4096, 4096]: 768 MiB"));
        assert!(text.contains("batch.context to 1024"), "{text}");
    }
}
