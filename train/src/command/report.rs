//! `report`: a run's page again, or several runs side by side.

use crate::place::is_classifier;
use crate::run::DATA;
use crate::{Error, Result, report};
use slovo_args::ReportArgs;
use std::path::{Path, PathBuf};

/// Writes the pages of `args` and returns the path of the page for people; the numbers for programs
/// lie beside it.
///
/// # Errors
///
/// A folder that holds no run, an `--out` that is no page, or a file system that refuses.
pub fn report(args: &ReportArgs) -> Result<PathBuf> {
    if let Some(run) = args.runs.iter().find(|run| is_classifier(run)) {
        return Err(Error::Folder {
            path: run.clone(),
            what: "holds a classifier; its report, report.html, is in the folder already".into(),
        });
    }
    let html = match (&args.out, args.runs.as_slice()) {
        (Some(out), _) => out.clone(),
        (None, [run]) => return report::write(run),
        (None, _) => Path::new("runs").join("comparison.html"),
    };
    if html.extension().is_none_or(|extension| extension != "html") {
        return Err(Error::Value {
            field: "--out",
            found: html.display().to_string(),
            expected: "a file that ends in .html would do".into(),
        });
    }
    // The numbers go beside the page.
    if html.with_extension("json").ends_with(DATA) {
        return Err(Error::Value {
            field: "--out",
            found: html.display().to_string(),
            expected: format!(
                "its numbers would take the place of a run's {DATA}; another name would do"
            ),
        });
    }
    if let Some(folder) = html.parent() {
        std::fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    report::write_to(&args.runs, &html)?;
    Ok(html)
}
