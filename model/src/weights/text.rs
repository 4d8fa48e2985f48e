//! The text files of a model folder, read with a bound.

use super::error::WeightsError;
use super::map;
use std::io::Read;
use std::path::Path;

/// What Git keeps in place of a large file begins with this.
pub(super) const LFS: &[u8] = b"version https://git-lfs";

/// The text in the file at `path`, which may have at most `limit` bytes.
pub(super) fn read(path: &Path, limit: usize) -> Result<String, WeightsError> {
    let file = map::open(path).map_err(WeightsError::io(path))?;
    let length = file.metadata().map_err(WeightsError::io(path))?.len();
    let mut bytes = Vec::with_capacity(limit.min(length as usize) + 1);
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(WeightsError::io(path))?;
    check(path, bytes, limit)
}

/// Checks that `bytes`, of the file at `path`, are a text that is to be looked at.
pub(super) fn check(path: &Path, bytes: Vec<u8>, limit: usize) -> Result<String, WeightsError> {
    let path = path.to_path_buf();
    if bytes.len() > limit {
        return Err(WeightsError::TooLong { path, limit });
    }
    if bytes.starts_with(LFS) {
        return Err(WeightsError::LfsPointer { path });
    }
    String::from_utf8(bytes).map_err(|error| WeightsError::NotText {
        path,
        at: error.utf8_error().valid_up_to(),
    })
}
