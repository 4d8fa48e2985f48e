//! By chance, with the same mixture of classes on each side.

use std::collections::BTreeMap;

use slovo_data::order::{below, stream};

use super::{RANDOM, Split};
use crate::labelled::Example;

/// Divides `among` by chance, each set of classes by itself. The sides have their share of all to
/// the nearest whole, and of each set of classes within one; the last example of a set is learned
/// from.
pub(super) fn stratified(
    among: &[usize],
    validation: f64,
    test: f64,
    seed: u64,
    examples: &[Example],
) -> Split {
    let mut strata: BTreeMap<&[usize], Vec<usize>> = BTreeMap::new();
    for &i in among {
        strata.entry(&examples[i].classes).or_default().push(i);
    }
    let mut split = Split::default();
    let mut seen = 0;
    for (number, stratum) in strata.values_mut().enumerate() {
        shuffle(stratum, seed, number as u64);
        seen += stratum.len();
        // What rounding took from the strata before is made up for here.
        let due = |share: f64, taken: usize| {
            ((seen as f64 * share).round() as usize).saturating_sub(taken)
        };
        let room = stratum.len() - 1;
        let tests = due(test, split.test.len()).min(room);
        let validations = due(validation, split.validation.len()).min(room - tests);
        let (held_out, train) = stratum.split_at(tests + validations);
        split.test.extend(&held_out[..tests]);
        split.validation.extend(&held_out[tests..]);
        split.train.extend(train);
    }
    for side in [&mut split.train, &mut split.validation, &mut split.test] {
        side.sort_unstable();
    }
    split
}

/// Fisher and Yates.
fn shuffle(items: &mut [usize], seed: u64, number: u64) {
    let mut stream = stream(seed, RANDOM, number);
    for last in (1..items.len()).rev() {
        items.swap(last, below(&mut stream, last as u64 + 1) as usize);
    }
}
