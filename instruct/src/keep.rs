//! What a tuning leaves behind: a model folder, and the adapter by itself.

use crate::assistant::Assistant;
use crate::recipe::{Recipe, Trains};
use crate::report::Report;
use crate::{Error, Result};
use burn::module::Module;
use burn::tensor::Device;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;
use slovo_model::{Adapter, CausalLm, save_model};
use slovo_train::files;
use slovo_train::place::{ModelPlace, Provenance};
use std::path::Path;

/// Says in an adapter's folder which base it belongs to.
const BASE: &str = "base.json";
/// Says in a model's folder which adapter was folded into it.
const FOLDED: &str = "folded.json";

/// What is kept.
pub struct Kept<'a> {
    /// The run folder.
    pub out: &'a Path,
    /// What was tuned.
    pub base: &'a Assistant,
    /// Names its weights.
    pub base_fingerprint: &'a str,
    /// What came of it, adapters apart from their matrices.
    pub model: &'a CausalLm,
    /// How.
    pub recipe: &'a Recipe,
    /// How well.
    pub report: &'a Report,
}

/// Which base an adapter belongs to.
#[derive(Serialize, Deserialize)]
struct Base {
    /// What it was called.
    name: String,
    /// SHA-256 over its settings and weights.
    fingerprint: String,
}

/// Which adapter was folded into a model.
#[derive(Serialize, Deserialize)]
struct Folded {
    /// SHA-256 over its weights.
    adapter: String,
}

/// Writes `model/` and, where one was trained, `adapter/` into the run folder, each complete or absent.
///
/// # Errors
///
/// A folder that cannot be written.
pub fn keep(kept: &Kept<'_>) -> Result<()> {
    let mut folded = None;
    if let Trains::Lora { rank, alpha, .. } = kept.recipe.trains
        && let Some(adapter) = Adapter::of(kept.model, rank, alpha)
    {
        let place = kept.out.join("adapter");
        whole(&place, |folder| {
            adapter.save(folder, kept.model.config())?;
            let base = Base {
                name: kept.report.base.clone(),
                fingerprint: kept.base_fingerprint.to_owned(),
            };
            note(&folder.join(BASE), &base)
        })?;
        folded = Some(weights_of(&place)?);
    }
    let merged = kept.model.valid().materialize();
    let run = kept.report.runs.iter();
    let run = run.min_by(|a, b| a.validation_loss.total_cmp(&b.validation_loss));
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").into(),
        stage: "instruct".into(),
        step: run.map_or(0, |run| run.step),
        tokens: 0,
        validation_loss: run.map_or(f64::NAN, |run| run.validation_loss),
        context: merged.config().max_seq_len,
        data: String::new(),
        tokenizer: kept.base.tokenizer.fingerprint(),
    };
    whole(&kept.out.join("model"), |folder| {
        model_folder(folder, &merged, kept.base, &provenance, folded)
    })
}

/// Names the weights of an adapter.
fn weights_of(adapter: &Path) -> Result<String> {
    let place = ModelPlace {
        folder: adapter.to_owned(),
        run: None,
    };
    Ok(place.fingerprint()?)
}

/// Writes a small file of JSON.
fn note(path: &Path, what: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(what)
        .map_err(|error| slovo_train::Error::Training(error.to_string()))?;
    Ok(files::write_synced(path, format!("{text}\n").as_bytes())?)
}

/// Reads one.
fn read_note<T: DeserializeOwned>(path: &Path, would_do: &str) -> Result<T> {
    let wrong = |what: String| Error::Folder {
        path: path.to_owned(),
        what,
    };
    let text =
        std::fs::read_to_string(path).map_err(|error| wrong(format!("{error}; {would_do}")))?;
    serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
}

/// Weights, tokenizer with the template, which tokens end an answer, and the adapter in the weights.
fn model_folder(
    folder: &Path,
    model: &CausalLm,
    assistant: &Assistant,
    provenance: &Provenance,
    folded: Option<String>,
) -> Result<()> {
    save_model(folder, model)?;
    if let Some(adapter) = folded {
        note(&folder.join(FOLDED), &Folded { adapter })?;
    }
    provenance.write(folder, &assistant.tokenizer, assistant.template.config())?;
    let generation = json!({"eos_token_id": assistant.ends, "do_sample": true});
    let text = format!("{generation:#}\n");
    Ok(files::write_synced(
        &folder.join("generation_config.json"),
        text.as_bytes(),
    )?)
}

/// Folds an adapter into its base, or takes it out again, and writes the model into `out`.
///
/// # Errors
///
/// A base that is another one than the adapter was trained on; files that are missing or damaged.
pub fn merge(
    adapter: &Path,
    base: &Assistant,
    out: &Path,
    takes_out: bool,
    device: &Device,
) -> Result<()> {
    let named: Base = read_note(
        &adapter.join(BASE),
        "the folder `adapter` of a tuning would do",
    )?;
    let weights = weights_of(adapter)?;
    let model = &base.place.folder;
    if takes_out {
        let folded: Folded = read_note(
            &model.join(FOLDED),
            "only a model that says which adapter was folded into it would do",
        )?;
        if folded.adapter != weights {
            return Err(Error::Folder {
                path: adapter.into(),
                what: format!("is not the adapter that {} has in it", model.display()),
            });
        }
    } else {
        let found = base.place.fingerprint()?;
        if found != named.fingerprint {
            return Err(Error::Folder {
                path: adapter.into(),
                what: format!(
                    "was trained on {} ({}…), but {} is another model ({}…)",
                    named.name,
                    &named.fingerprint[..12.min(named.fingerprint.len())],
                    model.display(),
                    &found[..12]
                ),
            });
        }
    }
    let adapter = Adapter::load(adapter, base.model.config(), device)?;
    let model = match takes_out {
        true => adapter.unmerge(base.model.clone()),
        false => adapter.merge(base.model.clone()),
    };
    let before = base.place.provenance()?;
    let provenance = Provenance {
        version: env!("CARGO_PKG_VERSION").into(),
        stage: "instruct".into(),
        step: before.as_ref().map_or(0, |it| it.step),
        tokens: before.as_ref().map_or(0, |it| it.tokens),
        validation_loss: f64::NAN,
        context: model.config().max_seq_len,
        data: String::new(),
        tokenizer: base.tokenizer.fingerprint(),
    };
    slovo_train::run::refuse_filled(out)?;
    whole(out, |folder| {
        let folded = Some(weights).filter(|_| !takes_out);
        model_folder(folder, &model, base, &provenance, folded)
    })
}

/// Lets `write` fill a folder beside its place, and renames it.
fn whole(place: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let temporary = files::beside(place, "tmp");
    if temporary.exists() {
        files::remove_folder(&temporary)?;
    }
    std::fs::create_dir_all(&temporary).map_err(slovo_train::Error::io("create", &temporary))?;
    let written = write(&temporary).and_then(|()| {
        files::sync_folder(&temporary)?;
        Ok(files::replace_folder(&temporary, place)?)
    });
    if written.is_err() {
        // The write's own error is the one to tell.
        let _ = std::fs::remove_dir_all(&temporary);
    }
    written
}
