//! The tokenizer of a recipe: given, made of what occurs, or trained on a sample, of text or of both
//! sides of pairs.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use super::corpus::{Corpus, Seen};
use super::progress::{Progress, Stage};
use super::{empty_split, plan};
use crate::Error;
use crate::recipe::{DataRecipe, TokenizerRecipe};
use crate::report::TokenizerReport;
use crate::split::{Division, Side, Splitter};
use crate::tokenizer::{BpeSample, Tokenizer, TokenizerError, train_bpe, train_wordpiece};

/// The tokenizer, and what the report says of it.
pub(super) fn make(
    recipe: &DataRecipe,
    corpus: &Corpus<'_>,
    seen: &Seen,
    splitter: &Splitter,
    characters: &BTreeSet<char>,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<(Tokenizer, TokenizerReport), Error> {
    let mut sampled = None;
    let mut trained = |bytes, train: &dyn Fn(&BpeSample) -> Result<Tokenizer, TokenizerError>| {
        let sample = draw(bytes, corpus, seen, splitter, progress, stop)?;
        if sample.bytes() == 0 {
            return Err(empty_split("train", seen.clean.documents_kept));
        }
        if sample.seen() > sample.bytes() as u64 {
            progress(Progress::Note(sample.describe()));
        }
        let tokenizer = train(&sample)?;
        sampled = Some(sample);
        Ok(tokenizer)
    };
    let tokenizer = match &recipe.tokenizer {
        TokenizerRecipe::Char => Tokenizer::characters(characters)?,
        TokenizerRecipe::Byte => Tokenizer::bytes()?,
        TokenizerRecipe::File(path) => Tokenizer::from_file(&plan::expand(path)?)?,
        TokenizerRecipe::Bpe {
            vocab_size,
            specials,
            min_frequency,
            sample,
        } => trained(*sample, &|sample| {
            train_bpe(sample, *vocab_size, *min_frequency, *specials)
        })?,
        TokenizerRecipe::WordPiece {
            vocab_size,
            lowercase,
            min_frequency,
            sample,
        } => trained(*sample, &|sample| {
            train_wordpiece(sample, *vocab_size, *lowercase, *min_frequency)
        })?,
    };
    tell_size(&tokenizer, &recipe.tokenizer, progress);
    if let Some(lost) = tokenizer.loses() {
        progress(Progress::Note(format!("tokens leave out {lost}")));
    }
    let report = describe(&tokenizer, sampled.as_ref());
    Ok((tokenizer, report))
}

/// The tokenizer of a recipe, for texts that are held in memory.
///
/// # Errors
/// A file that cannot be read; texts that no vocabulary can be made of.
pub fn tokenizer_of_texts<'t>(
    recipe: &TokenizerRecipe,
    texts: impl Iterator<Item = &'t str>,
) -> Result<Tokenizer, Error> {
    let sample_of = |bytes: usize, texts: &mut dyn Iterator<Item = &'t str>| {
        let mut sample = BpeSample::new(bytes);
        texts.for_each(|text| sample.push(text));
        sample
    };
    let mut texts = texts;
    Ok(match recipe {
        TokenizerRecipe::Char => Tokenizer::characters(&texts.flat_map(str::chars).collect())?,
        TokenizerRecipe::Byte => Tokenizer::bytes()?,
        TokenizerRecipe::File(path) => Tokenizer::from_file(&plan::expand(path)?)?,
        TokenizerRecipe::Bpe {
            vocab_size,
            specials,
            min_frequency,
            sample,
        } => {
            let sample = sample_of(*sample, &mut texts);
            train_bpe(&sample, *vocab_size, *min_frequency, *specials)?
        }
        TokenizerRecipe::WordPiece {
            vocab_size,
            lowercase,
            min_frequency,
            sample,
        } => {
            let sample = sample_of(*sample, &mut texts);
            train_wordpiece(&sample, *vocab_size, *lowercase, *min_frequency)?
        }
    })
}

/// Short texts are offered to a sample together, in bytes: each by itself takes as much memory again.
/// The line end between them is a word of its own, from which no merge is learnt.
const JOINED_BYTES: usize = 120 << 10;

