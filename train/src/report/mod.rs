//! `report.html` and `report.json`: what a run was and how it went, for people and for programs.
//!
//! ```text
//! record  ─► json                          scale, curve ─► chart ─┐
//!    │                                                            ▼
//!    └─► settings, figures, origin ─────────────► parts ─► page, comparison
//! ```
//!
//! Axes, charts and markup are open to the other stages: their pages are sisters of this one.
//!
//! The page is one file: no script, nothing fetched, every curve an inline SVG, light or dark as the
//! reader's system is, and fit for A4. It is made from the run folder alone, at any time: of a run
//! that is over, that still goes, or that was killed. The same folder always gives the same bytes.

pub mod chart;
mod comparison;
pub mod curve;
pub mod figures;
mod json;
mod origin;
mod page;
mod parts;
mod record;
pub mod scale;
mod settings;

pub use parts::noisy;
pub use record::{EvalRow, RunRecord, SOURCES, SourceFigure, Status};
pub use slovo_data::report::markup;

use crate::{Error, Result, files};
use std::path::{Path, PathBuf};

/// The page, in the run folder.
pub const HTML: &str = "report.html";
/// The numbers, in the run folder.
pub const JSON: &str = "report.json";

/// Writes the report of the run folder `run` into it; returns the page's path.
///
/// # Errors
///
/// A folder that holds no run, a file in it that cannot be understood, or a file system that refuses.
pub fn write(run: &Path) -> Result<PathBuf> {
    let html = run.join(HTML);
    write_to(&[run.to_path_buf()], &html)?;
    Ok(html)
}

/// Writes one run's report, or several runs side by side, to `html` and to the `.json` beside it.
///
/// # Errors
///
/// As [`write()`].
pub fn write_to(runs: &[PathBuf], html: &Path) -> Result<()> {
    let mut records = Vec::new();
    for run in runs {
        records.push(RunRecord::read(run)?);
    }
    let (page, json) = match records.as_slice() {
        [record] => (page::page(record), json::run(record)),
        records => (comparison::page(records), json::comparison(records)),
    };
    let json = serde_json::to_string(&json).map_err(|error| Error::Training(error.to_string()))?;
    // The numbers first: who sees the page may count on them.
    files::write_atomic(&html.with_extension("json"), format!("{json}\n").as_bytes())?;
    files::write_atomic(html, page.as_bytes())
}
