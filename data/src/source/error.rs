//! What can be wrong with a source.

/// A source that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {}
