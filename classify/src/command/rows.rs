//! A file of texts as the flags say it is.

use crate::labelled::{Column, LabelFrom, LabelledRecipe, LabelledSource, OnBadRow, RowForm};
use crate::{Error, Result};
use slovo_args::{RowArgs, RowFormat};
use std::path::Path;

/// The form of a file: what the flags say, or else its name.
pub fn format(args: &RowArgs, path: &Path) -> RowFormat {
    if let Some(format) = args.format {
        return format;
    }
    let name = path.to_string_lossy().to_lowercase();
    let compressed = [".gz", ".zst", ".bz2", ".xz"];
    let name = compressed
        .iter()
        .find_map(|ending| name.strip_suffix(ending))
        .unwrap_or(&name);
    match name.rsplit('.').next() {
        Some("csv") => RowFormat::Csv,
        Some("tsv") => RowFormat::Tsv,
        Some("jsonl" | "ndjson") => RowFormat::Jsonl,
        _ => RowFormat::Lines,
    }
}

/// How rows without labels are taken from a file; `None` for a text a line.
pub fn unlabelled(args: &RowArgs, format: RowFormat) -> Option<RowForm> {
    match format {
        RowFormat::Lines => None,
        RowFormat::Jsonl => Some(RowForm::Jsonl {
            text: args.text_column.clone(),
            label: LabelFrom::Nowhere,
            group: None,
        }),
        RowFormat::Csv | RowFormat::Tsv => Some(RowForm::Table {
            delimiter: if format == RowFormat::Csv {
                b','
            } else {
                b'\t'
            },
            header: !args.no_header,
            quotes: true,
            text: column(&args.text_column, args.no_header),
            label: LabelFrom::Nowhere,
            group: None,
        }),
    }
}

/// What reads a labelled file.
///
/// # Errors
///
/// A form that holds no labels.
pub fn labelled(
    args: &RowArgs,
    path: &Path,
    labels: &[String],
    multi_label: bool,
    skip: bool,
) -> Result<LabelledRecipe> {
    let paths = vec![path.display().to_string()];
    let format = format(args, path);
    let source = match format {
        RowFormat::Lines => {
            return Err(Error::Value {
                field: "--data",
                found: path.display().to_string(),
                expected:
                    "a table or JSON Lines would do, which have labels; --format says which it is"
                        .into(),
            });
        }
        RowFormat::Jsonl => LabelledSource::Jsonl {
            paths,
            text: args.text_column.clone(),
            label: args.label_column.clone(),
            group: None,
        },
        RowFormat::Csv | RowFormat::Tsv => LabelledSource::Table {
            paths,
            delimiter: Some(if format == RowFormat::Csv { ',' } else { '\t' }),
            header: !args.no_header,
            quotes: true,
            text: column(&args.text_column, args.no_header),
            label: column(&args.label_column, args.no_header),
            group: None,
        },
    };
    Ok(LabelledRecipe {
        name: path.display().to_string(),
        sources: vec![source],
        labels: Some(labels.to_vec()),
        multi_label: multi_label.then(|| ",".into()),
        bad_rows: if skip { OnBadRow::Skip } else { OnBadRow::Stop },
    })
}

/// A number is a column's place; where there is a header it may still be a name.
fn column(given: &str, no_header: bool) -> Column {
    match (given.parse(), no_header) {
        (Ok(number), _) => Column::Number(number),
        // Without names, the usual order: label first.
        (Err(_), true) if given == "label" => Column::Number(0),
        (Err(_), true) if given == "text" => Column::Number(1),
        (Err(_), _) => Column::Name(given.into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn args(format: Option<RowFormat>) -> RowArgs {
        RowArgs {
            format,
            text_column: "text".into(),
            label_column: "2".into(),
            no_header: false,
        }
    }

    #[test]
    fn the_name_says_what_a_file_is_unless_a_flag_does() {
        let of = |path: &str| format(&args(None), Path::new(path));
        assert_eq!(of("a/b.CSV.gz"), RowFormat::Csv);
        assert_eq!(of("b.jsonl"), RowFormat::Jsonl);
        assert_eq!(of("-"), RowFormat::Lines);
        let said = format(&args(Some(RowFormat::Tsv)), Path::new("b.csv"));
        assert_eq!(said, RowFormat::Tsv);
    }

    #[test]
    fn a_file_without_labels_is_refused() {
        let labels = ["a".to_string(), "b".to_string()];
        let error = labelled(&args(None), Path::new("x.txt"), &labels, false, false).unwrap_err();
        assert!(error.to_string().contains("--format"), "{error}");
    }
}
