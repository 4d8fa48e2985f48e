//! Texts to vectors with a model folder: sentence vectors.
//!
//! ```no_run
//! use burn::tensor::Device;
//! use slovo_train::sentence_encoder::{SentenceEncoder, Wishes};
//!
//! # fn main() -> slovo_train::Result<()> {
//! let encoder = SentenceEncoder::load("minilm".as_ref(), &Wishes::default(), &Device::default())?;
//! let texts = ["A man is eating food.", "Someone has dinner."];
//! let found = encoder.embed(&texts, |text| format!("text {}", text + 1))?;
//! // Of vectors that are one long, the scalar product is the cosine.
//! let cosine: f32 = found[0].vector.iter().zip(&found[1].vector).map(|(a, b)| a * b).sum();
//! println!("{cosine}");
//! # Ok(())
//! # }
//! ```

pub mod settings;

use crate::place::ModelPlace;
use crate::{Error, Result};
use burn::tensor::Device;
use settings::{Said, Settings};
use slovo_data::Tokenizer;
use slovo_data::report::grouped;
use slovo_data::tokenizer::ModelInput;
use slovo_model::{EmbedError, EmbedOptions, Encoder, Pooling};
use std::path::Path;

/// What somebody wants other than the folder says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// How the vectors of tokens become one.
    pub pooling: Option<Pooling>,
    /// Whether vectors are made one long.
    pub normalise: Option<bool>,
    /// Tokens of a text that are read at most, special ones among them.
    pub max_tokens: Option<usize>,
    /// Tokens computed at once, filler among them.
    pub batch_tokens: Option<usize>,
}

/// An encoder with all that it needs to read texts.
pub struct SentenceEncoder {
    encoder: Encoder,
    tokenizer: Tokenizer,
    options: EmbedOptions,
    pooling: Said<Pooling>,
    normalise: Said<bool>,
    max_tokens: Said<usize>,
    lower_case: bool,
    prompt: String,
}

/// The vector of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextVector {
    /// `[d_model]`
    pub vector: Vec<f32>,
    /// Tokens that were read, special ones among them.
    pub tokens: usize,
    /// Tokens that were left out because the text was too long.
    pub cut: usize,
    /// How many of those read the vocabulary does not know.
    pub unknown: usize,
}

impl SentenceEncoder {
    /// Loads the encoder of a run folder or model folder; its files say how texts become vectors,
    /// where nothing is wished.
    ///
    /// # Errors
    ///
    /// A folder without an encoder, a file that is missing or damaged, or a setting that is not
    /// known.
    pub fn load(path: &Path, wishes: &Wishes, device: &Device) -> Result<Self> {
        let mut place = ModelPlace::find(path);
        let folder = place.as_ref().map_or(path, |place| place.folder.as_path());
        let settings = Settings::read(folder)?;
        if let Some(transformer) = &settings.transformer {
            place = ModelPlace::find(transformer);
        }
        let place = place?;
        let encoder = place.encoder(device)?;
        let config = encoder.config();
        let tokenizer = place.tokenizer_within(config.vocab_size)?;
        let said = |by: &str| by.to_owned();
        let pooling = match wishes.pooling {
            Some(value) => Said {
                value,
                by: said("--pooling"),
            },
            None => settings.pooling.map_err(|what| Error::Folder {
                path: path.into(),
                what,
            })?,
        };
        let normalise = match wishes.normalise {
            Some(value) => Said {
                value,
                by: said("as asked"),
            },
            None => settings.normalise,
        };
        let positions = config.max_seq_len;
        let max_tokens = match (wishes.max_tokens, settings.max_tokens) {
            (Some(value), _) if value > positions => {
                return Err(Error::Value {
                    field: "--max-tokens",
                    found: value.to_string(),
                    expected: format!("the model has {positions} positions"),
                });
            }
            (Some(value), _) => Said {
                value,
                by: said("--max-tokens"),
            },
            (None, Some(said)) if said.value <= positions => said,
            (None, _) => Said {
                value: positions,
                by: said("config.json"),
            },
        };
        let usual = EmbedOptions::default();
        Ok(Self {
            options: EmbedOptions {
                pooling: pooling.value,
                normalise: normalise.value,
                batch_tokens: wishes.batch_tokens.unwrap_or(usual.batch_tokens),
            },
            encoder,
            tokenizer,
            pooling,
            normalise,
            max_tokens,
            lower_case: settings.lower_case,
            prompt: settings.prompt,
        })
    }

