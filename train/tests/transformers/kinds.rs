//! The kinds of models: how each is loaded, what it computes, how it is saved.

use crate::reference::Reference;
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_model::{
    CausalLm, Encoder, GenerateOptions, MaskedLm, Padding, Pass, Sampling, Seq2Seq, WeightsError,
    load_encoder, load_masked_lm, load_model, load_seq2seq, save_model,
};
use std::ops::ControlFlow;
use std::path::Path;

/// A kind of model.
pub trait Model: Sized {
    /// Reads a folder.
    fn load(folder: &Path, device: &Device) -> Result<Self, WeightsError>;

    /// What it makes of the reference's inputs, under the reference's names.
    fn outputs(&self, reference: &Reference, device: &Device) -> Vec<(&'static str, Tensor<3>)>;

    /// Continues the reference's prompt, or translates its source, as the reference does.
    fn continues(&self, reference: &Reference) -> Result<(), String> {
        let _ = reference;
        Ok(())
    }

    /// Writes a folder.
    fn save(&self, folder: &Path) -> Result<(), String>;
}

impl Model for CausalLm {
    fn load(folder: &Path, device: &Device) -> Result<Self, WeightsError> {
        load_model(folder, device)
    }

    fn outputs(&self, reference: &Reference, device: &Device) -> Vec<(&'static str, Tensor<3>)> {
        let tokens = ids(reference, "input_ids", device);
        vec![("logits", self.forward(tokens, &mut Pass::default()))]
    }

    fn continues(&self, reference: &Reference) -> Result<(), String> {
        let prompt: Vec<u32> = numbers(&reference.ids("input.prompt").1);
        let expected = greedy(reference);
        let options = greedily(expected.len() - prompt.len());
        let new = self.generate(&prompt, &options, |_| ControlFlow::Continue(()));
        let new = new.map_err(|error| error.to_string())?;
        same([prompt, new].concat(), &expected)
    }

    fn save(&self, folder: &Path) -> Result<(), String> {
        save_model(folder, self).map_err(|error| error.to_string())
    }
}

impl Model for MaskedLm {
    fn load(folder: &Path, device: &Device) -> Result<Self, WeightsError> {
        load_masked_lm(folder, device)
    }

    fn outputs(&self, reference: &Reference, device: &Device) -> Vec<(&'static str, Tensor<3>)> {
        let hidden = last_hidden(&self.encoder, reference, device);
        vec![
            ("last_hidden", hidden.clone()),
            ("logits", self.logits(hidden)),
        ]
    }

    fn save(&self, folder: &Path) -> Result<(), String> {
        save_model(folder, self).map_err(|error| error.to_string())
    }
}

impl Model for Encoder {
    fn load(folder: &Path, device: &Device) -> Result<Self, WeightsError> {
        load_encoder(folder, device)
    }

    fn outputs(&self, reference: &Reference, device: &Device) -> Vec<(&'static str, Tensor<3>)> {
        vec![("last_hidden", last_hidden(self, reference, device))]
    }

    fn save(&self, folder: &Path) -> Result<(), String> {
        save_model(folder, self).map_err(|error| error.to_string())
    }
}

impl Model for Seq2Seq {
    fn load(folder: &Path, device: &Device) -> Result<Self, WeightsError> {
        load_seq2seq(folder, device)
    }

    fn outputs(&self, reference: &Reference, device: &Device) -> Vec<(&'static str, Tensor<3>)> {
        let padding = padding(reference);
        let mut pass = Pass {
            padding: Some(&padding),
            ..Pass::default()
        };
        let source = self.encode(ids(reference, "input_ids", device), &mut pass);
        let targets = ids(reference, "decoder_input_ids", device);
        let hidden = self.decode(targets, &source, &mut Pass::default());
        vec![("logits", self.logits(hidden))]
    }

    fn continues(&self, reference: &Reference) -> Result<(), String> {
        let source: Vec<u32> = numbers(&reference.ids("input.source").1);
        // The start token, the target, and the end token where it came to that.
        let mut expected = greedy(reference).split_off(1);
        let options = greedily(expected.len());
        if expected.last() == Some(&self.config().end) {
            expected.pop();
        }
        let found = self.generate_batch(&[source], &options, |_| ControlFlow::Continue(()));
        let mut found = found.map_err(|error| error.to_string())?;
        same(found.remove(0).tokens, &expected)
    }

    fn save(&self, folder: &Path) -> Result<(), String> {
        save_model(folder, self).map_err(|error| error.to_string())
    }
}

/// What the reference continues its prompt to.
fn greedy(reference: &Reference) -> Vec<u32> {
    numbers(&reference.floats("output.greedy").1)
}

fn greedily(tokens: usize) -> GenerateOptions {
    GenerateOptions {
        sampling: Sampling::greedy(),
        ..GenerateOptions::new(tokens)
    }
}

fn same(found: Vec<u32>, expected: &[u32]) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("continues {found:?} instead of {expected:?}")),
    }
}

fn last_hidden(encoder: &Encoder, reference: &Reference, device: &Device) -> Tensor<3> {
    let padding = padding(reference);
    let segments = "token_type_ids";
    let mut pass = Pass {
        padding: Some(&padding),
        segments: (reference.has(&format!("input.{segments}")))
            .then(|| ids(reference, segments, device)),
        ..Pass::default()
    };
    encoder.hidden(ids(reference, "input_ids", device), &mut pass)
}

/// What fills up the rows that end before the longest.
fn padding(reference: &Reference) -> Padding {
    let ([_, seq], mask) = reference.ids("input.attention_mask");
    let lengths = mask
        .chunks_exact(seq)
        .map(|row| row.iter().filter(|real| **real != 0).count());
    Padding::right(&lengths.collect::<Vec<_>>())
}

fn ids(reference: &Reference, name: &str, device: &Device) -> Tensor<2, Int> {
    let (shape, values) = reference.ids(&format!("input.{name}"));
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Ids, which the golden files hold in two formats.
fn numbers<T: Copy + std::fmt::Display>(values: &[T]) -> Vec<u32> {
    let ids = values.iter().map(|value| value.to_string().parse());
    ids.collect::<Result<_, _>>().unwrap()
}
