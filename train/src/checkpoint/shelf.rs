//! The bundles of a run: finding the newest good one, keeping few.

use super::bundle::{Bundle, Parts, folder_name};
use crate::{Error, Result, files};
use burn::module::Module;
use std::fs;
use std::path::{Path, PathBuf};

/// The `checkpoints` folder of a run.
#[derive(Clone, Debug)]
pub struct Shelf {
    path: PathBuf,
    keep: usize,
}

/// A bundle that could not be used, and why.
#[derive(Clone, Debug)]
pub struct PassedOver {
    /// Its folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

impl Shelf {
    /// The shelf in `run`, which keeps the last `keep` bundles and the best one.
    pub fn new(run: &Path, keep: usize) -> Self {
        Self {
            path: run.join("checkpoints"),
            keep: keep.max(1),
        }
    }

    /// The folder that holds the bundles.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the folder and clears what an interrupted write left.
    ///
    /// # Errors
    ///
    /// When the folder cannot be made or looked into.
    pub fn open(&self) -> Result<()> {
        fs::create_dir_all(&self.path).map_err(Error::io("create", &self.path))?;
        for (path, name) in self.entries()? {
            if let Some(name) = name.strip_prefix('.').and_then(|n| n.strip_suffix(".old")) {
                files::settle_folder(&self.path.join(name))?;
            } else if name.starts_with('.') && name.ends_with(".tmp") && path.exists() {
                // Settling an `.old` folder may have removed its `.tmp` already.
                fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
            }
        }
        Ok(())
    }

    /// The bundles, oldest first. Whether they are good is not asked yet.
    ///
    /// # Errors
    ///
    /// When the folder cannot be looked into; one that is absent has no bundles.
    pub fn bundles(&self) -> Result<Vec<Bundle>> {
        let mut bundles: Vec<_> = self
            .entries()?
            .into_iter()
            .filter_map(|(path, name)| {
                let step = name.strip_prefix("step-")?.parse().ok()?;
                (name == folder_name(step)).then_some(Bundle { path, step })
            })
            .collect();
        bundles.sort_by_key(|bundle| bundle.step);
        Ok(bundles)
    }

    /// The newest bundle that verifies, and those passed over on the way to it.
    ///
    /// # Errors
    ///
    /// When the folder cannot be looked into.
    pub fn newest_good(&self) -> Result<(Option<Bundle>, Vec<PassedOver>)> {
        let mut passed_over = Vec::new();
        for bundle in self.bundles()?.into_iter().rev() {
            match bundle.verify() {
                Ok(()) => return Ok((Some(bundle), passed_over)),
                Err(error) => passed_over.push(PassedOver {
                    path: bundle.path,
                    why: error.to_string(),
                }),
            }
        }
        Ok((None, passed_over))
    }

    /// Renames bundles that cannot be used to `step-….damaged`: kept for whoever wants to look, and
    /// no longer counted among those that a run could go on from.
    ///
    /// # Errors
    ///
    /// When one cannot be renamed.
    pub fn set_aside(&self, bundles: &[PassedOver]) -> Result<()> {
        for bundle in bundles {
            let aside = bundle.path.with_extension("damaged");
            if aside.exists() {
                fs::remove_dir_all(&aside).map_err(Error::io("remove", &aside))?;
            }
            fs::rename(&bundle.path, &aside).map_err(Error::io("rename", &bundle.path))?;
        }
        Ok(())
    }

    /// Writes a bundle, verifies it, and only then lets older ones go.
    ///
    /// # Errors
    ///
    /// When it cannot be written or does not verify; then nothing older was removed.
    pub fn put<M: Module>(&self, parts: &Parts<'_, M>) -> Result<Bundle> {
        let bundle = Bundle::write(&self.path, parts)?;
        bundle.verify()?;
        let best = parts.state.best.map(|best| best.step);
        let bundles = self.bundles()?;
        let old = bundles.len().saturating_sub(self.keep);
        for bundle in &bundles[..old] {
            if Some(bundle.step) != best {
                files::remove_folder(&bundle.path)?;
            }
        }
        Ok(bundle)
    }

    fn entries(&self) -> Result<Vec<(PathBuf, String)>> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(Error::io("read", &self.path)(error)),
        };
        entries
            .map(|entry| {
                let entry = entry.map_err(Error::io("read", &self.path))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                Ok((entry.path(), name))
            })
            .collect()
    }
}
