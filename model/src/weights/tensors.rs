//! The tensors of a model folder, in one safetensors file or several.

use super::dtype::Dtype;
use super::error::WeightsError;
use super::gather::{Gather, decode};
use super::header::{self, Entry};
use super::index::Index;
use super::map::{Part, Source};
use super::missing;
use super::quote::plain;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The file of an unsharded model.
pub(super) const SINGLE: &str = "model.safetensors";
/// Says which shard holds which tensor.
pub(super) const INDEX: &str = "model.safetensors.index.json";

/// All tensors of a folder.
pub(super) struct Tensors<'a> {
    files: Vec<(PathBuf, Source<'a>)>,
    /// With the numbers of their files, by name.
    entries: Vec<(Entry, usize)>,
}

/// One tensor as it lies in its file.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub path: &'a Path,
    source: &'a Source<'a>,
    entry: &'a Entry,
}

impl Tensors<'static> {
    /// Opens `model.safetensors` in `dir`, or the shards that `model.safetensors.index.json` names.
    pub(super) fn open(dir: &Path) -> Result<Self, WeightsError> {
        let (single, index) = (dir.join(SINGLE), dir.join(INDEX));
        if single.exists() {
            return Self::of(vec![(single.clone(), file(&single)?)]);
        }
        if !index.exists() {
            return Err(missing::explain(dir));
        }
        let stored = Index::open(&index)?;
        let wrong = |reason: String| WeightsError::Index {
            path: index.clone(),
            reason,
        };
        let mut files = Vec::new();
        for name in &stored.shards {
            let path = dir.join(name);
            let found = Source::open(&path).map_err(|source| match source.kind() {
                io::ErrorKind::NotFound => {
                    let name = plain(name);
                    wrong(format!("it names the file `{name}`, which is not there"))
                }
                _ => WeightsError::io(&path)(source),
            })?;
            files.push((path, found));
        }
        let tensors = Self::of(files)?;
        for (tensor, shard) in &stored.tensors {
            if tensors.find(tensor).is_none_or(|(_, file)| file != shard) {
                let (tensor, shard) = (plain(tensor), plain(&stored.shards[*shard]));
                let reason = format!("by it `{shard}` holds tensor `{tensor}`, which is not there");
                return Err(wrong(reason));
            }
        }
        Ok(tensors)
    }
}

impl<'a> Tensors<'a> {
    /// The tensors of these files.
    pub(super) fn of(files: Vec<(PathBuf, Source<'a>)>) -> Result<Self, WeightsError> {
        let mut entries = Vec::new();
        for (number, (path, source)) in files.iter().enumerate() {
            let part = |range| source.part(range).map_err(WeightsError::io(path));
            let len = source.len();
            let data = header::length(path, &part(0..len.min(32))?, len)?;
            let found = header::read(path, &part(8..data)?, len)?;
            entries.extend(found.into_iter().map(|entry| (entry, number)));
        }
        entries.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        let twice = entries
            .windows(2)
            .find(|two| two[0].0.name == two[1].0.name);
        if let Some(two) = twice {
            let [first, second] = [two[0].1, two[1].1].map(|number| files[number].0.clone());
            return Err(WeightsError::Damaged {
                path: second,
                reason: format!(
                    "tensor `{}` is in {} too",
                    plain(&two[0].0.name),
                    first.display()
                ),
            });
        }
        Ok(Self { files, entries })
    }

    fn find(&self, name: &str) -> Option<&(Entry, usize)> {
        let found = self
            .entries
            .binary_search_by(|(entry, _)| entry.name.as_str().cmp(name));
        self.entries.get(found.ok()?)
    }

    /// The tensor of that name.
    pub(super) fn get(&self, name: &str) -> Option<Found<'_>> {
        self.find(name).map(|entry| self.found(entry))
    }

    fn found<'s>(&'s self, (entry, number): &'s (Entry, usize)) -> Found<'s> {
        let (path, source) = &self.files[*number];
        Found {
            path,
            source,
            entry,
        }
    }

    /// All tensors, by name.
    pub(super) fn all(&self) -> impl Iterator<Item = Found<'_>> {
        self.entries.iter().map(|entry| self.found(entry))
    }

    /// The file that would hold a missing tensor.
    pub(super) fn path(&self) -> PathBuf {
        let first = self.files.first();
        first.map(|(path, _)| path.clone()).unwrap_or_default()
    }
}

impl<'a> Found<'a> {
    pub(super) fn name(&self) -> &'a str {
        &self.entry.name
    }

    pub(super) fn shape(&self) -> &'a [usize] {
        &self.entry.shape
    }

    pub(super) fn dtype(&self) -> Dtype {
        self.entry.dtype
    }

    /// Checks that the values can be read.
    pub(super) fn check_format(&self) -> Result<(), WeightsError> {
        match self.dtype().reader() {
            Some(_) => Ok(()),
            None => Err(self.unreadable()),
        }
    }

    fn unreadable(&self) -> WeightsError {
        WeightsError::Format {
            path: self.path.into(),
            tensor: plain(self.name()),
            found: self.dtype().name.into(),
        }
    }

    /// The values of a parameter that lies in the tensor in the way of `gather`.
    pub(super) fn values(&self, gather: &Gather) -> Result<Vec<f32>, WeightsError> {
        let read = self.dtype().reader().ok_or_else(|| self.unreadable())?;
        // Formats that are read have whole bytes.
        let width = self.dtype().bits as usize / 8;
        gather.values(|rows, out| {
            let at = |row: usize| (row * gather.columns * width) as u64;
            let bytes = self.part(at(rows.start)..at(rows.end))?;
            decode(&bytes, out, [1, width], read);
            Ok(())
        })
    }

    /// The bytes of that range of the tensor.
    fn part(&self, range: Range<u64>) -> Result<Part<'a>, WeightsError> {
        let start = self.entry.start;
        let part = self.source.part(start + range.start..start + range.end);
        part.map_err(WeightsError::io(self.path))
    }

    /// Whether the other tensor has the same values in the same format.
    pub(super) fn equals(&self, other: &Found<'_>) -> Result<bool, WeightsError> {
        /// Bytes that are compared at once.
        const TOGETHER: u64 = 1 << 22;
        let (mine, others) = (self.entry, other.entry);
        if (mine.dtype, &mine.shape) != (others.dtype, &others.shape) {
            return Ok(false);
        }
        let length = mine.end - mine.start;
        for at in (0..length).step_by(TOGETHER as usize) {
            let range = at..length.min(at + TOGETHER);
            if *self.part(range.clone())? != *other.part(range)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn file(path: &Path) -> Result<Source<'static>, WeightsError> {
    Source::open(path).map_err(WeightsError::io(path))
}
