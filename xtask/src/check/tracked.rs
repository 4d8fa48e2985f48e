//! The files that git tracks: what others will get.

use crate::cargo::root;
use std::process::Command;

/// Their paths from the workspace's folder, or why nobody can say.
pub fn files() -> Result<Vec<String>, &'static str> {
    let listed = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .map_err(|_| "git, which knows the tracked files, is not installed")?;
    if !listed.status.success() {
        return Err("this is not a git checkout, so no file is tracked");
    }
    let names = String::from_utf8_lossy(&listed.stdout);
    let names = names.split('\0').filter(|name| !name.is_empty());
    Ok(names.map(str::to_owned).collect())
}
