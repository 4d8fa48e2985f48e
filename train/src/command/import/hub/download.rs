//! One file of the hub into the cache: taken up where it broke off, and looked at when it is whole.

use super::HubError;
use super::asked::{Asked, Failure};
use super::meter::Seen;
use hf_hub::api::sync::ApiRepo;
use hf_hub::{Cache, Repo};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Attempts that bring nothing, one after another, before we give up.
const FRUITLESS: u32 = 4;
/// Before the second attempt; doubled each time.
const PAUSE: Duration = Duration::from_millis(500);
/// "Range not satisfiable": nothing is left to send.
const NOTHING_LEFT: u16 = 416;

/// A repository at one commit.
pub(super) struct Snapshot<'a> {
    pub asked: &'a Asked,
    pub api: &'a ApiRepo,
    pub cache: &'a Cache,
    pub repo: &'a Repo,
    pub seen: &'a Seen,
}

impl Snapshot<'_> {
    /// Fetches `file` unless it is there, and says where it lies. `place` is where it should.
    pub fn file(&self, file: &str, place: &Path) -> Result<PathBuf, HubError> {
        if place.exists() {
            return Ok(place.into());
        }
        let mut fruitless = 0;
        let mut damaged = false;
        loop {
            let before = self.seen.state().arrived;
            let failure = match self.api.download_with_progress(file, self.seen.clone()) {
                Ok(path) if path != place => {
                    let what = "it gives another commit than it named".to_owned();
                    return Err(self.asked.strange(what));
                }
                Ok(path) => {
                    let Some(what) = self.fault(&path)? else {
                        return Ok(path);
                    };
                    discard(&path);
                    // Once may be what was there before, taken up wrongly.
                    if std::mem::replace(&mut damaged, true) {
                        return Err(HubError::Damaged {
                            name: self.asked.name.to_string(),
                            file: file.into(),
                            what,
                        });
                    }
                    continue;
                }
                Err(error) => Failure::from(error),
            };
            // An unfinished file that is whole or longer cannot be taken up.
            let is_left_over = match &failure {
                Failure::TooLong => true,
                Failure::Status { status, .. } => *status == NOTHING_LEFT,
                _ => false,
            };
            if is_left_over && self.remove_left_over() {
                continue;
            }
            let error = self.asked.error(Some(file), failure);
            fruitless = match self.seen.state().arrived > before {
                true => 1,
                false => fruitless + 1,
            };
            if !matches!(error, HubError::Broken { .. }) || fruitless >= FRUITLESS {
                return Err(error);
            }
            thread::sleep(PAUSE * 2u32.pow(fruitless - 1));
        }
    }

    /// What is wrong with a file that has arrived: its length is announced, and of large files the
    /// hub's name is the SHA-256.
    fn fault(&self, path: &Path) -> Result<Option<String>, HubError> {
        let failed = |source: io::Error| HubError::Cache {
            path: path.into(),
            source,
        };
        let (announced, found) = (
            self.seen.state().size,
            fs::metadata(path).map_err(failed)?.len(),
        );
        if announced != found {
            return Ok(Some(format!("{found} bytes instead of {announced}")));
        }
        // Without links there is no telling the name.
        let Ok(blob) = fs::read_link(path) else {
            return Ok(None);
        };
        let name = blob.file_name().unwrap_or_default().to_string_lossy();
        if name.len() != 64 || !name.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(None);
        }
        let sum = self.sha256(path).map_err(failed)?;
        Ok((sum != name).then(|| format!("its SHA-256 is {sum} instead of {name}")))
    }

    fn sha256(&self, path: &Path) -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut sum = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                return Ok(slovo_data::files::hex(&sum.finalize()));
            }
            sum.update(&buffer[..n]);
            self.seen.touch();
        }
    }

    /// Removes unfinished files at least as long as the one that could not go on; whether there
    /// were any.
    fn remove_left_over(&self) -> bool {
        let blobs = self
            .cache
            .path()
            .join(self.repo.folder_name())
            .join("blobs");
        let size = self.seen.state().size;
        let mut any = false;
        for entry in fs::read_dir(blobs).into_iter().flatten().flatten() {
            let path = entry.path();
            let is_part = path.extension().is_some_and(|end| end == "part");
            let is_long = entry
                .metadata()
                .is_ok_and(|about| size > 0 && about.len() >= size);
            if is_part && is_long && is_free(&path.with_extension("lock")) {
                any |= fs::remove_file(path).is_ok();
            }
        }
        any
    }
}

/// Whether no process is downloading under this lock.
fn is_free(lock: &Path) -> bool {
    File::open(lock).is_ok_and(|lock| lock.try_lock().is_ok())
}

/// Removes a file of a snapshot and what it links to.
fn discard(path: &Path) {
    if let (Ok(blob), Some(folder)) = (fs::read_link(path), path.parent()) {
        let _ = fs::remove_file(folder.join(blob));
    }
    let _ = fs::remove_file(path);
}
