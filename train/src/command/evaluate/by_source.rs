//! Measuring a decoder on what a run held out, source by source: what it learned of each, and what it forgot.

use super::text::{HeldOut, InMemory, Ready};
use super::within;
use crate::material::Material;
use crate::place::ModelPlace;
use crate::recipe::{Recipe, RunRecipe};
use crate::report::{SOURCES, SourceFigure};
use crate::stop::Stop;
use crate::{Error, Result, files};
use serde::Serialize;
use slovo_args::EvaluateArgs;
use slovo_data::Prepared;
use slovo_data::recipe::Split;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// What was found of each source; in a run folder, `sources.json`.
#[derive(Clone, Debug, Serialize)]
pub struct BySource {
    /// Name and figures, in the order of the recipe; none where too little is held out to be measured.
    pub sources: Vec<(String, Option<HeldOut>)>,
}

/// Measures the model of `args` on the held-out text of the run, or of the prepared data, in `folder`.
pub(super) fn measure(
    args: &EvaluateArgs,
    place: &ModelPlace,
    folder: &Path,
    stop: &Stop,
) -> Result<Option<BySource>> {
    let ready = Ready::new(args, place)?;
    let mut sources = Vec::new();
    let (data, ranges) = held_out(folder, stop)?;
    for (name, range) in ranges {
        // As text: another model may have another tokenizer.
        let text = data.validation_texts(range)?;
        if text.is_empty() {
            sources.push((name, None));
            continue;
        }
        let text = InMemory::of(
            text.iter().map(String::as_str),
            &ready.tokenizer,
            ready.context,
        )?;
        if text.context() == 0 {
            sources.push((name, None));
            continue;
        }
        let (context, size) = (text.context(), text.size());
        match ready.evaluate(Arc::new(text), context, size, stop)? {
            Some(found) => sources.push((name, Some(found))),
            None => return Ok(None),
        }
    }
    Ok(Some(BySource { sources }))
}

/// Where the held-out text of each source lies.
type Ranges = Vec<(String, Range<u64>)>;

/// What a folder holds out, and where each source lies in it.
fn held_out(folder: &Path, stop: &Stop) -> Result<(Prepared, Ranges)> {
    // Both have a recipe and a report; prepared data has its tokenizer beside them.
    let of_run = !folder.join("tokenizer.json").is_file();
    let (data, recipe) = match of_run {
        true => {
            let recipe = Recipe::of_run(folder)?;
            match Material::of_run(folder, &recipe, stop)? {
                Material::Text(data) => (data, recipe.data()?),
                Material::Pairs(_) => {
                    return Err(Error::Folder {
                        path: folder.into(),
                        what: "holds out pairs, not a text".into(),
                    });
                }
            }
        }
        false => (
            Prepared::open(folder)?,
            slovo_data::prepare::recipe_of(folder)?,
        ),
    };
    let ranges = data.validation_ranges(&recipe.sources);
    Ok((data, ranges))
}

impl BySource {
    /// Keeps it in a run folder, for the report.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn keep(&self, run: &Path) -> Result<()> {
        let figures: Vec<SourceFigure> = self
            .sources
            .iter()
            .map(|(name, found)| SourceFigure {
                name: name.clone(),
                bytes: found.as_ref().map_or(0, |found| found.bytes),
                loss: found.as_ref().map(|found| found.loss),
                bits_per_byte: found.as_ref().map(|found| found.bits_per_byte),
                interval: found.as_ref().and_then(|it| it.bits_per_byte_interval),
            })
            .collect();
        let json = super::super::json(&figures)?;
        files::write_atomic(&run.join(SOURCES), format!("{json}\n").as_bytes())
    }
}

impl std::fmt::Display for BySource {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:<20} {:>13} {:>22} {:>10}",
            "source", "bytes", "bits per byte", "loss"
        )?;
        for (name, found) in &self.sources {
            let Some(found) = found else {
                write!(f, "\n{name:<20} {:>13} {:>22} {:>10}", "–", "–", "–")?;
                continue;
            };
            let bits = format!(
                "{:.4}{}",
                found.bits_per_byte,
                within(found.bits_per_byte_interval)
            );
            let bytes = slovo_data::report::grouped(found.bytes);
            write!(
                f,
                "\n{name:<20} {bytes:>13} {bits:>22} {:>10.4}",
                found.loss
            )?;
        }
        if self.sources.iter().any(|(_, found)| found.is_none()) {
            write!(
                f,
                "\n–: too little is held out to be measured; {}",
                Split::OF_EACH_SOURCE
            )?;
        }
        Ok(())
    }
}
