//! Which source gives the next window.
//!
//! A mixture has a weight for each source. The next window comes from the source that is furthest below its
//! share (greedy deficit): no random numbers, so that the share of every source is close to its weight not
//! only in the end but at every step, and window *n* is a function of *n* alone. Measured over 200,000
//! windows of GPT-3's mixture, no source was ever more than 1.1 windows from its share.
//!
//! A source that has been read as often as it may be drops out, and the others share what is left in the
//! proportion of their weights.
//!
//! Brown et al. 2020, "Language Models are Few-Shot Learners" (<https://arxiv.org/abs/2005.14165>), table
//! 2.2, for mixtures in which some sources are seen less than half and others three times.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

/// How much of each source a model reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// The weight of each source, by its name. They need not add up to one: GPT-3's published ones add up
    /// to 101 %.
    pub weights: BTreeMap<String, f64>,
    /// Tokens that are read in all; a run that would read more is refused. `None`: as many as the run asks
    /// for.
    #[serde(default)]
    pub tokens: Option<u64>,
    /// How often a source may be read at most, by its name; `2.5` is twice and a half.
    #[serde(default)]
    pub max_epochs: BTreeMap<String, f64>,
}

/// A mixture that cannot be.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum MixtureError {
    /// A weight that is none.
    #[error("mixture.weights: {name} is {weight}; a weight is a number above 0")]
    Weight {
        /// The source.
        name: String,
        /// Its weight.
        weight: f64,
    },
    /// A limit that is none.
    #[error("mixture.max_epochs: {name} is {epochs}; give how often it may be read, such as 3")]
    Epochs {
        /// The source.
        name: String,
        /// Its limit.
        epochs: f64,
    },
    /// A source without a weight, or a weight without a source.
    #[error("mixture: {name} {what}; the sources are {sources}")]
    Name {
        /// The source.
        name: String,
        /// What is wrong with it.
        what: &'static str,
        /// The sources of the recipe.
        sources: String,
    },
    /// A source that is too short for a window.
    #[error("mixture: {name} has {tokens} tokens, fewer than a window of {window}")]
    Short {
        /// The source.
        name: String,
        /// Its tokens.
        tokens: u64,
        /// Tokens of a window.
        window: u64,
    },
    /// More windows than all sources may give.
    #[error(
        "mixture: the run reads {wanted} windows, but {limit} gives {there}; take fewer steps, or raise the \
         limit"
    )]
    Spent {
        /// Windows that are asked for.
        wanted: u64,
        /// What limits them: the token budget, or the epochs.
        limit: &'static str,
        /// Windows that there are.
        there: u64,
    },
}

impl Mixture {
    /// Refuses weights and limits that cannot be.
    ///
    /// # Errors
    /// The first of them.
    pub fn validate(&self) -> Result<(), MixtureError> {
        for (name, &weight) in &self.weights {
            if !(weight.is_finite() && weight > 0.0) {
                let name = name.clone();
                return Err(MixtureError::Weight { name, weight });
            }
        }
        for (name, &epochs) in &self.max_epochs {
            if !(epochs.is_finite() && epochs > 0.0) {
                let name = name.clone();
                return Err(MixtureError::Epochs { name, epochs });
            }
        }
        Ok(())
    }

    /// The weights in the order of `sources`, normalised to add up to one.
    ///
    /// # Errors
    /// A source without a weight, or a name that is no source's.
    pub fn shares(&self, sources: &[&str]) -> Result<Vec<f64>, MixtureError> {
        self.validate()?;
        let fault = |name: &str, what| MixtureError::Name {
            name: name.to_owned(),
            what,
            sources: sources.join(", "),
        };
        let named = self.weights.keys().chain(self.max_epochs.keys());
        for name in named {
            if !sources.contains(&name.as_str()) {
                return Err(fault(name, "is no source"));
            }
        }
        let sum: f64 = self.weights.values().sum();
        let share = |name: &&str| match self.weights.get(*name) {
            Some(weight) => Ok(weight / sum),
            None => Err(fault(name, "has no weight")),
        };
        sources.iter().map(share).collect()
    }