    /// The vectors of texts, in their order; each is that of the text alone. `place` says to a
    /// person which text has a fault.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read) and [`vectors`](Self::vectors).
    pub fn embed<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        place: impl Fn(usize) -> String,
    ) -> Result<Vec<TextVector>> {
        self.vectors(&self.read(texts, &place)?, place)
    }

    /// The tokens of texts, in their order; those that are too long are cut.
    ///
    /// # Errors
    ///
    /// A text that the tokenizer has no token for.
    pub fn read<T: AsRef<str> + Sync>(
        &self,
        texts: &[T],
        place: impl Fn(usize) -> String,
    ) -> Result<Vec<ModelInput>> {
        let texts: Vec<String> = texts
            .iter()
            .map(|text| self.as_read(text.as_ref()))
            .collect();
        let max = Some(self.max_tokens.value);
        let inputs = self.tokenizer.encode_all_with_specials(&texts, max);
        let inputs = inputs.into_iter().enumerate().map(|(number, input)| {
            input.map_err(|error| Error::Prompt {
                place: place(number),
                source: Box::new(slovo_data::Error::from(error).into()),
            })
        });
        inputs.collect()
    }

    /// The vectors of texts that were [read](Self::read).
    ///
    /// # Errors
    ///
    /// A text without any token, or numbers that are not finite.
    pub fn vectors(
        &self,
        inputs: &[ModelInput],
        place: impl Fn(usize) -> String,
    ) -> Result<Vec<TextVector>> {
        let ids: Vec<&[u32]> = inputs.iter().map(|input| input.ids.as_slice()).collect();
        let vectors = self.encoder.embed(&ids, &self.options).map_err(|error| {
            let text = match &error {
                EmbedError::EmptyText { text }
                | EmbedError::UnknownToken { text, .. }
                | EmbedError::TooLong { text, .. }
                | EmbedError::NotFinite { text } => *text,
                EmbedError::Device(_) => return error.into(),
            };
            Error::Prompt {
                place: place(text),
                source: Box::new(error.into()),
            }
        })?;
        let vectors = vectors.into_iter().zip(inputs);
        let vectors = vectors.map(|(vector, input)| TextVector {
            vector,
            tokens: input.ids.len(),
            cut: input.cut,
            unknown: input.unknown,
        });
        Ok(vectors.collect())
    }

    /// A text as the tokenizer is given it.
    fn as_read(&self, text: &str) -> String {
        let text = format!("{}{text}", self.prompt);
        match self.lower_case {
            true => text.to_lowercase(),
            false => text,
        }
    }

    /// Tokens of a text that are read at most, special ones among them.
    pub fn max_tokens(&self) -> usize {
        self.max_tokens.value
    }

    /// Tokens that the model could read.
    pub fn positions(&self) -> usize {
        self.encoder.config().max_seq_len
    }

    /// Values of a vector.
    pub fn width(&self) -> usize {
        self.encoder.config().d_model
    }

    /// What becomes of a text, and what said so, for a person.
    pub fn description(&self) -> String {
        let pooling = match self.pooling.value {
            Pooling::Mean => "the mean of its tokens",
            Pooling::First => "its first token",
            Pooling::Last => "its last token",
            Pooling::Max => "the largest value of each channel",
        };
        let length = match self.normalise.value {
            true => "one long",
            false => "not normalised",
        };
        let mut text = format!(
            "a vector of {} values a text: {pooling} ({}), {length} ({}), at most {} tokens ({})",
            self.width(),
            self.pooling.by,
            self.normalise.by,
            grouped(self.max_tokens.value as u64),
            self.max_tokens.by
        );
        if !self.prompt.is_empty() {
            text += &format!(
                ", behind {:?} (config_sentence_transformers.json)",
                self.prompt
            );
        }
        text
    }
}
