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

mod turns;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use turns::{Turn, Turns};

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
        // Nothing is read of a source that is empty; the others share its part.
        let mut open: Vec<usize> = (0..sources.len()).filter(|&i| sources[i].1 > 0).collect();
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

    /// Refuses a run of so many windows that cannot be, from the sources' sizes in tokens alone. How many windows
    /// an epoch has exactly is known when they are cut: what passes here may still be refused there.
    ///
    /// # Errors
    /// As [`Mixture::shares`]; a source without text, a token budget or epochs that are used up before the end.
    pub fn check_run(
        &self,
        sources: &[(&str, u64)],
        seq_len: u64,
        wanted: u64,
    ) -> Result<(), MixtureError> {
        let names: Vec<&str> = sources.iter().map(|(name, _)| *name).collect();
        self.shares(&names)?;
        if let Some((name, tokens)) = sources.iter().find(|(_, tokens)| *tokens == 0) {
            return Err(MixtureError::Short {
                name: (*name).to_owned(),
                tokens: *tokens,
                window: seq_len + 1,
            });
        }
        // At most one window more than the text fills.
        let epoch = |tokens: u64| (tokens / seq_len.max(1) + 1) as f64;
        let limit = |(name, tokens): &(&str, u64)| {
            let epochs = self.max_epochs.get(*name)?;
            Some((epochs * epoch(*tokens)) as u64)
        };
        let limits: Option<Vec<u64>> = sources.iter().map(limit).collect();
        self.check_limits(wanted, seq_len, limits.map(|limits| limits.iter().sum()))
    }

    /// Refuses more windows than the token budget gives, or than there are.
    pub(crate) fn check_limits(
        &self,
        wanted: u64,
        seq_len: u64,
        there: Option<u64>,
    ) -> Result<(), MixtureError> {
        let budget = self.tokens.map(|tokens| tokens / seq_len.max(1));
        for (limit, there) in [("mixture.tokens", budget), ("max_epochs", there)] {
            if let Some(there) = there
                && wanted > there
            {
                return Err(MixtureError::Spent {
                    wanted,
                    limit,
                    there,
                });
            }
        }
        Ok(())
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
    fn a_run_that_cannot_be_is_refused_before_windows_are_cut() {
        let sources = GPT3.map(|(name, tokens, _)| (name, tokens * 1_000));
        let said = |mixture: &Mixture, sources: &[(&str, u64)], wanted| {
            let checked = mixture.check_run(sources, 100, wanted);
            checked.map_err(|fault| fault.to_string())
        };
        let mut mixture = gpt3();
        assert_eq!(said(&mixture, &sources, 1_000_000), Ok(()));
        mixture.tokens = Some(50_000);
        assert_eq!(said(&mixture, &sources, 500), Ok(()));
        let fault = said(&mixture, &sources, 501).unwrap_err();
        assert!(fault.contains("mixture.tokens gives 500"), "{fault}");
        mixture.tokens = None;
        mixture.max_epochs = GPT3.map(|(name, ..)| (name.to_owned(), 1.0)).into();
        let fault = said(&mixture, &sources, 5_000).unwrap_err();
        assert!(fault.contains("max_epochs gives 4995"), "{fault}");
        let mut emptied = sources;
        emptied[1].1 = 0;
        let fault = said(&gpt3(), &emptied, 1).unwrap_err();
        assert!(fault.contains("webtext2 has 0 tokens"), "{fault}");
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
