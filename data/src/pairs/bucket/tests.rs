#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::*;
use crate::order::below;

/// Lengths as of a corpus: most short, some long, sides alike.
fn corpus(count: usize, most: u32, seed: u64) -> (Vec<u32>, Vec<u32>) {
    let mut random = stream(seed, 0, 0);
    let lengths = (0..count).map(|_| {
        let most = below(&mut random, u64::from(most)) + 1;
        let source = below(&mut random, most) as u32;
        (source, source / 2 + below(&mut random, most / 2 + 1) as u32)
    });
    lengths.unzip()
}

fn widest(batch: &[u32], lengths: &[u32]) -> usize {
    let widths = batch.iter().map(|&pair| lengths[pair as usize] as usize);
    widths.max().unwrap()
}

#[test]
fn an_epoch_has_every_pair_once_within_the_budget() {
    for (count, most, max_tokens) in [
        (1, 1, 1),
        (1, 90, 90),
        (2, 2, 100),
        (500, 1, 7),
        (500, 60, 60),
        (3_000, 60, 1_000),
        (3_000, 60, usize::MAX),
    ] {
        let (sources, targets) = corpus(count, most, count as u64);
        let buckets = Buckets::new(&sources, &targets, max_tokens, 5).unwrap();
        let per_epoch = buckets.batches_per_epoch();
        for epoch in [0, 1, 2, u64::MAX / per_epoch - 1] {
            let mut seen = vec![0; count];
            for i in 0..per_epoch {
                let batch = buckets.batch(epoch * per_epoch + i);
                for side in [&sources, &targets] {
                    assert!(batch.len().saturating_mul(widest(&batch, side)) <= max_tokens);
                }
                batch.iter().for_each(|&pair| seen[pair as usize] += 1);
            }
            assert!(
                seen.iter().all(|&times| times == 1),
                "{count} {most} {max_tokens}"
            );
        }
    }
}

#[test]
fn a_batch_depends_on_seed_and_number_alone() {
    let (sources, targets) = corpus(2_000, 50, 1);
    let new = |seed| Buckets::new(&sources, &targets, 800, seed).unwrap();
    let buckets = new(7);
    let batches = 3 * buckets.batches_per_epoch();
    let forward: Vec<_> = (0..batches).map(|i| buckets.batch(i)).collect();
    let again = new(7);
    let mut backward: Vec<_> = (0..batches).rev().map(|i| again.batch(i)).collect();
    backward.reverse();
    assert_eq!(forward, backward);
    let other: Vec<_> = (0..batches).map(|i| new(8).batch(i)).collect();
    assert_ne!(forward, other);
}

/// Kept so that a run of today can be resumed by a program of next year.
#[test]
fn the_order_has_a_fixed_definition() {
    let sources = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8];
    let targets = [2, 7, 1, 8, 2, 8, 1, 8, 2, 8, 4, 5];
    let buckets = Buckets::new(&sources, &targets, 25, 1337).unwrap();
    let found: Vec<_> = (0..5).map(|i| buckets.batch(i)).collect();
    assert_eq!(found, GOLDEN);
}
const GOLDEN: [&[u32]; 5] = [&[8, 1, 3], &[5], &[11, 7, 9], &[6, 0, 2, 10, 4], &[8, 1, 3]];

#[test]
fn epochs_differ_in_order_and_in_company() {
    let (sources, targets) = corpus(5_000, 40, 2);
    let buckets = Buckets::new(&sources, &targets, 600, 3).unwrap();
    let per_epoch = buckets.batches_per_epoch();
    let epoch = |number: u64| (0..per_epoch).map(move |i| number * per_epoch + i);
    let of = |number| epoch(number).map(|i| buckets.batch(i)).collect::<Vec<_>>();
    let (first, second) = (of(0), of(1));
    let sets = |batches: &[Vec<u32>]| -> BTreeSet<BTreeSet<u32>> {
        batches
            .iter()
            .map(|rows| rows.iter().copied().collect())
            .collect()
    };
    let common = sets(&first).intersection(&sets(&second)).count();
    assert!(
        common * 20 < first.len(),
        "{common} of {} batches again",
        first.len()
    );
    // Short and long batches come mixed: the lengths of neighbours tell nothing of each other.
    let widths: Vec<f64> = first
        .iter()
        .map(|rows| widest(rows, &sources) as f64)
        .collect();
    let mean = widths.iter().sum::<f64>() / widths.len() as f64;
    let spread: f64 = widths.iter().map(|width| (width - mean).powi(2)).sum();
    let along: f64 = widths
        .windows(2)
        .map(|two| (two[0] - mean) * (two[1] - mean))
        .sum();
    assert!(
        (along / spread).abs() < 4.0 / (widths.len() as f64).sqrt(),
        "{}",
        along / spread
    );
}

#[test]
fn little_is_padding() {
    let (sources, targets) = corpus(20_000, 60, 4);
    let buckets = Buckets::new(&sources, &targets, 2_048, 3).unwrap();
    let (mut full, mut all) = (0, 0);
    for i in 0..buckets.batches_per_epoch() {
        let batch = buckets.batch(i);
        let width = |pair: &u32| sources[*pair as usize].max(targets[*pair as usize]) as usize;
        full += batch.iter().map(width).sum::<usize>();
        all += batch.len() * batch.iter().map(width).max().unwrap();
    }
    // Of the longer sides; nothing is known of the shorter ones.
    assert!(full * 100 > all * 97, "{full} of {all}");
}

#[test]
fn what_cannot_be_batched_is_said() {
    let new = |sources: &[u32], targets: &[u32]| Buckets::new(sources, targets, 10, 1).unwrap_err();
    assert_eq!(new(&[], &[]), BucketError::Empty);
    let fault = new(&[1, 2], &[1]).to_string();
    assert!(
        fault.contains("2 lengths of sources and 1 of targets"),
        "{fault}"
    );
    let fault = new(&[1, 2, 3], &[10, 11, 12]).to_string();
    assert!(
        fault.contains("pair 1 ") && fault.contains("at least 11"),
        "{fault}"
    );
}
