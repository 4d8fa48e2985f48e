//! Talking with an assistant.

use crate::Result;
use crate::assistant::Assistant;
use crate::chat::{Session, talk};
use crate::template::TemplateRecipe;
use slovo_args::{ChatArgs, exit};
use slovo_model::Sampling;
use slovo_train::backend;

/// `chat`.
///
/// # Errors
///
/// A model that cannot be loaded or fails; settings that are none.
pub fn chat(args: &ChatArgs) -> Result<u8> {
    let sampling = Sampling {
        temperature: args.temperature,
        top_p: Some(args.top_p).filter(|p| *p != 1.0),
        top_k: args.top_k,
        repetition_penalty: args.repetition_penalty,
        ..Sampling::default()
    };
    sampling.validate()?;
    let device = backend::device(&args.backend)?;
    let assistant = Assistant::load(&args.model.model, &TemplateRecipe::Base, &device)?;
    let max_tokens = args.max_tokens.get();
    let session = Session::new(
        assistant,
        args.system.clone(),
        sampling,
        max_tokens,
        args.seed,
    );
    talk(session, args.history.as_deref())?;
    Ok(exit::DONE)
}
