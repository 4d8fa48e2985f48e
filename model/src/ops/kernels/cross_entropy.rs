//! Softmax cross-entropy on blocks of logits, with its gradient in place.
//!
//! A row of logits is 200 KB for a vocabulary of 50 000, and fits the second cache: one pass finds
//! the maximum, one the exponentials and their sum, and for the gradient one scales them. Label
//! smoothing (Szegedy et al. 2015, <https://arxiv.org/abs/1512.00567>) is PyTorch's.

use crate::ops::kernels::CHUNK;
use crate::ops::kernels::reduce::{LANES, add_lanes, padded, sum};
use crate::ops::kernels::simd::{exp, vectorized};
use rayon::prelude::*;

/// The target of a row that does not count: no loss, no gradient.
pub const IGNORED: u32 = u32::MAX;

/// Elements that are summed in float32 before the sum goes on in float64.
const BLOCK: usize = 4096;

/// The loss of a block of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Loss {
    /// Sum over the rows that count, in nats.
    pub sum: f64,
    /// Number of rows that count.
    pub rows: usize,
}

/// The loss of `logits [rows, vocab]` for `targets [rows]`, in parallel over rows.
/// `smoothing` is the share ε of the target that is spread evenly over the vocabulary.
///
/// # Panics
/// If the lengths do not fit, or a target is neither below `vocab` nor [`IGNORED`].
pub fn cross_entropy(logits: &[f32], vocab: usize, targets: &[u32], smoothing: f32) -> Loss {
    check(logits.len(), vocab, targets);
    let run = |(x, &target): (&[f32], &u32)| {
        (target != IGNORED).then(|| {
            vectorized(
                #[inline(always)]
                || {
                    let most = maximum(x);
                    let total = sum_in_blocks(
                        x,
                        #[inline(always)]
                        |x| exp(x - most),
                    );
                    row_loss(x, most, total, target, smoothing)
                },
            )
        })
    };
    if logits.len() <= CHUNK {
        return add_up(logits.chunks_exact(vocab).zip(targets).map(run));
    }
    let rows = logits
        .par_chunks_exact(vocab)
        .zip(targets)
        .with_min_len(rows_of_a_chunk(vocab));
    add_up(rows.map(run).collect::<Vec<_>>().into_iter())
}

/// As [`cross_entropy`]; besides, `logits` become `weight` times the loss's gradient by them,
/// `weight · (softmax − target)`, 0 in ignored rows. With `weight` = 1 / the number of rows that
/// count in the whole batch it is the gradient of the mean.
///
/// # Panics
/// As [`cross_entropy`].
pub fn cross_entropy_to_gradient(
    logits: &mut [f32],
    vocab: usize,
    targets: &[u32],
    smoothing: f32,
    weight: f32,
) -> Loss {
    check(logits.len(), vocab, targets);
    let run = |(x, &target): (&mut [f32], &u32)| {
        if target == IGNORED {
            x.fill(0.0);
            return None;
        }
        Some(vectorized(
            #[inline(always)]
            || row_to_gradient(x, target, smoothing, weight),
        ))
    };
    if logits.len() <= CHUNK {
        return add_up(logits.chunks_exact_mut(vocab).zip(targets).map(run));
    }
    let rows = logits.par_chunks_exact_mut(vocab).zip(targets);
    let rows = rows.with_min_len(rows_of_a_chunk(vocab));
    add_up(rows.map(run).collect::<Vec<_>>().into_iter())
}

fn check(len: usize, vocab: usize, targets: &[u32]) {
    assert!(
        vocab > 0 && len == targets.len() * vocab,
        "one target a row of logits"
    );
    let known = |&t: &u32| t == IGNORED || (t as usize) < vocab;
    assert!(
        targets.iter().all(known),
        "a target is outside the vocabulary"
    );
}

fn rows_of_a_chunk(vocab: usize) -> usize {
    (CHUNK / vocab).max(1)
}

/// Adds in the order of the rows, so that the sum does not depend on the threads.
fn add_up(rows: impl Iterator<Item = Option<f64>>) -> Loss {
    rows.flatten().fold(Loss::default(), |all, row| Loss {
        sum: all.sum + row,
        rows: all.rows + 1,
    })
}

#[inline(always)]
fn row_to_gradient(x: &mut [f32], target: u32, smoothing: f32, weight: f32) -> f64 {
    let most = maximum(x);
    // The loss needs the logits, which the exponentials are about to replace.
    let without_total = row_loss(x, most, 1.0, target, smoothing);
    let mut total = 0.0;
    for block in x.chunks_mut(BLOCK) {
        total += f64::from(exponentials(block, most));
    }
    let scale = (f64::from(weight) / total) as f32;
    scale_and_shift(x, scale, weight * smoothing / x.len() as f32);
    x[target as usize] -= weight * (1.0 - smoothing);
    without_total + total.ln()
}

/// (1 − ε)(lse − x\[target\]) + ε(lse − mean(x)), where lse = `most` + ln `total`.
#[inline(always)]
fn row_loss(x: &[f32], most: f32, total: f64, target: u32, smoothing: f32) -> f64 {
    let below = |x: f64| f64::from(most) - x;
    let hit = below(f64::from(x[target as usize]));
    if smoothing == 0.0 {
        return hit + total.ln();
    }
    let mean = sum_in_blocks(
        x,
        #[inline(always)]
        |x| x,
    ) / x.len() as f64;
    let smoothing = f64::from(smoothing);
    (1.0 - smoothing) * hit + smoothing * below(mean) + total.ln()
}

