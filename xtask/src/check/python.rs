//! What is held against Python's packages: test binaries of their own, which are told where Python is.
//! Whether that has what is needed is asked before anything is compiled.

use super::{Verdict, cargo_line_passes};
use slovo_args::{CheckArgs, CheckStep};
use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

/// Names the modules that are missing, without loading the others, which takes seconds.
const MISSING: &str = "import importlib.util as u, sys; \
                       print(', '.join(m for m in sys.argv[1:] if not u.find_spec(m)))";

/// A check that needs Python.
#[derive(Debug)]
pub struct Peer {
    /// The test binary; the whole workspace is named so that the tensor library keeps the features it was
    /// built with.
    test: &'static str,
    /// What Python must have.
    modules: &'static [&'static str],
}

/// Weights in and out.
pub const TRANSFORMERS: Peer = Peer {
    test: "test --release --workspace --test transformers --",
    modules: &["torch", "transformers"],
};

/// The server.
pub const CLIENTS: Peer = Peer {
    test: "test --release --workspace --test clients --",
    modules: &["openai"],
};

/// Whether the arguments that only these steps have come with one of them.
pub fn fits(arguments: &CheckArgs) -> bool {
    let with_python = [CheckStep::Transformers, CheckStep::Clients];
    let asked = &arguments.steps;
    arguments.python.is_none() || with_python.iter().any(|step| asked.contains(step))
}

pub fn check(peer: &Peer, arguments: &CheckArgs) -> Verdict {
    let Some(python) = &arguments.python else {
        return Verdict::Failed("--python is missing".into());
    };
    // A bare name is looked for where programs are; anything else is seen from where the caller stands.
    let python = match python.components().count() {
        1 => python.clone(),
        _ => from_here(python),
    };
    if let Err(why) = is_equipped(&python, peer.modules) {
        return Verdict::Failed(why);
    }
    let mut more: Vec<OsString> = vec!["--python".into(), python.into()];
    for folder in &arguments.model {
        more.extend(["--model".into(), from_here(folder).into()]);
    }
    cargo_line_passes(peer.test, &more)
}

/// Whether `python` is a Python with these modules; if not, what to do.
fn is_equipped(python: &Path, modules: &[&str]) -> Result<(), String> {
    let name = python.display();
    let output = Command::new(python)
        .args(["-c", MISSING])
        .args(modules)
        .output()
        .map_err(|error| {
            format!(
                "--python {name}: {error}; it names a Python that has {}, such as .venv/bin/python",
                modules.join(" and ")
            )
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("nothing");
        return Err(format!("--python {name}: no Python 3, it says: {last}"));
    }
    match String::from_utf8_lossy(&output.stdout).trim() {
        "" => Ok(()),
        missing => Err(format!(
            "--python {name}: has no {missing}; `{name} -m pip install {}` would do, or another Python",
            modules.join(" ")
        )),
    }
}

/// The same place for a program that runs in another folder.
fn from_here(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_python_that_is_none_is_named() {
        let error = is_equipped(Path::new("/no/such/python"), &[]).unwrap_err();
        assert!(error.contains("/no/such/python"), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_is_no_python_is_named() {
        let error = is_equipped(Path::new("false"), &[]).unwrap_err();
        assert!(error.contains("false: no Python 3"), "{error}");
    }

    #[test]
    fn a_path_is_seen_from_where_the_caller_stands() {
        assert!(from_here(Path::new("runs/default/model")).is_absolute());
    }
}
