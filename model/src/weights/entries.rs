//! The JSON of a safetensors header, taken in without more memory than a model's own tensors need.

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// The most tensors of a file. 405 billion parameters stand in 1,138.
pub(super) const MOST: usize = 1 << 14;
/// The most axes of a tensor.
const MOST_AXES: usize = 8;

/// What a header says, in its order.
pub(super) struct Entries(pub Vec<(String, Stored)>);

/// What it says of one tensor.
#[derive(Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "an object with dtype, shape and data_offsets"
)]
pub(super) struct Stored {
    pub dtype: String,
    #[serde(deserialize_with = "shape")]
    pub shape: Vec<u64>,
    /// From the end of the header.
    pub data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Tensors)
    }
}

struct Tensors;

impl<'de> Visitor<'de> for Tensors {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with an entry for each tensor")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut found = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if found.len() == MOST {
                return Err(A::Error::custom(format!("more than {MOST} tensors")));
            }
            found.push((name, map.next_value()?));
        }
        Ok(Entries(found))
    }
}

fn shape<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    struct Shape;

    impl<'de> Visitor<'de> for Shape {
        type Value = Vec<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of sizes")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<u64>, A::Error> {
            let mut sizes = Vec::new();
            while let Some(size) = list.next_element()? {
                if sizes.len() == MOST_AXES {
                    return Err(A::Error::custom(format!("more than {MOST_AXES} axes")));
                }
                sizes.push(size);
            }
            Ok(sizes)
        }
    }

    deserializer.deserialize_seq(Shape)
}
