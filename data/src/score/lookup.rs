//! Translating without learning: two scores that a model must beat.
//!
//! [`copy`] says the source again, which names and numbers survive. [`Lookup`] answers with the
//! translation of the training sentence most like the one asked for: a memory, and nothing else.
//! Likeness is the cosine of the tf-idf weights of runs of three to five characters (Salton and
//! Buckley 1988), case and amount of white space left aside.

use std::collections::HashMap;

/// The source as its own translation.
pub fn copy<S: AsRef<str>>(sources: &[S]) -> Vec<String> {
    sources.iter().map(|s| s.as_ref().to_owned()).collect()
}

/// Lengths of the runs of characters that are compared.
const RUNS: std::ops::RangeInclusive<usize> = 3..=5;

/// Room for rounding wherever a bound in float32 decides that a sentence need not be looked at.
const SLACK: f32 = 1e-4;

/// A run of at most five characters of 21 bits, and its length above them.
type Run = u128;

/// The sentence found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Which of the indexed sentences, from 0; the first of those that are equally like.
    pub sentence: usize,
    /// The cosine, from 0 to 1.
    pub similarity: f32,
}

/// Indexed sentences: for each run of characters, the sentences that have it, and how often.
///
/// Takes five bytes for each run of a sentence: about 300 MB for 200,000 sentences of 100
/// characters.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// Sentences.
    len: usize,
    runs: HashMap<Run, u32>,
    /// `[runs + 1]`: where the sentences of each run begin.
    starts: Vec<usize>,
    sentences: Vec<u32>,
    /// How often the sentence has the run, at most 255.
    counts: Vec<u8>,
    /// What a sentence's products are multiplied by: 1 ÷ the norm of its weights.
    scales: Vec<f32>,
}

/// A run of a query.
struct Term {
    run: usize,
    /// Its weight in the query, whose norm is 1, times its weight in any sentence.
    weight: f32,
    /// Its weight in the query, squared; exact enough to be subtracted from the sum of all.
    square: f64,
}

impl Lookup {
    /// Indexes sentences, at most 2³² − 1; those beyond are never found.
    pub fn new<S: AsRef<str>>(sentences: &[S]) -> Self {
        let indexed = || (0..u32::MAX).zip(sentences);
        let mut runs: HashMap<Run, u32> = HashMap::new();
        let mut having: Vec<usize> = Vec::new();
        for (_, sentence) in indexed() {
            for (run, _) in counted(sentence.as_ref()) {
                let number = *runs.entry(run).or_insert(having.len() as u32);
                match having.get_mut(number as usize) {
                    Some(having) => *having += 1,
                    None => having.push(1),
                }
            }
        }
        let mut total = 0;
        let ends = having.iter().map(|having| {
            total += having;
            total
        });
        let starts: Vec<usize> = std::iter::once(0).chain(ends).collect();
        let mut lookup = Self {
            len: sentences.len(),
            runs,
            sentences: vec![0; total],
            counts: vec![0; total],
            scales: Vec::with_capacity(sentences.len()),
            starts,
        };
        let mut next = lookup.starts.clone();
        // A second reading instead of a copy of all runs, which would take as much memory again.
        for (number, sentence) in indexed() {
            let mut square = 0.0;
            for (run, count) in counted(sentence.as_ref()) {
                let Some(&run) = lookup.runs.get(&run) else {
                    continue;
                };
                let at = &mut next[run as usize];
                lookup.sentences[*at] = number;
                lookup.counts[*at] = count;
                *at += 1;
                square += (f64::from(count) * f64::from(lookup.idf(run as usize))).powi(2);
            }
            lookup.scales.push(square.sqrt().recip() as f32);
        }
        lookup
    }

    /// For each query the sentence most like it; `None` where no sentence shares a run with it.
    ///
    /// Exact, though frequent runs are rarely read: as soon as they cannot lift an unseen sentence
    /// above the best one seen, only sentences that may still win are completed.
    pub fn nearest<S: AsRef<str>>(&self, queries: &[S]) -> Vec<Option<Match>> {
        let mut sums = vec![0.0; self.len];
        let queries = queries.iter();
        queries
            .map(|query| self.find(&self.terms(query.as_ref()), &mut sums))
            .collect()
    }

