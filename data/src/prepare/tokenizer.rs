//! The tokenizer of a recipe: given, made of what occurs, or trained on a sample.

use std::collections::BTreeSet;
use std::sync::atomic::AtomicBool;

use super::corpus::{Corpus, Seen};
use super::progress::{Progress, Stage};
use super::{empty_split, plan};
use crate::Error;
use crate::recipe::{DataRecipe, TokenizerRecipe};
use crate::report::TokenizerReport;
use crate::split::{Division, Side, Splitter};
use crate::tokenizer::{BpeSample, Tokenizer, train_bpe};

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
    let tokenizer = match &recipe.tokenizer {
        TokenizerRecipe::Char => Tokenizer::characters(characters)?,
        TokenizerRecipe::Byte => Tokenizer::bytes()?,
        TokenizerRecipe::File(path) => Tokenizer::from_file(&plan::expand(path)?)?,
        TokenizerRecipe::Bpe {
            vocab_size,
            min_frequency,
            sample,
        } => {
            let sample = draw(*sample, corpus, seen, splitter, progress, stop)?;
            if sample.bytes() == 0 {
                return Err(empty_split("train", seen.clean.documents_kept));
            }
            if sample.seen() > sample.bytes() as u64 {
                progress(Progress::Note(sample.describe()));
            }
            let tokenizer = train_bpe(&sample, *vocab_size, *min_frequency)?;
            if tokenizer.vocab_size() < *vocab_size {
                progress(Progress::Note(format!(
                    "the text has pairs for {} tokens, not for vocab_size {vocab_size}",
                    tokenizer.vocab_size()
                )));
            }
            sampled = Some((sample.bytes() as u64, sample.seen()));
            tokenizer
        }
    };
    let report = TokenizerReport {
        kind: tokenizer.kind().to_string(),
        vocab_size: tokenizer.vocab_size(),
        fingerprint: tokenizer.fingerprint(),
        end_of_text: tokenizer.end_of_text(),
        trained_on_bytes: sampled.map(|(bytes, _)| bytes),
        sampled_from_bytes: sampled.map(|(_, seen)| seen),
    };
    Ok((tokenizer, report))
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
        if sample.seen() - told >= 1 << 20 {
            told = sample.seen();
            progress(Progress::At {
                stage: Stage::Tokenizer,
                done: told,
                total: Some(seen.clean.bytes_kept),
            });
        }
        Ok(())
    })?;
    Ok(sample)
}
