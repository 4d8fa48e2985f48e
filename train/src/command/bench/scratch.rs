//! A folder that goes with the benchmark that made it.

use crate::{Error, Result};
use std::fs;
use std::path::PathBuf;

/// A folder among the system's temporary ones; it is removed when this is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    /// An empty one for this process.
    pub(super) fn new(name: &str) -> Result<Self> {
        let folder = format!("slovo-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir_all(&folder).map_err(Error::io("create", &folder))?;
        Ok(Self(folder))
    }

    /// The path of an entry, whether it is there or not.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file; its path.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.path(name);
        fs::write(&path, text).map_err(Error::io("write", &path))?;
        Ok(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A folder that stays behind in the system's temporary one is no reason to fail.
        let _ = fs::remove_dir_all(&self.0);
    }
}
