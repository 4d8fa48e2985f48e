//! A model into a folder.
//!
//! Each file is written beside its place, synchronised with the disk, and renamed: a reader finds
//! the old file or the new one, never half of one.

use super::error::WeightsError;
use super::kind::SavedModel;
use super::kind::sealed::Description;
use super::names::Layout;
use super::naming::Naming;
use super::safetensors::{self, Outline};
use super::tensors::SINGLE;
use burn::module::{ModuleVisitor, Param};
use burn::tensor::Tensor;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// How many values leave the device at once.
const TOGETHER: usize = 1 << 20;

/// Saves `model` in the folder `dir` (made if need be) as `config.json` and `model.safetensors`.
///
/// Shapes of GPT-2, Llama, Mistral, Qwen 2 and 3, BERT, DistilBERT and Marian are written so that Hugging
/// Face's `transformers` loads them (a BERT without head as `BertModel`); every other shape gets
/// `"model_type": "slovo"`. Values are F32, bit by bit those of an F32 model. Beyond the model itself
/// no more memory is taken than a few rows of a tensor need.
///
/// # Errors
///
/// When the folder cannot be written or the device fails. Files that were there before stay whole.
pub fn save_model(dir: impl AsRef<Path>, model: &impl SavedModel) -> Result<(), WeightsError> {
    let dir = dir.as_ref();
    fs::create_dir_all(dir).map_err(WeightsError::io(dir))?;
    let Description {
        json,
        naming,
        zeros,
    } = model.description();
    let mut collector = Collector {
        naming,
        path: Vec::new(),
        tensors: BTreeMap::new(),
    };
    // On a training device every conversion would be recorded for a backward pass.
    let model = model.valid();
    model.visit(&mut collector);
    if let (Some((name, shape)), Some(device)) = (zeros, model.devices().first()) {
        let values = [1, shape.iter().product()];
        let outgoing = Outgoing {
            shape,
            layout: Layout::Plain,
            parts: vec![Tensor::zeros(values, device)],
        };
        collector.tensors.insert(name.into(), outgoing);
    }
    let path = dir.join(SINGLE);
    replace(&path, |file| collector.write(&path, file))?;
    let path = dir.join("config.json");
    let text = format!("{json:#}\n");
    replace(&path, |file| {
        let written = file.write_all(text.as_bytes());
        written.map_err(WeightsError::io(&path))
    })
}

/// Lets `write` fill a file beside `path`, and renames it to `path`.
pub(super) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<&File>) -> Result<(), WeightsError>,
) -> Result<(), WeightsError> {
    let mut beside = path.to_path_buf().into_os_string();
    beside.push(".tmp");
    let beside = Path::new(&beside);
    let io = |result: io::Result<()>| result.map_err(WeightsError::io(path));
    let written = File::create(beside)
        .map_err(WeightsError::io(path))
        .and_then(|file| {
            let mut buffered = BufWriter::new(&file);
            write(&mut buffered)?;
            io(buffered.flush())?;
            drop(buffered);
            io(file.sync_all())?;
            io(fs::rename(beside, path))
        });
    if written.is_err() {
        // The first error is the one to report; a leftover is overwritten by the next save.
        let _ = fs::remove_file(beside);
        return written;
    }
    io(sync_parent(path))
}

/// Makes a rename in `path`'s folder last through a power cut, where folders can be synchronised.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(dir) if cfg!(unix) => File::open(dir)?.sync_all(),
        _ => Ok(()),
    }
}

/// Gathers the parameters under their names in the file.
struct Collector {
    naming: Naming,
    path: Vec<String>,
    tensors: BTreeMap<String, Outgoing>,
}

/// One tensor of the file.
struct Outgoing {
    shape: Vec<usize>,
    layout: Layout,
    /// Row-major matrices; one, or three that lie side by side.
    parts: Vec<Tensor<2>>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let (name, layout) = self.naming.locate(&self.path.join("."));
        let value = param.val();
        let shape = value.dims();
        let outgoing = Outgoing {
            shape: layout.file_shape(&shape),
            layout,
            parts: Vec::new(),
        };
        // Query, key and value of a fused matrix come one after another, in this order.
        let columns = shape.last().copied().unwrap_or(1);
        let rows = shape.iter().product::<usize>() / columns;
        let parts = &mut self.tensors.entry(name).or_insert(outgoing).parts;
        parts.push(value.reshape([rows, columns]));
    }
}

impl Collector {
    fn write(self, path: &Path, file: &mut impl Write) -> Result<(), WeightsError> {
        let outlines: Vec<_> = self
            .tensors
            .iter()
            .map(|(name, outgoing)| Outline {
                name,
                shape: &outgoing.shape,
            })
            .collect();
        safetensors::front(file, &outlines).map_err(WeightsError::io(path))?;
        for (name, outgoing) in &self.tensors {
            outgoing.write(name, path, file)?;
        }
        Ok(())
    }
}

impl Outgoing {
    /// Writes the values, a few rows of the file at a time.
    fn write(&self, name: &str, path: &Path, file: &mut impl Write) -> Result<(), WeightsError> {
        let turned = self.layout == Layout::Transposed;
        let parts: Vec<Tensor<2>> = match turned {
            true => self
                .parts
                .iter()
                .map(|part| part.clone().transpose())
                .collect(),
            false => self.parts.clone(),
        };
        let Some([rows, columns]) = parts.first().map(Tensor::dims) else {
            return Ok(());
        };
        let step = (TOGETHER / (columns * parts.len()).max(1)).clamp(1, rows.max(1));
        for start in (0..rows).step_by(step) {
            let count = step.min(rows - start);
            let read = |part: &Tensor<2>| {
                part.clone()
                    .narrow(0, start, count)
                    .try_into_vec_as::<f32>()
            };
            let values = parts.iter().map(read).collect::<Result<Vec<_>, _>>();
            let values = values.map_err(|source| WeightsError::Device {
                tensor: name.into(),
                source,
            })?;
            match &values[..] {
                [whole] => safetensors::values(file, whole),
                several => (0..count).try_for_each(|row| {
                    let row = row * columns..(row + 1) * columns;
                    let mut rows = several.iter().map(|values| &values[row.clone()]);
                    rows.try_for_each(|row| safetensors::values(file, row))
                }),
            }
            .map_err(WeightsError::io(path))?;
        }
        Ok(())
    }
}
