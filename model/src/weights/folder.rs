//! A model folder, opened: its settings, its tensors, and whether they belong together.

use super::config_json::Family;
use super::config_marian::BIAS;
use super::config_read::{self, Described};
use super::error::WeightsError;
use super::gather::Gather;
use super::kind::ModelKind;
use super::names::is_buffer;
use super::names_bert::is_no_parameter;
use super::naming::Naming;
use super::quote::plain;
use super::tensors::{Found, Tensors};
use crate::classifier::ClassifierConfig;
use crate::init::{Builder, Request};
use crate::position::{Waves, waves};
use crate::seq2seq::Seq2SeqConfig;
use burn::tensor::Device;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What a folder holds.
pub(super) struct Folder {
    config: PathBuf,
    pub described: Described,
    pub kind: ModelKind,
    /// What is to be loaded of it.
    wanted: ModelKind,
    tensors: Tensors<'static>,
    naming: Naming,
}

impl Folder {
    /// Opens the folder `dir`, which must hold a model of the kind `wanted`.
    pub(super) fn open(dir: &Path, wanted: ModelKind) -> Result<Self, WeightsError> {
        if dir.is_file() {
            // A file is looked at as GGUF, which holds decoders.
            let path = dir.to_path_buf();
            let found = super::model_kind(dir)?;
            return Err(WeightsError::Kind {
                path,
                found,
                wanted,
            });
        }
        let described = config_read::read(dir)?;
        // Before the weights are looked for: these may be of any kind.
        fits(&dir.join("config.json"), described.kind, wanted)?;
        let mut folder = Self::of(dir, described)?;
        fits(&folder.config, Some(folder.kind), wanted)?;
        folder.wanted = wanted;
        folder.check_head()?;
        Ok(folder)
    }

    /// The folder `dir` with that `config.json`, whatever it holds.
    pub(super) fn of(dir: &Path, described: Described) -> Result<Self, WeightsError> {
        let tensors = Tensors::open(dir)?;
        let naming = Naming::of(described.family, &tensors);
        let (head, _) = naming.locate("transform.weight");
        let by_head = match tensors.get(&head) {
            Some(_) => ModelKind::MaskedLm,
            None => ModelKind::Encoder,
        };
        let kind = described.kind.unwrap_or(by_head);
        Ok(Self {
            config: dir.join("config.json"),
            described,
            kind,
            wanted: kind,
            tensors,
            naming,
        })
    }

    /// The head of a masked language model is the token embedding.
    fn check_head(&mut self) -> Result<(), WeightsError> {
        let of_encoder = matches!(self.wanted, ModelKind::MaskedLm | ModelKind::Encoder);
        if of_encoder && !self.described.config.tied {
            if self.wanted == ModelKind::MaskedLm {
                let field = "tie_word_embeddings";
                return Err(WeightsError::Unsupported {
                    path: self.config.clone(),
                    field,
                    found: "false".into(),
                    supported: "true",
                });
            }
            // An encoder has no head that could be tied.
            self.described.config.tied = true;
        }
        Ok(())
    }

    /// The shape of an encoder–decoder, with a bias of its logits if there is one.
    pub(super) fn pair(&self) -> Result<Seq2SeqConfig, WeightsError> {
        let Some(mut pair) = self.described.pair.clone() else {
            return Err(WeightsError::Kind {
                path: self.config.clone(),
                found: self.kind,
                wanted: ModelKind::Seq2Seq,
            });
        };
        if self.described.family == Family::Marian {
            pair.output_bias = match self.tensors.get(BIAS) {
                None => false,
                Some(bias) => {
                    bias.check_format()?;
                    let values = bias.shape().iter().product();
                    let values = bias.values(&Gather::plain(values, 1))?;
                    values.iter().any(|value| *value != 0.0)
                }
            };
        }
        Ok(pair)
    }

    /// The shape of a classifier.
    pub(super) fn classifier(&self) -> Result<&ClassifierConfig, WeightsError> {
        let config = self.described.classifier.as_ref();
        config.ok_or_else(|| WeightsError::Kind {
            path: self.config.clone(),
            found: self.kind,
            wanted: ModelKind::Classifier,
        })
    }

