//! What this machine can compute on, and what is missing.

use crate::backend::{self, Adapter};
use crate::limits::{Limit, size};
use serde::Serialize;
use slovo_args::{Backend, BackendArgs};
use std::fmt;

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct Diagnosis {
    /// Of this program.
    pub version: &'static str,
    /// The processor.
    pub cpu: Cpu,
    /// Every backend there is, built or not.
    pub backends: Vec<Finding>,
}

/// The processor.
#[derive(Clone, Debug, Serialize)]
pub struct Cpu {
    /// Architecture.
    pub arch: &'static str,
    /// Operating system.
    pub os: &'static str,
    /// How many of them run at once.
    pub threads: usize,
    /// The widest vectors that matrix products can use here.
    pub vectors: &'static str,
}

/// One backend.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// As `--backend` wants it.
    pub backend: &'static str,
    /// Whether this program was built with it.
    pub built: bool,
    /// What builds it and looks at it.
    pub command: String,
    /// Its adapters, in the order that `--device` counts them. Empty for the backends that are not
    /// reached through a graphics API.
    pub adapters: Vec<Adapter>,
    /// Why its device (the first, or the one asked for) cannot be used; none if it answers, or if
    /// the backend is not built in.
    pub problem: Option<String>,
    /// What it takes, on this operating system.
    pub needs: Vec<&'static str>,
}

/// Looks at every backend; at device `--device` of the one that was asked for.
pub fn examine(asked: &BackendArgs) -> Diagnosis {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    Diagnosis {
        version: env!("CARGO_PKG_VERSION"),
        cpu: Cpu {
            arch: std::env::consts::ARCH,
            os: std::env::consts::OS,
            threads,
            vectors: vectors(),
        },
        backends: backend::ALL
            .into_iter()
            .map(|backend| Finding::of(backend, asked))
            .collect(),
    }
}

impl Finding {
    fn of(backend: Backend, asked: &BackendArgs) -> Self {
        let built = backend::is_built(backend);
        let device = match backend == asked.backend {
            true => asked.device,
            false => 0,
        };
        let opened = built.then(|| backend::open(&BackendArgs { backend, device }));
        Self {
            backend: backend.name(),
            built,
            command: format!("cargo xtask doctor --backend {backend}"),
            adapters: backend::adapters(backend),
            problem: opened.and_then(|opened| Some(opened.err()?.to_string())),
            needs: needs(backend, std::env::consts::OS),
        }
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cpu {
            arch,
            os,
            threads,
            vectors,
        } = self.cpu;
        writeln!(f, "slovo {}", self.version)?;
        writeln!(f, "CPU: {arch} {os}, {threads} threads, {vectors}\n")?;
        for (i, finding) in self.backends.iter().enumerate() {
            if i > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<9} ", self.backend)?;
        match (self.built, &self.problem) {
            (false, _) => write!(f, "not built; `{}` builds it and looks", self.command)?,
            (true, None) => write!(f, "built, answers")?,
            (true, Some(problem)) => write!(f, "built, unusable: {problem}")?,
        }
        for (number, adapter) in self.adapters.iter().enumerate() {
            let largest = size(Limit::of(adapter).bytes);
            let buffer = size(adapter.max_buffer);
            write!(f, "\n  device {number}: {adapter}")?;
            write!(f, "\n    tensors up to {largest}, buffers up to {buffer}")?;
        }
        if !self.built || self.problem.is_some() && self.adapters.is_empty() {
            for need in &self.needs {
                write!(f, "\n  {need}")?;
            }
        }
        Ok(())
    }
}

/// What a backend takes on an operating system, a line for each.
fn needs(backend: Backend, os: &str) -> Vec<&'static str> {
    let vulkan = [
        "needs a Vulkan loader and a driver:",
        "  Debian, Ubuntu: apt install libvulkan1 mesa-vulkan-drivers",
        "  Fedora:         dnf install vulkan-loader mesa-vulkan-drivers",
        "  Arch:           pacman -S vulkan-icd-loader, and vulkan-radeon, vulkan-intel or vulkan-swrast",
        "  Mesa's drivers are for AMD and Intel, and compute on the CPU where there is no GPU;",
        "  for NVIDIA its own driver (Debian: nvidia-driver; Fedora: akmod-nvidia; Arch: nvidia-utils)",
    ];
    match (backend, os) {
        (Backend::Flex | Backend::Ndarray, _) => vec!["needs nothing but the CPU"],
        (Backend::Wgpu, "macos") => vec!["needs nothing more: it goes through Metal"],
        (Backend::Wgpu, "windows") => {
            vec!["needs the graphics card's own driver: it goes through Vulkan or DirectX 12"]
        }
        (Backend::Wgpu, _) => vulkan.to_vec(),
        (Backend::Vulkan, "macos") => vec!["is not for macOS: `--backend wgpu` goes through Metal"],
        (Backend::Vulkan, "windows") => vec![
            "needs the graphics card's own driver, with Vulkan",
            "untested; `--backend wgpu` is the tested way to the same adapters",
        ],
        (Backend::Vulkan, _) => {
            let mut lines = vec![
                "untested, and crashes in Mesa's software driver (seen with 22.3.6);",
                "`--backend wgpu` is the tested way to the same adapters",
            ];
            lines.extend(vulkan);
            lines
        }
        (Backend::Metal, "macos") => vec!["needs nothing more; untested"],
        (Backend::Metal, _) => vec!["is for macOS only"],
        (Backend::Cuda | Backend::Rocm, "macos") => vec!["is not for macOS"],
        (Backend::Cuda, _) => vec![
            "needs an NVIDIA GPU, NVIDIA's driver, and the CUDA toolkit (it compiles kernels while",
            "running): https://developer.nvidia.com/cuda-downloads; untested",
        ],
        (Backend::Rocm, "linux") => vec![
            "needs an AMD GPU and ROCm, with HIP's headers while building:",
            "https://rocm.docs.amd.com; untested",
        ],
        (Backend::Rocm, _) => vec!["is for Linux only"],
    }
}

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

#[cfg(all(test, feature = "flex"))]
mod tests {
    use super::*;

    #[test]
    fn every_backend_is_told_of_with_what_it_takes() {
        let found = examine(&BackendArgs::default());
        assert_eq!(found.backends.len(), backend::ALL.len());
        let text = found.to_string();
        for backend in backend::ALL {
            assert!(text.contains(&format!("{:<9} ", backend.name())), "{text}");
            for os in ["linux", "macos", "windows", "freebsd"] {
                assert!(!needs(backend, os).is_empty());
            }
        }
        assert!(text.contains("flex      built, answers"), "{text}");
        // At least one of them is never built together with the others.
        assert!(
            text.contains("not built; `cargo xtask doctor --backend"),
            "{text}"
        );
    }

    #[test]
    fn a_device_that_is_not_there_is_a_problem() {
        let asked = BackendArgs {
            backend: Backend::Flex,
            device: 3,
        };
        let found = examine(&asked);
        let flex = found.backends.iter().find(|f| f.backend == "flex");
        let problem = flex.and_then(|flex| flex.problem.clone());
        assert!(problem.is_some_and(|problem| problem.contains("device 3")));
    }
}
