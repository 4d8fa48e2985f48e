//! A folder for each label, a file for each text.

use std::io::Read;

use slovo_data::source::SourceFile;

use super::error::{utf8, with_text};
use super::lines::MAX_ROW_BYTES;
use super::{Fault, LabelledError, Place};

/// A text file, and the label that its folder gives it.
pub(super) struct Labelled {
    pub(super) place: Place,
    pub(super) found: Result<(String, String), Fault>,
}

/// The files below the folders of the labels, sorted by name. Files beside those folders have no
/// label.
pub(super) fn files(path: &str) -> Result<Vec<SourceFile>, LabelledError> {
    let files = SourceFile::find(path)?;
    let beside = files.iter().all(|file| label(path, &file.name).is_none());
    if beside {
        return Err(LabelledError::File {
            file: path.to_owned(),
            what: "there is no folder in it that holds texts".to_owned(),
            right: "name a folder that has one for each label, as reviews/neg and reviews/pos"
                .to_owned(),
        });
    }
    Ok(files)
}

/// Reads a file; the first folder below `path` is its label.
pub(super) fn read(path: &str, file: &SourceFile) -> Result<Labelled, LabelledError> {
    let place = Place::whole(&file.name);
    let Some(label) = label(path, &file.name) else {
        let where_it_is = " for a file beside the folders of the labels".to_owned();
        let found = Err(Fault::MissingLabel(where_it_is));
        return Ok(Labelled { place, found });
    };
    let mut bytes = Vec::new();
    let read = file
        .open()?
        .take(MAX_ROW_BYTES as u64 + 1)
        .read_to_end(&mut bytes);
    read.map_err(|error| LabelledError::Read {
        file: file.name.clone(),
        error,
    })?;
    if bytes.len() > MAX_ROW_BYTES {
        return Err(LabelledError::File {
            file: file.name.clone(),
            what: format!("the text is longer than {MAX_ROW_BYTES} bytes"),
            right: "a file holds one text".to_owned(),
        });
    }
    let found = utf8(&bytes, "the text").and_then(|text| {
        let text = with_text(text.strip_prefix('\u{FEFF}').unwrap_or(text))?;
        Ok((text.to_owned(), label.to_owned()))
    });
    Ok(Labelled { place, found })
}

fn label<'a>(path: &str, name: &'a str) -> Option<&'a str> {
    let below = name.strip_prefix(path.trim_end_matches('/'))?;
    let (label, _) = below.strip_prefix('/')?.split_once('/')?;
    Some(label)
}
