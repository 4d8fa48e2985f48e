//! Where an imported model came from: `slovo.ron` in its folder.

use super::source::Source;
use super::tokenizer::TokenizerOf;
use crate::stop::Stop;
use crate::{Error, Result, files};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// What is written down of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Imported {
    /// Version of Slovo that imported it.
    pub version: String,
    /// `import`.
    pub stage: String,
    /// The source as it was given: a path, or a name of the hub.
    pub source: String,
    /// The commit, of a model of the hub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SHA-256 of each file that the numbers came from: what `sha256sum` prints for it.
    pub weights: BTreeMap<String, String>,
    /// Fingerprint of the tokenizer, where one was imported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<String>,
}

impl Imported {
    /// What `slovo.ron` calls this stage.
    pub const STAGE: &'static str = "import";

    pub(super) fn of(
        source: &Source,
        tokenizer: Option<&TokenizerOf>,
        stop: &Stop,
    ) -> Result<Self> {
        let mut weights = BTreeMap::new();
        for path in source.weights()? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            weights.insert(name.into_owned(), sha256(&path, stop)?);
        }
        Ok(Self {
            version: env!("CARGO_PKG_VERSION").into(),
            stage: Self::STAGE.into(),
            source: source.said.clone(),
            commit: source.commit.clone(),
            weights,
            tokenizer: tokenizer.map(|of| of.tokenizer.fingerprint()),
        })
    }

    pub(super) fn write(&self, folder: &Path) -> Result<()> {
        let text = slovo_data::recipe::to_ron_string(self)?;
        files::write_synced(&folder.join("slovo.ron"), text.as_bytes())
    }
}

fn sha256(path: &Path, stop: &Stop) -> Result<String> {
    let mut file = File::open(path).map_err(Error::io("open", path))?;
    let mut sum = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    while !stop.requested() {
        let n = file.read(&mut buffer).map_err(Error::io("read", path))?;
        if n == 0 {
            return Ok(slovo_data::files::hex(&sum.finalize()));
        }
        sum.update(&buffer[..n]);
    }
    Err(slovo_data::Error::Stopped.into())
}
