//! What a step does with micro-batches, masks, and numbers that are not finite.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use burn::data::dataloader::{DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::{Device, Tensor};
use slovo_data::shard::{Provenance, ShardOptions, ShardWriter};
use slovo_data::{Batches, Shards, TokenBatch, Windows};
use slovo_model::{CausalLm, TransformerConfig};
use slovo_train::batch::LmBatch;
use slovo_train::learner::step::{Summed, accumulate, measure, update};
use slovo_train::optimizer::{AdamW, Muon, OptimizerRecipe};
use slovo_train::schedule::{Schedule, ScheduleRecipe, Shape};
use slovo_train::task::CausalTask;
use std::sync::Arc;

fn config() -> TransformerConfig {
    TransformerConfig {
        vocab_size: 11,
        d_model: 8,
        n_layers: 1,
        n_heads: 2,
        max_seq_len: 8,
        ..TransformerConfig::preset("gpt2-124m").unwrap()
    }
}

fn task(device: &Device) -> CausalTask {
    let config = TransformerConfig {
        dropout: 0.0,
        ..config()
    };
    CausalTask {
        model: CausalLm::new(&config, 1, device).unwrap(),
    }
}

/// Rows `from..to` of four rows of tokens; the last row counts only its first target.
fn batch(from: usize, to: usize, device: &Device) -> LmBatch {
    let cols = 8;
    let all = |salt: usize| -> Vec<u32> {
        let ids = (from * cols..to * cols).map(|i| ((i * 7 + salt * 3 + i * i) % 11) as u32);
        ids.collect()
    };
    let mask = (from..to).flat_map(|row| (0..cols).map(move |col| row < 3 || col == 0));
    let tokens = TokenBatch {
        rows: to - from,
        cols,
        inputs: all(0),
        targets: all(1),
        mask: Some(mask.collect()),
        texts: None,
    };
    LmBatch::new(from as u64, tokens, 0, device)
}

struct Given(std::vec::IntoIter<LmBatch>);

impl Iterator for Given {
    type Item = Result<LmBatch, DatasetError>;
    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(Ok)
    }
}

impl DataLoaderIterator<LmBatch> for Given {
    fn progress(&self) -> Progress {
        Progress::new(0, 0, None)
    }
}

fn given(batches: Vec<LmBatch>) -> Given {
    Given(batches.into_iter())
}

/// All numbers that a module (or its gradients) holds, in order.
struct Numbers<'a> {
    grads: Option<&'a GradientsParams>,
    found: Vec<f32>,
}

impl ModuleVisitor for Numbers<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let tensor = match self.grads {
            Some(grads) => grads.get::<D>(param.id).unwrap(),
            None => param.val(),
        };
        self.found.extend(tensor.into_data().iter::<f32>());
    }
}

fn numbers(module: &CausalTask, grads: Option<&GradientsParams>) -> Vec<f32> {
    let mut visitor = Numbers {
        grads,
        found: Vec::new(),
    };
    module.visit(&mut visitor);
    visitor.found
}

fn constant() -> ModuleLrScheduler {
    ModuleLrScheduler::new(Schedule::new(ScheduleRecipe {
        peak: 1e-2,
        floor: 0.0,
        warmup: 0,
        shape: Shape::Constant,
        end: None,
    }))
}

#[test]
fn micro_batches_with_uneven_masks_give_the_gradient_of_one_batch() {
    let device = Device::flex().autodiff();
    let task = task(&device);
    let whole = accumulate(&task, &mut given(vec![batch(0, 4, &device)]), 1).unwrap();
    let parts = vec![batch(0, 1, &device), batch(1, 4, &device)];
    let parts = accumulate(&task, &mut given(parts), 2).unwrap();
    assert_eq!((whole.valid, parts.valid), (25, 25));
    assert_same(&task, &whole, &parts);
}

/// Two steps' losses and gradients are equal, up to rounding.
fn assert_same(task: &CausalTask, a: &Summed, b: &Summed) {
    assert_eq!(a.valid, b.valid);
    let (first, second) = (measure(task, a).unwrap(), measure(task, b).unwrap());
    assert!((first.loss - second.loss).abs() < 1e-5 * first.loss);
    assert!((first.grad_norm - second.grad_norm).abs() < 1e-4 * first.grad_norm);
    let (a, b) = (numbers(task, Some(&a.grads)), numbers(task, Some(&b.grads)));
    for (a, b) in a.iter().zip(&b) {
        assert!((a - b).abs() < 1e-4 * (1.0 + a.abs()), "{a} is not {b}");
    }
}

