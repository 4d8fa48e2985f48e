//! Weights in and out against Python's `transformers`: a test binary of its own, which is told where
//! Python is. Whether that has what is needed is asked before anything is compiled.

use super::{Verdict, cargo_line_passes};
use slovo_args::{CheckArgs, CheckStep};
use std::ffi::OsString;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

/// The test binary, beside the model so that the tensor library keeps the features it was built with.
const TEST: &str = "test --release -p slovo-model -p slovo-train --test transformers --";

/// Names the modules that are missing, without loading the others, which takes seconds.
const MISSING: &str = "import importlib.util as u; \
                       print(', '.join(m for m in ['torch', 'transformers'] if not u.find_spec(m)))";

/// Whether the arguments that only this step has come with it.
pub fn fits(arguments: &CheckArgs) -> bool {
    arguments.python.is_none() || arguments.steps.contains(&CheckStep::Transformers)
}

pub fn check(arguments: &CheckArgs) -> Verdict {
    let Some(python) = &arguments.python else {
        return Verdict::Failed("--python is missing".into());
    };
    // A bare name is looked for where programs are; anything else is seen from where the caller stands.
    let python = match python.components().count() {
        1 => python.clone(),
        _ => from_here(python),
    };
    if let Err(why) = is_equipped(&python) {
        return Verdict::Failed(why);
    }
    let mut more: Vec<OsString> = vec!["--python".into(), python.into()];
    for folder in &arguments.model {
        more.extend(["--model".into(), from_here(folder).into()]);
    }
    cargo_line_passes(TEST, &more)
}

/// Whether `python` is a Python with torch and transformers; if not, what to do.
fn is_equipped(python: &Path) -> Result<(), String> {
    let name = python.display();
    let output = Command::new(python)
        .args(["-c", MISSING])
        .output()
        .map_err(|error| {
            format!(
                "--python {name}: {error}; it names a Python that has torch and transformers, such as \
                 .venv/bin/python"
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
            "--python {name}: has no {missing}; `{name} -m pip install torch transformers` would do, or \
             another Python"
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
        let error = is_equipped(Path::new("/no/such/python")).unwrap_err();
        assert!(error.contains("/no/such/python"), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn a_program_that_is_no_python_is_named() {
        let error = is_equipped(Path::new("false")).unwrap_err();
        assert!(error.contains("false: no Python 3"), "{error}");
    }

    #[test]
    fn a_path_is_seen_from_where_the_caller_stands() {
        assert!(from_here(Path::new("runs/default/model")).is_absolute());
    }
}