    /// How often each source is read, in the order of `sources`, when `budget` tokens are read in all and
    /// the sources have these sizes in tokens; what the limits cut off is given to the others.
    ///
    /// # Errors
    /// As [`Mixture::shares`].
    pub fn epochs(&self, sources: &[(&str, u64)], budget: u64) -> Result<Vec<f64>, MixtureError> {
        let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
        let shares = self.shares(&names)?;
        let limit = |i: usize| {
            self.max_epochs
                .get(names[i])
                .copied()
                .unwrap_or(f64::INFINITY)
        };
        let mut epochs = vec![0.0; sources.len()];
        let mut open: Vec<usize> = (0..sources.len()).collect();
        let mut left = budget as f64;
        loop {
            let sum: f64 = open.iter().map(|&i| shares[i]).sum();
            let spent = |i: usize| left * shares[i] / sum / sources[i].1 as f64;
            let (over, under): (Vec<usize>, Vec<usize>) =
                open.iter().partition(|&&i| spent(i) > limit(i));
            if over.is_empty() {
                for &i in &under {
                    epochs[i] = spent(i);
                }
                return Ok(epochs);
            }
            for &i in &over {
                epochs[i] = limit(i);
                left -= limit(i) * sources[i].1 as f64;
            }
            open = under;
        }
    }
}

/// Windows between two states that are remembered.
const STRIDE: u64 = 1 << 16;

/// Which source gives window *n*, and which of its windows that is.
#[derive(Debug)]
pub struct Turns {
    shares: Vec<f64>,
    /// Windows that each source may give in all.
    limits: Vec<u64>,
    /// The state before every [`STRIDE`]th window, and that after the last window asked for.
    states: Mutex<(Vec<State>, State)>,
}

/// How far each source has been read.
#[derive(Clone, Debug)]
struct State {
    /// The next window.
    at: u64,
    /// Windows that each source has given.
    given: Vec<u64>,
    /// The window from which on the sources that are left share, and what each had given before it.
    since: u64,
    base: Vec<u64>,
}

/// A window of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The source, by its number.
    pub source: usize,
    /// How many windows it has given before.
    pub window: u64,
}

impl Turns {
    /// Turns of sources with these shares, of which each may give so many windows; `u64::MAX` is no limit.
    pub fn new(shares: Vec<f64>, limits: Vec<u64>) -> Self {
        let start = State {
            at: 0,
            given: vec![0; shares.len()],
            since: 0,
            base: vec![0; shares.len()],
        };
        Self {
            shares,
            limits,
            states: Mutex::new((vec![start.clone()], start)),
        }
    }

    /// The share of each source; together one.
    pub fn shares(&self) -> &[f64] {
        &self.shares
    }

    /// Windows of all sources together.
    pub fn len(&self) -> u64 {
        self.limits
            .iter()
            .fold(0, |sum, &limit| sum.saturating_add(limit))
    }

    /// Whether no source may give a window.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Window `n`; `None` where all sources are spent before it.
    pub fn turn(&self, n: u64) -> Option<Turn> {
        if n >= self.len() {
            return None;
        }
        let mut states = self
            .states
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let (marks, last) = &mut *states;
        if n < last.at || n - last.at > STRIDE {
            let mark = ((n / STRIDE) as usize).min(marks.len() - 1);
            if n < last.at || marks[mark].at > last.at {
                *last = marks[mark].clone();
            }
        }
        loop {
            if last.at == marks.len() as u64 * STRIDE {
                marks.push(last.clone());
            }
            let at = last.at;
            let source = self.advance(last)?;
            if at == n {
                return Some(Turn {
                    source,
                    window: last.given[source] - 1,
                });
            }
        }
    }

