//! Where and when a run ran: one line of `launches.jsonl` for each start or resume.
//!
//! Written by the process that trains, so that a report made later, on another machine, tells the
//! truth about this one. How the launch ended is put into its line at its end; a line without an end
//! is of a process that still runs, or was killed.

use crate::backend::Opened;
use crate::learner::{End, Evaluation, Outcome};
use crate::{Error, Result, files};
use burn::tensor::Device;
use serde::{Deserialize, Serialize};
use slovo_args::BackendArgs;
use slovo_data::{Waste, memory};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// The file in the run folder.
pub const FILE: &str = "launches.jsonl";

/// One process that trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Launch {
    /// Steps that were behind it when it began.
    pub step: u64,
    /// When it began, in seconds since 1970.
    pub began: u64,
    /// Version of Slovo.
    pub slovo: String,
    /// What computed.
    pub backend: String,
    /// On which device.
    pub device: String,
    /// What the processor calls itself, where the system tells.
    pub cpu: Option<String>,
    /// Threads that it runs at once.
    pub threads: usize,
    /// Operating system and architecture.
    pub system: String,
    /// What its windows left empty, and what of the text they left out, where that is known.
    #[serde(default)]
    pub waste: Option<Waste>,
    /// How it ended.
    pub end: Option<Ended>,
}

/// How a launch ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// When, in seconds since 1970.
    pub at: u64,
    /// Why.
    pub how: How,
    /// The most memory that the process held, in bytes, where the system tells.
    #[serde(default)]
    pub peak_memory: Option<u64>,
    /// What it failed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The best model, on the whole validation set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

/// Why a launch ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// All steps were taken.
    Finished,
    /// The validation loss stopped falling.
    NoImprovement,
    /// Somebody asked.
    Stopped,
    /// It went wrong.
    Failed,
}

/// A model, measured on the whole validation set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// Steps behind the model.
    pub step: u64,
    /// What was found.
    #[serde(flatten)]
    pub evaluation: Evaluation,
}

impl Launch {
    /// This process, on this machine, from `step` on.
    pub fn here(args: &BackendArgs, opened: &Opened, step: u64) -> Self {
        Self {
            step,
            began: now(),
            slovo: env!("CARGO_PKG_VERSION").into(),
            backend: args.backend.name().into(),
            device: match &opened.adapter {
                Some(adapter) => adapter.to_string(),
                None => name_of(&opened.device),
            },
            cpu: cpu(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            waste: None,
            end: None,
        }
    }
}

/// Adds a launch to a run folder. The caller holds the folder's lock.
///
/// # Errors
///
/// A file system that refuses.
pub fn begin(run: &Path, launch: Launch) -> Result<()> {
    let mut launches = read(run)?;
    launches.push(launch);
    write(run, &launches)
}

/// Puts the end into the last launch. The caller holds the folder's lock.
///
/// # Errors
///
/// A file system that refuses.
pub fn end(run: &Path, outcome: &Result<Outcome>) -> Result<()> {
    let mut launches = read(run)?;
    let Some(last) = launches.last_mut() else {
        return Ok(());
    };
    last.end = Some(Ended {
        at: now(),
        how: match outcome.as_ref().map(|outcome| outcome.end) {
            Ok(End::Finished) => How::Finished,
            Ok(End::NoImprovement) => How::NoImprovement,
            Ok(End::Stopped) => How::Stopped,
            Err(_) => How::Failed,
        },
        peak_memory: memory::peak(),
        error: outcome.as_ref().err().map(Error::to_string),
        measured: outcome.as_ref().ok().and_then(|outcome| {
            let (step, evaluation) = outcome.measured?;
            Some(Measured { step, evaluation })
        }),
    });
    write(run, &launches)
}

/// The launches of a run folder, in order.
///
/// # Errors
///
/// When the file is there and cannot be read.
pub fn read(run: &Path) -> Result<Vec<Launch>> {
    Ok(files::read_lines(&run.join(FILE))?
        .iter()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect())
}

fn write(run: &Path, launches: &[Launch]) -> Result<()> {
    let mut text = String::new();
    for launch in launches {
        let line = serde_json::to_string(launch);
        text += &line.map_err(|error| Error::Training(error.to_string()))?;
        text.push('\n');
    }
    files::write_atomic(&run.join(FILE), text.as_bytes())
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

/// `Device<Flex(Cpu)>` as `Flex(Cpu)`.
fn name_of(device: &Device) -> String {
    let name = format!("{device:?}");
    let inside = name
        .strip_prefix("Device<")
        .and_then(|name| name.strip_suffix('>'));
    inside.unwrap_or(&name).into()
}

/// The processor's name: Linux on x86 tells it in `/proc/cpuinfo`, Windows in the environment.
fn cpu() -> Option<String> {
    let told = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = told.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_string())
    });
    model.or_else(|| std::env::var("PROCESSOR_IDENTIFIER").ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::checkpoint::TrainState;

    #[test]
    fn the_end_goes_to_the_last_launch() {
        let dir = tempfile::tempdir().unwrap();
        let outcome = Ok(Outcome {
            end: End::Stopped,
            state: TrainState::default(),
            measured: None,
        });
        // Without a launch there is nothing to end.
        end(dir.path(), &outcome).unwrap();
        let opened = Opened {
            device: Device::default(),
            adapter: None,
        };
        let launch = Launch::here(&BackendArgs::default(), &opened, 5);
        begin(dir.path(), launch.clone()).unwrap();
        begin(dir.path(), launch).unwrap();
        end(dir.path(), &outcome).unwrap();
        let found = read(dir.path()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].end, None);
        assert_eq!(found[1].end.as_ref().unwrap().how, How::Stopped);

        let failed = Err(Error::Training("a flat tyre".into()));
        end(dir.path(), &failed).unwrap();
        let found = read(dir.path()).unwrap();
        let ended = found[1].end.as_ref().unwrap();
        assert_eq!(ended.how, How::Failed);
        assert_eq!(ended.error.as_deref(), Some("a flat tyre"));
    }
}
