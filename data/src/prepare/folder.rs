//! A folder that is complete or absent.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::Error;
use crate::files;

/// Locked while its folder is being filled, so that others can tell a running preparation from one
/// that was killed.
const LOCK: &str = "lock";
/// A folder without a lock may have been made this instant.
const GRACE: Duration = Duration::from_secs(60);

/// A folder that is filled beside its final name; dropped before it is finished, it goes.
pub(super) struct Temporary {
    path: PathBuf,
    lock: Option<File>,
    finished: bool,
}

impl Temporary {
    /// `<name>.tmp-<process>-<number>` in `parent`, which is made if need be. What a killed
    /// preparation of this name has left there is removed first.
    pub(super) fn new(parent: &Path, name: &str) -> Result<Self, Error> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        std::fs::create_dir_all(parent).map_err(Error::io("create", parent))?;
        remove_stale(parent, name);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = parent.join(format!("{name}.tmp-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).map_err(Error::io("create", &path))?;
        // From here on it is removed when anything fails.
        let mut folder = Self {
            path,
            lock: None,
            finished: false,
        };
        let lock = folder.path.join(LOCK);
        let file = File::create(&lock).map_err(Error::io("create", &lock))?;
        // A file system without locks leaves the folder to the rule about its age.
        let _ = file.try_lock();
        folder.lock = Some(file);
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the folder its name, which must be free or an empty folder.
    pub(super) fn finish(mut self, name: &Path) -> Result<(), Error> {
        files::sync_folder(&self.path);
        if !cfg!(unix) {
            // A folder with an open file in it cannot be renamed everywhere.
            self.lock = None;
        }
        // Locked until it has its name: what is killed before can be told from what is at work.
        std::fs::rename(&self.path, name).map_err(Error::io("create", name))?;
        self.finished = true;
        let lock = name.join(LOCK);
        std::fs::remove_file(&lock).map_err(Error::io("remove", &lock))?;
        if let Some(parent) = name.parent() {
            files::sync_folder(parent);
        }
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.finished {
            self.lock = None;
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// Removes a finished folder so that it is there whole or not at all: under another name.
pub(super) fn remove(folder: &Path) -> Result<(), Error> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let leaving = folder.with_file_name(format!("{name}.tmp-{}-damaged", std::process::id()));
    std::fs::rename(folder, &leaving).map_err(Error::io("remove", folder))?;
    std::fs::remove_dir_all(&leaving).map_err(Error::io("remove", &leaving))
}

/// Removes the lock of a preparation that was killed when all but that was done.
pub(super) fn remove_lock(folder: &Path) {
    let lock = folder.join(LOCK);
    if File::open(&lock).is_ok_and(|lock| lock.try_lock().is_ok()) {
        let _ = std::fs::remove_file(&lock);
    }
}

/// Removes what killed preparations of `name` have left. Nothing depends on its success.
pub(super) fn remove_stale(parent: &Path, name: &str) {
    let prefix = format!("{name}.tmp-");
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(&prefix);
        if is_ours && is_stale(&entry.path()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn is_stale(folder: &Path) -> bool {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(_) => folder
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age > GRACE)),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_folder_is_complete_or_absent() {
        let parent = tempfile::tempdir().unwrap();
        let given_up = Temporary::new(parent.path(), "out").unwrap();
        std::fs::write(given_up.path().join("part"), "x").unwrap();
        drop(given_up);
        assert!(names(parent.path()).is_empty());
        let finished = Temporary::new(parent.path(), "out").unwrap();
        std::fs::write(finished.path().join("all"), "x").unwrap();
        finished.finish(&parent.path().join("out")).unwrap();
        assert_eq!(names(parent.path()), ["out"]);
        assert_eq!(names(&parent.path().join("out")), ["all"]);
    }

    #[test]
    fn only_what_nobody_holds_is_stale() {
        let parent = tempfile::tempdir().unwrap();
        let running = Temporary::new(parent.path(), "out").unwrap();
        let killed = parent.path().join("out.tmp-1-0");
        std::fs::create_dir(&killed).unwrap();
        std::fs::write(killed.join(LOCK), "").unwrap();
        let other = parent.path().join("mine.tmp-1-0");
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join(LOCK), "").unwrap();
        let fresh = parent.path().join("out.tmp-2-0");
        std::fs::create_dir(&fresh).unwrap();
        let next = Temporary::new(parent.path(), "out").unwrap();
        assert!(running.path().exists() && next.path().exists());
        assert!(!killed.exists() && other.exists() && fresh.exists());
    }

    #[test]
    fn a_lock_that_nobody_holds_goes() {
        let parent = tempfile::tempdir().unwrap();
        let lock = File::create(parent.path().join(LOCK)).unwrap();
        lock.try_lock().unwrap();
        remove_lock(parent.path());
        assert_eq!(names(parent.path()), [LOCK]);
        drop(lock);
        remove_lock(parent.path());
        assert!(names(parent.path()).is_empty());
    }

    #[test]
    fn a_removed_folder_leaves_nothing() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("out");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("part"), "x").unwrap();
        remove(&folder).unwrap();
        assert!(names(parent.path()).is_empty());
    }

    #[test]
    fn a_name_that_is_taken_is_not_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let taken = parent.path().join("out");
        std::fs::create_dir(&taken).unwrap();
        std::fs::write(taken.join("precious"), "x").unwrap();
        let folder = Temporary::new(parent.path(), "out").unwrap();
        assert!(folder.finish(&taken).is_err());
        assert_eq!(names(parent.path()), ["out"]);
        assert_eq!(names(&taken), ["precious"]);
    }
}
