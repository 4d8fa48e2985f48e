//! Text to token ids and back.
//!
//! One file format for every tokenizer: the `tokenizer.json` of Hugging Face's `tokenizers`, so
//! that what is trained here is read by `transformers`, and what was trained there is read here.
//!
//! | kind | tokens | after each document |
//! |---|---|---|
//! | character ([`Tokenizer::characters`]) | the characters that occur, by code point | nothing |
//! | byte ([`Tokenizer::bytes`]) | the 256 bytes | `<\|endoftext\|>` |
//! | byte-level BPE ([`train_bpe`]) | bytes and learnt merges (Sennrich et al. 2016; Radford et al. 2019) | `<\|endoftext\|>`, or as [`Specials`] says |
//! | WordPiece ([`train_wordpiece`]) | words and pieces of words (Schuster and Nakajima 2012; Devlin et al. 2019) | `[SEP]` |
//! | a given file ([`Tokenizer::from_file`]) | whatever it holds | its own end of text, if it has one |
//!
//! The character tokenizer has no boundary token, as in nanoGPT: Shakespeare is then exactly 65
//! tokens and 1,115,394 ids. Several documents run on without a mark between them.
//!
//! Two promises hold for all of them but WordPiece. What cannot be encoded is an error with its
//! place, never a hole or an "unknown" token. And text that looks like a special token stays text:
//! only `prepare` puts an end of text anywhere.
//!
//! WordPiece keeps the second promise alone. As BERT does, it writes `[UNK]` for a word that it has
//! no pieces for, and may drop case and accents: what that takes from a text is in
//! [`Tokenizer::loses`], and `prepare` and `inspect` count the unknown.
//!
//! Encoders read special tokens around each text: [`Tokenizer::encode_with_specials`].

mod bpe;
mod build;
mod byte_level;
mod decode;
mod encode;
mod error;
pub mod fast_bpe;
mod kind;
mod merges;
mod model_input;
mod pair_specials;
mod pieces;
mod published;
mod remembered;
mod roles;
mod spans;
mod specials;
mod stream;
mod template;
mod text_pieces;
mod with_tokens;
mod word_starts;
mod wordpiece;
mod wrapper;

pub use bpe::{BpeSample, LARGEST_SAMPLE, SAMPLE_BYTES, train_bpe};
pub(crate) use error::Before;
pub use error::{Place, TokenizerError};
pub use kind::Kind;
pub use model_input::ModelInput;
pub use pair_specials::{END_OF_SENTENCE, PAD, PairSpecials};
pub use published::BertWords;
pub use spans::TokenSpan;
pub use specials::Specials;
pub use stream::TextStream;
pub use text_pieces::Pieces;
pub use word_starts::WordStarts;
pub use wordpiece::train_wordpiece;
pub use wrapper::Tokenizer;

/// The special token after each document, where the vocabulary is for text.
pub const END_OF_TEXT: &str = "<|endoftext|>";