/// Each document in a row of its own, padded, gives what the documents give one by one.
#[test]
fn the_padding_of_windows_by_document_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = ShardOptions {
        vocab_size: 11,
        tokenizer: [0; 32],
        max_bytes: 1 << 20,
    };
    let mut writer = ShardWriter::new(folder.path(), "train", options);
    for length in [3, 9, 6, 2] {
        let tokens: Vec<u32> = (0..length).map(|i| (i * i + length) % 11).collect();
        let from = Provenance::default();
        writer.document(&tokens, 1, &from, false).unwrap();
    }
    writer.finish().unwrap();
    let shards = Arc::new(Shards::open(folder.path(), "train", None).unwrap());
    let padded = Batches::new(shards, Windows::Documents, 8, 4, 1).unwrap();
    let padded = padded.batch(0);
    assert_eq!((padded.rows, padded.valid()), (4, 16));

    let device = Device::flex().autodiff();
    let task = task(&device);
    let mask = padded.mask.clone().unwrap();
    let alone = (0..4).map(|row| {
        let cols = mask[row * 8..][..8]
            .iter()
            .filter(|&&counts| counts)
            .count();
        let tokens = TokenBatch {
            rows: 1,
            cols,
            inputs: padded.inputs[row * 8..][..cols].to_vec(),
            targets: padded.targets[row * 8..][..cols].to_vec(),
            mask: None,
            texts: None,
        };
        LmBatch::new(row as u64, tokens, 0, &device)
    });
    let alone = accumulate(&task, &mut given(alone.collect()), 4).unwrap();
    let padded = LmBatch::new(0, padded, 0, &device);
    let padded = accumulate(&task, &mut given(vec![padded]), 1).unwrap();
    assert_same(&task, &padded, &alone);
}

#[test]
fn a_step_without_a_valid_target_changes_nothing_but_time() {
    let device = Device::flex().autodiff();
    let task = task(&device);
    let mut empty = batch(0, 1, &device);
    empty.mask = Some(Tensor::from_data([[false; 8]], &device));
    empty.valid = 0;
    let summed = accumulate(&task, &mut given(vec![empty]), 1).unwrap();
    let measured = measure(&task, &summed).unwrap();
    assert_eq!((measured.loss, measured.grad_norm), (0.0, 0.0));
    assert!(measured.is_finite());
}

#[test]
fn weights_decay_and_vectors_do_not() {
    let device = Device::flex().autodiff();
    let task = task(&device);
    let before = task.clone();
    let mut empty = batch(0, 1, &device);
    empty.mask = Some(Tensor::from_data([[false; 8]], &device));
    empty.valid = 0;
    // With a zero gradient only the decay moves a parameter.
    let summed = accumulate(&task, &mut given(vec![empty]), 1).unwrap();
    let measured = measure(&task, &summed).unwrap();
    let recipe = OptimizerRecipe::AdamW(AdamW {
        weight_decay: 0.5,
        ..AdamW::default()
    });
    let mut optimizer = recipe.init(&task);
    let (after, lr) = update(
        task,
        summed,
        &measured,
        &mut optimizer,
        &mut constant(),
        None,
    );
    assert_eq!(lr, 1e-2);
    let gain = |task: &CausalTask| -> Vec<f32> {
        let mut vectors = Vectors::default();
        task.visit(&mut vectors);
        vectors.0
    };
    assert_eq!(gain(&before), gain(&after));
    for (before, after) in numbers(&before, None).iter().zip(numbers(&after, None)) {
        let decayed = before * (1.0 - 1e-2 * 0.5);
        assert!(
            after == *before || (after - decayed).abs() < 1e-7,
            "{before} → {after}"
        );
    }
    assert!(numbers(&before, None) != numbers(&after, None));
}

#[derive(Default)]
struct Vectors(Vec<f32>);

impl ModuleVisitor for Vectors {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if D == 1 {
            self.0.extend(param.val().into_data().iter::<f32>());
        }
    }
}

#[test]
fn both_optimizers_learn_a_batch_by_heart() {
    for recipe in [
        OptimizerRecipe::AdamW(AdamW::default()),
        OptimizerRecipe::Muon(Muon::default()),
    ] {
        let device = Device::flex().autodiff();
        let mut task = task(&device);
        let mut optimizer = recipe.init(&task);
        let mut schedule = constant();
        let mut losses = Vec::new();
        for _ in 0..150 {
            let summed = accumulate(&task, &mut given(vec![batch(0, 3, &device)]), 1).unwrap();
            let measured = measure(&task, &summed).unwrap();
            losses.push(measured.loss);
            (task, _) = update(
                task,
                summed,
                &measured,
                &mut optimizer,
                &mut schedule,
                Some(1.0),
            );
        }
        assert!(
            losses[149] < 0.3 * losses[0],
            "{recipe:?}: {} → {}",
            losses[0],
            losses[149]
        );
    }
}
