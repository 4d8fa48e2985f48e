//! From sources to a corpus: what is read again whenever it is needed, and what is found once and kept.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::contamination::Held;
use super::corpus::Corpus;
use super::duplicates::Gone;
use super::parts::{Share, Store, Work, make_parts};
use super::{Options, Progress, Stage, plan};
use crate::Error;
use crate::recipe::DataRecipe;
use crate::source::Inputs;

/// What a corpus comes from.
pub(super) struct From<'a> {
    pub recipe: &'a DataRecipe,
    pub inputs: &'a Inputs,
    /// Where documents are kept.
    pub parts: &'a Path,
    /// Where anything may lie that nobody needs afterwards.
    pub temporary: &'a Path,
    pub options: &'a Options,
}

impl<'a> From<'a> {
    /// The documents; `joined` are the parts that other machines have made, where there are any.
    pub(super) fn corpus(
        &self,
        joined: Option<Store>,
        progress: &mut dyn FnMut(Progress),
        stop: &AtomicBool,
    ) -> Result<Corpus<'a>, Error> {
        let mut store = match joined {
            Some(store) => store,
            None if self.is_kept() => {
                let (recipe, inputs) = (self.recipe, self.inputs);
                make(recipe, inputs, self.parts, Share::ALL, progress, stop)?
            }
            None => {
                return Ok(Corpus::Sources {
                    inputs: self.inputs,
                    clean: self.recipe.clean,
                });
            }
        };
        let duplicates = &self.recipe.duplicates;
        if duplicates.any() {
            progress(Progress::At {
                stage: Stage::Compare,
                done: 0,
                total: None,
            });
            let memory = self.options.memory;
            store.leave_out(Gone::find(&store, duplicates, memory, self.temporary)?);
        }
        Ok(Corpus::Store(store))
    }

    /// Whether documents cost more to find than to keep, or can be read once.
    fn is_kept(&self) -> bool {
        let once = self.inputs.has_records() || self.inputs.files().is_none();
        self.options.keep_parts || self.recipe.judges() || once
    }
}

/// Makes a share of a recipe's parts.
fn make(
    recipe: &DataRecipe,
    inputs: &Inputs,
    folder: &Path,
    share: Share,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<Store, Error> {
    let held = recipe.contamination.as_ref().map(Held::read).transpose()?;
    let work = Work::new(inputs, recipe, held.as_ref())?;
    make_parts(&work, folder, share, progress, stop)
}

/// Removes the parts, where there are any.
pub(super) fn remove(parts: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(parts) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", parts)(error))
        }
        _ => Ok(()),
    }
}

/// Makes a share of a recipe's parts, and stops there. Bring the folders of all shares together, and let
/// [`Options::merge`] name them.
///
/// # Errors
/// As [`prepare`](super::prepare()); standard input, which only one machine can read.
pub fn prepare_share(
    recipe: &DataRecipe,
    share: Share,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<PathBuf, Error> {
    recipe.validate()?;
    recipe.expect(false)?;
    let inputs = Inputs::resolve(&recipe.sources)?;
    if inputs.files().is_none() {
        return Err(Error::Parts {
            path: PathBuf::from("standard input"),
            what: "it can be read once, on one machine; name files to share the work".to_owned(),
        });
    }
    let plan = plan::of(recipe, &inputs, options)?;
    let (parent, name) = plan.place(options);
    let folder = plan.parts_folder(&parent, &name);
    make(recipe, &inputs, &folder, share, progress, stop)?;
    Ok(folder)
}
