//! All labelled texts of a recipe.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::BufRead;

use slovo_data::recipe::RecipeError;
use slovo_data::source::{SourceFile, stdin};

use super::recipe::LabelledSource;
use super::{
    Fault, LabelFrom, LabelledError, LabelledRecipe, OnBadRow, Place, ReadCounts, RowForm, Rows,
    folders, packages,
};

/// Texts, their classes, and what was met on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// Names of the classes.
    pub classes: Vec<String>,
    /// The texts in the order of the recipe's sources.
    pub examples: Vec<Example>,
    /// Rows read and left out.
    pub counts: ReadCounts,
}

/// A text with its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The text, as it stands in its file.
    pub text: String,
    /// Indices into [`Labelled::classes`], ascending: one, or any number where the recipe allows
    /// several labels.
    pub classes: Vec<usize>,
    /// Where it stands.
    pub place: Place,
    /// What it belongs to.
    pub group: Option<String>,
    /// Its number among all rows read, those left out among them, from 0.
    pub row: usize,
    /// Which of the recipe's sources it is of, from 0.
    pub source: usize,
}

/// Reads all sources of a recipe.
///
/// # Errors
/// A recipe that cannot work; a file that is missing or unreadable, or has no such column; a bad
/// row, unless the recipe leaves them out; not one text; fewer than two classes.
pub fn read(recipe: &LabelledRecipe) -> Result<Labelled, LabelledError> {
    recipe.validate()?;
    let mut reading = Reading {
        recipe,
        known: recipe.labels.iter().flatten().map(String::as_str).collect(),
        counts: ReadCounts::default(),
        texts: Vec::new(),
    };
    for (i, source) in recipe.sources.iter().enumerate() {
        reading.source(i, source)?;
    }
    reading.finish()
}

/// A text whose label has no number yet.
struct Named {
    text: String,
    labels: Vec<String>,
    place: Place,
    group: Option<String>,
    row: usize,
    source: usize,
}

struct Reading<'a> {
    recipe: &'a LabelledRecipe,
    /// The labels of the recipe; empty where any will do.
    known: HashSet<&'a str>,
    counts: ReadCounts,
    texts: Vec<Named>,
}

