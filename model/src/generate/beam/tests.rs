#![allow(clippy::unwrap_used)]

use std::convert::Infallible;

use rand_chacha::rand_core::Rng;

use super::hypothesis::length_penalty;
use super::*;
use crate::random::{Domain, stream};

const VOCAB: u32 = 4;
const TOKENS: BeamTokens = BeamTokens {
    vocab_size: VOCAB as usize,
    begin: 7,
    end: 3,
};

/// Log-probabilities of the token after `prefix`, different for each model and prefix.
fn model(number: u64, prefix: &[u32]) -> Vec<f32> {
    let place = prefix.iter().fold(1, |place, &t| {
        place * u64::from(VOCAB + 1) + u64::from(t) + 1
    });
    let mut random = stream(Domain::Sampling, number, place);
    let logits = (0..VOCAB).map(|_| (random.next_u32() % 4_000) as f32 / 1_000.0);
    let logits: Vec<f32> = logits.collect();
    let sum: f32 = logits.iter().map(|logit| logit.exp()).sum();
    logits.iter().map(|logit| logit - sum.ln()).collect()
}

/// Follows parents as a cache does: model `models[source]` for each source.
fn run(models: &[u64], lens: &[usize], options: BeamOptions) -> (Vec<Hypothesis>, usize) {
    let mut prefixes: Vec<Vec<u32>> = vec![Vec::new(); models.len()];
    let mut passes = 0;
    let lens: Vec<usize> = lens.iter().map(|len| len + options.extra).collect();
    let found = search(&lens, TOKENS, options, |rows: &[Beam]| {
        passes += 1;
        let grow = |row: &Beam| match passes {
            1 => {
                assert_eq!((row.parent, row.token), (row.source, 7));
                Vec::new()
            }
            _ => [&prefixes[row.parent][..], &[row.token]].concat(),
        };
        prefixes = rows.iter().map(grow).collect();
        let rows = rows.iter().zip(&prefixes);
        Ok::<_, Infallible>(
            rows.flat_map(|(row, prefix)| model(models[row.source], prefix))
                .collect(),
        )
    });
    (found.unwrap(), passes)
}

fn options(beams: usize, alpha: f64, extra: usize) -> BeamOptions {
    BeamOptions {
        beams,
        alpha,
        extra,
    }
}

/// The best of all targets that end within `max_len` tokens, one by one.
fn exhaustive(number: u64, max_len: usize, alpha: f64) -> Hypothesis {
    fn walk(
        number: u64,
        prefix: &mut Vec<u32>,
        sum: f64,
        left: usize,
        all: &mut Vec<(Vec<u32>, f64)>,
    ) {
        if left == 0 {
            return;
        }
        for (token, log_prob) in (0..).zip(model(number, prefix)) {
            let sum = sum + f64::from(log_prob);
            if token == TOKENS.end {
                all.push((prefix.clone(), sum));
            } else {
                prefix.push(token);
                walk(number, prefix, sum, left - 1, all);
                prefix.pop();
            }
        }
    }
    let mut all = Vec::new();
    walk(number, &mut Vec::new(), 0.0, max_len, &mut all);
    let score = |(tokens, sum): &(Vec<u32>, f64)| sum / length_penalty(tokens.len() + 1, alpha);
    let best = all
        .iter()
        .max_by(|a, b| score(a).total_cmp(&score(b)))
        .unwrap();
    Hypothesis {
        score: score(best),
        tokens: best.0.clone(),
        log_prob: best.1,
        ended: true,
    }
}

#[test]
fn wide_enough_it_finds_the_best_of_all() {
    let mut lengths = [0; 6];
    for number in 0..300 {
        for alpha in [0.0, 0.6, 2.0] {
            // 1 + 3 + 9 + 27 + 81 targets end within five tokens.
            let (found, _) = run(&[number], &[2], options(200, alpha, 3));
            assert_eq!(
                found[0],
                exhaustive(number, 5, alpha),
                "model {number}, α {alpha}"
            );
            lengths[found[0].tokens.len()] += 1;
        }
    }
    // Short and long ones win: the comparison says something.
    assert!(lengths[..5].iter().all(|&count| count > 10), "{lengths:?}");
}

#[test]
fn one_beam_is_greedy() {
    for number in 0..300 {
        let (found, _) = run(&[number], &[4], options(1, 0.6, 5));
        let mut tokens = Vec::new();
        let mut sum = 0.0;
        let ended = loop {
            let log_probs = model(number, &tokens);
            // Of equals the first, as in the search.
            let places = (0..VOCAB as usize).rev();
            let likeliest = places.max_by(|&a, &b| log_probs[a].total_cmp(&log_probs[b]));
            let token = likeliest.unwrap();
            sum += f64::from(log_probs[token]);
            if token as u32 == TOKENS.end {
                break true;
            }
            tokens.push(token as u32);
            if tokens.len() == 9 {
                break false;
            }
        };
        let length = tokens.len() + usize::from(ended);
        assert_eq!(found[0].tokens, tokens);
        assert_eq!((found[0].log_prob, found[0].ended), (sum, ended));
        assert_eq!(found[0].score, sum / length_penalty(length, 0.6));
    }
}

