//! How rows are taken from a stream.

use super::Column;

/// How rows are taken from a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowForm {
    /// A table.
    Table {
        /// What stands between columns.
        delimiter: u8,
        /// Whether the first row names the columns.
        header: bool,
        /// Whether quotes enclose fields.
        quotes: bool,
        /// The column of the text.
        text: Column,
        /// The column of the label.
        label: LabelFrom<Column>,
        /// The column of the group.
        group: Option<Column>,
    },
    /// JSON Lines.
    Jsonl {
        /// The field of the text.
        text: String,
        /// The field of the label.
        label: LabelFrom<String>,
        /// The field of the group.
        group: Option<String>,
    },
}

/// Where the label stands, and whether it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelFrom<C> {
    /// Every row has one.
    Required(C),
    /// A row may have one, or the file may have no such column.
    IfThere(C),
    /// Labels are not looked at.
    Nowhere,
}

/// What a row holds: text, labels and group.
pub(super) type Parts = (String, Option<Vec<String>>, Option<String>);

/// The labels in a field; `None` where it holds none.
pub(super) fn split_label(field: &str, separator: Option<&str>) -> Option<Vec<String>> {
    let parts: Vec<&str> = match separator {
        Some(separator) => field.split(separator).collect(),
        None => vec![field],
    };
    let labels: Vec<String> = parts
        .into_iter()
        .map(str::trim)
        .filter(|label| !label.is_empty())
        .map(str::to_owned)
        .collect();
    (!labels.is_empty()).then_some(labels)
}
