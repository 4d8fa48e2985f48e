//! Graphics adapters: which ones this machine has, and how one is opened.
//!
//! Burn counts adapters within their type (the second discrete GPU). A person sees one list, so
//! they are numbered here across types, GPUs first: `--device 0` is the best that there is. The
//! list is that of one graphics API, because the same GPU answers to several.

use crate::backend::Adapter;
use burn::tensor::wgpu::{WgpuBackend, wgpu};
use burn::tensor::{Device, DeviceKind, read_sync};
use std::sync::{Mutex, PoisonError};

/// How Burn names an adapter.
type Selector = (WgpuBackend, DeviceKind);

/// The adapters opened so far: one can be opened once in a process. Locked whenever a graphics API
/// is asked for anything, because Vulkan's loader fails when it comes and goes on two threads.
static OPENED: Mutex<Vec<(Selector, Device, Adapter)>> = Mutex::new(Vec::new());

/// The adapters of the first of these APIs that has any.
pub(crate) fn list(apis: &[WgpuBackend]) -> Vec<Adapter> {
    let _alone = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    find(apis).into_iter().map(|(_, adapter)| adapter).collect()
}

/// Opens adapter `number` of that list; says why not where it cannot.
pub(crate) fn open(apis: &[WgpuBackend], number: usize) -> Result<(Device, Adapter), String> {
    let mut opened = OPENED.lock().unwrap_or_else(PoisonError::into_inner);
    let mut found = find(apis);
    if number >= found.len() {
        return Err(match found.len() {
            0 => "no graphics driver answers".into(),
            1 => "there is one adapter, number 0".into(),
            n => format!("there are {n} adapters, numbers 0 to {}", n - 1),
        });
    }
    let (selector, mut adapter) = found.swap_remove(number);
    if let Some((_, device, adapter)) = opened.iter().find(|(of, ..)| *of == selector) {
        return Ok((device.clone(), adapter.clone()));
    }
    let (api, kind) = selector.clone();
    let (device, setup) = Device::wgpu_options()
        .graphics_api(api)
        .device_kind(kind)
        .init_with_setup()
        .map_err(|error| error.to_string())?;
    // Compilers other than WGSL's may be given more than the adapter says.
    (adapter.max_buffer, adapter.max_binding) = sizes(&setup.device.limits());
    opened.push((selector, device.clone(), adapter.clone()));
    Ok((device, adapter))
}

fn find(apis: &[WgpuBackend]) -> Vec<(Selector, Adapter)> {
    let found = apis.iter().map(|&api| ask(api));
    found
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default()
}

/// The adapters of one API, GPUs first.
fn ask(api: WgpuBackend) -> Vec<(Selector, Adapter)> {
    let backends = match api {
        WgpuBackend::Vulkan => wgpu::Backends::VULKAN,
        WgpuBackend::Metal => wgpu::Backends::METAL,
        WgpuBackend::Dx12 => wgpu::Backends::DX12,
        WgpuBackend::Gl => wgpu::Backends::GL,
        WgpuBackend::Auto | WgpuBackend::WebGpu => return Vec::new(),
    };
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends,
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let mut counts = [0; 5];
    let mut found: Vec<_> = read_sync(instance.enumerate_adapters(backends))
        .into_iter()
        .filter_map(|adapter| {
            let info = adapter.get_info();
            let rank = rank(info.device_type);
            let index = counts[rank];
            counts[rank] += 1;
            let kind = match info.device_type {
                wgpu::DeviceType::DiscreteGpu => DeviceKind::DiscreteGpu(index),
                wgpu::DeviceType::IntegratedGpu => DeviceKind::IntegratedGpu(index),
                wgpu::DeviceType::VirtualGpu => DeviceKind::VirtualGpu(index),
                // Burn can open the first one of these only, and has no name for the others.
                wgpu::DeviceType::Cpu if index == 0 => DeviceKind::Cpu,
                wgpu::DeviceType::Other if index == 0 => DeviceKind::DefaultDevice,
                wgpu::DeviceType::Other | wgpu::DeviceType::Cpu => return None,
            };
            Some((rank, (api, kind), describe(info, &adapter.limits())))
        })
        .collect();
    found.sort_by_key(|(rank, ..)| *rank);
    found
        .into_iter()
        .map(|(_, selector, adapter)| (selector, adapter))
        .collect()
}

/// Place in the list.
fn rank(kind: wgpu::DeviceType) -> usize {
    match kind {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    }
}

fn describe(info: wgpu::AdapterInfo, limits: &wgpu::Limits) -> Adapter {
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => "discrete GPU",
        wgpu::DeviceType::IntegratedGpu => "integrated GPU",
        wgpu::DeviceType::VirtualGpu => "virtual GPU",
        wgpu::DeviceType::Other => "other",
        wgpu::DeviceType::Cpu => "software, on the CPU",
    };
    let api = match info.backend {
        wgpu::Backend::Vulkan => "Vulkan",
        wgpu::Backend::Metal => "Metal",
        wgpu::Backend::Dx12 => "DirectX 12",
        wgpu::Backend::Gl => "OpenGL",
        wgpu::Backend::BrowserWebGpu | wgpu::Backend::Noop => "other",
    };
    let (max_buffer, max_binding) = sizes(limits);
    Adapter {
        name: info.name,
        kind: kind.into(),
        is_software: info.device_type == wgpu::DeviceType::Cpu,
        api: api.into(),
        driver: [info.driver, info.driver_info].join(" ").trim().into(),
        max_buffer,
        max_binding,
    }
}

fn sizes(limits: &wgpu::Limits) -> (u64, u64) {
    (
        limits.max_buffer_size,
        limits.max_storage_buffer_binding_size,
    )
}
