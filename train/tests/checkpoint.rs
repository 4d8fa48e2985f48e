//! A bundle gives back what was put in, and only to the model that it belongs to.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::optim::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::tensor::{Device, Int, Tensor};
use slovo_model::{CausalLm, Pass, TransformerConfig};
use slovo_train::checkpoint::{Bundle, Parts, Shelf, TrainState};
use slovo_train::optimizer::{AdamW, OptimizerRecipe};
use slovo_train::task::CausalTask;

fn task(seed: u64) -> CausalTask {
    let config = TransformerConfig {
        vocab_size: 9,
        d_model: 8,
        n_layers: 1,
        n_heads: 2,
        max_seq_len: 4,
        ..TransformerConfig::preset("nanogpt-char-cpu").unwrap()
    };
    CausalTask {
        model: CausalLm::new(&config, seed, &Device::flex().autodiff()).unwrap(),
    }
}

#[derive(Default)]
struct Numbers(Vec<f32>);

impl ModuleVisitor for Numbers {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.0.extend(param.val().into_data().iter::<f32>());
    }
}

fn numbers(task: &CausalTask) -> Vec<f32> {
    let mut numbers = Numbers::default();
    task.visit(&mut numbers);
    numbers.0
}

/// A bundle after one update, and the model that is in it.
fn saved(shelf: &Shelf) -> (Bundle, CausalTask) {
    let task = task(1);
    let mut optimizer = OptimizerRecipe::AdamW(AdamW::default()).init(&task);
    let device = Device::flex().autodiff();
    let tokens = Tensor::<2, Int>::from_ints([[1, 2, 3]], &device);
    let loss = task
        .model
        .loss(tokens.clone(), tokens, None, &mut Pass::default());
    let grads = GradientsParams::from_grads(loss.backward(), &task);
    let task = optimizer.parameters.step(1e-2, task, grads);
    shelf.open().unwrap();
    let bundle = shelf
        .put(&Parts {
            model: &task,
            optimizer: &optimizer.parameters,
            scheduler: &ModuleLrScheduler::new(1e-2),
            state: &TrainState {
                step: 1,
                updates: 1,
                ..TrainState::default()
            },
        })
        .unwrap();
    (bundle, task)
}

#[test]
fn everything_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let (bundle, before) = saved(&Shelf::new(dir.path(), 1));
    let loaded = bundle.load_model(task(2)).unwrap();
    assert_eq!(numbers(&before), numbers(&loaded));
    let state = bundle.state().unwrap();
    assert_eq!((state.step, state.updates), (1, 1));
    let optimizer = OptimizerRecipe::AdamW(AdamW::default()).init(&loaded);
    bundle
        .load_optimizer(
            &loaded,
            1,
            optimizer.parameters,
            ModuleLrScheduler::new(1e-2),
        )
        .unwrap();
}

/// A kill between the two renames of a bundle that is written twice leaves it under both names.
#[test]
fn a_replacement_that_was_killed_is_settled_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let shelf = Shelf::new(dir.path(), 1);
    let (bundle, _) = saved(&shelf);
    let folder = bundle.path.parent().unwrap();
    // The order in which a folder lists its entries is nobody's promise: more than one of them.
    for step in 1..9 {
        let half = folder.join(format!(".step-{step:08}.tmp"));
        let old = folder.join(format!(".step-{step:08}.old"));
        std::fs::create_dir(half).unwrap();
        match step {
            1 => std::fs::rename(&bundle.path, old).unwrap(),
            _ => std::fs::create_dir(old).unwrap(),
        }
    }
    shelf.open().unwrap();
    bundle.verify().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with("step-"), "{name}");
    }
}

#[test]
fn a_parameter_without_optimizer_state_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let (bundle, _) = saved(&Shelf::new(dir.path(), 1));
    // Never loaded from the bundle, so its parameters have other ids.
    let stranger = task(1);
    let optimizer = OptimizerRecipe::AdamW(AdamW::default()).init(&stranger);
    let error = bundle
        .load_optimizer(
            &stranger,
            1,
            optimizer.parameters,
            ModuleLrScheduler::new(1e-2),
        )
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("no optimizer state"), "{error}");
    assert!(error.contains("embedding.tokens.weight"), "{error}");
}

#[test]
fn every_file_is_verified() {
    for name in ["model.bpk", "optimizer.bpk", "scheduler.bpk", "state.ron"] {
        let dir = tempfile::tempdir().unwrap();
        let shelf = Shelf::new(dir.path(), 1);
        let (bundle, _) = saved(&shelf);
        let path = bundle.path.join(name);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = bundle.verify().unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("SHA-256"), "{error}");
        std::fs::remove_file(&path).unwrap();
        assert!(bundle.verify().unwrap_err().to_string().contains(name));
        let (newest, passed_over) = shelf.newest_good().unwrap();
        assert!(newest.is_none() && passed_over.len() == 1);
    }
}
