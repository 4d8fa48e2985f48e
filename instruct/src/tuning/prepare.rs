//! From arguments to all that a tuning needs.

use super::Tuning;
use super::material::Material;
use crate::assistant::{Assistant, newest_base};
use crate::examples::Encoding;
#[cfg(feature = "judge")]
use crate::judge::External;
use crate::order::Split;
use crate::recipe::{Objective, Recipe};
use crate::replay::Texts;
use crate::{Error, Result};
use slovo_args::TuneArgs;
use slovo_data::prepare::expand;
use slovo_data::stop::Stop;
use slovo_train::backend;
use slovo_train::progress::notice;
use slovo_train::run::{holds_run, refuse_filled};
use std::path::{Path, PathBuf};
use std::time::Instant;

impl Tuning {
    /// Reads recipe, base and conversations. Nothing is written into the run folder yet.
    ///
    /// # Errors
    ///
    /// Whatever is wrong with recipe, flags, base or conversations.
    pub fn prepare(args: &TuneArgs, stop: &Stop) -> Result<Option<Self>> {
        let begun = Instant::now();
        let training = &args.training;
        let out = training.out.clone().unwrap_or_else(|| folder_of(args));
        let mut recipe = read_recipe(args, &out)?;
        // Whatever can be refused is refused before minutes of work, not after.
        if training.resume && !holds_run(&out) && !out.join("recipe.ron").is_file() {
            return Err(Error::Folder {
                path: out,
                what: "holds no run to resume; --out DIR names the folder of one".into(),
            });
        }
        if !training.resume && !training.dry_run {
            refuse_filled(&out)?;
        }
        slovo_train::progress::check(training.progress)?;
        #[cfg(feature = "judge")]
        let external = args.judge.as_deref();
        #[cfg(feature = "judge")]
        let external = external
            .map(|url| External::new(url, args.judge_model.as_deref()))
            .transpose()?;
        #[cfg(not(feature = "judge"))]
        if let Some(url) = &args.judge {
            return Err(Error::Value {
                field: "--judge",
                found: url.clone(),
                expected: "this program was built without the feature `judge`; `cargo xtask instruct` builds \
                           it in"
                    .into(),
            });
        }
        let opened = backend::open(&training.backend)?;
        let path = match &recipe.base {
            Some(base) => expand(base)?,
            None => {
                let newest = newest_base(Path::new("runs"))?;
                notice(&format!("from the newest base model, {}", newest.display()));
                // A run that goes on goes on from the same.
                recipe.base = Some(newest.display().to_string());
                newest
            }
        };
        let device = opened.device.clone().autodiff();
        let base = Assistant::load(&path, &recipe.template, &device)?;
        let positions = base.model.config().max_seq_len;
        if recipe.max_tokens > positions {
            return Err(Error::Value {
                field: "max_tokens",
                found: recipe.max_tokens.to_string(),
                expected: format!("the base reads at most {positions} tokens"),
            });
        }
        let records = recipe.data.read(&base.template)?;
        let split = Split::new(&recipe.split, recipe.seed, &records)?;
        let encoding = Encoding {
            template: &base.template,
            tokenizer: &base.tokenizer,
            max_tokens: recipe.max_tokens,
            too_long: recipe.too_long,
            everything: recipe.objective == Objective::Everything,
        };
        let material = match recipe.objective.is_preference() {
            true => Material::pairs(&encoding, &records, &split)?,
            false => Material::answers(&encoding, &records, &split)?,
        };
        let count = material.sides()[0];
        if count == 0 {
            return Err(Error::Value {
                field: "max_tokens",
                found: recipe.max_tokens.to_string(),
                expected: "no conversation to learn from is that short; more would do".into(),
            });
        }
        let replay = recipe.replay.as_ref();
        let replay = replay
            .map(|it| Texts::read(it, positions, &base.tokenizer))
            .transpose()?;
        let width = base.model.config().d_model;
        let name = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned());
        let mut tuning = Self {
            recipe: recipe.resolve(count, width)?,
            records,
            out,
            base_fingerprint: base.place.fingerprint()?,
            base_name: name.unwrap_or_else(|| path.display().to_string()),
            base,
            split,
            material,
            replay,
            opened,
            #[cfg(feature = "judge")]
            external,
            begun,
        };
        if !training.dry_run && !tuning.ask_reference(stop)? {
            return Ok(None);
        }
        Ok(Some(tuning))
    }
}

/// The recipe of a tuning into `out`, with the changes asked for.
fn read_recipe(args: &TuneArgs, out: &Path) -> Result<Recipe> {
    let training = &args.training;
    let mut sets = training.set.clone();
    if let Some(steps) = training.steps {
        sets.push(format!("steps={steps}"));
    }
    // A run that goes on without a recipe goes on with its own, and without a base from its own.
    let own = out.join("recipe.ron");
    let goes_on = training.resume && own.is_file();
    let mut recipe = match &args.recipe {
        None if goes_on => Recipe::load(Some(&own), &sets)?,
        path => Recipe::load(path.as_deref(), &sets)?,
    };
    if goes_on && recipe.base.is_none() {
        recipe.base = Recipe::load(Some(&own), &[])?.base;
    }
    recipe.seed = training.seed.unwrap_or(recipe.seed);
    recipe.seeds = args.seeds.unwrap_or(recipe.seeds);
    if recipe.seeds == 0 {
        return Err(Error::Value {
            field: "--seeds",
            found: "0".into(),
            expected: "1 or more would do".into(),
        });
    }
    if let Some(base) = &args.base {
        recipe.base = Some(base.display().to_string());
    }
    Ok(recipe)
}

/// `runs/NAME`, after the recipe.
fn folder_of(args: &TuneArgs) -> PathBuf {
    let stem = args.recipe.as_deref().and_then(Path::file_stem);
    Path::new("runs").join(stem.unwrap_or("instruct".as_ref()))
}