/// Σ f(x), in float32 within a block and in float64 over the blocks.
#[inline(always)]
fn sum_in_blocks(x: &[f32], f: impl Fn(f32) -> f32 + Copy) -> f64 {
    // A loop, not an iterator's sum, whose call might be left outside the vector code.
    let mut total = 0.0;
    for block in x.chunks(BLOCK) {
        total += f64::from(sum(block, f));
    }
    total
}

/// The greatest element; NaN is passed over here and comes out of the exponentials.
#[inline(always)]
fn maximum(x: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; 2 * LANES];
    let (x, rest) = x.as_chunks::<{ 2 * LANES }>();
    for x in x {
        for i in 0..2 * LANES {
            lanes[i] = if x[i] > lanes[i] { x[i] } else { lanes[i] };
        }
    }
    let mut most = f32::NEG_INFINITY;
    for &x in rest.iter().chain(&lanes) {
        most = if x > most { x } else { most };
    }
    most
}

/// Replaces `x` by exp(x − most) and returns the sum.
#[inline(always)]
fn exponentials(x: &mut [f32], most: f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (x, rest) = x.as_chunks_mut::<LANES>();
    for x in x {
        for i in 0..LANES {
            x[i] = exp(x[i] - most);
            lanes[i] += x[i];
        }
    }
    // As `sum` does it, so that both give the same loss.
    let mut last = padded(rest);
    for i in 0..LANES {
        last[i] = exp(last[i] - most);
        lanes[i] += if i < rest.len() { last[i] } else { 0.0 };
    }
    rest.copy_from_slice(&last[..rest.len()]);
    add_lanes(lanes)
}

#[inline(always)]
fn scale_and_shift(x: &mut [f32], scale: f32, shift: f32) {
    for x in x {
        *x = *x * scale - shift;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::kernels::testing::{Random, assert_close, assert_same_with_any_threads, f64s};

    fn naive_row(x: &[f64], target: usize, smoothing: f64) -> f64 {
        let most = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let lse = most + x.iter().map(|x| (x - most).exp()).sum::<f64>().ln();
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        (1.0 - smoothing) * (lse - x[target]) + smoothing * (lse - mean)
    }

    fn batch(rows: usize, vocab: usize, range: f32) -> (Vec<f32>, Vec<u32>) {
        let mut random = Random((rows * vocab) as u64);
        let logits = random.vec(rows * vocab, range);
        let target = |r| {
            if r % 5 == 3 {
                IGNORED
            } else {
                random.below(vocab) as u32
            }
        };
        (logits, (0..rows).map(target).collect())
    }

    #[test]
    fn losses_follow_float64() {
        for (rows, vocab) in [(1, 1), (7, 5), (9, 33), (40, 1000), (5, 50_257)] {
            for range in [1.0, 20.0, 1e4] {
                for smoothing in [0.0, 0.1] {
                    let (mut logits, targets) = batch(rows, vocab, range);
                    let mut want = 0.0;
                    for (x, &t) in logits.chunks(vocab).zip(&targets) {
                        if t != IGNORED {
                            want += naive_row(&f64s(x), t as usize, f64::from(smoothing));
                        }
                    }
                    let counted = targets.iter().filter(|&&t| t != IGNORED).count();
                    let loss = cross_entropy(&logits, vocab, &targets, smoothing);
                    assert_eq!(loss.rows, counted);
                    assert!(
                        (loss.sum - want).abs() <= 2e-6 * want.abs().max(1.0),
                        "{loss:?} {want}"
                    );
                    let same =
                        cross_entropy_to_gradient(&mut logits, vocab, &targets, smoothing, 1.0);
                    assert!((same.sum - loss.sum).abs() <= 1e-9 * want.abs().max(1.0));
                    assert_eq!(same.rows, counted);
                }
            }
        }
    }

    #[test]
    fn gradients_follow_finite_differences() {
        for (rows, vocab) in [(1, 1), (7, 5), (9, 70)] {
            for (smoothing, range) in [(0.0, 3.0), (0.2, 3.0), (0.1, 300.0)] {
                let (mut logits, targets) = batch(rows, vocab, range);
                let mut want = Vec::new();
                for (x, &t) in logits.chunks(vocab).zip(&targets) {
                    let mut x = f64s(x);
                    for i in 0..vocab {
                        let mut shifted = |by: f64| {
                            x[i] += by;
                            let loss = naive_row(&x, t as usize, f64::from(smoothing));
                            x[i] -= by;
                            loss
                        };
                        let ignored = t == IGNORED;
                        want.push(if ignored {
                            0.0
                        } else {
                            0.5 * (shifted(1e-5) - shifted(-1e-5)) / 2e-5
                        });
                    }
                }
                cross_entropy_to_gradient(&mut logits, vocab, &targets, smoothing, 0.5);
                assert_close(&logits, &want, 1e-6);
            }
        }
    }

    #[test]
    fn nan_is_not_hidden() {
        let mut logits = [0.0, f32::NAN, 1.0];
        assert!(cross_entropy(&logits, 3, &[0], 0.0).sum.is_nan());
        assert!(
            cross_entropy_to_gradient(&mut logits, 3, &[0], 0.0, 1.0)
                .sum
                .is_nan()
        );
    }

    #[test]
    #[should_panic(expected = "outside the vocabulary")]
    fn refuses_a_target_outside_the_vocabulary() {
        cross_entropy(&[0.0; 4], 2, &[1, 2], 0.0);
    }

    #[test]
    fn threads_change_nothing() {
        let (logits, targets) = batch(333, 257, 5.0);
        assert_same_with_any_threads(|| {
            let mut gradient = logits.clone();
            let loss = cross_entropy_to_gradient(&mut gradient, 257, &targets, 0.1, 0.25);
            (
                loss.sum,
                cross_entropy(&logits, 257, &targets, 0.1).sum,
                gradient,
            )
        });
    }
}
