//! Continuing texts, token by token.
//!
//! A prompt is read once into a key/value cache; every further token costs one step. Which token
//! comes next is decided on the host from the logits, so that a seed means the same on every
//! backend.
//!
//! [`CausalLm::generate`](crate::CausalLm::generate) continues one prompt,
//! [`CausalLm::generate_batch`](crate::CausalLm::generate_batch) several side by side. Both hand
//! each token to a predicate, which may stop that continuation: at an end-of-text token, at a text
//! that the caller decodes, or because somebody pressed Ctrl-C.

mod batch;
mod beam;
mod decoder;
mod error;
mod live;
mod logprobs;
mod options;
mod row;
mod sampler;
mod sampling;
mod translate;

pub use beam::{BeamOptions, Hypothesis};
pub use error::GenerateError;
pub use live::{Ended, LiveBatch};
pub use logprobs::Logprobs;
pub use options::{Continuation, Finish, GenerateOptions, NewToken, Request, Slide};
pub use sampling::Sampling;
