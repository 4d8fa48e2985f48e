//! Which conversations come when: sides, and the order of a whole run.

use crate::recipe::SplitRecipe;
use crate::records::Records;
use crate::{Error, Result};
use slovo_data::order::{below, stream};
use std::collections::{BTreeMap, BTreeSet};

/// Streams of a seed: sides, and orders.
const SIDES: u64 = 21;
const ORDER: u64 = 22;

/// Numbers of conversations, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// What is learnt from.
    pub train: Vec<usize>,
    /// What tells which step's model is the best.
    pub validation: Vec<usize>,
    /// What the result is measured on.
    pub test: Vec<usize>,
}

impl Split {
    /// The sides that a recipe asks for.
    ///
    /// # Errors
    ///
    /// Ranges outside the records or over one another; a side that would be empty.
    pub fn new(recipe: &SplitRecipe, seed: u64, records: &Records) -> Result<Self> {
        let count = records.conversations.len();
        let split = match *recipe {
            SplitRecipe::Random { validation, test } => {
                shares(shuffled(count, seed, SIDES, 0), count, validation, test)
            }
            SplitRecipe::Groups { validation, test } => {
                let groups: BTreeSet<&Option<String>> = records.groups.iter().collect();
                let groups: Vec<_> = groups.into_iter().collect();
                let order = shuffled(groups.len(), seed, SIDES, 0);
                let sides = shares(order, groups.len(), validation, test);
                let side: BTreeMap<&Option<String>, usize> =
                    [&sides.train, &sides.validation, &sides.test]
                        .into_iter()
                        .enumerate()
                        .flat_map(|(side, of)| of.iter().map(move |group| (*group, side)))
                        .map(|(group, side)| (groups[group], side))
                        .collect();
                let of = |wanted: usize| {
                    let all = (0..count).filter(|&i| side[&records.groups[i]] == wanted);
                    all.collect()
                };
                Self {
                    train: of(0),
                    validation: of(1),
                    test: of(2),
                }
            }
            SplitRecipe::Ranges {
                train,
                validation,
                test,
            } => {
                let mut seen = BTreeSet::new();
                for (from, to) in [train, validation, test] {
                    let fits = from <= to && to <= count;
                    if !fits || !(from..to).all(|i| seen.insert(i)) {
                        return Err(Error::Value {
                            field: "split",
                            found: format!("({from}, {to})"),
                            expected: format!(
                                "{count} records are there; each may be on one side only"
                            ),
                        });
                    }
                }
                let of = |(from, to): (usize, usize)| (from..to).collect();
                Self {
                    train: of(train),
                    validation: of(validation),
                    test: of(test),
                }
            }
        };
        for (name, side) in [("train", &split.train), ("validation", &split.validation)] {
            if side.is_empty() {
                return Err(Error::Value {
                    field: "split",
                    found: format!("without a {name} side"),
                    expected: format!("{count} records are there; larger shares would do"),
                });
            }
        }
        Ok(split)
    }
}

fn shares(order: Vec<usize>, count: usize, validation: f64, test: f64) -> Split {
    let of = |share: f64| ((count as f64 * share).round() as usize).min(count);
    let (validation, test) = (of(validation).max(1), of(test));
    let (held_out, train) = order.split_at((validation + test).min(order.len()));
    let (validation, test) = held_out.split_at(validation.min(held_out.len()));
    let sorted = |side: &[usize]| {
        let mut side = side.to_vec();
        side.sort_unstable();
        side
    };
    Split {
        train: sorted(train),
        validation: sorted(validation),
        test: sorted(test),
    }
}

/// The numbers below `count`, shuffled (Fisher and Yates 1938, as Durstenfeld 1964 has it).
fn shuffled(count: usize, seed: u64, purpose: u64, number: u64) -> Vec<usize> {
    let mut stream = stream(seed, purpose, number);
    let mut all: Vec<usize> = (0..count).collect();
    for i in (1..count).rev() {
        all.swap(i, below(&mut stream, i as u64 + 1) as usize);
    }
    all
}

/// Items that are drawn alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Pool {
    /// Numbers of examples.
    pub items: Vec<u32>,
    /// How often one of them is drawn, against other pools.
    pub weight: f64,
}

/// The examples of a whole run, `count` of them: every pool gets its share, within one, at any time,
/// and each of a pool's examples comes once before any comes again, in a new order each time.
pub fn order(pools: &[Pool], count: usize, seed: u64) -> Vec<u32> {
    let all: f64 = pools.iter().map(|pool| pool.weight).sum();
    let mut given = vec![0usize; pools.len()];
    let mut epochs: Vec<Vec<usize>> = vec![Vec::new(); pools.len()];
    let mut order = Vec::with_capacity(count);
    for slot in 0..count {
        // Whoever lacks most.
        let lack = |i: usize| (slot + 1) as f64 * pools[i].weight / all - given[i] as f64;
        let open = (0..pools.len()).filter(|&i| !pools[i].items.is_empty());
        let Some(chosen) = open.max_by(|&a, &b| lack(a).total_cmp(&lack(b)).then(b.cmp(&a))) else {
            return order;
        };
        let items = &pools[chosen].items;
        let place = given[chosen] % items.len();
        if place == 0 {
            let epoch = (given[chosen] / items.len()) as u64;
            let number = epoch * pools.len() as u64 + chosen as u64;
            epochs[chosen] = shuffled(items.len(), seed, ORDER, number);
        }
        order.push(items[epochs[chosen][place]]);
        given[chosen] += 1;
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_comes_once_an_epoch_and_pools_get_their_shares() {
        let pools = [
            Pool {
                items: (0..10).collect(),
                weight: 3.0,
            },
            Pool {
                items: (100..104).collect(),
                weight: 1.0,
            },
        ];
        let found = order(&pools, 80, 5);
        assert_eq!(found, order(&pools, 80, 5));
        assert_ne!(found, order(&pools, 80, 6));
        for end in 1..=80 {
            let of_second = found[..end].iter().filter(|item| **item >= 100).count();
            assert!((of_second as f64 - end as f64 / 4.0).abs() <= 1.0, "{end}");
        }
        let first: Vec<u32> = found.iter().copied().filter(|item| *item < 100).collect();
        for epoch in first.chunks_exact(10) {
            let mut epoch = epoch.to_vec();
            epoch.sort_unstable();
            assert_eq!(epoch, (0..10).collect::<Vec<_>>());
        }
        assert_ne!(first[..10], first[10..20]);
    }
}
