//! One transformer for every stage of building a language model.
//!
//! GPT-2, Llama and their relatives are one stack of [`Block`]s with different settings. A
//! [`TransformerConfig`] holds the settings, a [`CausalLm`] is the model: it computes logits and
//! the training loss, continues texts, and goes to and from model folders in Hugging Face's layout.
//! The crate knows no tokenizer, no files of text, no optimizer and no backend: it works on token
//! ids and on whatever [`Device`](burn::tensor::Device) the caller passes.
//!
//! # In another program
//!
//! ```
//! use burn::tensor::{Device, Int, Tensor};
//! use slovo_model::{
//!     CausalLm, GenerateOptions, Pass, Sampling, TransformerConfig, load_model, save_model,
//! };
//! use std::ops::ControlFlow;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let device = Device::default();
//! let config = TransformerConfig {
//!     vocab_size: 50, d_model: 32, n_layers: 2, n_heads: 4, max_seq_len: 16,
//!     ..TransformerConfig::default()
//! };
//! let model = CausalLm::new(&config, 1, &device)?;
//!
//! let tokens = Tensor::<2, Int>::from_ints([[3, 1, 4, 1, 5]], &device);
//! let logits = model.forward(tokens, &mut Pass::default());
//! assert_eq!(logits.dims(), [1, 5, 50]); // [batch, seq, vocab_size]
//!
//! # let folder = tempfile::tempdir()?;
//! save_model(folder.path(), &model)?;
//! let model = load_model(folder.path(), &device)?;
//! let options = GenerateOptions { sampling: Sampling::greedy(), ..GenerateOptions::new(8) };
//! let new = model.generate(&[3, 1, 4], &options, |token| {
//!     print!("{token} ");
//!     ControlFlow::Continue(())
//! })?;
//! assert_eq!(new.len(), 8);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/continue_text.rs` does the same with a tokenizer. [`GenerateOptions`] says how tokens are drawn
//! and what happens when the context is full, [`CausalLm::generate_batch`] continues several prompts
//! at once. Published shapes have names: see [`TransformerConfig::preset`]. An [`Encoder`] turns texts
//! into vectors: [`Encoder::embed`].
//!
//! # Training
//!
//! The model's side of training is here, the rest is the caller's: build or load on
//! `&device.autodiff()` (Burn's `autodiff` feature), call [`CausalLm::loss`] with
//! [`Pass::training`], and divide by the number of valid targets.
//!
//! # Backends
//!
//! Features choose which are compiled in (`flex`, the default; `ndarray`, `wgpu`, `vulkan`, `metal`,
//! `cuda`, `rocm`). At least one is needed to run anything.

mod adapter;
mod attention;
mod block;
mod cache;
mod causal_lm;
mod classifier;
mod config;
mod dropout;
mod embed;
mod embedding;
mod encoded;
mod encoder;
mod feed_forward;
mod generate;
pub mod gguf;
mod head;
mod init;
mod lora;
mod loss;
mod masked_lm;
mod norm;
pub mod ops;
mod packing;
mod padding;
mod pass;
mod pooling;
mod position;
mod presets;
mod random;
mod seq2seq;
mod stack;
mod trunk;
mod validate;
mod weights;

pub use adapter::Adapter;
pub use attention::Attention;
pub use block::Block;
pub use cache::Cache;
pub use causal_lm::CausalLm;
pub use classifier::{Classifier, ClassifierConfig, Fixed, HeadKind, PoolKind, Reading, Trains};
pub use config::{
    Activation, AttentionBias, FeedForwardKind, NormKind, Placement, PositionKind, RopeScaling,
    TransformerConfig,
};
pub use dropout::DropoutMasks;
pub use embed::{EmbedError, EmbedOptions};
pub use embedding::Embeddings;
pub use encoded::Encoded;
pub use encoder::Encoder;
pub use feed_forward::FeedForward;
pub use generate::{
    BeamOptions, Continuation, Ended, Finish, GenerateError, GenerateOptions, Hypothesis,
    LiveBatch, Logprobs, NewToken, Request, Sampling, Slide,
};
pub use head::Head;
pub use lora::Matrix;
pub use loss::cross_entropy_sum;
pub use masked_lm::{MaskedLm, MaskedLoss};
pub use norm::Norm;
pub use packing::Packing;
pub use padding::Padding;
pub use pass::Pass;
pub use pooling::{AttentionPool, Pooling};
pub use position::Rotary;
pub use presets::PRESETS;
pub use seq2seq::{Pair, Seq2Seq, Seq2SeqConfig};
pub use stack::Stack;
pub use validate::ConfigError;
pub use weights::{
    ModelKind, SavedModel, WeightsError, load_classifier, load_classifier_config, load_config,
    load_encoder, load_masked_lm, load_model, load_seq2seq, load_seq2seq_config, load_trunk,
    model_kind, save_model, untrusted,
};