    /// Lets `build` make the model twice: first of nothing, to see whether all tensors are there,
    /// then of their values.
    pub(super) fn build<M>(
        &self,
        device: &Device,
        build: impl Fn(&mut Builder<'_, WeightsError>) -> Result<M, WeightsError>,
    ) -> Result<M, WeightsError> {
        let mut used = BTreeSet::new();
        let mut check = |request: Request<'_>| {
            let (found, _) = self.find(&request)?;
            used.insert(found.name());
            found.check_format()
        };
        build(&mut Builder::checking(device, &mut check))?;
        self.check_rest(&used)?;
        let mut read = |request: Request<'_>| {
            let (found, layout) = self.find(&request)?;
            found.values(&layout.gather(found.shape()))
        };
        build(&mut Builder::new(device, &mut read))
    }

    /// The tensor that holds a parameter, and how.
    fn find(
        &self,
        request: &Request<'_>,
    ) -> Result<(Found<'_>, super::names::Layout), WeightsError> {
        let (tensor, layout) = self.naming.locate(request.path);
        let expected = layout.file_shape(request.shape);
        let Some(found) = self.tensors.get(&tensor) else {
            return Err(WeightsError::Missing {
                path: self.tensors.path(),
                tensor,
                expected,
            });
        };
        match found.shape() == expected {
            true => Ok((found, layout)),
            false => Err(WeightsError::Shape {
                path: found.path.into(),
                tensor,
                found: found.shape().into(),
                expected,
            }),
        }
    }

    /// Complains of tensors that the model did not ask for.
    fn check_rest(&self, used: &BTreeSet<&str>) -> Result<(), WeightsError> {
        for found in self.tensors.all() {
            let name = found.name();
            if used.contains(name) || self.is_no_parameter(name) || self.is_position(&found)? {
                continue;
            }
            let (path, tensor) = (found.path.to_path_buf(), plain(name));
            // Some programs write what is tied twice; that is harmless as long as it is the same.
            let Some(original) = self.original(name) else {
                return Err(WeightsError::Extra { path, tensor });
            };
            let same = match self.tensors.get(&original) {
                Some(original) => found.equals(&original)?,
                None => false,
            };
            if !same {
                let original = plain(&original);
                return Err(WeightsError::Tied {
                    path,
                    tensor,
                    original,
                });
            }
        }
        Ok(())
    }

    fn is_no_parameter(&self, name: &str) -> bool {
        let family = self.described.family;
        let bert = matches!(family, Family::Bert | Family::DistilBert);
        let of_encoder = self.wanted == ModelKind::Encoder;
        is_buffer(family, name)
            || bert && is_no_parameter(name, of_encoder)
            // The head of a masked language model of which only the encoder is wanted.
            || of_encoder && family == Family::Slovo && is_head(name)
            // Of which the values are looked at beforehand: all are zero.
            || family == Family::Marian && name == BIAS
    }

    /// Whether a tensor is Marian's table of positions, which is computed; another one would be
    /// another model.
    fn is_position(&self, found: &Found<'_>) -> Result<bool, WeightsError> {
        let name = found.name();
        if self.described.family != Family::Marian || !name.ends_with(".embed_positions.weight") {
            return Ok(false);
        }
        let config = &self.described.config;
        let shape = [config.max_seq_len, config.d_model];
        found.check_format()?;
        let same = found.shape() == shape && {
            let values = found.values(&Gather::plain(shape.iter().product(), 1))?;
            let table = waves(shape[0], shape[1], Waves::Halves);
            let pairs = values.iter().zip(table);
            pairs
                .into_iter()
                .all(|(found, ours)| (found - ours).abs() < 1e-3)
        };
        match same {
            true => Ok(true),
            false => Err(WeightsError::Positions {
                path: found.path.into(),
                tensor: plain(name),
            }),
        }
    }

    /// The tensor that another one must equal, as it is tied to it.
    fn original(&self, name: &str) -> Option<String> {
        let locate = |path| self.naming.locate(path).0;
        if self.described.config.tied && name == locate("head.output.weight") {
            return Some(match self.described.kind {
                Some(ModelKind::CausalLm | ModelKind::Seq2Seq) => locate("embedding.tokens.weight"),
                _ => locate("encoder.embedding.tokens.weight"),
            });
        }
        let tables = [
            "model.encoder.embed_tokens.weight",
            "model.decoder.embed_tokens.weight",
        ];
        if self.described.family == Family::Marian && tables.contains(&name) {
            return Some(locate("embedding.tokens.weight"));
        }
        let bias = "cls.predictions.decoder.bias";
        (self.described.family == Family::Bert && name == bias).then(|| locate("bias"))
    }
}

/// Whether a tensor of our own naming belongs to the head of a masked language model.
fn is_head(name: &str) -> bool {
    name == "bias" || name.starts_with("transform.") || name.starts_with("transform_norm.")
}

fn fits(config: &Path, found: Option<ModelKind>, wanted: ModelKind) -> Result<(), WeightsError> {
    match (found, wanted) {
        (None | Some(ModelKind::MaskedLm), ModelKind::Encoder) => Ok(()),
        (None, ModelKind::MaskedLm) => Ok(()),
        (Some(found), wanted) if found == wanted => Ok(()),
        (found, wanted) => Err(WeightsError::Kind {
            path: config.to_path_buf(),
            // Only encoders hide what they are in the weights.
            found: found.unwrap_or(ModelKind::Encoder),
            wanted,
        }),
    }
}
