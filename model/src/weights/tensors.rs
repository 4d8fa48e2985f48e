//! The safetensors files of a model folder, mapped into memory and checked.

use super::error::WeightsError;
use half::{bf16, f16};
use memmap2::Mmap;
use safetensors::tensor::{Dtype, Metadata, SafeTensors};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The file of an unsharded model.
pub(super) const SINGLE: &str = "model.safetensors";
/// Says which shard holds which tensor.
const INDEX: &str = "model.safetensors.index.json";

/// All tensors of a folder, by name.
pub(super) struct Tensors {
    files: Vec<Mapped>,
    /// Index into `files`.
    by_name: BTreeMap<String, usize>,
}

struct Mapped {
    path: PathBuf,
    map: Mmap,
    metadata: Metadata,
    /// Where the values begin.
    data: usize,
}

/// One tensor as it lies in its file.
pub(super) struct Found<'a> {
    pub path: &'a Path,
    pub shape: &'a [usize],
    pub dtype: Dtype,
    pub bytes: &'a [u8],
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Tensors {
    /// Opens `model.safetensors` in `dir`, or the shards that `model.safetensors.index.json` names.
    pub(super) fn open(dir: &Path) -> Result<Self, WeightsError> {
        let index = dir.join(INDEX);
        let single = dir.join(SINGLE);
        let paths = if single.exists() || !index.exists() {
            vec![single]
        } else {
            let text = fs::read_to_string(&index).map_err(WeightsError::io(&index))?;
            let index: Index =
                serde_json::from_str(&text).map_err(|reason| WeightsError::Json {
                    path: index.clone(),
                    reason,
                })?;
            let names: BTreeSet<String> = index.weight_map.into_values().collect();
            names.into_iter().map(|name| dir.join(name)).collect()
        };
        let files = paths
            .into_iter()
            .map(Mapped::open)
            .collect::<Result<Vec<_>, _>>()?;
        let mut by_name = BTreeMap::new();
        for (number, file) in files.iter().enumerate() {
            by_name.extend(
                file.metadata
                    .offset_keys()
                    .into_iter()
                    .map(|name| (name, number)),
            );
        }
        Ok(Self { files, by_name })
    }

    /// The tensor of that name.
    pub(super) fn get(&self, name: &str) -> Option<Found<'_>> {
        let file = &self.files[*self.by_name.get(name)?];
        let info = file.metadata.info(name)?;
        let (start, end) = info.data_offsets;
        Some(Found {
            path: &file.path,
            shape: &info.shape,
            dtype: info.dtype,
            bytes: file.map.get(file.data + start..file.data + end)?,
        })
    }

    /// The names of all tensors.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The file that would hold a missing tensor.
    pub(super) fn path(&self) -> PathBuf {
        self.files
            .first()
            .map(|file| file.path.clone())
            .unwrap_or_default()
    }
}

impl Mapped {
    fn open(path: PathBuf) -> Result<Self, WeightsError> {
        let file = File::open(&path).map_err(WeightsError::io(&path))?;
        // SAFETY: the map is only read. Like every reader of mapped weights we rely on nobody
        // writing into the file meanwhile; `save_model` replaces files instead.
        #[allow(unsafe_code)]
        let map = unsafe { Mmap::map(&file) }.map_err(WeightsError::io(&path))?;
        let (header, metadata) =
            SafeTensors::read_metadata(&map).map_err(|reason| WeightsError::Damaged {
                path: path.clone(),
                reason: reason.to_string(),
            })?;
        // The header's length stands before it in eight bytes.
        Ok(Self {
            path,
            map,
            metadata,
            data: 8 + header,
        })
    }
}

impl Found<'_> {
    /// The values in the order of the file, or `None` for a format that is not read.
    pub(super) fn values(&self) -> Option<Vec<f32>> {
        let pairs = || self.bytes.chunks_exact(2).map(|b| [b[0], b[1]]);
        Some(match self.dtype {
            Dtype::F32 => {
                let words = self.bytes.chunks_exact(4);
                words
                    .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                    .collect()
            }
            Dtype::F16 => pairs().map(|b| f16::from_le_bytes(b).to_f32()).collect(),
            Dtype::BF16 => pairs().map(|b| bf16::from_le_bytes(b).to_f32()).collect(),
            _ => return None,
        })
    }
}
