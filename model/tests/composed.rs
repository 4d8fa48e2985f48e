//! The golden models again on the CPU, computed by compositions of tensor operations instead of
//! fused ones. That is set for the whole process, which is why these tests have their own.
#![cfg(feature = "fused")]
#![allow(clippy::unwrap_used)]

#[path = "backends/on_every_backend/golden.rs"]
mod golden;
#[path = "reference/mod.rs"]
mod reference;
#[path = "backends/on_every_backend/sentences.rs"]
mod sentences;
#[path = "tensors/mod.rs"]
mod tensors;

/// Takes the place of the module that lists backends.
mod devices {
    use burn::tensor::Device;
    use slovo_model::ops;

    pub fn all() -> Vec<(&'static str, Device)> {
        ops::use_fused(false);
        vec![("flex without fused operations", Device::flex())]
    }
}
