//! Calls of cargo that behave as if the caller had typed them.
//!
//! `cargo xtask` is itself `cargo run`, which tells its program about the package `xtask` in
//! environment variables. What we start next is another package: build scripts must not see a
//! change (they would run again), and a stage must not take `xtask`'s folder for its own.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables that describe the package `xtask` beside those that begin with `CARGO_PKG_`.
const OF_THIS_PACKAGE: [&str; 8] = [
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "CARGO_MANIFEST_LINKS",
    "CARGO_MAKEFLAGS",
    "CARGO_CRATE_NAME",
    "CARGO_BIN_NAME",
    "CARGO_PRIMARY_PACKAGE",
    "OUT_DIR",
];

/// The workspace's folder.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// `cargo` in the workspace's folder, so that its configuration there counts.
pub fn cargo() -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root());
    forget_this_package(&mut command);
    // A relative folder means relative to where the caller stands.
    for name in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
        if let (Some(folder), Ok(here)) = (env::var_os(name), env::current_dir()) {
            command.env(name, here.join(PathBuf::from(folder)));
        }
    }
    command
}

/// Takes the variables away that `cargo run` sets for `xtask` alone.
pub fn forget_this_package(command: &mut Command) {
    for name in of_this_package(env::vars_os().map(|(name, _)| name)) {
        command.env_remove(name);
    }
}

fn of_this_package(names: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    names.filter(|name| {
        name.to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || OF_THIS_PACKAGE.contains(&name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_describes_this_package_is_forgotten() {
        let names = [
            "CARGO_PKG_NAME",
            "CARGO_HOME",
            "CARGO",
            "CARGO_MANIFEST_DIR",
            "PATH",
        ];
        let forgotten: Vec<_> = of_this_package(names.map(OsString::from).into_iter()).collect();
        assert_eq!(forgotten, ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"]);
    }

    #[test]
    fn the_root_is_the_workspace() {
        assert!(root().join("Cargo.lock").is_file());
    }
}
