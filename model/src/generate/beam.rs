//! Beam search: the likeliest continuations of each source, several followed at once.
//!
//! Knows no tensor: the caller says how likely each next token is. Hypotheses of different lengths
//! are compared by log-probability ÷ ((5 + length) ÷ 6)^α (Wu et al. 2016, equation 14,
//! <https://arxiv.org/abs/1609.08144>); by default with the four beams, α = 0.6 and source length +
//! 50 tokens of Vaswani et al. 2017, section 6.1.

mod hypothesis;
mod source;

pub(crate) use hypothesis::BeamError;
pub use hypothesis::Hypothesis;

use source::Source;

/// How wide and how far is searched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BeamOptions {
    /// Hypotheses followed at once, at least 1; with 1 the search is greedy.
    pub beams: usize,
    /// How much longer hypotheses are favoured, at least 0; with 0 log-probabilities are compared.
    pub alpha: f64,
    /// A hypothesis has at most this many tokens more than its source, its last among them.
    pub extra: usize,
}

impl Default for BeamOptions {
    fn default() -> Self {
        Self {
            beams: 4,
            alpha: 0.6,
            extra: 50,
        }
    }
}

/// The tokens that a search knows by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BeamTokens {
    /// Size of the vocabulary.
    pub vocab_size: usize,
    /// What every target begins with.
    pub begin: u32,
    /// What every target ends with.
    pub end: u32,
}

/// A row of the next pass: a hypothesis that is still open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Beam {
    /// Which source it belongs to.
    pub source: usize,
    /// The row of the pass before that it goes on from: what is cached there belongs here now. In
    /// the first pass, the source.
    pub parent: usize,
    /// Its newest token; in the first pass, the one that every target begins with.
    pub token: u32,
}

/// Searches the best target for each source, given how many tokens each may have at most, its end
/// among them.
///
/// `step` is given the rows of one pass and returns log-probabilities of the token after each,
/// `[rows, vocab_size]`; −∞ forbids a token. Rows of a source lie side by side, sources in order;
/// those that are done are left out. What is found for a source depends on its own rows alone.
///
/// A hypothesis ends where the end token is among the `beams` likeliest continuations of its
/// source. A source is done when `beams` hypotheses have ended, when no open one can overtake the
/// best of them, or when its length is reached. Only where none has ended by then, the likeliest
/// open one is returned.
///
/// # Errors
/// Options that cannot be; numbers that are no log-probabilities; what `step` returns.
pub(crate) fn search<E>(
    max_lens: &[usize],
    tokens: BeamTokens,
    options: BeamOptions,
    mut step: impl FnMut(&[Beam]) -> Result<Vec<f32>, E>,
) -> Result<Vec<Hypothesis>, BeamError<E>> {
    check(tokens, options)?;
    let sources = max_lens.iter();
    let mut sources: Vec<Source> = sources.map(|&len| Source::new(len, options)).collect();
    let starts = 0..sources.len();
    let mut rows: Vec<Beam> = starts
        .filter(|&source| !sources[source].is_done())
        .map(|source| Beam {
            source,
            parent: source,
            token: tokens.begin,
        })
        .collect();
    let mut pass = 0;
    while !rows.is_empty() {
        let log_probs = step(&rows).map_err(BeamError::Step)?;
        let expected = rows.len() * tokens.vocab_size;
        if log_probs.len() != expected {
            return Err(BeamError::Shape {
                found: log_probs.len(),
                rows: rows.len(),
                vocab_size: tokens.vocab_size,
            });
        }
        refuse_other_numbers(&log_probs, &rows, tokens.vocab_size, pass)?;
        let mut next = Vec::with_capacity(rows.len());
        let mut first = 0;
        for of_source in rows.chunk_by(|a, b| a.source == b.source) {
            let source = of_source[0].source;
            let here = first * tokens.vocab_size..(first + of_source.len()) * tokens.vocab_size;
            let grown = sources[source].grow(&log_probs[here], tokens);
            next.extend(grown.into_iter().map(|(row, token)| Beam {
                source,
                parent: first + row,
                token,
            }));
            first += of_source.len();
        }
        rows = next;
        pass += 1;
    }
    Ok(sources.into_iter().map(Source::best).collect())
}

fn check<E>(tokens: BeamTokens, options: BeamOptions) -> Result<(), BeamError<E>> {
    if options.beams == 0 {
        return Err(BeamError::NoBeams);
    }
    if !(options.alpha >= 0.0 && options.alpha.is_finite()) {
        return Err(BeamError::Alpha(options.alpha));
    }
    if tokens.end as usize >= tokens.vocab_size {
        return Err(BeamError::End {
            end: tokens.end,
            vocab_size: tokens.vocab_size,
        });
    }
    Ok(())
}

/// Logits, or the output of a damaged model, would give some translation all the same.
fn refuse_other_numbers<E>(
    log_probs: &[f32],
    rows: &[Beam],
    vocab_size: usize,
    pass: usize,
) -> Result<(), BeamError<E>> {
    /// Above 0 by rounding only.
    const ROUNDING: f32 = 1e-3;
    let wrong = |value: &f32| value.is_nan() || *value > ROUNDING;
    match log_probs.iter().position(wrong) {
        None => Ok(()),
        Some(at) => Err(BeamError::NotLogProbability {
            source_number: rows[at / vocab_size].source,
            token: at % vocab_size,
            pass,
            found: log_probs[at],
        }),
    }
}

#[cfg(test)]
mod tests;
