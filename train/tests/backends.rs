//! The same training on every backend that was built: the device is a parameter.
//!
//! `cargo xtask check backends` builds flex, ndarray and wgpu into one program; a plain `cargo test`
//! has flex alone, and learns that it learns.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

#[path = "../../model/tests/devices/mod.rs"]
mod devices;
mod tiny;

use burn::tensor::Device;
use slovo_train::optimizer::{AdamW, Muon, OptimizerRecipe};
use tiny::Training;

/// Losses of 20 steps.
fn losses(optimizer: &OptimizerRecipe, device: &Device) -> Vec<f64> {
    let mut training = Training::new(optimizer, device);
    (0..20).map(|_| training.step()).collect()
}

#[test]
fn twenty_steps_give_the_cpus_losses_on_every_backend() {
    for optimizer in [
        OptimizerRecipe::AdamW(AdamW::default()),
        OptimizerRecipe::Muon(Muon::default()),
    ] {
        let expected = losses(&optimizer, &devices::reference());
        assert!(expected[19] < 0.8 * expected[0], "{expected:?}");
        for (backend, device) in devices::others() {
            let started = std::time::Instant::now();
            let losses = losses(&optimizer, &device);
            let off = |(ours, cpus): (&f64, &f64)| (ours - cpus).abs() / cpus;
            let worst = losses.iter().zip(&expected).map(off).fold(0.0, f64::max);
            eprintln!(
                "{backend}: at most {worst:.1e} off in {:.1?}",
                started.elapsed()
            );
            assert!(
                worst < 5e-3,
                "{backend}, {optimizer:?}: {losses:?} are not {expected:?}"
            );
        }
    }
}

#[test]
#[cfg(feature = "wgpu")]
fn an_adapter_on_wgpu_says_how_large_a_tensor_may_be() {
    use slovo_args::{Backend, BackendArgs};
    use slovo_train::recipe::Recipe;
    use slovo_train::{backend, limits};

    // Before anything else: Vulkan's loader is not to be started on two threads at once.
    if devices::wgpu().is_none() {
        return;
    }
    let args = |device| BackendArgs {
        backend: Backend::Wgpu,
        device,
    };
    let opened = backend::open(&args(0)).unwrap();
    let adapter = opened.adapter.clone().unwrap();
    let adapters = backend::adapters(Backend::Wgpu);
    assert_eq!(adapters[0], adapter);
    // WebGPU's promise.
    assert!(adapter.max_binding >= 128 << 20, "{adapter:?}");
    let again = backend::open(&args(0)).unwrap();
    assert_eq!(again.adapter, opened.adapter);
    let error = backend::open(&args(adapters.len())).unwrap_err();
    assert!(error.to_string().contains("adapter"), "{error}");

    let recipe = |rows: u32| Recipe::load(None, &[format!("batch.sequences={rows}")]).unwrap();
    limits::training(&recipe(1), &opened).unwrap();
    let error = limits::training(&recipe(1_000_000), &opened).unwrap_err();
    assert_eq!(error.exit_code(), slovo_args::exit::USAGE);
    let text = error.to_string();
    let scores = "attention scores [1000000, 4, 128, 128]";
    assert!(
        text.contains(&adapter.name) && text.contains(scores),
        "{text}"
    );
}
