//! A run folder, read.

use crate::checkpoint::Shelf;
use crate::launches::{self, Ended, Launch, Measured};
use crate::material::MaterialReport;
use crate::recipe::{Recipe, RunRecipe};
use crate::run::{DATA, TrainRow};
use crate::samples::{self, Sample};
use crate::{Error, Result, files};
use serde::{Deserialize, Serialize};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

/// One evaluation, as `eval.csv` has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EvalRow {
    /// Steps behind the model.
    pub step: u64,
    /// Target tokens behind it.
    pub tokens: u64,
    /// Mean loss in nats per token.
    pub loss: f64,
    /// e to the loss.
    pub perplexity: f64,
    /// Bits for a byte of the text, where its length is known.
    pub bits_per_byte: Option<f64>,
    /// Windows measured.
    pub windows: u64,
    /// The share of targets that were the likeliest token, where that is asked.
    pub accuracy: Option<f64>,
}

/// A source of a mixture, as `sources.json` has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SourceFigure {
    /// Its name.
    pub name: String,
    /// Bytes of its held-out text; 0 where nothing of it is held out.
    pub bytes: u64,
    /// Mean loss in nats per token, where something was measured.
    pub loss: Option<f64>,
    /// Bits for a byte of the text.
    pub bits_per_byte: Option<f64>,
    /// Half the width of its 95 % interval.
    pub interval: Option<f64>,
}

/// The file of a run folder that holds them.
pub const SOURCES: &str = "sources.json";

/// What a run is doing.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// A process trains in the folder.
    Running,
    /// The last process was killed: it wrote no end.
    Interrupted,
    /// The last process came to an end.
    Ended(Ended),
}

/// All that a report tells of a run.
#[derive(Clone, Debug)]
pub struct RunRecord {
    /// The folder's name.
    pub name: String,
    /// As it really ran.
    pub recipe: Recipe,
    /// Every step.
    pub steps: Vec<TrainRow>,
    /// Time spent on steps up to and with each of them, in seconds; as long as `steps`.
    pub seconds: Vec<f64>,
    /// Every evaluation.
    pub evaluations: Vec<EvalRow>,
    /// What the model said.
    pub samples: Vec<Sample>,
    /// Where it ran.
    pub launches: Vec<Launch>,
    /// What its model needs for each source, where several were mixed and the run has ended.
    pub sources: Vec<SourceFigure>,
    /// What it learned from; runs of earlier versions do not say.
    pub data: Option<MaterialReport>,
    /// What it is doing.
    pub status: Status,
}

impl RunRecord {
    /// Reads a run folder; nothing in it changes, and a process that trains there is not disturbed.
    ///
    /// # Errors
    ///
    /// A folder that holds no run, a recipe that cannot be understood, or files that cannot be read.
    pub fn read(run: &Path) -> Result<Self> {
        if !run.join("recipe.ron").is_file() {
            return Err(Error::Folder {
                path: run.into(),
                what: match run.exists() {
                    true => {
                        "holds no run: it has no recipe.ron; the folder that `pretrain` wrote \
                             (runs/NAME) would do"
                    }
                    false => {
                        "there is no such folder; the one that `pretrain` wrote (runs/NAME) \
                              would do"
                    }
                }
                .into(),
            });
        }
        // In this order a run that ends meanwhile is called running or ended, never interrupted, and
        // has more rows, not fewer.
        let running = is_locked(run);
        let launches = launches::read(run)?;
        let status = match launches.last().and_then(|launch| launch.end.clone()) {
            Some(end) => Status::Ended(end),
            None if running => Status::Running,
            None => Status::Interrupted,
        };
        let steps: Vec<_> = rows(&run.join("train.csv"), train_row)?;
        Ok(Self {
            name: name(run),
            recipe: Recipe::of_run(run)?,
            seconds: seconds(run, &steps),
            steps,
            evaluations: rows(&run.join("eval.csv"), eval_row)?,
            samples: samples::read(run)?,
            launches,
            sources: sources(&run.join(SOURCES))?,
            data: data(&run.join(DATA))?,
            status,
        })
    }

    /// The evaluation with the lowest loss, the earliest of equals.
    pub fn best(&self) -> Option<&EvalRow> {
        let finite = self.evaluations.iter().filter(|row| row.loss.is_finite());
        finite.reduce(|best, row| if row.loss < best.loss { row } else { best })
    }

    /// The best model on the whole validation set, once the run has come to its end.
    pub fn measured(&self) -> Option<Measured> {
        match &self.status {
            Status::Ended(end) => end.measured,
            _ => None,
        }
    }

    /// Trainable numbers of the model.
    pub fn parameters(&self) -> Option<u64> {
        self.recipe.parameter_count().ok()
    }

    /// Steps taken.
    pub fn step(&self) -> u64 {
        self.steps.last().map_or(0, |row| row.step)
    }

    /// Target tokens seen.
    pub fn tokens(&self) -> u64 {
        self.steps.last().map_or(0, |row| row.tokens)
    }

    /// Time spent on steps, in seconds.
    pub fn time(&self) -> f64 {
        self.seconds.last().copied().unwrap_or(0.0)
    }

    /// Target tokens a second, over all steps.
    pub fn speed(&self) -> Option<f64> {
        (self.time() > 0.0).then(|| self.tokens() as f64 / self.time())
    }

    /// Steps that were skipped because loss or gradient was not finite.
    pub fn skipped(&self) -> impl Iterator<Item = &TrainRow> {
        self.steps.iter().filter(|row| !took_effect(row))
    }

