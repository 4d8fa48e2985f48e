//! The run folder: what a run writes while it goes, and nothing else.
//!
//! ```text
//! recipe.ron   as it really ran        train.csv, eval.csv   one row a step, one an evaluation
//! run.log      what happened when      checkpoints/, model/  see `checkpoint`, the best weights
//! data.json    what it learns from     samples.jsonl         what the model said at milestones
//! launches.jsonl   where it ran        report.html, .json    see `report`
//! ```
//!
//! The folder is locked (on `run.log`) while a process trains in it.

use crate::checkpoint::TrainState;
use crate::learner::evaluation::Evaluation;
use crate::material::MaterialReport;
use crate::recipe::RunRecipe;
use crate::{Error, Result, files, launches, report, samples};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Everything that a run folder holds when no process is at work in it.
pub const CONTENTS: [&str; 11] = [
    "recipe.ron",
    "train.csv",
    "eval.csv",
    "run.log",
    "checkpoints",
    "model",
    DATA,
    launches::FILE,
    samples::FILE,
    report::HTML,
    report::JSON,
];

const TRAIN_HEADER: &str = "step,tokens,loss,lr,grad_norm,tokens_per_second";
const EVAL_HEADER: &str = "step,tokens,loss,perplexity,bits_per_byte,windows,accuracy";

/// The report of the prepared text, copied when the run starts: the run outlives its text.
pub const DATA: &str = "data.json";

/// One step, as `train.csv` has it.
#[derive(Clone, Copy, Debug)]
pub struct TrainRow {
    /// Steps taken, this one included.
    pub step: u64,
    /// Target tokens seen so far.
    pub tokens: u64,
    /// Mean loss of the step, in nats per token.
    pub loss: f64,
    /// Learning rate of the step; 0 when it was skipped.
    pub lr: f64,
    /// Norm of the gradient before clipping.
    pub grad_norm: f64,
    /// Speed of the step.
    pub tokens_per_second: f64,
}

/// An open run folder.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    train: File,
    eval: File,
    log: File,
    start: Instant,
}

impl RunFolder {
    /// Makes a new run folder and writes the recipe into it.
    ///
    /// # Errors
    ///
    /// A folder that already holds a run, or other files; a file system that refuses.
    pub fn create(path: &Path, recipe: &impl RunRecipe) -> Result<Self> {
        refuse_filled(path)?;
        fs::create_dir_all(path).map_err(Error::io("create", path))?;
        // The recipe comes first: it is what makes a folder a run.
        write_recipe(path, recipe)?;
        let mut run = Self::lock(path)?;
        writeln!(run.train, "{TRAIN_HEADER}")
            .map_err(Error::io("write", path.join("train.csv")))?;
        writeln!(run.eval, "{EVAL_HEADER}").map_err(Error::io("write", path.join("eval.csv")))?;
        Ok(run)
    }

    /// Opens an existing run folder, for this process alone. Nothing in it changes yet.
    ///
    /// # Errors
    ///
    /// A folder in which another process trains; a file system that refuses.
    pub fn lock(path: &Path) -> Result<Self> {
        let log = append_to(&path.join("run.log"))?;
        if !lock_soon(&log) {
            return Err(Error::Folder {
                path: path.into(),
                what: "another process is training in it; wait for it or choose another --out"
                    .into(),
            });
        }
        Ok(Self {
            train: append_to(&path.join("train.csv"))?,
            eval: append_to(&path.join("eval.csv"))?,
            log,
            path: path.into(),
            start: Instant::now(),
        })
    }

    /// Clears what an interrupted write left, and cuts the tables back to where `state` stands.
    ///
    /// # Errors
    ///
    /// A file system that refuses.
    pub fn go_on(&mut self, recipe: &impl RunRecipe, state: &TrainState) -> Result<()> {
        let path = self.path.clone();
        files::settle_folder(&path.join("model"))?;
        for name in CONTENTS {
            let left = slovo_data::files::beside(&path.join(name));
            if left.exists() {
                fs::remove_file(&left).map_err(Error::io("remove", &left))?;
            }
        }
        let (train, eval) = (path.join("train.csv"), path.join("eval.csv"));
        cut_back(&train, TRAIN_HEADER, state.step)?;
        cut_back(&eval, EVAL_HEADER, state.evaluated)?;
        samples::cut_back(&path, state.evaluated)?;
        // The tables were renamed into place; the files opened before are the old ones.
        self.train = append_to(&train)?;
        self.eval = append_to(&eval)?;
        // A run that is already as long as asked for stays what it was.
        match state.step < recipe.steps() {
            true => write_recipe(&path, recipe),
            false => Ok(()),
        }
    }

