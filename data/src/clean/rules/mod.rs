//! Published rules for the text of a corpus: what goes, and what is changed.
//!
//! A recipe holds a list of [`Rule`]s, applied in order. Each is a pure function of a text, and of its
//! address where [`Urls`] asks for it, and says to keep the text, to change it, or to drop it with the
//! criterion that it failed. FineWeb's order is addresses, language, [`GopherRepetition`],
//! [`GopherQuality`], [`C4`], [`FineWeb`], [`Personal`] (Penedo et al. 2024,
//! <https://arxiv.org/abs/2406.17557>).
//!
//! Every threshold is the published one unless a recipe says otherwise, and every criterion can be
//! switched off alone. Where a paper is silent, the definition is that of datatrove 0.10
//! (<https://github.com/huggingface/datatrove>); each file says where ours differs. Words are those of
//! Unicode Standard Annex 29, and a share of nothing is 0.

mod c4;
mod characters;
mod duplicates;
mod fineweb;
mod grams;
mod language;
mod personal;
mod quality;
mod repetition;
mod rule;
mod sentences;
mod urls;
mod values;
mod words;

#[cfg(test)]
mod tests;

pub use c4::C4;
pub use characters::Characters;
pub use fineweb::FineWeb;
pub use language::{Language, language, languages};
pub use personal::Personal;
pub use quality::GopherQuality;
pub use repetition::GopherRepetition;
pub use rule::{Rule, Verdict};
pub use urls::Urls;
pub use values::Invalid;
