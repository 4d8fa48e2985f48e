//! Adapters on disk, in the layout of PEFT: `adapter_config.json` and `adapter_model.safetensors`.
//!
//! Where a family keeps queries, keys and values in one matrix (GPT-2), PEFT has no name for an
//! addition to one of them; such a factor is called by our own path, and only this crate reads it.

use super::config_json::decoder;
use super::error::WeightsError;
use super::map::Source;
use super::names::Layout;
use super::naming::Naming;
use super::safetensors::{self, Outline};
use super::tensors::Tensors;
use super::text;
use super::write::replace;
use crate::adapter::Adapter;
use crate::causal_lm::CausalLm;
use crate::config::TransformerConfig;
use crate::init::{Builder, Request};
use crate::lora::Matrix;
use burn::tensor::{Device, Tensor, TensorData};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fs;
use std::io::Write;
use std::path::Path;

const SETTINGS: &str = "adapter_config.json";
/// What the settings take at most.
const MAX_BYTES: usize = 1 << 20;
const FACTORS: &str = "adapter_model.safetensors";

/// What PEFT says of an adapter, as far as it changes numbers.
#[derive(Deserialize)]
struct Settings {
    r: usize,
    lora_alpha: f64,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

/// Switches that change the numbers, and the values under which they do not.
const PLAIN: [(&str, &str); 8] = [
    ("peft_type", "\"LORA\""),
    ("bias", "\"none\""),
    ("use_dora", "false"),
    ("use_rslora", "false"),
    ("rank_pattern", "{}"),
    ("alpha_pattern", "{}"),
    ("modules_to_save", "null"),
    ("lora_bias", "false"),
];

impl Adapter {
    /// Writes the adapter of a decoder of this shape into the folder `dir` (made if need be).
    ///
    /// # Errors
    ///
    /// When the folder cannot be written or the device fails.
    pub fn save(
        &self,
        dir: impl AsRef<Path>,
        config: &TransformerConfig,
    ) -> Result<(), WeightsError> {
        let dir = dir.as_ref();
        fs::create_dir_all(dir).map_err(WeightsError::io(dir))?;
        let naming = Naming::new(decoder(config));
        let mut modules = BTreeSet::new();
        let mut tensors = BTreeMap::new();
        for (path, [a, b]) in &self.factors {
            let module = module(&naming, path);
            modules.extend(module.rsplit('.').next().map(str::to_owned));
            for (factor, value) in [("lora_A", a), ("lora_B", b)] {
                tensors.insert(name(&module, factor), value.clone().transpose());
            }
        }
        let path = dir.join(FACTORS);
        let shapes: Vec<(&String, Vec<usize>)> = tensors
            .iter()
            .map(|(name, tensor)| (name, tensor.dims().to_vec()))
            .collect();
        let outlines: Vec<_> = shapes
            .iter()
            .map(|(name, shape)| Outline { name, shape })
            .collect();
        replace(&path, |file| {
            safetensors::front(file, &outlines).map_err(WeightsError::io(&path))?;
            for (name, tensor) in &tensors {
                let values = tensor.clone().try_into_vec_as::<f32>();
                let values = values.map_err(|source| WeightsError::Device {
                    tensor: name.clone(),
                    source,
                })?;
                safetensors::values(file, &values).map_err(WeightsError::io(&path))?;
            }
            Ok(())
        })?;
        let settings = json!({
            "peft_type": "LORA",
            "task_type": "CAUSAL_LM",
            "r": self.rank,
            "lora_alpha": self.alpha,
            "lora_dropout": 0.0,
            "target_modules": modules,
            "bias": "none",
            "fan_in_fan_out": naming.family == super::config_json::Family::Gpt2,
            "inference_mode": true,
        });
        let path = dir.join(SETTINGS);
        replace(&path, |file| {
            let written = writeln!(file, "{settings:#}");
            written.map_err(WeightsError::io(&path))
        })
    }

