//! A model into a folder.
//!
//! Each file is written beside its place, synchronised with the disk, and renamed: a reader finds
//! the old file or the new one, never half of one.

use super::config_json::{Family, family, to_json};
use super::error::WeightsError;
use super::names::{Layout, locate};
use super::read::transpose;
use super::tensors::SINGLE;
use crate::causal_lm::CausalLm;
use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorReadError};
use safetensors::tensor::{Dtype, SafeTensorError, View, serialize_to_file};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Saves `model` in the folder `dir` (made if need be) as `config.json` and `model.safetensors`.
///
/// GPT-2 and Llama shapes are written so that Hugging Face's `transformers` loads them; every other
/// shape gets `"model_type": "slovo"`. Values are F32, bit by bit those of an F32 model.
///
/// # Errors
///
/// When the folder cannot be written or the device fails. Files that were there before stay whole.
pub fn save_model(dir: impl AsRef<Path>, model: &CausalLm) -> Result<(), WeightsError> {
    let dir = dir.as_ref();
    fs::create_dir_all(dir).map_err(WeightsError::io(dir))?;
    let config = model.config();
    let failure = RefCell::new(None);
    let mut collector = Collector {
        family: family(config),
        path: Vec::new(),
        tensors: BTreeMap::new(),
        failure: &failure,
    };
    // On a training device every conversion would be recorded for a backward pass.
    model.valid().visit(&mut collector);
    let tensors = &collector.tensors;
    let write = |beside: &Path| {
        // Programs look here for the framework that a file's layout belongs to.
        let about = HashMap::from([("format".to_owned(), "pt".to_owned())]);
        serialize_to_file(tensors, Some(about), beside).map_err(|error| match error {
            SafeTensorError::IoError(source) => source,
            other => io::Error::other(other),
        })
    };
    replace(&dir.join(SINGLE), write, || {
        failure.take().map_or(Ok(()), Err)
    })?;
    let text = format!("{:#}\n", to_json(config));
    let write = |beside: &Path| File::create(beside)?.write_all(text.as_bytes());
    replace(&dir.join("config.json"), write, || Ok(()))
}

/// Lets `write` fill a file beside `path`, and renames it to `path` if `check` agrees.
fn replace(
    path: &Path,
    write: impl FnOnce(&Path) -> io::Result<()>,
    check: impl FnOnce() -> Result<(), WeightsError>,
) -> Result<(), WeightsError> {
    let mut beside = path.to_path_buf().into_os_string();
    beside.push(".tmp");
    let beside = Path::new(&beside);
    let written = write(beside)
        .and_then(|()| File::open(beside)?.sync_all())
        .map_err(WeightsError::io(path))
        .and_then(|()| check())
        .and_then(|()| fs::rename(beside, path).map_err(WeightsError::io(path)));
    if written.is_err() {
        // The first error is the one to report; a leftover is overwritten by the next save.
        let _ = fs::remove_file(beside);
        return written;
    }
    sync_parent(path).map_err(WeightsError::io(path))
}

/// Makes a rename in `path`'s folder last through a power cut, where folders can be synchronised.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) if cfg!(unix) => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

/// Gathers the parameters under their names in the file.
struct Collector<'a> {
    family: Family,
    path: Vec<String>,
    tensors: BTreeMap<String, Outgoing<'a>>,
    failure: &'a RefCell<Option<WeightsError>>,
}

impl ModuleVisitor for Collector<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (name, layout) = locate(self.family, &self.path.join("."));
        let value = param.val();
        let shape = value.dims();
        let outgoing = Outgoing {
            name: name.clone(),
            shape: layout.file_shape(&shape),
            layout,
            parts: Vec::new(),
            failure: self.failure,
        };
        // Query, key and value of a fused matrix come one after another, in this order.
        let n: usize = shape.iter().product();
        let parts = &mut self.tensors.entry(name).or_insert(outgoing).parts;
        parts.push(value.reshape([n]));
    }
}

/// One tensor of the file; its values leave the device only when their turn comes.
struct Outgoing<'a> {
    name: String,
    shape: Vec<usize>,
    layout: Layout,
    /// Row-major; one, or three that lie side by side.
    parts: Vec<Tensor<1>>,
    /// The format's writer does not let a tensor fail, so a failure waits here until the end.
    failure: &'a RefCell<Option<WeightsError>>,
}

impl Outgoing<'_> {
    fn values(&self) -> Result<Vec<f32>, TensorReadError> {
        let read = |part: &Tensor<1>| part.try_to_vec_as::<f32>();
        let parts = self.parts.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let columns = self.shape.last().copied().unwrap_or(1);
        Ok(match self.layout {
            Layout::Plain => parts.concat(),
            // The shape is that of the file; in memory its rows are the columns.
            Layout::Transposed => transpose(&parts.concat(), self.shape[0]),
            Layout::Third(_) => {
                let width = columns / 3;
                let rows = self.shape.iter().product::<usize>() / columns;
                let row = |row: usize| {
                    parts
                        .iter()
                        .flat_map(move |part| &part[row * width..(row + 1) * width])
                };
                (0..rows).flat_map(row).copied().collect()
            }
        })
    }
}

impl View for &Outgoing<'_> {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        let values = self.values().unwrap_or_else(|source| {
            let error = WeightsError::Device {
                tensor: self.name.clone(),
                source,
            };
            self.failure.borrow_mut().get_or_insert(error);
            Vec::new()
        });
        let mut bytes = Vec::with_capacity(self.data_len());
        values
            .iter()
            .for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        // Only after a failure is there something to fill.
        bytes.resize(self.data_len(), 0);
        Cow::Owned(bytes)
    }

    fn data_len(&self) -> usize {
        4 * self.shape.iter().product::<usize>()
    }
}
