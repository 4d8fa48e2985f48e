//! L-BFGS: Newton's method for many parameters, which learns the curvature from the last few steps
//! (Liu and Nocedal 1989, <https://doi.org/10.1007/BF01589116>).

use std::collections::VecDeque;

use rayon::prelude::*;

/// When to stop, and how much to remember.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// No part of the gradient is larger than this at the end.
    pub(super) tolerance: f64,
    /// No more steps than this.
    pub(super) most_steps: usize,
    /// Steps that are remembered, two vectors each.
    pub(super) memory: usize,
}

/// Sums are taken in pieces of this length, whatever the number of threads, so that they round alike.
const PIECE: usize = 1 << 15;

/// The share of the promised descent that a step must bring (Armijo).
const ENOUGH: f64 = 1e-4;

/// A step that has been halved this often goes nowhere: rounding is all that is left.
const MOST_HALVINGS: u32 = 30;

struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    /// 1 ÷ (step · change).
    scale: f64,
}

/// Moves `point` to where a smooth convex function is lowest. `evaluate` returns its value at a point
/// and writes its gradient. Returns the steps taken.
pub(super) fn minimise(
    point: &mut Vec<f64>,
    settings: Settings,
    evaluate: impl Fn(&[f64], &mut [f64]) -> f64,
) -> usize {
    let mut gradient = vec![0.0; point.len()];
    let mut value = evaluate(point, &mut gradient);
    let mut pairs: VecDeque<Pair> = VecDeque::new();
    let (mut next, mut next_gradient) = (point.clone(), gradient.clone());
    for steps in 0..settings.most_steps {
        let largest = gradient.iter().fold(0.0_f64, |most, g| most.max(g.abs()));
        if largest <= settings.tolerance {
            return steps;
        }
        let direction = direction(&gradient, &pairs);
        let slope = dot(&direction, &gradient);
        // Nothing is known of the curvature at first: a step of length 1 at most.
        let mut length = match pairs.is_empty() {
            true => 1.0 / dot(&gradient, &gradient).sqrt().max(1.0),
            false => 1.0,
        };
        let rounding = 1e-15 * value.abs();
        let mut halvings = 0;
        let next_value = loop {
            let moved = next.par_iter_mut().zip(&*point).zip(&direction);
            moved.for_each(|((next, &at), &toward)| *next = at + length * toward);
            let next_value = evaluate(&next, &mut next_gradient);
            if next_value <= value + ENOUGH * length * slope + rounding {
                break next_value;
            }
            halvings += 1;
            if halvings > MOST_HALVINGS || !slope.is_finite() {
                return steps;
            }
            length /= 2.0;
        };
        // The oldest step's memory becomes the newest's.
        let oldest = match pairs.len() >= settings.memory {
            true => pairs.pop_front(),
            false => None,
        };
        let mut pair = oldest.unwrap_or_else(|| Pair {
            step: vec![0.0; point.len()],
            change: vec![0.0; point.len()],
            scale: 0.0,
        });
        difference(&mut pair.step, &next, point);
        difference(&mut pair.change, &next_gradient, &gradient);
        let curvature = dot(&pair.step, &pair.change);
        if curvature > 0.0 {
            pair.scale = 1.0 / curvature;
            pairs.push_back(pair);
        }
        std::mem::swap(point, &mut next);
        std::mem::swap(&mut gradient, &mut next_gradient);
        value = next_value;
    }
    settings.most_steps
}

/// Minus the gradient, bent by what the last steps say about the curvature.
fn direction(gradient: &[f64], pairs: &VecDeque<Pair>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.par_iter().map(|g| -g).collect();
    let mut shares = Vec::with_capacity(pairs.len());
    for pair in pairs.iter().rev() {
        let share = pair.scale * dot(&pair.step, &direction);
        add(&mut direction, -share, &pair.change);
        shares.push(share);
    }
    if let Some(last) = pairs.back() {
        let scale = 1.0 / (last.scale * dot(&last.change, &last.change));
        direction.par_iter_mut().for_each(|part| *part *= scale);
    }
    for (pair, share) in pairs.iter().zip(shares.into_iter().rev()) {
        let back = pair.scale * dot(&pair.change, &direction);
        add(&mut direction, share - back, &pair.step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let pieces = a.par_chunks(PIECE).zip(b.par_chunks(PIECE));
    let sums = pieces.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum());
    let sums: Vec<f64> = sums.collect();
    sums.iter().sum()
}

fn add(to: &mut [f64], times: f64, what: &[f64]) {
    let parts = to.par_iter_mut().zip(what).with_min_len(PIECE);
    parts.for_each(|(to, what)| *to += times * what);
}

fn difference(out: &mut [f64], a: &[f64], b: &[f64]) {
    let parts = out.par_iter_mut().zip(a).zip(b).with_min_len(PIECE);
    parts.for_each(|((out, a), b)| *out = a - b);
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings {
        tolerance: 1e-10,
        most_steps: 1_000,
        memory: 10,
    };

    /// Curvatures from 1 to 1,000: the answer is known, and the gradient alone would take thousands
    /// of steps.
    #[test]
    fn a_long_valley_is_walked_to_its_end() {
        let mut point = vec![0.0; 100];
        let steps = minimise(&mut point, SETTINGS, |x, gradient| {
            let mut value = 0.0;
            for (place, (&x, slope)) in x.iter().zip(gradient).enumerate() {
                let curvature = 10_f64.powf(place as f64 / 33.0);
                let away = x - place as f64;
                value += curvature * away * away / 2.0;
                *slope = curvature * away;
            }
            value
        });
        assert!(steps < 600, "{steps}");
        for (place, x) in point.iter().enumerate() {
            assert!((x - place as f64).abs() < 1e-8);
        }
    }

    #[test]
    fn a_place_that_cannot_be_improved_is_kept() {
        let flat = |_: &[f64], gradient: &mut [f64]| {
            gradient.fill(0.0);
            1.0
        };
        let mut point = vec![3.0];
        assert_eq!(minimise(&mut point, SETTINGS, flat), 0);
        let broken = |_: &[f64], gradient: &mut [f64]| {
            gradient.fill(f64::NAN);
            f64::NAN
        };
        minimise(&mut point, SETTINGS, broken);
        assert_eq!(point, [3.0]);
        assert_eq!(minimise(&mut Vec::new(), SETTINGS, flat), 0);
    }
}
