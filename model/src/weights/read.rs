//! A model from a folder.

use super::config_json::Family;
use super::config_read::from_json;
use super::error::WeightsError;
use super::names::{Layout, is_buffer, locate};
use super::tensors::{Found, Tensors};
use crate::causal_lm::CausalLm;
use crate::config::TransformerConfig;
use crate::init::Request;
use burn::tensor::Device;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Loads the model in the folder `dir`: `config.json` beside `model.safetensors` (or its shards and
/// their index), as Hugging Face lays them out, for GPT-2 and Llama shapes and our own.
///
/// Values in F32 arrive bit by bit as they were saved; F16 and BF16 are widened. Nothing in the
/// folder is executed. For training pass `&device.autodiff()`.
///
/// # Errors
///
/// When a file is missing, damaged or of another model, or the kind of model is not known. The
/// message names the file, the place in it, and what was expected.
pub fn load_model(dir: impl AsRef<Path>, device: &Device) -> Result<CausalLm, WeightsError> {
    let dir = dir.as_ref();
    let (family, config) = read_config(dir)?;
    let tensors = Tensors::open(dir)?;
    let reader = Reader {
        family,
        prefix: prefix(family, &tensors),
        tensors: &tensors,
    };
    let mut used = BTreeSet::new();
    let model = CausalLm::build(&config, device, &mut |request| {
        reader.read(request, &mut used)
    })?;
    reader.check_rest(&config, &used)?;
    Ok(model)
}

/// Reads only the shape of the model in the folder `dir`.
///
/// # Errors
///
/// When `config.json` is missing or describes no model of ours.
pub fn load_config(dir: impl AsRef<Path>) -> Result<TransformerConfig, WeightsError> {
    read_config(dir.as_ref()).map(|(_, config)| config)
}

fn read_config(dir: &Path) -> Result<(Family, TransformerConfig), WeightsError> {
    let path = dir.join("config.json");
    let text = fs::read_to_string(&path).map_err(WeightsError::io(&path))?;
    from_json(&path, &text)
}

/// The published GPT-2 files name their tensors without the `transformer.` that `transformers`
/// writes.
fn prefix(family: Family, tensors: &Tensors) -> &'static str {
    let bare = family == Family::Gpt2 && tensors.get("wte.weight").is_some();
    if bare { "transformer." } else { "" }
}

struct Reader<'a> {
    family: Family,
    /// What the file leaves out of each name.
    prefix: &'static str,
    tensors: &'a Tensors,
}

impl Reader<'_> {
    fn locate(&self, path: &str) -> (String, Layout) {
        let (name, layout) = locate(self.family, path);
        let name = name
            .strip_prefix(self.prefix)
            .map(str::to_owned)
            .unwrap_or(name);
        (name, layout)
    }

    fn read(
        &self,
        request: Request<'_>,
        used: &mut BTreeSet<String>,
    ) -> Result<Vec<f32>, WeightsError> {
        let (tensor, layout) = self.locate(request.path);
        let expected = layout.file_shape(request.shape);
        let Some(found) = self.tensors.get(&tensor) else {
            return Err(WeightsError::Missing {
                path: self.tensors.path(),
                tensor,
                expected,
            });
        };
        let path = found.path.to_path_buf();
        if found.shape != expected {
            let found = found.shape.to_vec();
            return Err(WeightsError::Shape {
                path,
                tensor,
                found,
                expected,
            });
        }
        let Some(values) = found.values() else {
            let found = found.dtype.to_string();
            return Err(WeightsError::Format {
                path,
                tensor,
                found,
            });
        };
        used.insert(tensor);
        Ok(match layout {
            Layout::Plain => values,
            Layout::Transposed => transpose(&values, expected[1]),
            Layout::Third(part) => third(&values, part, expected[expected.len() - 1]),
        })
    }

    /// Complains of tensors that the model did not ask for.
    fn check_rest(
        &self,
        config: &TransformerConfig,
        used: &BTreeSet<String>,
    ) -> Result<(), WeightsError> {
        let (head, _) = self.locate("head.output.weight");
        let (embedding, _) = self.locate("embedding.tokens.weight");
        for name in self.tensors.names() {
            if used.contains(name) || is_buffer(self.family, name) {
                continue;
            }
            let found = self.tensors.get(name);
            let path = found
                .as_ref()
                .map_or_else(|| self.tensors.path(), |f| f.path.into());
            let tensor = name.to_owned();
            if !(config.tied && name == head) {
                return Err(WeightsError::Extra { path, tensor });
            }
            // Some programs write a tied head too; that is harmless as long as it is the same.
            let same = |a: &Found<'_>, b: &Found<'_>| a.dtype == b.dtype && a.bytes == b.bytes;
            let tied = found
                .zip(self.tensors.get(&embedding))
                .is_some_and(|(a, b)| same(&a, &b));
            if !tied {
                return Err(WeightsError::TiedHead { path, tensor });
            }
        }
        Ok(())
    }
}

/// Exchanges rows and columns of a row-major matrix with `columns` columns.
pub(super) fn transpose(values: &[f32], columns: usize) -> Vec<f32> {
    /// A square of this side fits the first-level cache twice.
    const TILE: usize = 32;
    let rows = values.len() / columns.max(1);
    let mut turned = vec![0.0; values.len()];
    for top in (0..rows).step_by(TILE) {
        for left in (0..columns).step_by(TILE) {
            for row in top..(top + TILE).min(rows) {
                for column in left..(left + TILE).min(columns) {
                    turned[column * rows + row] = values[row * columns + column];
                }
            }
        }
    }
    turned
}

/// The given third of each row of a row-major matrix with `columns` columns.
fn third(values: &[f32], part: usize, columns: usize) -> Vec<f32> {
    let width = columns / 3;
    let rows = values.chunks_exact(columns.max(1));
    rows.flat_map(|row| &row[part * width..(part + 1) * width])
        .copied()
        .collect()
}
