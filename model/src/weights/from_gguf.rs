//! A model from a GGUF file.

use super::error::WeightsError;
use crate::causal_lm::CausalLm;
use crate::config::TransformerConfig;
use crate::gguf::names::{self, Parameter};
use crate::gguf::{Config, Gguf};
use crate::init::{Builder, Request};
use burn::tensor::Device;
use std::collections::BTreeMap;
use std::path::Path;

/// Loads the model in the file at `path`, its weights as numbers in single precision.
pub(super) fn load(path: &Path, device: &Device) -> Result<CausalLm, WeightsError> {
    let file = Gguf::open(path)?;
    let (of_file, config) = config(&file)?;
    names::check(&file, &of_file)?;
    let parameters = names::parameters(&of_file).into_iter();
    let parameters: BTreeMap<String, Parameter> = parameters.map(|p| (p.path.clone(), p)).collect();
    let find = |request: &Request<'_>| {
        parameters
            .get(request.path)
            .ok_or_else(|| WeightsError::Missing {
                path: path.to_path_buf(),
                tensor: request.path.into(),
                expected: request.shape.into(),
            })
    };
    let mut check = |request: Request<'_>| find(&request).map(|_| ());
    CausalLm::build(&mut Builder::checking(device, &mut check), &config)?;
    let mut read = |request: Request<'_>| Ok(names::read(&file, find(&request)?)?);
    CausalLm::build(&mut Builder::new(device, &mut read), &config)
}

/// The settings in a file, in its terms and in ours.
pub(super) fn config(file: &Gguf<'_>) -> Result<(Config, TransformerConfig), WeightsError> {
    let of_file = Config::read(file)?;
    let config = of_file.transformer();
    match config.validate() {
        Ok(()) => Ok((of_file, config)),
        Err(source) => Err(WeightsError::Config {
            path: file.path().to_path_buf(),
            source,
        }),
    }
}
