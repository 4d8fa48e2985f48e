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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::recipe::{DataRecipe, Encoding, OnBadLine, Source, Split, TokenizerRecipe};

    const SMALL: &str = r#"(
    name: "tests",
    sources: [
        Files(paths: ["a.txt"], licence: "MIT"),
        Files(paths: ["b.jsonl"], field: "body", bad_lines: Skip, separator: ""),
        Stdin(),
        Cargo(packages: ["serde"]),
    ],
    clean: (encoding: Stop, nfc: false),
    tokenizer: Bpe(vocab_size: 300),
    split: Groups(["serde"]),
)"#;

    #[test]
    fn what_is_left_out_is_filled_in() {
        let recipe: DataRecipe = from_ron_str(SMALL).unwrap();
        assert_eq!(recipe.clean.encoding, Encoding::Stop);
        assert!(recipe.clean.newlines && recipe.clean.control && !recipe.clean.nfc);
        let Source::Files {
            field,
            licence,
            bad_lines,
            ..
        } = &recipe.sources[0]
        else {
            panic!("{recipe:?}")
        };
        assert_eq!((field.as_str(), licence.as_deref()), ("text", Some("MIT")));
        assert_eq!(*bad_lines, OnBadLine::Stop);
        let Source::Cargo {
            max_bytes_per_package,
            ..
        } = &recipe.sources[3]
        else {
            panic!("{recipe:?}")
        };
        assert!(*max_bytes_per_package > 0);
    }

    #[test]
    fn a_recipe_written_out_loads_back_equal_and_complete() {
        let others = [
            ("Char", "Position(validation: 0.1)"),
            ("Byte", "Hash(validation: 0.05, unit: Group)"),
            ("File(\"t.json\")", "Hash(validation: 1e-7)"),
        ];
        let mut texts = vec![SMALL.to_owned()];
        texts.extend(others.map(|(tokenizer, split)| {
            format!("(name: \"x\", sources: [Cargo()], tokenizer: {tokenizer}, split: {split})")
        }));
        for text in texts {
            let recipe: DataRecipe = from_ron_str(&text).unwrap();
            let written = to_ron_string(&recipe).unwrap();
            assert_eq!(
                from_ron_str::<DataRecipe>(&written).unwrap(),
                recipe,
                "{written}"
            );
            for default in ["min_chars:", "encoding:", "newlines:"] {
                assert!(written.contains(default), "{written}");
            }
        }
    }

    #[test]
    fn the_file_is_read_and_named_in_faults() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.ron");
        let missing = load_ron::<DataRecipe>(&path, &[]).unwrap_err().to_string();
        assert!(missing.contains("r.ron"), "{missing}");
        std::fs::write(&path, SMALL).unwrap();
        let sets = ["tokenizer=Char".to_owned()];
        let recipe: DataRecipe = load_ron(&path, &sets).unwrap();
        assert_eq!(recipe.tokenizer, TokenizerRecipe::Char);
        assert_eq!(recipe.split, Split::Groups(vec!["serde".to_owned()]));
        std::fs::write(&path, SMALL.replace("tokenizer:", "tokeniser:")).unwrap();
        let fault = load_ron::<DataRecipe>(&path, &[]).unwrap_err().to_string();
        assert!(fault.contains("r.ron:10:"), "{fault}");
        assert!(
            fault.contains("tokeniser") && fault.contains("`tokenizer`"),
            "{fault}"
        );
    }

    #[test]
    fn faults_name_line_and_column_and_what_exists() {
        let fault = |from: &str, to: &str| {
            assert!(SMALL.contains(from));
            let text = SMALL.replacen(from, to, 1);
            from_ron_str::<DataRecipe>(&text).unwrap_err().to_string()
        };
        let text = fault("nfc: false", "ncf: false");
        assert!(text.starts_with("recipe:9:"), "{text}");
        assert!(text.contains("ncf") && text.contains("`nfc`"), "{text}");
        let text = fault("Stop", "Halt");
        assert!(text.contains("Halt") && text.contains("`Skip`"), "{text}");
        let text = fault("\"tests\",", "\"tests\"");
        assert!(text.starts_with("recipe:3:"), "{text}");
        let text = fault("vocab_size: 300", "vocab_size: \"many\"");
        assert!(text.starts_with("recipe:10:"), "{text}");
        let text = fault("    split: Groups([\"serde\"]),\n", "");
        assert!(text.contains("split"), "{text}");
        let text = fault("field: \"body\"", "filed: \"body\"");
        assert!(text.contains("filed") && text.contains("`field`"), "{text}");
    }
}
