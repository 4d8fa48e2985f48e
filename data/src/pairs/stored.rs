//! Pairs as they lie in the shards of a split.

use std::ops::Range;

use crate::Error;
use crate::shard::{Shards, Span};
use crate::tokenizer::{PairSpecials, Tokenizer};

/// The pairs of a split, mapped into memory. Every text ends with `</s>`, which counts as a token.
#[derive(Debug)]
pub struct Pairs {
    sources: Shards,
    targets: Shards,
    tokenizer: Tokenizer,
    specials: PairSpecials,
}

impl Pairs {
    /// The pairs whose sources and targets are the documents of two shards, in the same order.
    ///
    /// # Errors
    /// Other numbers of sources and of targets; a tokenizer without `<pad>` or `</s>`.
    pub fn new(sources: Shards, targets: Shards, tokenizer: &Tokenizer) -> Result<Self, Error> {
        let (left, right) = (sources.document_count(), targets.document_count());
        if left != right {
            return Err(Error::Sides {
                sources: left,
                targets: right,
            });
        }
        Ok(Self {
            sources,
            targets,
            tokenizer: tokenizer.clone(),
            specials: tokenizer.pair_specials("tokenizer.json")?,
        })
    }

    /// Number of pairs.
    pub fn len(&self) -> u64 {
        self.sources.document_count()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Tokens of all sources and of all targets.
    pub fn tokens(&self) -> (u64, u64) {
        (self.sources.len(), self.targets.len())
    }

    /// `<pad>` and `</s>`.
    pub fn specials(&self) -> PairSpecials {
        self.specials
    }

    /// Tokens of the source and of the target of pair `i`.
    ///
    /// # Errors
    /// A pair beyond the last.
    pub fn lengths(&self, i: u64) -> Result<(usize, usize), Error> {
        let (source, target) = self.spans(i)?;
        Ok((source.tokens as usize, target.tokens as usize))
    }

    /// Tokens of all sources and of all targets, in order.
    pub(super) fn all_lengths(&self) -> (Vec<u32>, Vec<u32>) {
        // The recipe's `max_length` is far below 2^32.
        let lengths = |shards: &Shards| shards.spans(0).map(|span| span.tokens as u32).collect();
        (lengths(&self.sources), lengths(&self.targets))
    }

    /// Where the source and the target of pair `i` stand, and in what; their ends are among the tokens.
    ///
    /// # Errors
    /// A pair beyond the last.
    pub fn places(&self, i: u64) -> Result<[(&Shards, Range<u64>); 2], Error> {
        let (source, target) = self.spans(i)?;
        let place = |span: Span| span.start..span.start + span.tokens;
        Ok([
            (&self.sources, place(source)),
            (&self.targets, place(target)),
        ])
    }

    /// The token ids of the source and of the target of pair `i`.
    ///
    /// # Errors
    /// A pair beyond the last.
    pub fn read(&self, i: u64) -> Result<(Vec<u32>, Vec<u32>), Error> {
        let (source, target) = self.spans(i)?;
        Ok((read(&self.sources, source)?, read(&self.targets, target)?))
    }

    /// The source and the target of pair `i` as text, as the tokens give it.
    ///
    /// # Errors
    /// A pair beyond the last; tokens that are not in the vocabulary.
    pub fn texts(&self, i: u64) -> Result<(String, String), Error> {
        let (source, target) = self.read(i)?;
        Ok((self.decode(&source)?, self.decode(&target)?))
    }

    /// The text of token ids up to the first `</s>`; padding before it is left out.
    ///
    /// # Errors
    /// Tokens that are not in the vocabulary.
    pub fn decode(&self, ids: &[u32]) -> Result<String, Error> {
        let PairSpecials { pad, end } = self.specials;
        let ids = ids.iter().copied().take_while(|&id| id != end);
        let ids: Vec<u32> = ids.filter(|&id| id != pad).collect();
        Ok(self.tokenizer.decode(&ids)?)
    }

    fn spans(&self, i: u64) -> Result<(Span, Span), Error> {
        let span = |shards: &Shards| shards.spans(i).next();
        match (i < self.len(), span(&self.sources), span(&self.targets)) {
            (true, Some(source), Some(target)) => Ok((source, target)),
            _ => Err(Error::Pair {
                pair: i,
                pairs: self.len(),
            }),
        }
    }
}

fn read(shards: &Shards, span: Span) -> Result<Vec<u32>, Error> {
    let mut tokens = vec![0; span.tokens as usize];
    shards.read(span.start, &mut tokens)?;
    Ok(tokens)
}