    /// The runs of a query, rare ones first: they tell most, and few sentences have them.
    fn terms(&self, query: &str) -> Vec<Term> {
        let weights = counted(query).into_iter().map(|(run, count)| {
            let run = self.runs.get(&run).map(|&run| run as usize);
            // A run that no sentence has weighs as one that the next sentence would bring.
            let idf = run.map_or_else(|| self.idf_of(0), |run| self.idf(run));
            (run, f32::from(count) * idf, idf)
        });
        let weights: Vec<_> = weights.collect();
        let square = weights.iter().map(|(_, weight, _)| weight * weight).sum();
        let scale = f32::sqrt(square).recip();
        let known = weights.into_iter().filter_map(|(run, weight, idf)| {
            Some(Term {
                run: run?,
                weight: weight * scale * idf,
                square: f64::from(weight * scale).powi(2),
            })
        });
        let mut terms: Vec<Term> = known.collect();
        terms.sort_by_key(|term| (self.postings(term.run).len(), term.run));
        terms
    }

    /// `sums` holds a 0 for each sentence, before and after.
    fn find(&self, terms: &[Term], sums: &mut [f32]) -> Option<Match> {
        let norm = |square: f64| square.max(0.0).sqrt() as f32;
        let mut left: f64 = terms.iter().map(|term| term.square).sum();
        let mut best = 0.0_f32;
        let mut seen: Vec<u32> = Vec::new();
        let mut rest = terms.iter();
        // Cauchy and Schwarz: what is left of the query adds at most its norm.
        for term in rest.by_ref() {
            for at in self.postings(term.run) {
                let sentence = self.sentences[at];
                let sum = &mut sums[sentence as usize];
                if *sum == 0.0 {
                    seen.push(sentence);
                }
                *sum += self.product(term, at);
                best = best.max(*sum);
            }
            left -= term.square;
            if norm(left) + SLACK < best {
                break;
            }
        }
        let may_win = |sum: f32, left: f64, best| sum + norm(left) + SLACK >= best;
        let mut open = seen.clone();
        open.retain(|&sentence| may_win(sums[sentence as usize], left, best));
        open.sort_unstable();
        for term in rest {
            self.add(term, &open, sums, &mut best);
            left -= term.square;
            open.retain(|&sentence| may_win(sums[sentence as usize], left, best));
        }
        let first = open
            .iter()
            .find(|&&sentence| sums[sentence as usize] == best);
        let found = first.map(|&sentence| Match {
            sentence: sentence as usize,
            similarity: best.min(1.0),
        });
        seen.iter()
            .for_each(|&sentence| sums[sentence as usize] = 0.0);
        found
    }

    /// Adds a term to the sentences `open`, which are in order.
    fn add(&self, term: &Term, open: &[u32], sums: &mut [f32], best: &mut f32) {
        let postings = self.postings(term.run);
        let mut from = postings.start;
        for &sentence in open {
            let having = &self.sentences[from..postings.end];
            // Sentences that are still open lie far apart, or are few.
            from += having.partition_point(|&other| other < sentence);
            if from == postings.end {
                return;
            }
            if self.sentences[from] == sentence {
                let sum = &mut sums[sentence as usize];
                *sum += self.product(term, from);
                *best = best.max(*sum);
            }
        }
    }

    fn product(&self, term: &Term, at: usize) -> f32 {
        let scale = self.scales[self.sentences[at] as usize];
        term.weight * f32::from(self.counts[at]) * scale
    }

    fn postings(&self, run: usize) -> std::ops::Range<usize> {
        self.starts[run]..self.starts[run + 1]
    }

    fn idf(&self, run: usize) -> f32 {
        self.idf_of(self.postings(run).len())
    }

    /// ln((1 + sentences) ÷ (1 + sentences that have the run)) + 1: never 0.
    fn idf_of(&self, having: usize) -> f32 {
        (((1 + self.len) as f64 / (1 + having) as f64).ln() + 1.0) as f32
    }
}

/// The runs of a sentence and how often each comes, in a fixed order.
fn counted(sentence: &str) -> Vec<(Run, u8)> {
    // A space before and behind: where words begin and end tells, for the outermost ones too.
    let lower = sentence.to_lowercase();
    let mut characters = vec![' '];
    for word in super::words(&lower) {
        characters.extend(word.chars());
        characters.push(' ');
    }
    let all = RUNS.flat_map(|length| characters.windows(length));
    let mut all: Vec<Run> = all.map(packed).collect();
    all.sort_unstable();
    let equal = all.chunk_by(|a, b| a == b);
    equal
        .map(|run| (run[0], u8::try_from(run.len()).unwrap_or(u8::MAX)))
        .collect()
}

fn packed(run: &[char]) -> Run {
    run.iter()
        .fold(run.len() as Run, |packed, &c| packed << 21 | c as Run)
}

#[cfg(test)]
mod tests;
