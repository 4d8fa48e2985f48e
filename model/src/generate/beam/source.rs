//! The hypotheses of one source while they grow.

use super::hypothesis::length_penalty;
use super::{BeamOptions, BeamTokens, Hypothesis};

/// Open hypotheses, likeliest first, and the best that ended.
pub(super) struct Source {
    options: BeamOptions,
    /// Most tokens of a hypothesis, its last among them.
    max_len: usize,
    /// Tokens of each open hypothesis.
    len: usize,
    open: Vec<Open>,
    best: Option<Hypothesis>,
    ended: usize,
    done: bool,
}

struct Open {
    tokens: Vec<u32>,
    log_prob: f64,
}

/// A hypothesis and one token more.
#[derive(Clone, Copy)]
struct Candidate {
    row: usize,
    token: u32,
    log_prob: f64,
}

impl Source {
    pub(super) fn new(max_len: usize, options: BeamOptions) -> Self {
        Self {
            options,
            max_len,
            len: 0,
            open: vec![Open {
                tokens: Vec::new(),
                log_prob: 0.0,
            }],
            best: None,
            ended: 0,
            done: max_len == 0,
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Adds a token to the open hypotheses: which of them goes on, and with which token. Nothing
    /// where the source is done.
    pub(super) fn grow(&mut self, log_probs: &[f32], tokens: BeamTokens) -> Vec<(usize, u32)> {
        let beams = self.options.beams;
        let likeliest = self.likeliest(log_probs, tokens);
        self.len += 1;
        let mut going_on = Vec::new();
        for (rank, candidate) in likeliest.iter().enumerate() {
            if candidate.token != tokens.end {
                going_on.push(*candidate);
            } else if rank < beams {
                self.end(candidate);
            }
        }
        going_on.truncate(beams);
        if going_on.is_empty() {
            // Everything is forbidden: what there is, is all there will be.
            self.len -= usize::from(self.ended == 0);
            self.done = true;
            return Vec::new();
        }
        let grow = |candidate: &Candidate| Open {
            tokens: [&self.open[candidate.row].tokens[..], &[candidate.token]].concat(),
            log_prob: candidate.log_prob,
        };
        self.open = going_on.iter().map(grow).collect();
        self.done = self.ended >= beams || self.len >= self.max_len || self.is_won();
        if self.done {
            return Vec::new();
        }
        going_on.iter().map(|at| (at.row, at.token)).collect()
    }

    /// The likeliest continuations, likeliest first; of equals, that of the likelier hypothesis,
    /// then that with the lower token. Twice as many as beams: even if each of them could end, as
    /// many would go on.
    fn likeliest(&self, log_probs: &[f32], tokens: BeamTokens) -> Vec<Candidate> {
        let most = self.options.beams.saturating_mul(2);
        let mut found: Vec<Candidate> = Vec::new();
        let rows = self.open.iter().zip(log_probs.chunks(tokens.vocab_size));
        for (row, (open, log_probs)) in rows.enumerate() {
            for (token, &log_prob) in (0..).zip(log_probs) {
                let log_prob = open.log_prob + f64::from(log_prob);
                let full = found.len() >= most;
                let too_low = full && found.last().is_some_and(|last| log_prob <= last.log_prob);
                if too_low || log_prob == f64::NEG_INFINITY {
                    continue;
                }
                let at = found.partition_point(|other| other.log_prob >= log_prob);
                if full {
                    found.pop();
                }
                let candidate = Candidate {
                    row,
                    token,
                    log_prob,
                };
                found.insert(at, candidate);
            }
        }
        found
    }

    fn end(&mut self, candidate: &Candidate) {
        self.ended += 1;
        let score = candidate.log_prob / length_penalty(self.len, self.options.alpha);
        if self.best.as_ref().is_none_or(|best| score > best.score) {
            self.best = Some(Hypothesis {
                tokens: self.open[candidate.row].tokens.clone(),
                log_prob: candidate.log_prob,
                score,
                ended: true,
            });
        }
    }

    /// Whether no open hypothesis can overtake the best one that ended. Growing can only make it
    /// less likely, and at the greatest length the penalty forgives most.
    fn is_won(&self) -> bool {
        let most = length_penalty(self.max_len, self.options.alpha);
        let open = self.open.first().map(|open| open.log_prob / most);
        match (&self.best, open) {
            (Some(best), Some(open)) => best.score >= open,
            _ => false,
        }
    }

    /// The best that ended; where none did, the likeliest that is open.
    pub(super) fn best(self) -> Hypothesis {
        let open = self.open.into_iter().next();
        let cut = |open: Open| Hypothesis {
            score: open.log_prob / length_penalty(self.len, self.options.alpha),
            tokens: open.tokens,
            log_prob: open.log_prob,
            ended: false,
        };
        let nothing = || Hypothesis {
            tokens: Vec::new(),
            log_prob: 0.0,
            score: 0.0,
            ended: false,
        };
        self.best.unwrap_or_else(|| open.map_or_else(nothing, cut))
    }
}
