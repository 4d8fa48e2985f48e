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
use std::env;
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
    let key = args.api_key.clone().or_else(|| env::var(KEY).ok());
    if key
        .as_ref()
        .is_some_and(|key| key.trim() != key || key.is_empty())
    {
        return Err(Error::Value {
            field: "--api-key",
            found: "empty, or has white space around it".into(),
            expected: "a key without would do".into(),
        });
    }
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
    let folder = folder
        .file_stem()
        .map(|name| name.to_string_lossy().into_owned());
    let settings = Settings {
        name: args
            .name
            .clone()
            .or(folder)
            .unwrap_or_else(|| "slovo".into()),
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

/// Whether a folder holds an encoder, or a sentence encoder of several parts.
fn is_encoder(path: &Path) -> Result<bool> {
    if path.join("modules.json").is_file() {
        return Ok(true);
    }
    let kind = model_kind(&ModelPlace::find(path)?.folder)?;
    Ok(matches!(kind, ModelKind::Encoder | ModelKind::MaskedLm))
}
