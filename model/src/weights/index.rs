//! `model.safetensors.index.json`: which shard holds which tensor.

use super::entries::MOST;
use super::error::WeightsError;
use super::quote::plain;
use super::text;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// The longest index that is read, in bytes.
pub(super) const LONGEST: usize = 1 << 22;
/// The most shards: each is an open file.
const MOST_SHARDS: usize = 512;

/// Which shard holds which tensor.
#[derive(Debug)]
pub(super) struct Index {
    /// File names, in the order of their first mention.
    pub shards: Vec<String>,
    /// Tensors and the numbers of their shards.
    pub tensors: Vec<(String, usize)>,
}

impl Index {
    /// Reads and checks the index at `path`.
    pub(super) fn open(path: &Path) -> Result<Self, WeightsError> {
        Self::parse(path, &text::read(path, LONGEST)?)
    }

    /// Reads and checks the text of the index at `path`.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, WeightsError> {
        let stored: Stored = serde_json::from_str(text).map_err(WeightsError::json(path))?;
        let index = stored.weight_map;
        let wrong = |reason: String| WeightsError::Index {
            path: path.to_path_buf(),
            reason,
        };
        if index.tensors.is_empty() {
            return Err(wrong("it names no tensor".into()));
        }
        for shard in &index.shards {
            // Anything else could lie outside the folder.
            let inside = !shard.contains(['/', '\\', ':', '\0']) && !shard.starts_with('.');
            if !inside {
                let shard = plain(shard);
                let reason = format!("it names the file `{shard}`, which is not in its folder");
                return Err(wrong(reason));
            }
            if !shard.ends_with(".safetensors") {
                let shard = plain(shard);
                let reason = format!("it names the file `{shard}`, which is no safetensors file");
                return Err(wrong(reason));
            }
        }
        let mut names: Vec<&str> = index.tensors.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        match names.windows(2).find(|two| two[0] == two[1]) {
            Some(two) => Err(wrong(format!("it names tensor `{}` twice", plain(two[0])))),
            None => Ok(index),
        }
    }
}

#[derive(Deserialize)]
#[serde(expecting = "an object with a `weight_map`")]
struct Stored {
    weight_map: Index,
}

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Tensors)
    }
}

struct Tensors;

impl<'de> Visitor<'de> for Tensors {
    type Value = Index;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the file of each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Index, A::Error> {
        let mut shards = Vec::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut tensors = Vec::new();
        while let Some((tensor, shard)) = map.next_entry::<String, String>()? {
            if tensors.len() == MOST {
                return Err(A::Error::custom(format!("more than {MOST} tensors")));
            }
            let number = match numbers.get(&shard) {
                Some(number) => *number,
                None if shards.len() == MOST_SHARDS => {
                    return Err(A::Error::custom(format!("more than {MOST_SHARDS} files")));
                }
                None => {
                    numbers.insert(shard.clone(), shards.len());
                    shards.push(shard);
                    shards.len() - 1
                }
            };
            tensors.push((tensor, number));
        }
        Ok(Index { shards, tensors })
    }
}
