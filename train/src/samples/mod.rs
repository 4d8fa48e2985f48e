//! What the model says while it learns: the same prompt, continued at a few milestones.
//!
//! The tokens are drawn on the host from a stream of their own, named by the recipe's seed: nothing
//! that training computes depends on whether a sample was taken.

mod speaker;

pub use speaker::Speaker;

use crate::{Error, Result, files};
use serde::{Deserialize, Serialize};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// The file in the run folder: one [`Sample`] a line, as JSON.
pub const FILE: &str = "samples.jsonl";

/// Recipe of the samples.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Samples {
    /// The text to continue, to fill the masks of or to translate; where not given, the beginning
    /// of the held-out text.
    pub prompt: Option<String>,
    /// Tokens to add, at most.
    pub tokens: usize,
    /// At how many evaluations: the first, the last, and others evenly between them.
    pub at: u64,
    /// 0 takes the likeliest token; 1 samples as the model says.
    pub temperature: f64,
    /// Names the random stream; the same at every milestone.
    pub seed: u64,
}

impl Default for Samples {
    fn default() -> Self {
        Self {
            prompt: None,
            tokens: 200,
            at: 5,
            temperature: 0.8,
            seed: 0,
        }
    }
}

impl Samples {
    /// Checks the values.
    ///
    /// # Errors
    ///
    /// The first one that cannot work, and what would do.
    pub fn validate(&self) -> Result<()> {
        let wrong = |field, found: String, expected: &str| {
            Err(Error::Value {
                field,
                found,
                expected: format!("{expected} would do; `samples: None` takes no samples"),
            })
        };
        if self.tokens == 0 {
            return wrong("samples.tokens", "0".into(), "1 or more");
        }
        if self.at == 0 {
            return wrong("samples.at", "0".into(), "1 or more");
        }
        if !(self.temperature.is_finite() && self.temperature >= 0.0) {
            let found = self.temperature.to_string();
            return wrong("samples.temperature", found, "0 or above, such as 0.8,");
        }
        Ok(())
    }

    /// Whether a sample is taken at the evaluation after `step`, in a run of `steps` that is
    /// evaluated `every` so many.
    pub fn due(&self, step: u64, every: u64, steps: u64) -> bool {
        let (index, last) = (step.div_ceil(every), steps.div_ceil(every));
        // Milestones lie where this number grows: the last evaluation has the last one.
        let passed = |index: u64| match last {
            0 | 1 => index,
            _ => index.saturating_sub(1) * self.at.saturating_sub(1) / (last - 1),
        };
        match self.at {
            1 => index == last,
            _ => index == 1 || (index > 1 && passed(index) > passed(index - 1)),
        }
    }
}

/// One line of [`FILE`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// Steps behind the model.
    pub step: u64,
    /// What it was given.
    pub prompt: String,
    /// What it added.
    pub text: String,
}

/// Adds a sample to the run folder and waits until it is on disk.
///
/// # Errors
///
/// When it cannot be written.
pub fn append(run: &Path, sample: &Sample) -> Result<()> {
    let path = run.join(FILE);
    let line = serde_json::to_string(sample).map_err(|error| Error::Training(error.to_string()))?;
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .and_then(|mut file| {
            file.write_all(format!("{line}\n").as_bytes())?;
            file.sync_all()
        })
        .map_err(Error::io("write", &path))
}

/// The samples of a run folder, in order; a half-written line is no sample.
///
/// # Errors
///
/// When the file is there and cannot be read.
pub fn read(run: &Path) -> Result<Vec<Sample>> {
    Ok(files::read_lines(&run.join(FILE))?
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

/// Keeps the samples up to `step`, so that a run that goes on takes the later ones anew.
///
/// # Errors
///
/// A file system that refuses.
pub fn cut_back(run: &Path, step: u64) -> Result<()> {
    let path = run.join(FILE);
    if !path.exists() {
        return Ok(());
    }
    let mut kept = String::new();
    for sample in read(run)?.iter().filter(|sample| sample.step <= step) {
        let line = serde_json::to_string(sample);
        kept += &line.map_err(|error| Error::Training(error.to_string()))?;
        kept.push('\n');
    }
    files::write_atomic(&path, kept.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn milestones(at: u64, steps: u64, every: u64) -> Vec<u64> {
        let samples = Samples {
            at,
            ..Samples::default()
        };
        let evaluated = (1..=steps).filter(|step| step.is_multiple_of(every) || *step == steps);
        evaluated
            .filter(|step| samples.due(*step, every, steps))
            .collect()
    }

    #[test]
    fn milestones_are_the_first_the_last_and_some_between() {
        assert_eq!(milestones(5, 2000, 250), [250, 750, 1250, 1750, 2000]);
        assert_eq!(milestones(5, 1000, 10), [10, 260, 510, 760, 1000]);
        assert_eq!(milestones(2, 105, 10), [10, 105]);
        assert_eq!(milestones(1, 105, 10), [105]);
        assert_eq!(milestones(5, 3, 1), [1, 2, 3]);
        assert_eq!(milestones(5, 7, 10), [7]);
    }

    #[test]
    fn samples_are_cut_back_and_half_a_line_goes() {
        let dir = tempfile::tempdir().unwrap();
        let sample = |step| Sample {
            step,
            prompt: "a\n\"".into(),
            text: "é\u{1}".into(),
        };
        for step in [10, 20, 30] {
            append(dir.path(), &sample(step)).unwrap();
        }
        let path = dir.path().join(FILE);
        let torn = std::fs::read_to_string(&path).unwrap() + "{\"step\": 4";
        std::fs::write(&path, torn).unwrap();
        assert_eq!(read(dir.path()).unwrap().len(), 3);
        cut_back(dir.path(), 20).unwrap();
        assert_eq!(read(dir.path()).unwrap(), [sample(10), sample(20)]);
        append(dir.path(), &sample(30)).unwrap();
        assert_eq!(read(dir.path()).unwrap().len(), 3);
    }

    #[test]
    fn no_samples_are_no_fault() {
        let dir = tempfile::tempdir().unwrap();
        cut_back(dir.path(), 1).unwrap();
        assert!(read(dir.path()).unwrap().is_empty());
    }
}
