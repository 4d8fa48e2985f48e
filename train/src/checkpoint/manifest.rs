//! Names, lengths and checksums of a bundle's files.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Name of the manifest inside a bundle.
pub const NAME: &str = "MANIFEST.json";
const FORMAT: u32 = 1;

/// One file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Name inside the bundle.
    pub name: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, as `sha256sum` prints it.
    pub sha256: String,
}

/// What a bundle consists of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: u32,
    /// Step after which the bundle was written.
    pub step: u64,
    /// Every file but the manifest itself.
    pub files: Vec<FileEntry>,
}

impl Manifest {
    /// Measures the named files of a folder.
    ///
    /// # Errors
    ///
    /// A file that cannot be read.
    pub fn of(folder: &Path, step: u64, names: &[&str]) -> Result<Self> {
        let files = names
            .iter()
            .map(|name| measure(folder, name))
            .collect::<Result<_>>()?;
        Ok(Self {
            format: FORMAT,
            step,
            files,
        })
    }

    /// Reads a folder's manifest.
    ///
    /// # Errors
    ///
    /// A manifest that is missing, is not JSON of this form, or is of another format.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let wrong = |what: String| Error::Checkpoint {
            path: path.clone(),
            what,
        };
        let text = std::fs::read_to_string(&path)
            .map_err(|error| wrong(format!("cannot be read: {error}")))?;
        let manifest: Self = serde_json::from_str(&text)
            .map_err(|error| wrong(format!("is not a manifest: {error}")))?;
        match manifest.format {
            FORMAT => Ok(manifest),
            other => Err(wrong(format!("format {other} found, {FORMAT} expected"))),
        }
    }

    /// Compares every file with what the manifest says of it.
    ///
    /// # Errors
    ///
    /// Names the first file that differs, what was expected and what was found.
    pub fn verify(&self, folder: &Path) -> Result<()> {
        for expected in &self.files {
            let found = measure(folder, &expected.name)?;
            let wrong = |what| {
                Err(Error::Checkpoint {
                    path: folder.join(&expected.name),
                    what,
                })
            };
            if found.bytes != expected.bytes {
                return wrong(format!(
                    "{} bytes found, {} expected by {NAME}",
                    found.bytes, expected.bytes
                ));
            }
            if found.sha256 != expected.sha256 {
                return wrong(format!(
                    "SHA-256 {}… found, {}… expected by {NAME}",
                    &found.sha256[..12],
                    expected.sha256.get(..12).unwrap_or(&expected.sha256)
                ));
            }
        }
        Ok(())
    }
}

fn measure(folder: &Path, name: &str) -> Result<FileEntry> {
    let path = folder.join(name);
    let mut file = File::open(&path).map_err(|error| Error::Checkpoint {
        path: path.clone(),
        what: format!("cannot be opened: {error}"),
    })?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    let mut bytes = 0;
    loop {
        match file.read(&mut buffer).map_err(Error::io("read", &path))? {
            0 => break,
            n => {
                hash.update(&buffer[..n]);
                bytes += n as u64;
            }
        }
    }
    Ok(FileEntry {
        name: name.into(),
        bytes,
        sha256: slovo_data::files::hex(&hash.finalize()),
    })
}
