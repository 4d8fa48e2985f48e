//! A checkpoint is a folder that is complete or absent.
//!
//! ```text
//! checkpoints/step-00000250/
//!   model.bpk       parameters with their ids (burnpack)
//!   optimizer.bpk   moments by parameter id (burnpack)
//!   scheduler.bpk   where the learning rate is
//!   state.ron       step, tokens, best value, patience, what the run is
//!   MANIFEST.json   length and SHA-256 of each
//! ```
//!
//! A bundle is written into a hidden temporary folder, every file synced, the manifest last, and
//! then renamed. It is read back and verified before an older one goes. Burn's own checkpointer
//! writes three files on three threads with neither manifest nor checksum.

mod bundle;
mod manifest;
mod shelf;
mod state;

pub use bundle::{Bundle, Parts};
pub use manifest::{FileEntry, Manifest};
pub use shelf::{PassedOver, Shelf};
pub use state::{Best, RunIdentity, TrainState};