#[test]
fn more_beams_find_better_targets_on_the_whole() {
    let mean = |beams| {
        let numbers = 0..200;
        let scores =
            numbers.map(|number| run(&[number], &[4], options(beams, 0.0, 4)).0[0].log_prob);
        scores.sum::<f64>() / 200.0
    };
    let (one, two, four) = (mean(1), mean(2), mean(4));
    assert!(one < two && two < four, "{one} {two} {four}");
}

/// Stopping early loses nothing: the bound holds.
#[test]
fn a_source_is_left_when_nothing_can_overtake() {
    let (_, passes) = run(&[1], &[40], options(4, 0.6, 50));
    assert!(passes < 90, "{passes}");
    // Certain to end at once: one pass, whatever the length.
    let mut passes = 0;
    let found = search(&[1_000], TOKENS, BeamOptions::default(), |_| {
        passes += 1;
        Ok::<_, Infallible>(vec![-20.0, -20.0, -20.0, 0.0])
    });
    assert_eq!((found.unwrap()[0].tokens.len(), passes), (0, 1));
}

#[test]
fn a_source_is_searched_as_if_it_were_alone() {
    let models: Vec<u64> = (0..12).collect();
    let lens: Vec<usize> = (0..12).map(|source| source % 5).collect();
    let (together, _) = run(&models, &lens, options(3, 0.6, 3));
    for source in 0..12 {
        let (alone, _) = run(
            &models[source..=source],
            &lens[source..=source],
            options(3, 0.6, 3),
        );
        assert_eq!(alone[0], together[source]);
    }
    assert!(run(&[], &[], BeamOptions::default()).0.is_empty());
}

#[test]
fn targets_that_do_not_end_are_cut() {
    let never = |_: &[Beam]| Ok::<_, Infallible>(vec![-0.1, -3.0, -4.0, f32::NEG_INFINITY]);
    let found = search(&[5], TOKENS, options(1, 0.6, 3), never).unwrap();
    assert_eq!((&found[0].tokens[..], found[0].ended), (&[0; 5][..], false));
    let found = search(&[0], TOKENS, options(4, 0.6, 0), never).unwrap();
    assert_eq!((&found[0].tokens[..], found[0].ended), (&[][..], false));
    // Nothing may come: what there is, is all there will be.
    let nothing = |rows: &[Beam]| Ok::<_, Infallible>(vec![f32::NEG_INFINITY; rows.len() * 4]);
    let found = search(&[5], TOKENS, options(2, 0.6, 3), nothing).unwrap();
    assert_eq!((&found[0].tokens[..], found[0].ended), (&[][..], false));
}

#[test]
fn the_end_counts_only_among_the_beams() {
    // The end is third of four: with two beams it is not taken, with three it is.
    let third = |rows: &[Beam]| {
        let row = [-0.5_f32, -1.2, -4.0, -2.5];
        Ok::<_, Infallible>(row.repeat(rows.len()))
    };
    let found = search(&[1], TOKENS, options(2, 0.0, 1), third).unwrap();
    assert_eq!((&found[0].tokens[..], found[0].ended), (&[0][..], false));
    let found = search(&[1], TOKENS, options(3, 0.0, 1), third).unwrap();
    assert_eq!(
        (found[0].tokens.len(), found[0].log_prob, found[0].ended),
        (0, -2.5, true)
    );
}

#[test]
fn what_cannot_be_searched_is_said() {
    let fault = |tokens, options, log_probs: &[f32]| {
        let step = |_: &[Beam]| Ok::<_, String>(log_probs.to_vec());
        search(&[1, 1], tokens, options, step)
            .unwrap_err()
            .to_string()
    };
    let good = BeamOptions::default();
    assert!(fault(TOKENS, options(0, 0.6, 1), &[]).contains("beams is 0"));
    assert!(fault(TOKENS, options(1, -0.5, 1), &[]).contains("alpha is -0.5"));
    assert!(fault(TOKENS, options(1, f64::NAN, 1), &[]).contains("alpha is NaN"));
    let end = BeamTokens { end: 4, ..TOKENS };
    assert!(fault(end, good, &[]).contains("end token 4"));
    let found = fault(TOKENS, good, &[0.0; 7]);
    assert!(
        found.contains("7 log-probabilities for 2 rows") && found.contains("row, 8"),
        "{found}"
    );
    let logits = [-1.0, -1.0, -1.0, -1.0, -1.0, 2.5, -1.0, -1.0];
    let found = fault(TOKENS, good, &logits);
    assert!(
        found.contains("source 1, pass 0") && found.contains("2.5 for token 1"),
        "{found}"
    );
    let broken = search(&[1], TOKENS, good, |_| Err("device lost")).unwrap_err();
    assert_eq!(broken, BeamError::Step("device lost"));
}
