//! Runs of the program, and what an uninterrupted one gives.

use crate::strays;
use crate::support::{Workshop, errors};
use crate::tally::{Trial, require};
use slovo_train::checkpoint::Shelf;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

/// What a run leaves that does not depend on how often it was interrupted.
pub struct Reference {
    losses: Vec<String>,
    weights: Vec<u8>,
    tables: Vec<String>,
    data: String,
}

impl Reference {
    /// Of a finished run.
    pub fn of(workshop: &Workshop) -> Self {
        let read = |name| std::fs::read_to_string(workshop.run_folder().join(name)).unwrap();
        Self {
            losses: workshop.losses(),
            weights: workshop.weights(),
            tables: vec![read("eval.csv"), read("model/slovo.ron")],
            data: strays::none_in_data(&workshop.path().join("runs/data")).unwrap(),
        }
    }

    /// Of a run that is not interrupted, with these flags.
    pub fn straight(flags: &[&str]) -> Self {
        let workshop = Workshop::new();
        let output = workshop.finish(flags);
        assert!(output.status.success(), "{}", errors(&output));
        Self::of(&workshop)
    }

    /// A run that was interrupted is this one bit by bit, and nothing else is left of it.
    pub fn equals(&self, workshop: &Workshop) -> Trial {
        strays::none_in_run(&workshop.run_folder())?;
        strays::none_in_data(&workshop.path().join("runs/data"))?;
        let found = Self::of(workshop);
        require(self.losses == found.losses, || "other losses".into())?;
        require(self.weights == found.weights, || "other weights".into())?;
        require(self.tables == found.tables, || "other evaluations".into())?;
        require(self.data == found.data, || "other data".into())
    }
}

/// The flags, and `--resume` where there is something to go on with.
pub fn go_on<'a>(workshop: &Workshop, flags: &[&'a str]) -> Vec<&'a str> {
    let mut flags = flags.to_vec();
    if workshop.run_folder().join("recipe.ron").exists() {
        flags.push("--resume");
    }
    flags
}

/// Starts the program; what it says goes into a file, so that nobody has to read along.
pub fn spawn(workshop: &Workshop, flags: &[&str]) -> Child {
    let said = std::fs::File::create(said(workshop)).unwrap();
    let mut command = workshop.pretrain(flags);
    command.stdout(Stdio::null()).stderr(said).spawn().unwrap()
}

/// What the last process started by [`spawn`] said on standard error.
pub fn heard(workshop: &Workshop) -> String {
    std::fs::read_to_string(said(workshop)).unwrap_or_default()
}

fn said(workshop: &Workshop) -> std::path::PathBuf {
    workshop.path().join("said.txt")
}

/// Runs to the end, which must be a good one.
pub fn finish(workshop: &Workshop, flags: &[&str]) -> Result<Output, String> {
    let output = workshop.finish(&go_on(workshop, flags));
    match output.status.success() {
        true => Ok(output),
        false => Err(format!("{}: {}", output.status, errors(&output))),
    }
}

/// Sends a signal to a child of ours.
pub fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    Command::new("kill").args([name, &id]).status().unwrap();
}

/// Every checkpoint of the run verifies; gives the step of the newest.
pub fn newest(run: &Path) -> Result<Option<u64>, String> {
    let (newest, passed_over) = Shelf::new(run, 2)
        .newest_good()
        .map_err(|e| e.to_string())?;
    match passed_over.first() {
        Some(bad) => Err(format!("a checkpoint is not whole: {}", bad.why)),
        None => Ok(newest.map(|bundle| bundle.step)),
    }
}

/// Copies a folder and all that is in it.
pub fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        match entry.file_type()?.is_dir() {
            true => copy_folder(&entry.path(), &place)?,
            false => std::fs::copy(entry.path(), place).map(|_| ())?,
        }
    }
    Ok(())
}
