//! An encoder–decoder: from one text to another (Vaswani et al. 2017,
//! <https://arxiv.org/abs/1706.03762>).

mod config;

pub use config::Seq2SeqConfig;

use crate::cache::Cache;
use crate::embedding::Embeddings;
use crate::encoded::Encoded;
use crate::head::Head;
use crate::init::{Builder, Init, fresh};
use crate::loss::cross_entropy_sum;
use crate::pass::Pass;
use crate::stack::Stack;
use crate::trunk;
use crate::validate::ConfigError;
use burn::module::{Module, Param};
use burn::tensor::{Bool, Device, Int, Tensor};
use std::convert::Infallible;

/// A model that writes a target text while it looks at a source text.
///
/// Encoder and decoder are the same stack of blocks as in every other model; the decoder's blocks
/// have one branch more, which looks at the encoded source.
#[derive(Module, Debug)]
pub struct Seq2Seq {
    /// Tokens and positions, of both sides.
    pub embedding: Embeddings,
    /// Reads the source; every token sees all of it.
    pub encoder: Stack,
    /// Writes the target; every token sees those before it and the source.
    pub decoder: Stack,
    /// From hidden states to logits.
    pub head: Head,
    /// Added to the logits, `[vocab_size]`.
    pub bias: Option<Param<Tensor<1>>>,
    #[module(skip)]
    config: Seq2SeqConfig,
}

/// Texts and what they are to become.
#[derive(Clone, Debug)]
pub struct Pair {
    /// `[batch, source_len]`
    pub sources: Tensor<2, Int>,
    /// What the decoder reads, `[batch, target_len]`: the start token, then the target.
    pub inputs: Tensor<2, Int>,
    /// What it is to say, `[batch, target_len]`: the target, then the end token.
    pub targets: Tensor<2, Int>,
    /// Which targets count, `[batch, target_len]`; `None`: all of them.
    pub mask: Option<Tensor<2, Bool>>,
}

impl Seq2Seq {
    /// A model with fresh weights: a pure function of `config` and `seed`, equal on every device.
    ///
    /// For training pass `&device.autodiff()`.
    ///
    /// # Errors
    ///
    /// When `config` does not validate.
    pub fn new(config: &Seq2SeqConfig, seed: u64, device: &Device) -> Result<Self, ConfigError> {
        config.validate()?;
        let mut source = fresh::<Infallible>(seed);
        match Self::build(&mut Builder::new(device, &mut source), config) {
            Ok(model) => Ok(model),
            Err(never) => match never {},
        }
    }

    /// Builds the model of a valid `config`.
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        config: &Seq2SeqConfig,
    ) -> Result<Self, E> {
        let (encoder, decoder) = (config.encoder(), config.decoder());
        let shape = [encoder.d_model, encoder.vocab_size];
        Ok(Self {
            embedding: Embeddings::build(builder, "embedding", &encoder)?,
            encoder: Stack::build(builder, "encoder", &encoder, false)?,
            decoder: Stack::build(builder, "decoder", &decoder, true)?,
            head: Head::build(builder, "head", shape, encoder.tied)?,
            bias: match config.output_bias {
                true => Some(builder.param("bias", [encoder.vocab_size], Init::Zeros)?),
                false => None,
            },
            config: config.clone(),
        })
    }

    /// The shape of the model.
    pub fn config(&self) -> &Seq2SeqConfig {
        &self.config
    }

    /// Room for `capacity` target tokens of `batch` pairs.
    pub fn cache(&self, batch: usize, capacity: usize, device: &Device) -> Cache {
        Cache::of(&self.config.decoder(), batch, capacity, device)
    }

    /// Reads `sources`, `[batch, source_len]`; the pass's padding is theirs.
    ///
    /// # Panics
    ///
    /// When the tokens are more than `max_seq_len`, or the padding is for another number of texts.
    pub fn encode(&self, sources: Tensor<2, Int>, pass: &mut Pass<'_>) -> Encoded {
        let config = self.config.encoder();
        let hidden = trunk::hidden(&self.embedding, &self.encoder, &config, sources, None, pass);
        let cross = self.decoder.blocks.iter();
        let cross = cross.filter_map(|block| block.cross_attention.as_ref());
        Encoded {
            layers: cross
                .map(|cross| cross.keys_and_values(hidden.clone()))
                .collect(),
            padding: pass.padding.cloned(),
        }
    }

    /// Hidden states of target `tokens`, `[batch, seq]`, that look at their sources:
    /// `[batch, seq, d_model]`. The pass's padding and cache are the targets'.
    ///
    /// # Panics
    ///
    /// When the tokens, with those in the cache, are more than `max_seq_len` or than the cache's
    /// capacity, or they are not as many rows as there are sources.
    pub fn decode(
        &self,
        tokens: Tensor<2, Int>,
        source: &Encoded,
        pass: &mut Pass<'_>,
    ) -> Tensor<3> {
        let config = self.config.decoder();
        trunk::hidden(
            &self.embedding,
            &self.decoder,
            &config,
            tokens,
            Some(source),
            pass,
        )
    }

    /// Logits `[batch, seq, vocab_size]` of the decoder's hidden states `[batch, seq, d_model]`.
    pub fn logits(&self, hidden: Tensor<3>) -> Tensor<3> {
        let logits = self.head.forward(hidden, &self.embedding.tokens);
        match &self.bias {
            Some(bias) => logits + bias.val().unsqueeze(),
            None => logits,
        }
    }

    /// The sum of the cross-entropy over the valid targets, in nats, as one value.
    ///
    /// `smoothing` is the share of each target that is spread evenly over the vocabulary (0.1 in the
    /// paper). The pass's padding is that of the sources; filler behind a target is left out by the
    /// mask, and no token before it sees it.
    ///
    /// # Panics
    ///
    /// As [`encode`](Self::encode) and [`decode`](Self::decode).
    pub fn loss(&self, pair: Pair, smoothing: f64, pass: &mut Pass<'_>) -> Tensor<1> {
        let [batch, seq] = pair.targets.dims();
        let source = self.encode(pair.sources, pass);
        let mut of_targets = Pass {
            dropout: pass.dropout.take(),
            ..Pass::default()
        };
        let hidden = self.decode(pair.inputs, &source, &mut of_targets);
        let targets = pair.targets.reshape([batch * seq]);
        let mask = pair.mask.map(|mask| mask.reshape([batch * seq]));
        if self.bias.is_none() {
            let tokens = &self.embedding.tokens;
            return self.head.loss(hidden, tokens, targets, mask, smoothing);
        }
        let vocab_size = self.config.transformer.vocab_size;
        let logits = self.logits(hidden).reshape([batch * seq, vocab_size]);
        cross_entropy_sum(logits, targets, mask, smoothing)
    }
}
