//! What the part of a model that does not learn makes of each text: computed once, kept on disk.
//!
//! With a head alone, or the last blocks, everything below is the same in every epoch; computing it
//! once makes the later epochs cost only what learns. A file is named by a hash of weights, token ids
//! and depth, so it is found again by any run that would make the same, and never by another.

use crate::encode::Encoded;
use crate::recipe::Cache;
use crate::{Error, Result};
use burn::tensor::{Device, Int, Tensor, TensorData};
use sha2::{Digest, Sha256};
use slovo_data::files::hex;
use slovo_data::report::grouped;
use slovo_data::stop::Stop;
use slovo_model::{Classifier, Fixed, Padding, Pass};
use slovo_train::progress::notice;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Where the files lie.
const FOLDER: &str = "runs/cache";
/// Tokens computed at once, filler among them: what the CPU is fastest with.
const TOGETHER: usize = 1024;

/// Vectors of all texts, on disk.
#[derive(Debug)]
pub struct Front {
    file: File,
    path: PathBuf,
    /// Where each text's vectors begin, in values.
    starts: Vec<u64>,
    /// How many vectors each has.
    vectors: Vec<usize>,
    width: usize,
    blocks: Option<usize>,
}

/// What is asked of a front.
pub struct Request<'a> {
    /// The classifier, without gradients.
    pub classifier: &'a Classifier,
    /// How much of a text's way is the same in every step.
    pub fixed: Fixed,
    /// Names the weights.
    pub weights: String,
    /// The texts.
    pub texts: &'a [Encoded],
    /// Which of them are on a side.
    pub wanted: &'a [bool],
    /// How much may be kept.
    pub cache: Cache,
    /// What computes.
    pub device: &'a Device,
    /// Its name.
    pub backend: &'static str,
}

impl Front {
    /// Finds what was computed before, or computes it; `None` where nothing is fixed or the bound does
    /// not allow it.
    ///
    /// # Errors
    ///
    /// A file system that refuses, a device that fails, or a request to stop.
    pub fn of(request: &Request<'_>, stop: &Stop) -> Result<Option<Self>> {
        let blocks = match request.fixed {
            Fixed::Nothing => return Ok(None),
            Fixed::States { blocks: 0 } => return Ok(None),
            Fixed::States { blocks } => Some(blocks),
            Fixed::Pooled => None,
        };
        let width = request.classifier.config().transformer.d_model;
        let vectors: Vec<usize> = request
            .texts
            .iter()
            .zip(request.wanted)
            .map(|(text, wanted)| match (wanted, blocks) {
                (false, _) => 0,
                (true, None) => 1,
                (true, Some(_)) => text.ids.len(),
            })
            .collect();
        let mut starts = Vec::with_capacity(vectors.len());
        let mut values = 0u64;
        for count in &vectors {
            starts.push(values);
            values += (count * width) as u64;
        }
        let bytes = 4 * values;
        if bytes > request.cache.max_bytes {
            if request.cache.max_bytes > 0 {
                notice(&format!(
                    "note: what the frozen part makes of the texts would take {} MiB, more than \
                     cache.max_bytes allows ({} MiB): it is computed anew in every epoch",
                    grouped(bytes >> 20),
                    grouped(request.cache.max_bytes >> 20)
                ));
            }
            return Ok(None);
        }
        let folder = Path::new(FOLDER);
        let path = folder.join(format!("{}.f32", request.key()));
        let open = |path: &Path| -> Result<Option<Self>> {
            let file = match File::open(path) {
                Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
                file => file.map_err(refused("read", path))?,
            };
            let found = file.metadata().map_err(refused("read", path))?.len();
            Ok((found == bytes).then(|| Self {
                file,
                path: path.into(),
                starts: starts.clone(),
                vectors: vectors.clone(),
                width,
                blocks,
            }))
        };
        if let Some(front) = open(&path)? {
            return Ok(Some(front));
        }
        fs::create_dir_all(folder).map_err(refused("create", folder))?;
        make_room(folder, request.cache.max_bytes - bytes)?;
        request.compute(&path, &starts, bytes, stop)?;
        open(&path)
    }