/// What takes texts, and what gives it all texts of the training pairs.
type Texts<'t> = &'t mut dyn FnMut(&mut dyn FnMut(&str)) -> Result<(), Error>;

/// The tokenizer of both sides of pairs, of `bytes` bytes in all.
pub(super) fn make_for_pairs(
    recipe: &DataRecipe,
    texts: Texts<'_>,
    bytes: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Tokenizer, TokenizerReport), Error> {
    let mut sampled = None;
    let (tokenizer, place) = match &recipe.tokenizer {
        TokenizerRecipe::File(path) => (Tokenizer::from_file(&plan::expand(path)?)?, path.as_str()),
        TokenizerRecipe::Bpe {
            vocab_size,
            specials,
            min_frequency,
            sample,
        } => {
            let mut sample = BpeSample::new(*sample);
            let mut told = 0;
            let mut joined = String::with_capacity(JOINED_BYTES);
            texts(&mut |text| {
                if joined.len() + text.len() >= JOINED_BYTES {
                    sample.push(&joined);
                    joined.clear();
                    tell_seen(&sample, &mut told, bytes, progress);
                }
                joined.push_str(text);
                joined.push('\n');
            })?;
            sample.push(&joined);
            if sample.seen() > sample.bytes() as u64 {
                progress(Progress::Note(sample.describe()));
            }
            let tokenizer = train_bpe(&sample, *vocab_size, *min_frequency, *specials)?;
            tell_size(&tokenizer, &recipe.tokenizer, progress);
            sampled = Some(sample);
            (tokenizer, "the trained tokenizer")
        }
        // Refused with the recipe, and below by what they lack.
        TokenizerRecipe::Char | TokenizerRecipe::Byte | TokenizerRecipe::WordPiece { .. } => {
            (Tokenizer::bytes()?, "the tokenizer")
        }
    };
    tokenizer.pair_specials(place)?;
    let report = describe(&tokenizer, sampled.as_ref());
    Ok((tokenizer, report))
}

fn describe(tokenizer: &Tokenizer, sampled: Option<&BpeSample>) -> TokenizerReport {
    TokenizerReport {
        kind: tokenizer.kind().to_string(),
        vocab_size: tokenizer.vocab_size(),
        fingerprint: tokenizer.fingerprint(),
        end_of_text: tokenizer.end_of_text(),
        trained_on_bytes: sampled.map(|sample| sample.bytes() as u64),
        sampled_from_bytes: sampled.map(BpeSample::seen),
    }
}

fn tell_size(tokenizer: &Tokenizer, recipe: &TokenizerRecipe, progress: &mut dyn FnMut(Progress)) {
    if let TokenizerRecipe::Bpe { vocab_size, .. } | TokenizerRecipe::WordPiece { vocab_size, .. } =
        recipe
        && tokenizer.vocab_size() < *vocab_size
    {
        progress(Progress::Note(format!(
            "the text has pairs for {} tokens, not for vocab_size {vocab_size}",
            tokenizer.vocab_size()
        )));
    }
}

fn tell_seen(sample: &BpeSample, told: &mut u64, total: u64, progress: &mut dyn FnMut(Progress)) {
    if sample.seen() - *told >= 1 << 20 {
        *told = sample.seen();
        progress(Progress::At {
            stage: Stage::Tokenizer,
            done: *told,
            total: Some(total),
        });
    }
}

/// A sample of the training text.
fn draw(
    bytes: usize,
    corpus: &Corpus<'_>,
    seen: &Seen,
    splitter: &Splitter,
    progress: &mut dyn FnMut(Progress),
    stop: &AtomicBool,
) -> Result<BpeSample, Error> {
    let mut splitter = splitter.clone();
    let mut sample = BpeSample::new(bytes);
    let mut told = 0;
    corpus.each(seen, stop, &mut |document, sha256| {
        // Held-out text is held out of the vocabulary too.
        match splitter.divide(&document, sha256) {
            Division::Whole(Side::Train) => sample.push(&document.text),
            Division::Cut(at) => sample.push(&document.text[..at]),
            Division::Whole(Side::Validation) => {}
        }
        tell_seen(&sample, &mut told, seen.bytes, progress);
        Ok(())
    })?;
    Ok(sample)
}