impl Reading<'_> {
    fn source(&mut self, i: usize, source: &LabelledSource) -> Result<(), LabelledError> {
        match source {
            LabelledSource::Table {
                paths,
                delimiter,
                header,
                quotes,
                text,
                label,
                group,
            } => self.files(i, paths, |input| {
                Ok(RowForm::Table {
                    delimiter: delimiter_for(i, *delimiter, input)?,
                    header: *header,
                    quotes: *quotes,
                    text: text.clone(),
                    label: LabelFrom::Required(label.clone()),
                    group: group.clone(),
                })
            }),
            LabelledSource::Jsonl {
                paths,
                text,
                label,
                group,
            } => self.files(i, paths, |_| {
                Ok(RowForm::Jsonl {
                    text: text.clone(),
                    label: LabelFrom::Required(label.clone()),
                    group: group.clone(),
                })
            }),
            LabelledSource::Folders { path } => {
                for file in folders::files(path)? {
                    let folders::Labelled { place, found } = folders::read(path, &file)?;
                    match found {
                        Ok((text, label)) => self.take(i, place, text, vec![label], None)?,
                        Err(fault) => self.skip(place, fault)?,
                    }
                }
                Ok(())
            }
            LabelledSource::Cargo {
                packages: names,
                per_class,
            } => {
                for passage in packages::passages(names, *per_class)? {
                    let label = vec![passage.class.name().to_owned()];
                    let group = Some(passage.package);
                    self.take(i, passage.place, passage.text, label, group)?;
                }
                Ok(())
            }
        }
    }

    /// All rows of some files, each read as `form` says.
    fn files(
        &mut self,
        i: usize,
        paths: &[String],
        form: impl Fn(&Input) -> Result<RowForm, RecipeError>,
    ) -> Result<(), LabelledError> {
        let mut seen = HashSet::new();
        for input in inputs(paths)? {
            // `["a.csv", "*.csv"]` reads a.csv once.
            if !seen.insert(input.name().to_owned()) {
                continue;
            }
            let separator = self.recipe.multi_label.clone();
            let form = form(&input)?;
            for row in Rows::new(input.open()?, input.name(), form, separator) {
                match row {
                    Ok(row) => {
                        let labels = row.labels.unwrap_or_default();
                        self.take(i, row.place, row.text, labels, row.group)?;
                    }
                    Err(LabelledError::Row { place, fault }) => self.skip(place, fault)?,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        source: usize,
        place: Place,
        text: String,
        labels: Vec<String>,
        group: Option<String>,
    ) -> Result<(), LabelledError> {
        if let (Some(known), Some(label)) = (&self.recipe.labels, self.unknown(&labels)) {
            let (label, known) = (label.clone(), known.clone());
            return self.skip(place, Fault::UnknownLabel { label, known });
        }
        let row = self.counts.rows as usize;
        self.counts.rows += 1;
        self.texts.push(Named {
            text,
            labels,
            place,
            group,
            row,
            source,
        });
        Ok(())
    }

    fn unknown<'a>(&self, labels: &'a [String]) -> Option<&'a String> {
        labels
            .iter()
            .find(|label| !self.known.contains(label.as_str()))
    }

    fn skip(&mut self, place: Place, fault: Fault) -> Result<(), LabelledError> {
        match self.recipe.bad_rows {
            OnBadRow::Stop => Err(LabelledError::Row { place, fault }),
            OnBadRow::Skip => {
                self.counts.rows += 1;
                self.counts.skip(&fault, &place);
                Ok(())
            }
        }
    }

    fn finish(self) -> Result<Labelled, LabelledError> {
        if self.texts.is_empty() {
            let counts = Box::new(self.counts);
            return Err(LabelledError::Empty { counts });
        }
        let classes = self.recipe.labels.clone().unwrap_or_else(|| {
            let found: BTreeSet<&String> =
                self.texts.iter().flat_map(|text| &text.labels).collect();
            found.into_iter().cloned().collect()
        });
        if classes.len() < 2 && self.recipe.multi_label.is_none() {
            return Err(LabelledError::Recipe(RecipeError::Value {
                field: "sources".to_owned(),
                value: format!("of one class, {}", classes.join("")),
                right: "a classifier needs texts of two classes or more".to_owned(),
            }));
        }
        let number: HashMap<&str, usize> = classes.iter().map(String::as_str).zip(0..).collect();
        let examples = self.texts.into_iter().map(|text| {
            let known = text
                .labels
                .iter()
                .filter_map(|label| number.get(label.as_str()));
            let sorted: BTreeSet<usize> = known.copied().collect();
            Example {
                text: text.text,
                classes: sorted.into_iter().collect(),
                place: text.place,
                group: text.group,
                row: text.row,
                source: text.source,
            }
        });
        Ok(Labelled {
            examples: examples.collect(),
            classes,
            counts: self.counts,
        })
    }
}

enum Input {
    Stdin,
    File(SourceFile),
}

impl Input {
    fn name(&self) -> &str {
        match self {
            Self::Stdin => "standard input",
            Self::File(file) => &file.name,
        }
    }

    fn open(&self) -> Result<Box<dyn BufRead + Send>, LabelledError> {
        Ok(match self {
            Self::Stdin => stdin()?,
            Self::File(file) => file.open()?,
        })
    }
}

fn inputs(paths: &[String]) -> Result<Vec<Input>, LabelledError> {
    let mut inputs = Vec::new();
    for path in paths {
        match path.as_str() {
            "-" => inputs.push(Input::Stdin),
            path => inputs.extend(SourceFile::find(path)?.into_iter().map(Input::File)),
        }
    }
    Ok(inputs)
}

/// What stands between the columns of a file; its name decides where the recipe does not.
fn delimiter_for(i: usize, given: Option<char>, input: &Input) -> Result<u8, RecipeError> {
    let named = match input {
        Input::Stdin => None,
        Input::File(file) => delimiter_of(file.inner_name()),
    };
    let given = given.and_then(|delimiter| u8::try_from(delimiter).ok());
    given.or(named).ok_or_else(|| RecipeError::Value {
        field: format!("sources.{i}.delimiter"),
        value: "not given".to_owned(),
        right: format!(
            "the name of {} ends neither with .csv nor with .tsv; say delimiter: ',' or '\\t'",
            input.name()
        ),
    })
}

/// What a file's name says stands between its columns: `.csv` or `.tsv`, compression aside already
/// (see [`SourceFile::inner_name`]).
pub fn delimiter_of(name: &str) -> Option<u8> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension.to_ascii_lowercase().as_str() {
        "csv" => Some(b','),
        "tsv" | "tab" => Some(b'\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
