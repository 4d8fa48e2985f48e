//! Which device computes.

use clap::{Args, ValueEnum};

/// A backend: a family of devices, and the build feature of the same name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// CPU, Burn's own; the default
    #[default]
    Flex,
    /// CPU, through the ndarray crate
    Ndarray,
    /// Any GPU (WGSL): Vulkan, Metal, DirectX 12
    Wgpu,
    /// GPU through Vulkan (SPIR-V); untested
    Vulkan,
    /// GPU through Metal; untested
    Metal,
    /// NVIDIA GPU through CUDA; untested
    Cuda,
    /// AMD GPU through ROCm; untested
    Rocm,
}

impl Backend {
    /// The build feature, which is also the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Backend::Flex => "flex",
            Backend::Ndarray => "ndarray",
            Backend::Wgpu => "wgpu",
            Backend::Vulkan => "vulkan",
            Backend::Metal => "metal",
            Backend::Cuda => "cuda",
            Backend::Rocm => "rocm",
        }
    }
}

impl std::fmt::Display for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Where to compute.
#[derive(Args, Clone, Debug, Default)]
pub struct BackendArgs {
    /// What computes
    #[arg(long, value_enum, default_value_t, value_name = "NAME")]
    pub backend: Backend,
    /// Which device of that backend, counted from 0 (see `doctor`)
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub device: usize,
}
