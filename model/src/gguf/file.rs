//! A GGUF file, mapped into memory or lent.

use super::error::{Fault, GgufError};
use super::header::{Entry, Header, text};
use super::info::Info;
use super::kind::TensorKind;
use super::quant;
use super::value::Value;
use crate::weights::gather::Gather;
use crate::weights::map::{Part, Source};
use std::path::{Path, PathBuf};

/// A GGUF file whose front has been read and checked.
#[derive(Debug)]
pub struct Gguf<'a> {
    path: PathBuf,
    source: Source<'a>,
    /// All before the data.
    front: Part<'a>,
    header: Header,
}

/// A tensor as it lies in the file.
#[derive(Clone, Copy, Debug)]
pub struct Tensor<'a> {
    path: &'a Path,
    name: &'a str,
    info: &'a Info,
    source: &'a Source<'a>,
    /// Where its values begin in the file, in bytes.
    start: u64,
}

impl Gguf<'static> {
    /// Maps the file at `path` into memory, and reads its front.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, is no GGUF file of version 2 or 3 in little-endian order, or
    /// is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, GgufError> {
        let path = path.as_ref();
        let source = Source::open(path).map_err(Fault::Io);
        Self::new(path, source.map_err(GgufError::at(path))?)
    }
}

impl<'a> Gguf<'a> {
    /// Reads the front of a file that is in memory; `path` is what errors call it.
    ///
    /// # Errors
    ///
    /// As [`open`](Gguf::open).
    pub fn from_bytes(path: impl AsRef<Path>, bytes: &'a [u8]) -> Result<Self, GgufError> {
        Self::new(path.as_ref(), Source::Lent(bytes))
    }

    fn new(path: &Path, source: Source<'a>) -> Result<Self, GgufError> {
        let read = || -> Result<_, Fault> {
            // Of a file that is mapped whole only what is looked at takes memory: its front.
            let header = Header::read(&source.part(0..source.len())?)?;
            let front = source.part(0..header.data.min(source.len()))?;
            Ok((header, front))
        };
        let (header, front) = read().map_err(GgufError::at(path))?;
        Ok(Self {
            path: path.to_path_buf(),
            source,
            front,
            header,
        })
    }

    /// Where the file lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The version of the format, 2 or 3.
    pub fn version(&self) -> u32 {
        self.header.version
    }

    /// The value of a key of the metadata.
    pub fn get(&self, key: &str) -> Option<Value<'_>> {
        self.header.get(&self.front, key)
    }

    /// The keys of the metadata, sorted.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let key = |entry: &Entry| text(&self.front, &entry.key);
        self.header.entries.iter().map(key)
    }

    /// The tensor of that name.
    pub fn tensor(&self, name: &str) -> Option<Tensor<'_>> {
        let tensors = &self.header.tensors;
        let found = tensors.binary_search_by(|info| text(&self.front, &info.name).cmp(name));
        Some(self.view(&tensors[found.ok()?]))
    }

    /// The tensors, sorted by name.
    pub fn tensors(&self) -> impl Iterator<Item = Tensor<'_>> {
        self.header.tensors.iter().map(|info| self.view(info))
    }

    fn view<'s>(&'s self, info: &'s Info) -> Tensor<'s> {
        Tensor {
            path: &self.path,
            name: text(&self.front, &info.name),
            info,
            source: &self.source,
            start: self.header.data + info.offset,
        }
    }

    /// An error about this file.
    pub(super) fn error(&self, fault: Fault) -> GgufError {
        GgufError::at(&self.path)(fault)
    }
}

impl<'a> Tensor<'a> {
    /// Its name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// How its values are stored.
    pub fn kind(&self) -> TensorKind {
        self.info.kind
    }

    /// Its sizes, the slowest axis first: `[out, in]` for the matrix of a linear layer. (The file
    /// has them the other way round.)
    pub fn shape(&self) -> Vec<usize> {
        let sizes = &self.info.sizes[..self.info.axes];
        sizes.iter().rev().map(|size| *size as usize).collect()
    }

    /// Its values, row after row, the last axis of [`shape`](Self::shape) fastest.
    ///
    /// # Errors
    ///
    /// When they are stored in a way that is not read.
    pub fn values(&self) -> Result<Vec<f32>, GgufError> {
        let row = self.info.sizes[0] as usize;
        let rows = self.shape().iter().product::<usize>() / row.max(1);
        self.gathered(&Gather::plain(rows, row))
    }

    /// The values of a parameter that lies in the tensor in the way of `gather`, whose rows are whole
    /// rows of the tensor.
    pub(super) fn gathered(&self, gather: &Gather) -> Result<Vec<f32>, GgufError> {
        self.check_format()?;
        let kind = self.kind();
        let row = gather.columns / kind.block_len() * kind.block_size();
        let read = gather.values(|rows, out| {
            let at = |number: usize| self.start + (number * row) as u64;
            let bytes = self.source.part(at(rows.start)..at(rows.end))?;
            quant::read(kind, &bytes, out);
            Ok(())
        });
        read.map_err(Fault::Io).map_err(GgufError::at(self.path))
    }

    /// Checks that the values can be read.
    pub(super) fn check_format(&self) -> Result<(), GgufError> {
        match quant::is_read(self.kind()) {
            true => Ok(()),
            false => Err(GgufError::at(self.path)(Fault::Format {
                tensor: super::error::plain(self.name),
                found: self.kind().name(),
            })),
        }
    }
}
