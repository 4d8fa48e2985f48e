//! RON in and out.

use std::path::Path;

use ron::Options;
use ron::extensions::Extensions;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{RecipeError, apply_sets};

fn options() -> Options {
    // `licence: "MIT"` rather than `licence: Some("MIT")`.
    Options::default().with_default_extension(Extensions::IMPLICIT_SOME)
}

/// Reads a recipe file and applies `--set path=value` arguments in order.
///
/// # Errors
/// A file that cannot be read; a fault of syntax, field or type with line and column; a `--set`
/// that does not fit.
pub fn load_ron<T: Serialize + DeserializeOwned>(
    path: &Path,
    sets: &[String],
) -> Result<T, RecipeError> {
    let text = std::fs::read_to_string(path).map_err(|error| RecipeError::Read {
        path: path.to_owned(),
        error,
    })?;
    apply_sets(parse(&path.display().to_string(), &text)?, sets)
}

/// Reads a recipe from text.
///
/// # Errors
/// A fault of syntax, field or type, with line and column.
pub fn from_ron_str<T: DeserializeOwned>(text: &str) -> Result<T, RecipeError> {
    parse("recipe", text)
}

fn parse<T: DeserializeOwned>(place: &str, text: &str) -> Result<T, RecipeError> {
    options()
        .from_str(text)
        .map_err(|error| RecipeError::Syntax {
            place: place.to_owned(),
            line: error.span.start.line,
            column: error.span.start.col,
            message: error.code.to_string(),
        })
}

/// A recipe as RON with every default spelled out; it loads back equal.
///
/// # Errors
/// A type that RON cannot express.
pub fn to_ron_string<T: Serialize>(recipe: &T) -> Result<String, RecipeError> {
    let pretty = ron::ser::PrettyConfig::new().new_line("\n");
    let mut text = options()
        .to_string_pretty(recipe, pretty)
        .map_err(|error| RecipeError::Write(error.to_string()))?;
    text.push('\n');
    Ok(text)
}
