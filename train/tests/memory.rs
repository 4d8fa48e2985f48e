//! Memory does not grow while a run goes on (Burn's issues 4792 and 5212 were about wgpu).
//!
//! A program of its own, because it looks at the memory of the whole process.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

#[path = "../../model/tests/devices/mod.rs"]
mod devices;
mod tiny;

use burn::tensor::Device;
use slovo_train::optimizer::{AdamW, OptimizerRecipe};
use tiny::Training;

/// The program's own; the system's keeps what it freed in pieces too small to be used again.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Bytes that the device's allocator holds and uses, and bytes of the process.
#[derive(Debug, Default)]
struct Memory {
    reserved: u64,
    in_use: u64,
    process: u64,
}

impl Memory {
    fn of(device: &Device) -> Self {
        device.sync().unwrap();
        let pools = device.memory_pool_usage();
        Self {
            reserved: pools.as_ref().map_or(0, |pools| pools.bytes_reserved),
            in_use: pools.as_ref().map_or(0, |pools| pools.bytes_in_use),
            // 0 where the system does not tell.
            process: slovo_data::memory::resident().unwrap_or(0),
        }
    }
}

#[test]
fn five_hundred_steps_need_the_memory_of_a_hundred_on_every_backend() {
    let optimizer = OptimizerRecipe::AdamW(AdamW::default());
    for (backend, device) in devices::all() {
        let started = std::time::Instant::now();
        let mut training = Training::new(&optimizer, &device);
        let mut after = |steps: u64| {
            (0..steps).for_each(|_| {
                training.step();
            });
            Memory::of(&device)
        };
        let all: Vec<Memory> = (0..5).map(|_| after(100)).collect();
        let (early, late) = (&all[0], &all[4]);
        eprintln!(
            "{backend}, every 100 steps: {all:?}, {:.1?}",
            started.elapsed()
        );
        // A leak of a kibibyte a step, less than the smallest activation, would be this much.
        let most = |early: u64| early + 400 * 1024;
        assert!(
            late.in_use < most(early.in_use),
            "{backend}: {early:?}, {late:?}"
        );
        assert!(
            late.reserved < most(early.reserved),
            "{backend}: {early:?}, {late:?}"
        );
        // Threads of driver and allocator take some for themselves now and then; a leak grows all
        // the time.
        let growth = |pair: &[Memory]| pair[1].process.saturating_sub(pair[0].process);
        let least = all.windows(2).map(growth).min();
        assert!(least < Some(1 << 20), "{backend}: {all:?}");
    }
}