    /// Keeps what is known of the text.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep_data(&self, report: &MaterialReport) -> Result<()> {
        let text = serde_json::to_string_pretty(report)
            .map_err(|error| Error::Training(error.to_string()))?;
        files::write_atomic(&self.path.join(DATA), format!("{text}\n").as_bytes())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row to `train.csv`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn train_row(&mut self, row: &TrainRow) -> Result<()> {
        writeln!(
            self.train,
            "{},{},{},{},{},{:.0}",
            row.step, row.tokens, row.loss, row.lr, row.grad_norm, row.tokens_per_second
        )
        .map_err(Error::io("write", self.path.join("train.csv")))
    }

    /// Adds a row to `eval.csv`.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn eval_row(&mut self, step: u64, tokens: u64, evaluation: &Evaluation) -> Result<()> {
        let known = |number: Option<f64>| number.map_or(String::new(), |n| n.to_string());
        writeln!(
            self.eval,
            "{step},{tokens},{},{},{},{},{}",
            evaluation.loss,
            evaluation.perplexity(),
            known(evaluation.bits_per_byte),
            evaluation.windows,
            known(evaluation.accuracy)
        )
        .map_err(Error::io("write", self.path.join("eval.csv")))
    }

    /// Waits until the tables are on disk.
    ///
    /// # Errors
    ///
    /// When the system cannot promise it.
    pub fn sync(&self) -> Result<()> {
        self.train
            .sync_data()
            .and_then(|()| self.eval.sync_data())
            .map_err(Error::io("sync the tables in", &self.path))
    }

    /// Adds a line to `run.log`, with the seconds since this process opened the folder.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn log(&mut self, message: &str) -> Result<()> {
        writeln!(
            self.log,
            "{:>10.1} s  {message}",
            self.start.elapsed().as_secs_f64()
        )
        .map_err(Error::io("write", self.path.join("run.log")))
    }
}

/// Takes the lock, unless somebody keeps it: a report that looks whether a process trains here has it
/// for a moment too. A file system without locks grants it.
fn lock_soon(log: &File) -> bool {
    let blocked = || matches!(log.try_lock(), Err(fs::TryLockError::WouldBlock));
    (0..10).any(|attempt| {
        if attempt > 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        !blocked()
    })
}

/// Refuses a folder in which a new run would mix with what is there.
///
/// # Errors
///
/// A folder that already holds a run, or other files.
pub fn refuse_filled(path: &Path) -> Result<()> {
    let what = if holds_run(path) {
        "already holds a run; --resume goes on with it, --out DIR makes another"
    } else if fs::read_dir(path).is_ok_and(|entries| {
        // A start that was killed before it had written its recipe is no run yet, and nothing else.
        let begun = slovo_data::files::beside(Path::new("recipe.ron"));
        entries.flatten().any(|entry| entry.file_name() != begun)
    }) {
        "holds other files and is no run folder; an empty or a new one would do"
    } else {
        return Ok(());
    };
    Err(Error::Folder {
        path: path.into(),
        what: what.into(),
    })
}

/// Whether a folder looks like a run.
pub fn holds_run(path: &Path) -> bool {
    path.join("recipe.ron").exists() || path.join("checkpoints").exists()
}

fn write_recipe(folder: &Path, recipe: &impl RunRecipe) -> Result<()> {
    let text = slovo_data::recipe::to_ron_string(recipe)?;
    files::write_atomic(&folder.join("recipe.ron"), text.as_bytes())
}

fn append_to(path: &Path) -> Result<File> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .map_err(Error::io("open", path))
}

/// Keeps the header and the whole rows up to `step`.
fn cut_back(path: &Path, header: &str, step: u64) -> Result<()> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    let mut kept = format!("{header}\n");
    for line in text.split_inclusive('\n').skip(1) {
        let of_step = line.split(',').next().and_then(|s| s.parse().ok());
        if line.ends_with('\n') && of_step.is_some_and(|of: u64| of <= step) {
            kept.push_str(line);
        }
    }
    files::write_atomic(path, kept.as_bytes())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_cut_back_to_whole_rows_of_the_step() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("train.csv");
        fs::write(&path, "step,loss\n1,4\n2,3\n3,2\n4,1").unwrap();
        cut_back(&path, "step,loss", 2).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "step,loss\n1,4\n2,3\n");
    }

    #[test]
    fn a_start_that_was_killed_at_once_is_no_run_and_no_other_folder() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("recipe.ron.tmp"), "half").unwrap();
        refuse_filled(dir.path()).unwrap();
        fs::write(dir.path().join("letter.txt"), "dear").unwrap();
        assert!(refuse_filled(dir.path()).is_err());
    }

    #[test]
    fn a_half_written_last_row_goes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("train.csv");
        fs::write(&path, "step,loss\n1,4\n2,3.0").unwrap();
        cut_back(&path, "step,loss", 2).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "step,loss\n1,4\n");
    }
}
