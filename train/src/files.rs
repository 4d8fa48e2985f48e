//! Files and folders that are complete or absent, with errors that name them.

use crate::{Error, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Writes a file beside its place and renames it there.
///
/// # Errors
///
/// Any failing step, with the path; the old file, if there was one, is then still there.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    slovo_data::files::write(path, bytes).map_err(Error::io("write", path))?;
    sync_parent(path)
}

/// Writes a new file and waits until it is on disk.
///
/// # Errors
///
/// Any failing step, with the path.
pub fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    slovo_data::files::write_synced(path, bytes).map_err(Error::io("write", path))
}

/// The whole lines of a file, without their ends; none where there is no file. What a process that
/// was killed left of a line is no line.
///
/// # Errors
///
/// When the file is there and cannot be read.
pub fn read_lines(path: &Path) -> Result<Vec<String>> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.split_inclusive('\n');
    Ok(whole
        .filter_map(|line| line.strip_suffix('\n').map(String::from))
        .collect())
}

/// Waits until a file that is already written is on disk.
///
/// # Errors
///
/// When the file cannot be opened or synced.
pub fn sync(path: &Path) -> Result<()> {
    let file = File::open(path).map_err(Error::io("open", path))?;
    file.sync_all().map_err(Error::io("sync", path))
}

/// Waits until the names in a folder are on disk. Only Unix knows how.
///
/// # Errors
///
/// When the folder cannot be opened or synced.
pub fn sync_folder(path: &Path) -> Result<()> {
    if cfg!(unix) { sync(path) } else { Ok(()) }
}

/// Puts the finished folder `from` in the place of `to`.
///
/// # Errors
///
/// Any failing step; a folder that stood at `to` is then still there, or beside it as `.old`.
pub fn replace_folder(from: &Path, to: &Path) -> Result<()> {
    let old = beside(to, "old");
    if to.exists() {
        if old.exists() {
            fs::remove_dir_all(&old).map_err(Error::io("remove", &old))?;
        }
        fs::rename(to, &old).map_err(Error::io("move aside", to))?;
    }
    fs::rename(from, to).map_err(Error::io("rename into place", to))?;
    sync_parent(to)?;
    if old.exists() {
        fs::remove_dir_all(&old).map_err(Error::io("remove", &old))?;
    }
    Ok(())
}

/// Removes a folder so that it is there whole or not at all: renamed first, then emptied.
///
/// # Errors
///
/// Any failing step, with its path.
pub fn remove_folder(path: &Path) -> Result<()> {
    let leaving = beside(path, "tmp");
    fs::rename(path, &leaving).map_err(Error::io("remove", path))?;
    fs::remove_dir_all(&leaving).map_err(Error::io("remove", path))
}

/// Mends what an interrupted [`replace_folder`] left: the old folder goes back when the new one did
/// not come, and away when it did.
///
/// # Errors
///
/// Any failing step, with its path.
pub fn settle_folder(path: &Path) -> Result<()> {
    let (old, temporary) = (beside(path, "old"), beside(path, "tmp"));
    if old.exists() && !path.exists() {
        fs::rename(&old, path).map_err(Error::io("move back", path))?;
    }
    for left in [old, temporary] {
        if left.exists() {
            fs::remove_dir_all(&left).map_err(Error::io("remove", &left))?;
        }
    }
    Ok(())
}

/// A hidden sibling: `dir/.name.suffix`.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{suffix}"))
}

fn sync_parent(path: &Path) -> Result<()> {
    match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(parent) => sync_folder(parent),
        None => Ok(()),
    }
}
