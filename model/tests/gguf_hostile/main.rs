//! Wrong GGUF files: refused quickly and in little memory, whatever is in them. The memory is the
//! whole process's, which is why these tests have their own.
#![allow(clippy::unwrap_used)]

#[path = "../gguf/common.rs"]
mod common;
mod hostile;
#[path = "../untrusted/measure.rs"]
mod measure;
mod robust;
