//! The Python beside us, and its scripts in `peer`.

use crate::case::{Case, Finding};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A Python that has torch and transformers.
pub struct Python(pub PathBuf);

/// What `verify.py` says of a folder of ours.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Verified {
    Difference(f64),
    Error(String),
}

impl Python {
    /// Makes models in `folder`, and says what there is to read.
    pub fn make(
        &self,
        folder: &Path,
        only: &[String],
        models: &[PathBuf],
    ) -> Result<Vec<Case>, String> {
        let only = only.iter().map(|family| ("--only", OsStr::new(family)));
        let models = models.iter().map(|folder| ("--model", folder.as_os_str()));
        let flags = only.chain(models);
        let flags = flags.flat_map(|(flag, value)| [OsStr::new(flag), value]);
        self.run("make.py", folder, flags)?;
        json(&folder.join("cases.json"))
    }

    /// Reads what was saved again, and adds what it finds.
    pub fn verify(
        &self,
        folder: &Path,
        cases: &[Case],
        findings: &mut [Finding],
        close: f64,
    ) -> Result<(), String> {
        self.run("verify.py", folder, [])?;
        let verified: BTreeMap<PathBuf, Verified> = json(&folder.join("verified.json"))?;
        for (case, finding) in cases.iter().zip(findings) {
            let failure = match verified.get(&case.place) {
                None if finding.saved => "was saved again and not looked at".into(),
                None => continue,
                Some(Verified::Error(said)) => format!("saved again: {said}"),
                Some(Verified::Difference(difference)) => {
                    finding.again = Some(*difference);
                    // A number that is none is not close either.
                    if *difference < close {
                        continue;
                    }
                    format!("saved again: differs by {difference:.1e}")
                }
            };
            finding.failures.push(failure);
        }
        Ok(())
    }

    fn run<'a>(
        &self,
        script: &str,
        folder: &Path,
        flags: impl IntoIterator<Item = &'a OsStr>,
    ) -> Result<(), String> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transformers/peer");
        let python = self.0.display();
        let status = Command::new(&self.0)
            .arg(scripts.join(script))
            .arg(folder)
            .args(flags)
            // Nothing is left beside the scripts, and nothing is fetched.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("HF_HUB_OFFLINE", "1")
            .env("TOKENIZERS_PARALLELISM", "false")
            .stdin(Stdio::null())
            .status()
            .map_err(|error| {
                format!(
                    "cannot run `{python}`: {error}; --python names a Python that has torch and \
                     transformers"
                )
            })?;
        match status.success() {
            true => Ok(()),
            false => Err(format!(
                "`{python}` did not get through {script} ({status}); it says why above"
            )),
        }
    }
}

fn json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, String> {
    let say = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| say(&error))?;
    serde_json::from_str(&text).map_err(|error| say(&error))
}
