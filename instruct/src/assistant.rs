//! A model that answers: its decoder, its tokenizer, its template, and the tokens that end an answer.

use crate::conversation::Message;
use crate::template::{ChatConfig, Template, TemplateRecipe, of_config, of_folder};
use crate::{Error, Result};
use burn::tensor::Device;
use slovo_data::Tokenizer;
use slovo_data::stop::Stop;
use slovo_model::gguf::{self, Gguf, GgufError};
use slovo_model::{
    CausalLm, GenerateOptions, ModelKind, Request, Sampling, WeightsError, model_kind,
};
use slovo_train::place::ModelPlace;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// A model that answers.
#[derive(Clone)]
pub struct Assistant {
    /// Without gradients, unless it was loaded for training.
    pub model: CausalLm,
    /// What reads and writes.
    pub tokenizer: Tokenizer,
    /// How a conversation becomes text.
    pub template: Template,
    /// Tokens that end an answer.
    pub ends: BTreeSet<u32>,
    /// Where it was found.
    pub place: ModelPlace,
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What was said, without the token that ends it.
    pub text: String,
    /// How many tokens that took.
    pub tokens: usize,
    /// Whether the model ended it, and not the limit.
    pub ended: bool,
}

impl Assistant {
    /// Loads the model of a run folder, a model folder or a GGUF file.
    ///
    /// # Errors
    ///
    /// A model that is not there, is damaged or is no decoder; a template that does not fit it.
    pub fn load(path: &Path, template: &TemplateRecipe, device: &Device) -> Result<Self> {
        let place = ModelPlace::find(path)?;
        let kind = model_kind(&place.folder)?;
        if kind != ModelKind::CausalLm {
            return Err(Error::Folder {
                path: place.folder,
                what: format!("here is {kind}, but a causal language model is needed to answer"),
            });
        }
        let model = place.model(device)?;
        let tokenizer = place.tokenizer(&model)?;
        let own = match place.folder.is_file() {
            true => of_gguf(&place.folder)?,
            false => of_folder(&place.folder)?,
        };
        let template = Template::new(template, &own, &tokenizer)?;
        Ok(Self::new(model, tokenizer, template, place))
    }

    /// An assistant of its parts.
    pub fn new(
        model: CausalLm,
        tokenizer: Tokenizer,
        template: Template,
        place: ModelPlace,
    ) -> Self {
        let names = template.ends(&tokenizer);
        let specials = tokenizer.specials().into_iter();
        let mut ends: BTreeSet<u32> = specials
            .filter(|(_, name)| names.contains(name))
            .map(|(id, _)| id)
            .collect();
        ends.extend(tokenizer.end_of_text());
        Self {
            model,
            tokenizer,
            template,
            ends,
            place,
        }
    }

    /// Answers the last message of each conversation; `None` for one that leaves no room for an
    /// answer. `None` in all when asked to stop.
    ///
    /// # Errors
    ///
    /// A template or tokenizer that cannot write a conversation, or a model that fails.
    pub fn answer_all(
        &self,
        conversations: &[&[Message]],
        sampling: &Sampling,
        max_new: usize,
        batch: usize,
        stop: &Stop,
    ) -> Result<Option<Vec<Option<Answer>>>> {
        let room = self.model.config().max_seq_len;
        let mut prompts = Vec::with_capacity(conversations.len());
        for messages in conversations {
            prompts.push(self.template.prompt_ids(messages, &self.tokenizer)?);
        }
        // Those of like length together, so that little is filled up.
        let mut order: Vec<usize> = (0..prompts.len())
            .filter(|&i| prompts[i].len() < room)
            .collect();
        order.sort_by_key(|&i| (prompts[i].len(), i));
        let mut answers: Vec<Option<Answer>> = vec![None; prompts.len()];
        for chosen in order.chunks(batch.max(1)) {
            let requests: Vec<Request<'_>> = chosen
                .iter()
                .map(|&i| Request {
                    prompt: &prompts[i],
                    options: GenerateOptions {
                        sampling: sampling.clone(),
                        ..GenerateOptions::new(max_new.min(room - prompts[i].len()))
                    },
                })
                .collect();
            let found = self.model.generate_batch(&requests, |token| {
                match stop.requested() || self.ends.contains(&token.id) {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            if stop.requested() {
                return Ok(None);
            }
            for (&i, found) in chosen.iter().zip(found) {
                answers[i] = Some(self.answer(&found.tokens)?);
            }
        }
        Ok(Some(answers))
    }

    /// The answer that tokens are.
    ///
    /// # Errors
    ///
    /// Tokens that cannot be decoded.
    pub fn answer(&self, tokens: &[u32]) -> Result<Answer> {
        let ended = tokens.last().is_some_and(|last| self.ends.contains(last));
        let said = &tokens[..tokens.len() - usize::from(ended)];
        Ok(Answer {
            text: self.tokenizer.decode(said)?,
            tokens: tokens.len(),
            ended,
        })
    }
}

/// What a GGUF file says of conversations.
fn of_gguf(path: &Path) -> Result<ChatConfig> {
    let read = || -> std::result::Result<_, GgufError> {
        Ok(gguf::tokenizer::read(&Gguf::open(path)?)?.config)
    };
    let config = read().map_err(WeightsError::from)?;
    Ok(of_config(&config))
}

/// The newest run of pretraining below `runs` that left a decoder.
///
/// # Errors
///
/// Where there is none: how to make one.
pub fn newest_base(runs: &Path) -> Result<PathBuf> {
    let mut newest: Option<(SystemTime, PathBuf)> = None;
    for entry in std::fs::read_dir(runs).into_iter().flatten().flatten() {
        let run = entry.path();
        let Ok(place) = ModelPlace::find(&run) else {
            continue;
        };
        let pretrained = matches!(place.provenance(), Ok(Some(it)) if it.stage == "pretrain");
        let decoder = matches!(model_kind(&place.folder), Ok(ModelKind::CausalLm));
        let written = std::fs::metadata(place.folder.join("config.json"));
        let Ok(written) = written.and_then(|it| it.modified()) else {
            continue;
        };
        let newer = newest.as_ref().is_none_or(|(before, _)| written > *before);
        if place.run.is_some() && pretrained && decoder && newer {
            newest = Some((written, run));
        }
    }
    newest.map(|(_, run)| run).ok_or_else(|| Error::Folder {
        path: runs.into(),
        what: "holds no run of pretraining to begin with; `cargo xtask pretrain` makes one in about five \
               minutes, or `--base DIR` names another model: a run folder, a model folder or a GGUF file"
            .into(),
    })
}