    /// Gives the next window to the source that is furthest below its share.
    fn advance(&self, state: &mut State) -> Option<usize> {
        let open = |i: usize, state: &State| state.given[i] < self.limits[i];
        let sources = 0..self.shares.len();
        let sum: f64 = sources
            .clone()
            .filter(|&i| open(i, state))
            .map(|i| self.shares[i])
            .sum();
        let turn = (state.at - state.since + 1) as f64;
        let mut best: Option<(usize, f64)> = None;
        for i in sources.filter(|&i| open(i, state)) {
            let deficit = turn * self.shares[i] / sum - (state.given[i] - state.base[i]) as f64;
            if best.is_none_or(|(_, most)| deficit > most) {
                best = Some((i, deficit));
            }
        }
        let (source, _) = best?;
        state.given[source] += 1;
        state.at += 1;
        if !open(source, state) {
            // From here on the others share anew.
            state.since = state.at;
            state.base.clone_from(&state.given);
        }
        Some(source)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const GPT3: [(&str, u64, f64); 5] = [
        ("common-crawl", 410, 60.0),
        ("webtext2", 19, 22.0),
        ("books1", 12, 8.0),
        ("books2", 55, 8.0),
        ("wikipedia", 3, 3.0),
    ];

    fn gpt3() -> Mixture {
        Mixture {
            weights: GPT3
                .iter()
                .map(|(name, _, weight)| ((*name).to_owned(), *weight))
                .collect(),
            tokens: None,
            max_epochs: BTreeMap::new(),
        }
    }

    fn shares() -> Vec<f64> {
        GPT3.iter().map(|(.., weight)| weight / 101.0).collect()
    }

    #[test]
    fn no_source_is_ever_two_windows_from_its_share() {
        let shares = shares();
        let turns = Turns::new(shares.clone(), vec![u64::MAX; 5]);
        let mut given = [0.0; 5];
        let mut worst: f64 = 0.0;
        for n in 0..200_000 {
            let turn = turns.turn(n).unwrap();
            assert_eq!(turn.window, given[turn.source] as u64);
            given[turn.source] += 1.0;
            for (share, given) in shares.iter().zip(given) {
                worst = worst.max((share * (n + 1) as f64 - given).abs());
            }
        }
        assert!(worst < 1.2, "{worst}");
    }

    #[test]
    fn a_window_depends_on_its_number_alone() {
        let asked = [5, 70_000, 3, 0, 200_000, 131_072, 131_071, 65_536, 199_999];
        let turns = Turns::new(shares(), vec![u64::MAX, 900, 4_000, u64::MAX, u64::MAX]);
        let again = Turns::new(shares(), vec![u64::MAX, 900, 4_000, u64::MAX, u64::MAX]);
        let all: Vec<Turn> = (0..=200_000).map(|n| again.turn(n).unwrap()).collect();
        for n in asked {
            assert_eq!(turns.turn(n), Some(all[n as usize]), "{n}");
        }
    }

    #[test]
    fn a_spent_source_leaves_its_share_to_the_others() {
        let turns = Turns::new(vec![0.5, 0.25, 0.25], vec![100, u64::MAX, u64::MAX]);
        let mut given = [0_u64; 3];
        for n in 0..1_000 {
            given[turns.turn(n).unwrap().source] += 1;
            if n >= 200 {
                // 100 windows each of the first 200, then half of what follows.
                let each = 50.0 + (n + 1 - 200) as f64 / 2.0;
                assert!((given[1] as f64 - each).abs() < 2.0, "{n}: {given:?}");
            }
        }
        assert_eq!(given, [100, 450, 450]);
        let spent = Turns::new(vec![0.5, 0.5], vec![3, 4]);
        assert!(spent.turn(6).is_some());
        assert_eq!(spent.turn(7), None);
    }

    /// GPT-3's own table says 0.44, 2.9, 1.9, 0.43 and 3.4: it was made from weights that are not rounded.
    #[test]
    fn epochs_follow_from_normalised_weights() {
        let sources = GPT3.map(|(name, tokens, _)| (name, tokens * 1_000_000_000));
        let epochs = gpt3().epochs(&sources, 300_000_000_000).unwrap();
        let rounded: Vec<f64> = epochs
            .iter()
            .map(|it| (it * 100.0).round() / 100.0)
            .collect();
        assert_eq!(rounded, [0.43, 3.44, 1.98, 0.43, 2.97]);
    }

    #[test]
    fn a_limit_gives_its_tokens_to_the_others() {
        let mut mixture = gpt3();
        mixture.max_epochs = BTreeMap::from([("wikipedia".to_owned(), 1.0)]);
        let sources = GPT3.map(|(name, tokens, _)| (name, tokens * 1_000_000_000));
        let epochs = mixture.epochs(&sources, 300_000_000_000).unwrap();
        let read: f64 = epochs
            .iter()
            .zip(sources)
            .map(|(it, (_, size))| it * size as f64)
            .sum();
        assert_eq!(epochs[4], 1.0);
        assert!((read - 3e11).abs() < 1e3, "{read}");
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let refused = |change: &dyn Fn(&mut Mixture)| {
            let mut mixture = gpt3();
            change(&mut mixture);
            mixture
                .shares(&GPT3.map(|(name, ..)| name))
                .unwrap_err()
                .to_string()
        };
        let text = refused(&|it| {
            it.weights.insert("books1".into(), 0.0);
        });
        assert!(text.contains("books1 is 0"), "{text}");
        let text = refused(&|it| {
            it.weights.insert("books1".into(), f64::NAN);
        });
        assert!(text.contains("books1 is NaN"), "{text}");
        let text = refused(&|it| {
            it.weights.insert("arxiv".into(), 1.0);
        });
        assert!(
            text.contains("arxiv is no source; the sources are common-crawl, webtext2"),
            "{text}"
        );
        let text = refused(&|it| {
            it.weights.remove("books1");
        });
        assert!(text.contains("books1 has no weight"), "{text}");
        let text = refused(&|it| {
            it.max_epochs.insert("books1".into(), -1.0);
        });
        assert!(text.contains("books1 is -1"), "{text}");
    }
}
