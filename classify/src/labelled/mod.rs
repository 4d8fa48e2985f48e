//! Labelled text: tables, JSON Lines, folders, and the packages that this program is built from.
//!
//! A [`LabelledRecipe`] says where texts and their labels stand; [`read()`] holds them all, as
//! training does. [`Rows`] is the same reader one row at a time, for texts that come through a pipe
//! and may have no label.

mod columns;
mod counts;
mod error;
mod folders;
mod json;
mod lines;
mod packages;
mod place;
mod read;
mod recipe;
mod row_form;
mod rows;
mod table;

pub use counts::{ReadCounts, Skipped};
pub use error::{Fault, LabelledError};
pub use lines::MAX_ROW_BYTES;
pub use packages::{DEFAULT_PER_CLASS, PACKAGE_CLASSES};
pub use place::Place;
pub use read::{Example, Labelled, delimiter_of, read};
pub use recipe::{Column, LabelledRecipe, LabelledSource, OnBadRow};
pub use row_form::{LabelFrom, RowForm};
pub use rows::{Row, Rows};