    /// Reads the adapter in the folder `dir` for a decoder of this shape.
    ///
    /// # Errors
    ///
    /// A file that is missing or damaged, a switch of PEFT that is not understood, a factor that no
    /// matrix of the decoder has or that does not fit it.
    pub fn load(
        dir: impl AsRef<Path>,
        config: &TransformerConfig,
        device: &Device,
    ) -> Result<Self, WeightsError> {
        let dir = dir.as_ref();
        let settings = settings(&dir.join(SETTINGS))?;
        let path = dir.join(FACTORS);
        let source = Source::open(&path).map_err(WeightsError::io(&path))?;
        let tensors = Tensors::of(vec![(path.clone(), source)])?;
        let naming = Naming::new(decoder(config));
        let (mut factors, mut used) = (BTreeMap::new(), BTreeSet::new());
        for (matrix, [d_in, d_out]) in matrices(config, device) {
            let module = module(&naming, &matrix);
            let [first, second] = ["lora_A", "lora_B"].map(|factor| name(&module, factor));
            let (a, b) = match (tensors.get(&first), tensors.get(&second)) {
                (None, None) => continue,
                (Some(a), Some(b)) => (a, b),
                (found, _) => {
                    let (tensor, shape) = match found {
                        Some(_) => (second, vec![d_out, settings.r]),
                        None => (first, vec![settings.r, d_in]),
                    };
                    return Err(WeightsError::Missing {
                        path,
                        tensor,
                        expected: shape,
                    });
                }
            };
            let read = |found: super::tensors::Found<'_>, shape: [usize; 2]| {
                let expected = Layout::Transposed.file_shape(&shape);
                if found.shape() != expected {
                    return Err(WeightsError::Shape {
                        path: found.path.into(),
                        tensor: found.name().into(),
                        found: found.shape().to_vec(),
                        expected,
                    });
                }
                found.check_format()?;
                let values = found.values(&Layout::Transposed.gather(found.shape()))?;
                Ok(Tensor::<2>::from_data(
                    TensorData::new(values, shape),
                    device,
                ))
            };
            let a = read(a, [d_in, settings.r])?;
            let b = read(b, [settings.r, d_out])?;
            used.extend([first, second]);
            factors.insert(matrix, [a, b]);
        }
        if let Some(extra) = tensors.all().find(|found| !used.contains(found.name())) {
            return Err(WeightsError::Extra {
                path,
                tensor: super::quote::plain(extra.name()),
            });
        }
        Ok(Self {
            rank: settings.r,
            alpha: settings.lora_alpha,
            factors,
        })
    }
}

/// The matrices of a decoder's blocks, by path, and their shapes.
fn matrices(config: &TransformerConfig, device: &Device) -> BTreeMap<String, [usize; 2]> {
    let mut found = BTreeMap::new();
    let known = Matrix::all();
    let mut look = |request: Request<'_>| {
        let is_known = |matrix: &Matrix| request.path.ends_with(matrix.ending());
        if let ([d_in, d_out], true) = (request.shape, known.iter().any(is_known)) {
            found.insert(request.path.to_owned(), [*d_in, *d_out]);
        }
        Ok::<_, Infallible>(())
    };
    match CausalLm::build(&mut Builder::checking(device, &mut look), config) {
        Ok(_) => found,
        Err(never) => match never {},
    }
}

/// What PEFT calls the module whose matrix stands at `path`.
fn module(naming: &Naming, path: &str) -> String {
    let name = match naming.locate(path) {
        (_, Layout::Third(_)) => path.to_owned(),
        (name, _) => name,
    };
    name.trim_end_matches(".weight").to_owned()
}

fn name(module: &str, factor: &str) -> String {
    format!("base_model.model.{module}.{factor}.weight")
}

fn settings(path: &Path) -> Result<Settings, WeightsError> {
    let json = |reason: String| WeightsError::Json {
        path: path.into(),
        reason,
    };
    let text = text::read(path, MAX_BYTES)?;
    let settings: Settings =
        serde_json::from_str(&text).map_err(|error| json(error.to_string()))?;
    for (field, plain) in PLAIN {
        let found = settings.others.get(field).unwrap_or(&Value::Null);
        let plain: Value = serde_json::from_str(plain).unwrap_or(Value::Null);
        if !(found.is_null() || *found == plain) {
            return Err(json(format!(
                "`{field}` is {found}, but only {plain} can be loaded"
            )));
        }
    }
    if settings.r == 0 {
        return Err(json("`r` is 0; 1 or more would do".into()));
    }
    Ok(settings)
}
