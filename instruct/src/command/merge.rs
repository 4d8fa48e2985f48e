//! Folding an adapter into its base, and taking it out again.

use super::say;
use crate::Result;
use crate::assistant::Assistant;
use crate::keep;
use crate::template::TemplateRecipe;
use slovo_args::{MergeArgs, exit};
use slovo_train::backend;

/// `instruct merge`.
///
/// # Errors
///
/// See [`keep::merge`].
pub fn merge(args: &MergeArgs) -> Result<u8> {
    let device = backend::device(&args.backend)?;
    let base = Assistant::load(&args.base, &TemplateRecipe::Base, &device)?;
    keep::merge(&args.adapter, &base, &args.out, args.undo, &device)?;
    say(&args.out.display().to_string());
    Ok(exit::DONE)
}
