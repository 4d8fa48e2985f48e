//! The folder that is made: written beside its place, complete or absent.

use crate::{Error, Result, files};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that is free to be made.
pub(super) struct Folder {
    place: PathBuf,
}

/// A folder that is being filled; dropped before it is finished, it goes.
pub(super) struct Begun {
    place: PathBuf,
    temporary: PathBuf,
    finished: bool,
}

impl Folder {
    /// # Errors
    ///
    /// A place that holds something.
    pub fn at(place: &Path) -> Result<Self> {
        let refuse = |what: &str| {
            Err(Error::Folder {
                path: place.into(),
                what: what.into(),
            })
        };
        if place.file_name().is_none() {
            return refuse("has no name of its own; --out names the folder that is to be made");
        }
        let free = match fs::read_dir(place) {
            Ok(mut entries) => entries.next().is_none(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
            Err(_) if place.is_file() => return refuse("is a file; a new folder would do"),
            Err(error) => return Err(Error::io("look into", place)(error)),
        };
        match free {
            true => Ok(Self {
                place: place.into(),
            }),
            false => refuse("holds files already; an empty folder or a new one would do"),
        }
    }

    /// Makes the folder beside its place. What a killed import left there goes.
    ///
    /// # Errors
    ///
    /// A file system that refuses.
    pub fn begin(self) -> Result<Begun> {
        let temporary = files::beside(&self.place, "tmp");
        if temporary.exists() {
            fs::remove_dir_all(&temporary).map_err(Error::io("remove", &temporary))?;
        }
        fs::create_dir_all(&temporary).map_err(Error::io("create", &temporary))?;
        Ok(Begun {
            place: self.place,
            temporary,
            finished: false,
        })
    }
}

impl Begun {
    /// Where to write.
    pub fn path(&self) -> &Path {
        &self.temporary
    }

    /// Gives it its name.
    ///
    /// # Errors
    ///
    /// A file system that refuses, or a place that was filled meanwhile.
    pub fn finish(mut self) -> Result<()> {
        files::sync_folder(&self.temporary)?;
        Folder::at(&self.place)?;
        files::replace_folder(&self.temporary, &self.place)?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        if !self.finished {
            // The error that matters is the one that led here.
            let _ = fs::remove_dir_all(&self.temporary);
        }
    }
}
