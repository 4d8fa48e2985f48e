//! What this machine can compute on, and what is missing.

use crate::backend;
use slovo_args::{Backend, BackendArgs};
use std::fmt::Write;

/// A readable report.
pub fn report(asked: &BackendArgs) -> String {
    let mut text = String::new();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    // Writing into a string cannot fail.
    let _ = writeln!(text, "slovo {}", env!("CARGO_PKG_VERSION"));
    let _ = writeln!(
        text,
        "CPU: {} {}, {threads} threads, {}",
        std::env::consts::ARCH,
        std::env::consts::OS,
        vectors()
    );
    let _ = writeln!(text, "\nbackend   built   device {}", asked.device);
    for backend in backends() {
        let built = backend::built().contains(&backend);
        let args = BackendArgs {
            backend,
            device: asked.device,
        };
        let answer = match (built, backend::device(&args)) {
            (true, Ok(device)) => format!("answers: {device:?}"),
            (true, Err(error)) => error.to_string(),
            (false, _) => format!("`--backend {backend}` builds it; {}", needs(backend)),
        };
        let _ = writeln!(
            text,
            "{:<9} {:<7} {answer}",
            backend.name(),
            if built { "yes" } else { "no" }
        );
    }
    text
}

fn backends() -> [Backend; 7] {
    [
        Backend::Flex,
        Backend::Ndarray,
        Backend::Wgpu,
        Backend::Vulkan,
        Backend::Metal,
        Backend::Cuda,
        Backend::Rocm,
    ]
}

fn needs(backend: Backend) -> &'static str {
    match backend {
        Backend::Flex | Backend::Ndarray => "it needs nothing",
        Backend::Wgpu | Backend::Vulkan => {
            "it needs a Vulkan driver (Debian: libvulkan1 and the card's, or mesa-vulkan-drivers), \
             Metal or DirectX 12"
        }
        Backend::Metal => "it needs macOS",
        Backend::Cuda => "it needs NVIDIA's driver and the CUDA toolkit",
        Backend::Rocm => "it needs AMD's driver and ROCm",
    }
}

/// The widest vectors that matrix products can use here.
fn vectors() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if std::is_x86_feature_detected!("avx2") {
            return "AVX2";
        }
    }
    if cfg!(target_arch = "aarch64") {
        return "NEON";
    }
    "no wide vectors known"
}
