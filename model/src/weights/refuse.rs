//! Errors about the settings in a `config.json`.

use super::error::WeightsError;
use super::quote::quote;
use crate::config::Activation;
use std::path::Path;

/// Makes errors about the `config.json` at a path.
pub(super) struct Refuse<'a>(pub(super) &'a Path);

impl Refuse<'_> {
    pub(super) fn error(
        &self,
        field: &'static str,
        found: &str,
        supported: &'static str,
    ) -> WeightsError {
        let path = self.0.to_path_buf();
        WeightsError::Unsupported {
            path,
            field,
            found: found.into(),
            supported,
        }
    }

    pub(super) fn unless(
        &self,
        fits: bool,
        field: &'static str,
        found: &str,
        supported: &'static str,
    ) -> Result<(), WeightsError> {
        if fits {
            Ok(())
        } else {
            Err(self.error(field, found, supported))
        }
    }

    /// The activation that `transformers` calls by that name (its `ACT2FN`). Names of one curve that
    /// differ in how it is computed are one here.
    pub(super) fn activation(
        &self,
        field: &'static str,
        name: &str,
    ) -> Result<Activation, WeightsError> {
        match name {
            "gelu_new" | "gelu_fast" | "gelu_accurate" | "gelu_pytorch_tanh"
            | "gelu_python_tanh" => Ok(Activation::GeluTanh),
            "gelu" | "gelu_python" => Ok(Activation::GeluErf),
            "silu" | "swish" => Ok(Activation::Silu),
            "relu" => Ok(Activation::Relu),
            _ => {
                let known = "\"gelu_new\", \"gelu\", \"silu\" and \"relu\"";
                Err(self.error(field, &quote(name), known))
            }
        }
    }
}
