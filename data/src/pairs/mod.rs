//! Pairs of texts: a source, and the target that it is to become.
//!
//! [`prepare_pairs`](crate::prepare_pairs) makes a folder of them, [`Pairs`] is one split of it,
//! [`PairBatches`] gives batch *i* of a run, and [`EvalPairs`] all pairs in order.

mod batch;
mod bucket;
mod evaluation;
mod stored;

pub use batch::{PairBatch, PairBatches};
pub use bucket::{BucketError, Buckets};
pub use evaluation::EvalPairs;
pub use stored::Pairs;
