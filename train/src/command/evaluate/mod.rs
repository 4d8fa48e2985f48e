//! Measuring a finished model on held-out text: a decoder on its own or another, an encoder and an
//! encoder–decoder on what their run held out.

mod by_source;
mod masked;
mod text;
mod translation;

pub use by_source::BySource;
pub use masked::Guessed;
pub use text::HeldOut;
pub use translation::Translated;

use crate::material::Material;
use crate::place::ModelPlace;
use crate::recipe::{Objective, Recipe, RunRecipe};
use crate::stop::Stop;
use crate::{Error, Result};
use serde::Serialize;
use slovo_args::{BackendArgs, EvaluateArgs, ModelArgs};
use std::fmt::{self, Display, Formatter};
use std::path::Path;

/// What was found.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Found {
    /// Of a decoder.
    Text(HeldOut),
    /// Of a decoder, source by source.
    BySource(BySource),
    /// Of an encoder.
    Masked(Guessed),
    /// Of an encoder–decoder.
    Translation(Translated),
}

impl Display for Found {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(found) => found.fmt(f),
            Self::BySource(found) => found.fmt(f),
            Self::Masked(found) => found.fmt(f),
            Self::Translation(found) => found.fmt(f),
        }
    }
}

/// Measures the model of `args`; `None` when asked to stop before the end.
///
/// # Errors
///
/// A model or a text that cannot be read, or that does not fit the other.
pub fn measure(args: &EvaluateArgs, stop: &Stop) -> Result<Option<Found>> {
    let place = ModelPlace::find(&args.model.model)?;
    let recipe = match &place.run {
        Some(run) => Some(Recipe::of_run(run)?),
        None => None,
    };
    match recipe {
        Some(recipe) if recipe.objective != Objective::Causal => {
            let other = args.held_out.iter().map(|it| it.display().to_string());
            let other: Vec<String> = args.data.iter().cloned().chain(other).collect();
            if !other.is_empty() {
                return Err(Error::Value {
                    field: if args.data.is_empty() {
                        "--held-out"
                    } else {
                        "--data"
                    },
                    found: other.join(" "),
                    expected: "leaving it out would do: only a decoder can be measured on another \
                               text than its run held out"
                        .into(),
                });
            }
            match &recipe.objective {
                Objective::Translation(_) => {
                    let found = translation::measure(args, &place, &recipe, stop)?;
                    Ok(found.map(Found::Translation))
                }
                _ => Ok(masked::measure(args, &place, &recipe, stop)?.map(Found::Masked)),
            }
        }
        recipe => match &args.held_out {
            Some(folder) => {
                let found = by_source::measure(args, &place, folder, stop)?;
                Ok(found.map(Found::BySource))
            }
            None => Ok(text::measure(args, &place, recipe, stop)?.map(Found::Text)),
        },
    }
}

/// What a finished run held out, measured source by source with its model; `None` when asked to stop.
///
/// # Errors
///
/// As [`measure`].
pub fn of_run(run: &Path, backend: &BackendArgs, stop: &Stop) -> Result<Option<BySource>> {
    let args = EvaluateArgs {
        model: ModelArgs { model: run.into() },
        data: Vec::new(),
        held_out: Some(run.into()),
        context: None,
        batch: 16,
        baselines: false,
        json: false,
        backend: backend.clone(),
    };
    by_source::measure(&args, &ModelPlace::find(run)?, run, stop)
}

/// What a model's own run learned from and held out.
fn own_material(place: &ModelPlace, recipe: &Recipe, stop: &Stop) -> Result<Material> {
    let material = Material::prepare(recipe, &mut |_| {}, stop)?;
    let trained = place.provenance()?.map(|provenance| provenance.data);
    if trained.is_some_and(|trained| trained != material.fingerprint()) {
        return Err(Error::Folder {
            path: place.run.clone().unwrap_or_else(|| place.folder.clone()),
            what: "its text has changed since, so what is held out now is not what was; --data \
                   PATH names a text to measure a decoder on"
                .into(),
        });
    }
    Ok(material)
}

/// ` ± 0.0123`, where the width is known.
fn within(half: Option<f64>) -> String {
    half.map_or(String::new(), |half| format!(" ± {half:.4}"))
}
