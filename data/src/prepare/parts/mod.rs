//! Documents that were read, cleaned and judged once, and lie on disk until they are tokens.
//!
//! Some documents cost much to find: main text out of web pages, articles out of dumps, and a verdict of
//! every rule on each. The input is divided into [`Part`]s, runs of whole files of one source. A part is read
//! by one worker, and becomes these files:
//!
//! ```text
//! part-00000.jsonl.gz     its documents, as datatrove, Spark and Ray read them: text, id, metadata
//! part-00000.exact, .paragraphs, .minhash     what is compared to find duplicates, where it is
//! part-00000.json         what went in, what was left out and why
//! ```
//!
//! The last of them is written last, so a part is complete or absent, and a run that was interrupted goes on
//! with the parts that are missing. Parts do not know each other: `--shard I/N` makes every N-th of them, on
//! any machine, and `--merge` joins them. What depends on all documents, which are duplicates, is found
//! afterwards, from the sketches, in the order of the parts; so one machine and many give the same.

mod divide;
mod file;
mod list;
mod make;
mod report;
mod run;
mod store;

pub use divide::Share;
pub(super) use file::DocumentWriter;
pub(crate) use list::Beside;
pub use list::share_folder;
pub(super) use list::{PARTS, key_of};
pub(super) use report::OpenText;
pub use report::{Kept, SourceReport, StepReport};
pub(super) use run::{Work, loaded_rules, make_parts, recipe_key};
pub(super) use store::{Store, pieces};
