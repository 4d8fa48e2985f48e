//! The devices that a test takes: those of every backend that was built.

#![allow(dead_code)] // no test binary uses all of it

use burn::tensor::Device;

/// Flex, which the others are compared with.
pub fn reference() -> Device {
    Device::flex()
}

/// The other backends' devices, by name.
pub fn others() -> Vec<(&'static str, Device)> {
    #[allow(unused_mut)] // with flex alone
    let mut all = Vec::new();
    #[cfg(feature = "ndarray")]
    // Deprecated upstream; kept as a second opinion on the CPU.
    #[allow(deprecated)]
    all.push(("ndarray", Device::ndarray()));
    #[cfg(feature = "wgpu")]
    all.extend(wgpu().map(|device| ("wgpu", device)));
    all
}

/// All of them.
pub fn all() -> Vec<(&'static str, Device)> {
    let mut all = vec![("flex", reference())];
    all.extend(others());
    all
}

/// The best adapter. Without one its tests are skipped, unless `SLOVO_REQUIRE_WGPU` is set: where
/// an adapter was installed for them, skipping them would be a failure.
#[cfg(feature = "wgpu")]
pub fn wgpu() -> Option<Device> {
    use std::sync::OnceLock;
    static FOUND: OnceLock<Option<Device>> = OnceLock::new();
    let open = || match Device::wgpu_options().init_with_setup() {
        Ok((device, setup)) => {
            let info = setup.adapter.get_info();
            eprintln!("wgpu: {} through {:?}", info.name, info.backend);
            Some(device)
        }
        Err(error) if std::env::var_os("SLOVO_REQUIRE_WGPU").is_some() => {
            panic!("SLOVO_REQUIRE_WGPU is set, but {error}")
        }
        Err(error) => {
            eprintln!("skipped: wgpu: {error}");
            None
        }
    };
    FOUND.get_or_init(open).clone()
}
