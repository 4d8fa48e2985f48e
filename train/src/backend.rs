//! The one file that names backends: it turns `--backend` and `--device` into a [`Device`].
//!
//! Everything else takes a `&Device` and works on any of them.

use crate::{Error, Result};
use burn::tensor::Device;
use serde::Serialize;
use slovo_args::{Backend, BackendArgs};

/// A graphics adapter that a backend computes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Adapter {
    /// As it names itself.
    pub name: String,
    /// Discrete or integrated GPU, or a program on the CPU.
    pub kind: String,
    /// Whether it is such a program.
    pub is_software: bool,
    /// The graphics API that reaches it.
    pub api: String,
    /// Its driver, with the version.
    pub driver: String,
    /// Bytes of the largest buffer.
    pub max_buffer: u64,
    /// Bytes of a buffer that a kernel can be given at once.
    pub max_binding: u64,
}

impl std::fmt::Display for Adapter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            name,
            kind,
            api,
            driver,
            ..
        } = self;
        write!(f, "{name}: {kind}, through {api}, driver {driver}")
    }
}

/// A device that answers.
#[derive(Clone, Debug)]
pub struct Opened {
    /// To compute on.
    pub device: Device,
    /// What it is, on the backends that go through a graphics API.
    pub adapter: Option<Adapter>,
}

/// All backends, in the order of the command line's help.
pub const ALL: [Backend; 7] = [
    Backend::Flex,
    Backend::Ndarray,
    Backend::Wgpu,
    Backend::Vulkan,
    Backend::Metal,
    Backend::Cuda,
    Backend::Rocm,
];

/// Whether this program was built with a backend.
pub fn is_built(backend: Backend) -> bool {
    match backend {
        Backend::Flex => cfg!(feature = "flex"),
        Backend::Ndarray => cfg!(feature = "ndarray"),
        Backend::Wgpu => cfg!(feature = "wgpu"),
        Backend::Vulkan => cfg!(feature = "vulkan"),
        Backend::Metal => cfg!(feature = "metal"),
        Backend::Cuda => cfg!(feature = "cuda"),
        Backend::Rocm => cfg!(feature = "rocm"),
    }
}

/// The device that was asked for.
///
/// # Errors
///
/// See [`open`].
pub fn device(args: &BackendArgs) -> Result<Device> {
    Ok(open(args)?.device)
}

/// The device that was asked for, proven to answer.
///
/// # Errors
///
/// A backend that is not built in, or a device that does not answer.
pub fn open(args: &BackendArgs) -> Result<Opened> {
    let name = args.backend;
    if !is_built(name) {
        let has: Vec<_> = ALL
            .into_iter()
            .filter(|&backend| is_built(backend))
            .collect();
        let has: Vec<_> = has.iter().map(Backend::to_string).collect();
        return Err(Error::Device(format!(
            "this program was built without the backend `{name}`; it has {}. \
             `cargo xtask … --backend {name}` builds it with that one",
            has.join(", ")
        )));
    }
    // A backend without a device panics when it is first used; nothing else tells.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let answer = std::panic::catch_unwind(|| {
        let opened = try_open(args)?;
        opened.device.sync().map_err(|error| error.to_string())?;
        Ok(opened)
    });
    std::panic::set_hook(hook);
    let answer = answer.unwrap_or_else(|_| Err("its driver does not answer".into()));
    answer.map_err(|why: String| {
        Error::Device(format!(
            "backend `{name}` has no device {}: {why}. `cargo xtask doctor --backend {name}` says \
             what is there; `--backend flex` needs no driver",
            args.device
        ))
    })
}

/// The adapters of a backend that goes through a graphics API; `--device` counts them.
pub fn adapters(backend: Backend) -> Vec<Adapter> {
    match backend {
        #[cfg(feature = "wgpu")]
        Backend::Wgpu | Backend::Vulkan | Backend::Metal if is_built(backend) => {
            crate::adapter::list(apis(backend))
        }
        _ => Vec::new(),
    }
}

fn try_open(args: &BackendArgs) -> std::result::Result<Opened, String> {
    let device = match args.backend {
        #[cfg(feature = "flex")]
        Backend::Flex => the_cpu(args, Device::flex)?,
        #[cfg(feature = "ndarray")]
        // Deprecated upstream in favour of flex; kept as a second opinion on the CPU.
        #[allow(deprecated)]
        Backend::Ndarray => the_cpu(args, Device::ndarray)?,
        #[cfg(feature = "wgpu")]
        Backend::Wgpu | Backend::Vulkan | Backend::Metal => {
            let (device, adapter) = crate::adapter::open(apis(args.backend), args.device)?;
            return Ok(Opened {
                device,
                adapter: Some(adapter),
            });
        }
        #[cfg(feature = "cuda")]
        Backend::Cuda => Device::cuda(args.device),
        #[cfg(feature = "rocm")]
        Backend::Rocm => Device::rocm(args.device),
        #[allow(unreachable_patterns)] // with every backend built in
        _ => return Err("it is not built in".into()),
    };
    Ok(Opened {
        device,
        adapter: None,
    })
}

#[cfg(any(feature = "flex", feature = "ndarray"))]
fn the_cpu(args: &BackendArgs, open: fn() -> Device) -> std::result::Result<Device, String> {
    match args.device {
        0 => Ok(open()),
        _ => Err("the CPU is one device, number 0".into()),
    }
}

/// The graphics APIs that reach a backend's adapters, the best first.
#[cfg(feature = "wgpu")]
fn apis(backend: Backend) -> &'static [burn::tensor::wgpu::WgpuBackend] {
    use burn::tensor::wgpu::WgpuBackend;
    match backend {
        Backend::Vulkan => &[WgpuBackend::Vulkan],
        Backend::Metal => &[WgpuBackend::Metal],
        _ => &[
            WgpuBackend::Metal,
            WgpuBackend::Vulkan,
            WgpuBackend::Dx12,
            WgpuBackend::Gl,
        ],
    }
}

#[cfg(all(test, feature = "flex"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_default_backend_answers() {
        assert!(device(&BackendArgs::default()).is_ok());
    }

    #[test]
    fn a_missing_device_and_a_missing_backend_are_named() {
        let args = BackendArgs {
            backend: Backend::Flex,
            device: 7,
        };
        assert!(device(&args).unwrap_err().to_string().contains("device 7"));
        let args = BackendArgs {
            backend: Backend::Rocm,
            device: 0,
        };
        assert!(device(&args).unwrap_err().to_string().contains("rocm"));
    }
}
