//! The one file that names backends: it turns `--backend` and `--device` into a [`Device`].
//!
//! Everything else takes a `&Device` and works on any of them.

use crate::{Error, Result};
use burn::tensor::Device;
use slovo_args::{Backend, BackendArgs};

/// The backends this program was built with.
pub fn built() -> Vec<Backend> {
    let all = [
        (Backend::Flex, cfg!(feature = "flex")),
        (Backend::Ndarray, cfg!(feature = "ndarray")),
        (Backend::Wgpu, cfg!(feature = "wgpu")),
        (Backend::Vulkan, cfg!(feature = "vulkan")),
        (Backend::Metal, cfg!(feature = "metal")),
        (Backend::Cuda, cfg!(feature = "cuda")),
        (Backend::Rocm, cfg!(feature = "rocm")),
    ];
    all.into_iter()
        .filter_map(|(backend, built)| built.then_some(backend))
        .collect()
}

/// The device that was asked for, proven to answer.
///
/// # Errors
///
/// A backend that is not built in, or a device that does not answer.
pub fn device(args: &BackendArgs) -> Result<Device> {
    let name = args.backend;
    if !built().contains(&name) {
        let has: Vec<_> = built().iter().map(Backend::to_string).collect();
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
        let device = open(args)?;
        device.sync().ok()?;
        Some(device)
    });
    std::panic::set_hook(hook);
    answer.ok().flatten().ok_or_else(|| {
        Error::Device(format!(
            "backend `{name}` has no device {}: `cargo xtask doctor --backend {name}` says what \
             is there; `--backend flex` needs no driver",
            args.device
        ))
    })
}

fn open(args: &BackendArgs) -> Option<Device> {
    match args.backend {
        #[cfg(feature = "flex")]
        Backend::Flex => (args.device == 0).then(Device::flex),
        #[cfg(feature = "ndarray")]
        // Deprecated upstream in favour of flex; kept as a second opinion on the CPU.
        #[allow(deprecated)]
        Backend::Ndarray => (args.device == 0).then(Device::ndarray),
        #[cfg(feature = "wgpu")]
        Backend::Wgpu => Some(Device::wgpu(gpu(args.device))),
        #[cfg(feature = "vulkan")]
        Backend::Vulkan => Some(Device::vulkan(gpu(args.device))),
        #[cfg(feature = "metal")]
        Backend::Metal => Some(Device::metal(gpu(args.device))),
        #[cfg(feature = "cuda")]
        Backend::Cuda => Some(Device::cuda(args.device)),
        #[cfg(feature = "rocm")]
        Backend::Rocm => Some(Device::rocm(args.device)),
        #[allow(unreachable_patterns)] // with every backend built in
        _ => None,
    }
}

/// Device 0 is whatever the graphics interface thinks best; the others are discrete GPUs by number.
#[cfg(feature = "wgpu")]
fn gpu(index: usize) -> burn::tensor::DeviceKind {
    use burn::tensor::DeviceKind;
    match index {
        0 => DeviceKind::DefaultDevice,
        n => DeviceKind::DiscreteGpu(n),
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
