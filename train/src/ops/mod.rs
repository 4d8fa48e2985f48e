//! What a step does to every parameter, in as few passes over the memory as it takes.
//!
//! The gradients of a step are multiplied by one number: clipping / valid targets. It reaches the
//! optimizers as a [`Factor`] and is multiplied in where a gradient is read anyway. On a flex device
//! everything here is one pass of hand-written loops; this folder is the one place of the crate that
//! names a backend.

mod adamw;
mod factor;
#[cfg(feature = "fused")]
mod flex;
mod muon;
mod slower;
mod squares;

pub use adamw::{Constants, OnePassAdamW};
pub use factor::{Factor, Scaled};
pub use muon::{Muon, MuonState};
pub use slower::Slower;
pub use squares::sum_of_squares;
