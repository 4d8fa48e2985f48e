//! Whole groups, and whole sources.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::rand_core::Rng;
use slovo_data::order::stream;

use super::divide::check_shares;
use super::stratified::stratified;
use super::{GROUPS, HeldOut, Side, Split, SplitError};
use crate::labelled::Example;

pub(super) fn by_group(
    examples: &[Example],
    side: impl Fn(&str) -> Side,
) -> Result<Split, SplitError> {
    let mut split = Split::default();
    for (i, example) in examples.iter().enumerate() {
        let group = example
            .group
            .as_deref()
            .ok_or_else(|| SplitError::NoGroup {
                place: example.place.to_string(),
            })?;
        split.put(side(group), i);
    }
    Ok(split)
}

/// The side of a group by chance.
pub(super) fn hashed(group: &str, seed: u64, validation: f64, test: f64) -> Side {
    // FNV-1a tells names apart, ChaCha spreads them.
    let hash = group.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    let at = stream(seed, GROUPS, hash).next_u64() as f64 / 2_f64.powi(64);
    if at < test {
        Side::Test
    } else if at < test + validation {
        Side::Validation
    } else {
        Side::Train
    }
}

pub(super) fn by_source(
    examples: &[Example],
    seed: u64,
    validation: &HeldOut,
    test: &[usize],
) -> Result<(Split, [bool; 2]), SplitError> {
    let none = Vec::new();
    let (listed, share) = match validation {
        HeldOut::Sources(sources) => (sources, 0.0),
        HeldOut::Share(share) => (&none, *share),
    };
    check_shares(share, 0.0)?;
    let sides = named(listed, test, "source")?;
    let sources = examples.iter().map(|example| example.source).collect();
    check_known(sides.keys().copied(), sources, "source")?;
    let mut split = Split::default();
    for (i, example) in examples.iter().enumerate() {
        let side = sides.get(&example.source).copied().unwrap_or(Side::Train);
        split.put(side, i);
    }
    if share > 0.0 {
        let divided = stratified(&split.train, share, 0.0, seed, examples);
        split.train = divided.train;
        split.validation = divided.validation;
    }
    Ok((split, [share == 0.0 && listed.is_empty(), test.is_empty()]))
}

/// The side of each group or source that the recipe names.
pub(super) fn named<T: Ord + Clone + ToString>(
    validation: &[T],
    test: &[T],
    what: &'static str,
) -> Result<BTreeMap<T, Side>, SplitError> {
    let mut sides = BTreeMap::new();
    let validation = validation.iter().map(|name| (name, Side::Validation));
    for (name, side) in validation.chain(test.iter().map(|name| (name, Side::Test))) {
        if sides.insert(name.clone(), side).is_some() {
            let name = name.to_string();
            return Err(SplitError::Twice { what, name });
        }
    }
    Ok(sides)
}

pub(super) fn check_known<T: Ord + ToString>(
    named: impl Iterator<Item = T>,
    known: BTreeSet<T>,
    what: &'static str,
) -> Result<(), SplitError> {
    let missing: Vec<String> = named
        .filter(|name| !known.contains(name))
        .map(|name| name.to_string())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let known = known.iter().map(T::to_string).take(20).collect();
    Err(SplitError::Unknown {
        what,
        missing,
        known,
    })
}