    /// Passes over the training text.
    pub fn epochs(&self) -> Option<f64> {
        let tokens = self.data.as_ref()?.targets();
        (tokens > 0).then(|| self.tokens() as f64 / tokens as f64)
    }

    /// Time spent on steps when `step` was done, in seconds.
    pub fn seconds_at(&self, step: u64) -> f64 {
        let after = self.steps.partition_point(|row| row.step <= step);
        after.checked_sub(1).map_or(0.0, |last| self.seconds[last])
    }
}

/// Whether the step changed the parameters.
pub fn took_effect(row: &TrainRow) -> bool {
    row.loss.is_finite() && row.grad_norm.is_finite()
}

/// What the run learned from, where it says so.
fn sources(path: &Path) -> Result<Vec<SourceFigure>> {
    let json = match std::fs::read(path) {
        Ok(json) => json,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::io("read", path)(error)),
    };
    serde_json::from_slice(&json).map_err(|error| Error::Folder {
        path: path.into(),
        what: format!("does not hold figures of sources: {error}"),
    })
}

fn data(path: &Path) -> Result<Option<MaterialReport>> {
    match std::fs::read(path) {
        Ok(json) => MaterialReport::of_run(path, &json).map(Some),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", path)(error)),
    }
}

/// The folder's own name, also of `.` and `..`.
fn name(run: &Path) -> String {
    let whole = run.canonicalize().unwrap_or_else(|_| run.into());
    let name = whole.file_name().unwrap_or(run.as_os_str());
    name.to_string_lossy().into_owned()
}

/// Whether a process trains in the folder: it holds `run.log` locked.
fn is_locked(run: &Path) -> bool {
    File::open(run.join("run.log"))
        .is_ok_and(|log| matches!(log.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

/// Seconds spent up to each step. A checkpoint knows them exactly at its own step; between, they
/// follow from each step's rounded speed.
fn seconds(run: &Path, steps: &[TrainRow]) -> Vec<f64> {
    let (mut total, mut tokens) = (0.0, 0);
    let mut seconds = Vec::with_capacity(steps.len());
    for row in steps {
        if row.tokens_per_second > 0.0 {
            total += row.tokens.saturating_sub(tokens) as f64 / row.tokens_per_second;
        }
        tokens = row.tokens;
        seconds.push(total);
    }
    let bundles = Shelf::new(run, 1).bundles().unwrap_or_default();
    let known = bundles.iter().rev().find_map(|bundle| bundle.state().ok());
    let at = known.as_ref().and_then(|state| {
        let index = steps.iter().rposition(|row| row.step == state.step)?;
        Some((state.seconds, seconds[index]))
    });
    if let Some((exact, sum)) = at
        && sum > 0.0
    {
        for second in &mut seconds {
            *second *= exact / sum;
        }
    }
    seconds
}

/// The rows of a table; what is no row (a header, half a line) is left out.
fn rows<T>(path: &Path, parse: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>> {
    Ok(files::read_lines(path)?
        .iter()
        .filter_map(|line| parse(&line.split(',').collect::<Vec<_>>()))
        .collect())
}

fn train_row(cells: &[&str]) -> Option<TrainRow> {
    let [step, tokens, loss, lr, grad_norm, speed] = cells else {
        return None;
    };
    Some(TrainRow {
        step: step.parse().ok()?,
        tokens: tokens.parse().ok()?,
        loss: loss.parse().ok()?,
        lr: lr.parse().ok()?,
        grad_norm: grad_norm.parse().ok()?,
        tokens_per_second: speed.parse().ok()?,
    })
}

fn eval_row(cells: &[&str]) -> Option<EvalRow> {
    // Runs of earlier versions have no accuracy.
    let (cells, accuracy) = match cells {
        [cells @ .., accuracy] if cells.len() == 6 => (cells, *accuracy),
        cells => (cells, ""),
    };
    let [step, tokens, loss, perplexity, bits, windows] = cells else {
        return None;
    };
    let known = |cell: &str| match cell.is_empty() {
        true => Some(None),
        false => Some(Some(cell.parse().ok()?)),
    };
    Some(EvalRow {
        step: step.parse().ok()?,
        tokens: tokens.parse().ok()?,
        loss: loss.parse().ok()?,
        perplexity: perplexity.parse().ok()?,
        bits_per_byte: known(bits)?,
        windows: windows.parse().ok()?,
        accuracy: known(accuracy)?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_none_are_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("train.csv");
        let table = "step,tokens,loss,lr,grad_norm,tokens_per_second\n\
                     1,64,4.5,0.1,inf,1000\n2,128,NaN,0,NaN,1000\n3,192,4.";
        std::fs::write(&path, table).unwrap();
        let found = rows(&path, train_row).unwrap();
        assert_eq!(found.len(), 2);
        assert!(!took_effect(&found[0]) && found[1].loss.is_nan());
        assert!(
            rows(&dir.path().join("none.csv"), train_row)
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn time_follows_from_speed_where_no_checkpoint_tells_it() {
        let dir = tempfile::tempdir().unwrap();
        let row = |step, tokens_per_second| TrainRow {
            step,
            tokens: step * 100,
            loss: 1.0,
            lr: 0.1,
            grad_norm: 1.0,
            tokens_per_second,
        };
        let found = seconds(dir.path(), &[row(1, 100.0), row(2, 50.0), row(3, 0.0)]);
        assert_eq!(found, [1.0, 3.0, 3.0]);
    }
}
