//! Which layers of a decoder look at a window only, as a `config.json` says it.

use super::config_json::Relative;
use super::config_llama::given;
use super::error::WeightsError;
use super::quote::quote;
use super::refuse::Refuse;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// All that is said of it.
#[derive(Deserialize)]
#[serde(expecting = "an object with the settings of a model")]
pub(super) struct Layers {
    #[serde(default, deserialize_with = "given")]
    sliding_window: Option<Option<usize>>,
    use_sliding_window: Option<bool>,
    max_window_layers: Option<usize>,
    layer_types: Option<LayerTypes>,
}

/// How many layers there are of each kind.
struct LayerTypes {
    full: usize,
    sliding: usize,
    /// The first kind that is neither.
    other: Option<String>,
}

/// What Mistral and both Qwens have where `sliding_window` is left out.
const WINDOW: usize = 4096;
/// What Qwen has where `max_window_layers` is left out.
const FIRST: usize = 28;

/// What can be loaded.
const SAME: &str = "the same kind of attention in every layer";

impl Layers {
    /// The window that every layer has; layers that differ in it are refused.
    pub(super) fn window(
        &self,
        relative: Relative,
        layers: usize,
        refuse: &Refuse<'_>,
    ) -> Result<Option<usize>, WeightsError> {
        let used = self.use_sliding_window;
        let size = self.sliding_window.unwrap_or(match relative {
            Relative::Llama => None,
            _ => Some(WINDOW),
        });
        let size = match relative {
            Relative::Llama => {
                refuse.unless(used != Some(true), "use_sliding_window", "true", "false")?;
                let found = size.map(|size| size.to_string()).unwrap_or_default();
                refuse.unless(size.is_none(), "sliding_window", &found, "null")?;
                None
            }
            Relative::Mistral => {
                let doubtful = used == Some(false) && size.is_some();
                refuse.unless(!doubtful, "use_sliding_window", "false", "true")?;
                size
            }
            Relative::Qwen2 | Relative::Qwen3 => size.filter(|_| used == Some(true)),
        };
        let Some(size) = size else {
            let supported = "\"full_attention\" where no window is in use";
            self.check_types([layers, 0], supported, refuse)?;
            return Ok(None);
        };
        let sliding = match (relative, &self.layer_types) {
            (Relative::Llama | Relative::Mistral, _) => {
                let supported = "\"sliding_attention\" where `sliding_window` is given";
                self.check_types([0, layers], supported, refuse)?;
                layers
            }
            // Qwen lets the list decide, and without one the number of the first layer.
            (_, Some(types)) => {
                self.check_types([types.full, types.sliding], SAME, refuse)?;
                types.sliding
            }
            (_, None) => layers.saturating_sub(self.max_window_layers.unwrap_or(FIRST)),
        };
        let field = match self.layer_types {
            Some(_) => "layer_types",
            None => "max_window_layers",
        };
        let found = format!("such that {sliding} of {layers} layers have a window");
        refuse.unless(sliding == 0 || sliding == layers, field, &found, SAME)?;
        Ok(Some(size).filter(|_| sliding == layers))
    }

    /// Checks that `layer_types`, where it is given, has so many layers of each kind.
    fn check_types(
        &self,
        [full, sliding]: [usize; 2],
        supported: &'static str,
        refuse: &Refuse<'_>,
    ) -> Result<(), WeightsError> {
        let Some(types) = &self.layer_types else {
            return Ok(());
        };
        let field = "layer_types";
        if let Some(other) = &types.other {
            let known = "\"full_attention\" and \"sliding_attention\"";
            return Err(refuse.error(field, &quote(other), known));
        }
        let found = format!("{} full and {} sliding", types.full, types.sliding);
        let fits = types.full == full && types.sliding == sliding;
        refuse.unless(fits, field, &found, supported)
    }
}

impl<'de> Deserialize<'de> for LayerTypes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Kinds)
    }
}

struct Kinds;

impl<'de> Visitor<'de> for Kinds {
    type Value = LayerTypes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list with the kind of each layer")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<LayerTypes, A::Error> {
        let mut types = LayerTypes {
            full: 0,
            sliding: 0,
            other: None,
        };
        while let Some(kind) = list.next_element::<String>()? {
            match kind.as_str() {
                // The second is an older name of the first.
                "full_attention" | "attention" => types.full += 1,
                "sliding_attention" => types.sliding += 1,
                _ => types.other = types.other.or(Some(kind)),
            }
        }
        Ok(types)
    }
}