    /// How many blocks have worked on the vectors; `None` where they have become one.
    pub fn blocks(&self) -> Option<usize> {
        self.blocks
    }

    /// The vectors of some texts, each filled up to `columns` with zeros:
    /// `[items, columns, d_model]`.
    ///
    /// # Errors
    ///
    /// When they cannot be read.
    pub fn rows(
        &self,
        items: &[usize],
        columns: usize,
    ) -> std::result::Result<Vec<f32>, slovo_data::Error> {
        let mut values = vec![0f32; items.len() * columns * self.width];
        let mut bytes = Vec::new();
        for (row, item) in items.iter().enumerate() {
            let count = self.vectors[*item] * self.width;
            bytes.resize(4 * count, 0);
            read_at(&self.file, &mut bytes, 4 * self.starts[*item]).map_err(|error| {
                slovo_data::Error::Io {
                    action: "read",
                    path: self.path.clone(),
                    error,
                }
            })?;
            let row = &mut values[row * columns * self.width..][..count];
            for (value, bytes) in row.iter_mut().zip(bytes.chunks_exact(4)) {
                *value = f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            }
        }
        Ok(values)
    }
}

impl Request<'_> {
    /// Names what is computed.
    fn key(&self) -> String {
        let mut hash = Sha256::new();
        let pool = self.classifier.config().pool;
        let depth = match self.fixed {
            Fixed::Pooled => format!("pooled {pool:?}"),
            fixed => format!("{fixed:?}"),
        };
        let what = format!("1 {} {depth} {}", self.backend, self.weights);
        hash.update(what.as_bytes());
        for text in self.chosen().map(|text| &self.texts[text]) {
            hash.update((text.ids.len() as u64).to_le_bytes());
            text.ids.iter().for_each(|id| hash.update(id.to_le_bytes()));
        }
        hex(&hash.finalize()[..16])
    }

    /// The texts that are on a side.
    fn chosen(&self) -> impl Iterator<Item = usize> {
        (0..self.texts.len()).filter(|text| self.wanted[*text])
    }

    fn compute(&self, path: &Path, starts: &[u64], bytes: u64, stop: &Stop) -> Result<()> {
        let mut order: Vec<usize> = self.chosen().collect();
        order.sort_by_key(|text| self.texts[*text].ids.len());
        let tokens: usize = order.iter().map(|text| self.texts[*text].ids.len()).sum();
        notice(&format!(
            "the frozen part reads {} texts, {} tokens, once; kept in {} ({} MiB)",
            grouped(order.len() as u64),
            grouped(tokens as u64),
            path.display(),
            grouped(bytes >> 20)
        ));
        let beside = path.with_extension("tmp");
        let written = File::create(&beside)
            .map_err(refused("create", &beside))
            .and_then(|file| self.fill(&file, &beside, &order, starts, stop))
            .and_then(|()| fs::rename(&beside, path).map_err(refused("rename", &beside)));
        if written.is_err() {
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn fill(
        &self,
        file: &File,
        path: &Path,
        order: &[usize],
        starts: &[u64],
        stop: &Stop,
    ) -> Result<()> {
        let width = self.classifier.config().transformer.d_model;
        let (begun, mut told) = (Instant::now(), Instant::now());
        let mut done = 0;
        while done < order.len() {
            if stop.requested() {
                return Err(slovo_data::Error::Stopped.into());
            }
            let rest = &order[done..];
            let mut count = 0;
            while count < rest.len()
                && (count == 0 || (count + 1) * self.texts[rest[count]].ids.len() <= TOGETHER)
            {
                count += 1;
            }
            let items = &rest[..count];
            let (values, columns) = self.vectors_of(items)?;
            for (row, item) in items.iter().enumerate() {
                let vectors = match self.fixed {
                    Fixed::Pooled => 1,
                    _ => self.texts[*item].ids.len(),
                };
                let row = &values[row * columns * width..][..vectors * width];
                let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
                write_at(file, &bytes, 4 * starts[*item]).map_err(refused("write", path))?;
            }
            done += count;
            if told.elapsed().as_secs() >= 10 {
                told = Instant::now();
                let part = done as f64 / order.len() as f64;
                notice(&format!(
                    "  {:.0} % of the texts after {:.0} s",
                    100.0 * part,
                    begun.elapsed().as_secs_f64()
                ));
            }
        }
        file.sync_all().map_err(refused("sync", path))
    }

    /// `[items, columns, d_model]`, and how many columns.
    fn vectors_of(&self, items: &[usize]) -> Result<(Vec<f32>, usize)> {
        let lengths: Vec<usize> = items
            .iter()
            .map(|item| self.texts[*item].ids.len())
            .collect();
        let columns = lengths.iter().copied().max().unwrap_or(1);
        let mut ids = Vec::with_capacity(items.len() * columns);
        for item in items {
            let row = ids.len();
            ids.extend(self.texts[*item].ids.iter().map(|id| *id as i32));
            ids.resize(row + columns, 0);
        }
        let data = TensorData::new(ids, [items.len(), columns]);
        let tokens = Tensor::<2, Int>::from_data(data, self.device);
        let padding = Padding::right(&lengths);
        let mut pass = Pass {
            padding: Some(&padding).filter(|padding| !padding.is_empty()),
            ..Pass::default()
        };
        let trunk = &self.classifier.trunk;
        let (values, columns) = match self.fixed {
            Fixed::States { blocks } => (
                trunk.states(tokens, blocks, &mut pass).flatten(0, 2),
                columns,
            ),
            Fixed::Pooled | Fixed::Nothing => {
                let hidden = trunk.hidden(tokens, &mut pass);
                (self.classifier.pool(hidden, &pass).flatten(0, 1), 1)
            }
        };
        let values: Tensor<1> = values;
        let failed = |error| slovo_train::Error::Training(format!("the device failed: {error}"));
        Ok((values.try_into_vec_as::<f32>().map_err(failed)?, columns))
    }
}

/// Removes what was used longest ago until at most `bytes` are left.
fn make_room(folder: &Path, bytes: u64) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(refused("read", folder))?;
    let mut files: Vec<_> = entries
        .flatten()
        .filter_map(|entry| {
            let known = entry.metadata().ok()?;
            let of_ours = entry.path().extension().is_some_and(|name| name == "f32");
            of_ours.then(|| {
                (
                    known.accessed().or(known.modified()).ok(),
                    known.len(),
                    entry.path(),
                )
            })
        })
        .collect();
    files.sort();
    let mut kept: u64 = files.iter().map(|(_, length, _)| length).sum();
    for (_, length, path) in files {
        if kept <= bytes {
            break;
        }
        fs::remove_file(&path).map_err(refused("remove", &path))?;
        kept -= length;
    }
    Ok(())
}

fn refused(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |error| {
        slovo_data::Error::Io {
            action,
            path,
            error,
        }
        .into()
    }
}

#[cfg(unix)]
fn read_at(file: &File, bytes: &mut [u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, at)
}

#[cfg(unix)]
fn write_at(file: &File, bytes: &[u8], at: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, at)
}

#[cfg(windows)]
fn read_at(file: &File, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, bytes, at)? {
            0 => return Err(ErrorKind::UnexpectedEof.into()),
            n => {
                bytes = &mut bytes[n..];
                at += n as u64;
            }
        }
    }
    Ok(())
}

#[cfg(windows)]
fn write_at(file: &File, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = std::os::windows::fs::FileExt::seek_write(file, bytes, at)?;
        bytes = &bytes[n..];
        at += n as u64;
    }
    Ok(())
}
