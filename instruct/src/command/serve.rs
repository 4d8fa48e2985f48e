//! Serving a model.

use super::say;
use crate::assistant::Assistant;
use crate::serve::{Bounds, Model, Server, Settings};
use crate::template::TemplateRecipe;
use crate::{Error, Result};
use slovo_args::{ServeArgs, exit};
use slovo_data::stop::Stop;
use slovo_model::{ModelKind, model_kind};
use slovo_train::backend;
use slovo_train::place::ModelPlace;
use slovo_train::progress::notice;
use slovo_train::sentence_encoder::{SentenceEncoder, Wishes};
use std::env::{self, VarError};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// Where the key stands that no other program shall read from the command line.
const KEY: &str = "SLOVO_API_KEY";
/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(30);

/// `serve`: prints its address once it answers.
///
/// # Errors
///
/// A model that cannot be loaded, an address that cannot be had.
pub fn serve(args: &ServeArgs) -> Result<u8> {
    let stop = Stop::on_signals()?;
    let key = key(args)?;
    if !args.host.is_loopback() && key.is_none() {
        notice(
            "warning: other machines can ask, and no key is needed; --api-key or $SLOVO_API_KEY asks for one",
        );
    }
    let device = backend::device(&args.backend)?;
    let path = &args.model.model;
    let model = match is_encoder(path)? {
        true => Model::Encoder(SentenceEncoder::load(path, &Wishes::default(), &device)?),
        false => Model::Assistant(Assistant::load(path, &TemplateRecipe::Base, &device)?),
    };
    let folder = path.canonicalize().unwrap_or_else(|_| path.clone());
    let name = match folder.is_file() {
        true => folder.file_stem(),
        false => folder.file_name(),
    };
    let name = name.map(|name| name.to_string_lossy().into_owned());
    let settings = Settings {
        name: args.name.clone().or(name).unwrap_or_else(|| "slovo".into()),
        bounds: Bounds {
            slots: args.slots.get(),
            queue: args.queue.get(),
            memory: args.cache_memory.0,
        },
        max_body: usize::try_from(args.max_body.0).unwrap_or(usize::MAX),
        key,
        cors: args.cors.clone(),
        patience: PATIENCE,
        drain: Duration::from_secs(args.drain),
    };
    let server = Server::bind(SocketAddr::new(args.host, args.port), model, settings)?;
    say(&format!("http://{}", server.address()?));
    if !server.run(&stop)? {
        notice(&format!(
            "warning: some answers were not at their end after {} s",
            args.drain
        ));
    }
    Ok(exit::DONE)
}

/// What requests must bring.
fn key(args: &ServeArgs) -> Result<Option<String>> {
    let (field, key) = match (&args.api_key, env::var(KEY)) {
        (Some(key), _) => ("--api-key", key.clone()),
        (None, Ok(key)) => (KEY, key),
        (None, Err(VarError::NotPresent)) => return Ok(None),
        (None, Err(VarError::NotUnicode(_))) => (KEY, String::new()),
    };
    match key.is_empty() || key.trim() != key {
        true => Err(Error::Value {
            field,
            found: "empty, has white space around it, or is no text".into(),
            expected: "a key would do".into(),
        }),
        false => Ok(Some(key)),
    }
}

/// Whether a folder holds an encoder, or a sentence encoder of several parts.
fn is_encoder(path: &Path) -> Result<bool> {
    if path.join("modules.json").is_file() {
        return Ok(true);
    }
    let kind = model_kind(&ModelPlace::find(path)?.folder)?;
    Ok(matches!(kind, ModelKind::Encoder | ModelKind::MaskedLm))
}
