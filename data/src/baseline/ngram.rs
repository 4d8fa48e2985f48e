//! An n-gram model with interpolated modified Kneser–Ney smoothing.
//!
//! Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling",
//! section 3. With `h` a history, `h'` the history without its first token:
//!
//! ```text
//! p(w | h) = max(c(hw) - D(c(hw)), 0) / c(h·) + γ(h) · p(w | h')
//! γ(h)     = (D₁·N₁(h·) + D₂·N₂(h·) + D₃₊·N₃₊(h·)) / c(h·)
//! ```
//!
//! At the highest order `c` counts occurrences, below it counts the different tokens seen in front
//! of an n-gram. The unigrams fall back on 1/V, so every token of the vocabulary has a probability
//! and they sum to one after every history.
//!
//! There are no hash maps: n-grams are packed into integers, sorted and counted, which is fast on
//! all cores and takes some 70 bytes a training token at the peak.

use rayon::prelude::*;

/// No more training tokens than this are used, from the first on: with them the tables take some
/// 600 MB, and preparing is to stay below one gigabyte.
pub const NGRAM_TOKENS: u64 = 8 << 20;

/// Fewest count-of-counts for which discounts are estimated; below it the usual constants serve.
const FALLBACK: [f64; 4] = [0.0, 0.5, 1.0, 1.5];

/// Tokens that one thread scores at a time.
const CHUNK: usize = 1 << 14;

/// A trained model.
pub struct NgramModel {
    order: usize,
    vocab_size: u32,
    /// Bits of a token in a packed n-gram.
    bits: u32,
    /// One for each length of history, from 0 to `order - 1`.
    levels: Vec<Level>,
}

/// The n-grams of one order, by history.
struct Level {
    /// The histories, packed and sorted.
    histories: Vec<u128>,
    /// Where each history's tokens begin, and their number at the end.
    starts: Vec<u32>,
    /// c(h·) of each history.
    totals: Vec<u32>,
    /// γ(h) of each history.
    gammas: Vec<f32>,
    /// The tokens seen after each history, sorted within it.
    tokens: Vec<u32>,
    /// c(hw) of each.
    counts: Vec<u32>,
    /// D by count: 0, 1, 2, 3 and more.
    discounts: [f64; 4],
}

impl NgramModel {
    /// Learns from a sequence of tokens below `vocab_size`. `None` for an order that is not from 1
    /// to 5, or where five tokens do not fit 128 bits (a vocabulary above 33 million).
    pub fn train(tokens: &[u32], vocab_size: u32, order: usize) -> Option<Self> {
        let bits = u32::BITS - vocab_size.max(2).saturating_sub(1).leading_zeros();
        if !(1..=5).contains(&order) || bits * order as u32 > u128::BITS {
            return None;
        }
        let mut keys: Vec<u128> = tokens
            .par_windows(order)
            .map(|window| pack(window, bits))
            .collect();
        keys.par_sort_unstable();
        let mut levels = Vec::with_capacity(order);
        for length in (1..=order as u32).rev() {
            levels.push(Level::count(&keys, bits));
            // Each n-gram once, without its first token: what is left is counted by the number of
            // different tokens in front of it.
            keys.dedup();
            let mask = (1_u128 << (bits * (length - 1))) - 1;
            keys.par_iter_mut().for_each(|key| *key &= mask);
            keys.par_sort_unstable();
        }
        levels.reverse();
        Some(Self {
            order,
            vocab_size,
            bits,
            levels,
        })
    }

    /// The probability of `token` after `history`, of which the last `order - 1` tokens count.
    pub fn probability(&self, history: &[u32], token: u32) -> f64 {
        let mut probability = 1.0 / f64::from(self.vocab_size);
        for (length, level) in self.levels.iter().enumerate() {
            let Some(from) = history.len().checked_sub(length) else {
                break;
            };
            // A history that was never seen was not seen with more in front of it either.
            match level.find(pack(&history[from..], self.bits)) {
                Some(index) => probability = level.interpolate(index, token, probability),
                None => break,
            }
        }
        probability
    }

    /// The bits that the model needs for a sequence: the sum of -log₂ p over all of its tokens,
    /// each after those before it.
    pub fn bits(&self, tokens: &[u32]) -> f64 {
        let chunks: Vec<usize> = (0..tokens.len()).step_by(CHUNK).collect();
        let sums: Vec<f64> = chunks
            .into_par_iter()
            .map(|start| {
                (start..tokens.len().min(start + CHUNK))
                    .map(|at| {
                        let history = &tokens[at.saturating_sub(self.order - 1)..at];
                        -self.probability(history, tokens[at]).log2()
                    })
                    .sum()
            })
            .collect();
        // In a fixed order, so that the last digit does not depend on the threads.
        sums.iter().sum()
    }
}

fn pack(tokens: &[u32], bits: u32) -> u128 {
    tokens
        .iter()
        .fold(0, |key, &token| (key << bits) | u128::from(token))
}

impl Level {
    /// Counts sorted n-grams.
    fn count(keys: &[u128], bits: u32) -> Self {
        let mask = (1_u128 << bits) - 1;
        let mut level = Self {
            histories: Vec::new(),
            starts: Vec::new(),
            totals: Vec::new(),
            gammas: Vec::new(),
            tokens: Vec::new(),
            counts: Vec::new(),
            discounts: FALLBACK,
        };
        for run in keys.chunk_by(|a, b| a == b) {
            let history = run[0] >> bits;
            if level.histories.last() != Some(&history) {
                level.histories.push(history);
                level.starts.push(level.tokens.len() as u32);
                level.totals.push(0);
            }
            if let Some(total) = level.totals.last_mut() {
                *total += run.len() as u32;
            }
            level.tokens.push((run[0] & mask) as u32);
            level.counts.push(run.len() as u32);
        }
        level.starts.push(level.tokens.len() as u32);
        level.discounts = discounts(&level.counts);
        level.gammas = (0..level.histories.len())
            .map(|index| {
                let counts = &level.counts[level.range(index)];
                let held_back: f64 = counts.iter().map(|&count| level.discount(count)).sum();
                (held_back / f64::from(level.totals[index])) as f32
            })
            .collect();
        level
    }

    fn range(&self, index: usize) -> std::ops::Range<usize> {
        self.starts[index] as usize..self.starts[index + 1] as usize
    }

    fn discount(&self, count: u32) -> f64 {
        self.discounts[count.min(3) as usize]
    }

    fn find(&self, history: u128) -> Option<usize> {
        self.histories.binary_search(&history).ok()
    }

    fn interpolate(&self, index: usize, token: u32, lower: f64) -> f64 {
        let range = self.range(index);
        let count = match self.tokens[range.clone()].binary_search(&token) {
            Ok(at) => self.counts[range.start + at],
            Err(_) => 0,
        };
        let own = (f64::from(count) - self.discount(count)) / f64::from(self.totals[index]);
        own + f64::from(self.gammas[index]) * lower
    }
}

/// D₁, D₂ and D₃₊ from the numbers of n-grams seen once, twice, three and four times (equation 17
/// of the paper); constants where a text is too small to tell.
fn discounts(counts: &[u32]) -> [f64; 4] {
    let mut times = [0.0_f64; 5];
    for &count in counts {
        if count <= 4 {
            times[count as usize] += 1.0;
        }
    }
    let [_, n1, n2, n3, n4] = times;
    if n1 == 0.0 || n2 == 0.0 || n3 == 0.0 || n4 == 0.0 {
        return FALLBACK;
    }
    let y = n1 / (n1 + 2.0 * n2);
    let estimated = [
        0.0,
        1.0 - 2.0 * y * n2 / n1,
        2.0 - 3.0 * y * n3 / n2,
        3.0 - 4.0 * y * n4 / n3,
    ];
    // Odd texts give estimates outside of what keeps a probability one.
    let fits = |(count, discount): (usize, &f64)| (0.0..=count as f64).contains(discount);
    if estimated.iter().enumerate().all(fits) {
        estimated
    } else {
        FALLBACK
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Text-like tokens: the next one depends on the last two, with some noise.
    fn sequence(len: usize, vocab_size: u32) -> Vec<u32> {
        let mut state = 1_u64;
        let mut tokens = vec![0, 1];
        while tokens.len() < len {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let noise = (state >> 33) as u32;
            let (a, b) = (tokens[tokens.len() - 2], tokens[tokens.len() - 1]);
            let next = match noise % 4 {
                0 => noise / 4,
                _ => a * 7 + b * 3 + noise % 2,
            };
            tokens.push(next % vocab_size);
        }
        tokens
    }

    #[test]
    fn probabilities_sum_to_one_after_every_history() {
        let vocab_size = 50;
        let tokens = sequence(4_000, vocab_size - 1);
        for order in 1..=5 {
            let model = NgramModel::train(&tokens, vocab_size, order).unwrap();
            let seen = tokens.windows(4).step_by(97);
            let unseen = [
                vec![],
                vec![vocab_size - 1],
                vec![3, vocab_size - 1],
                vec![vocab_size - 1, 3],
                vec![1; 4],
                vec![49, 48, 47, 46],
            ];
            for history in seen.map(<[u32]>::to_vec).chain(unseen) {
                let probabilities: Vec<f64> = (0..vocab_size)
                    .map(|token| model.probability(&history, token))
                    .collect();
                assert!(probabilities.iter().all(|&p| p > 0.0), "{history:?}");
                let sum: f64 = probabilities.iter().sum();
                assert!(
                    (sum - 1.0).abs() < 1e-5,
                    "order {order}, {history:?}: {sum}"
                );
            }
        }
    }

    #[test]
    fn a_bigram_model_is_what_the_paper_says() {
        // a b a b a c: the pairs ab 2, ba 2, ac 1. Continuation counts: a 1 (after b), b 1, c 1.
        // Too few for estimates, so D is 0.5, 1, 1.5.
        let model = NgramModel::train(&[0, 1, 0, 1, 0, 2], 4, 2).unwrap();
        let unigram = |count: f64| {
            let discount = if count > 0.0 { 0.5 } else { 0.0 };
            (count - discount) / 3.0 + (3.0 * 0.5 / 3.0) * 0.25
        };
        let close = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        };
        close(model.probability(&[], 0), unigram(1.0));
        close(model.probability(&[], 3), unigram(0.0));
        let gamma = (1.0 + 0.5) / 3.0;
        close(model.probability(&[0], 1), 1.0 / 3.0 + gamma * unigram(1.0));
        close(model.probability(&[0], 2), 0.5 / 3.0 + gamma * unigram(1.0));
        close(model.probability(&[0], 3), gamma * unigram(0.0));
        // Nothing ever followed token 2.
        close(model.probability(&[2], 1), unigram(1.0));
    }

    #[test]
    fn more_history_helps_and_less_than_chance_never_wins() {
        let tokens = sequence(60_000, 40);
        let (train, held_out) = tokens.split_at(50_000);
        let per_token = |order| {
            let model = NgramModel::train(train, 40, order).unwrap();
            model.bits(held_out) / held_out.len() as f64
        };
        let bits: Vec<f64> = (1..=5).map(per_token).collect();
        // A quarter of the tokens is noise over 40, the rest one bit: about 2.6 bits are needed.
        assert!(bits[0] > 5.0 && bits[2] < 3.2 && bits[2] > 2.5, "{bits:?}");
        assert!(bits[4] < bits[0], "{bits:?}");
    }

    #[test]
    fn the_sum_does_not_depend_on_the_threads() {
        let tokens = sequence(50_000, 40);
        let bits = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| NgramModel::train(&tokens, 40, 5).unwrap().bits(&tokens))
        };
        assert_eq!(bits(1).to_bits(), bits(3).to_bits());
    }

    #[test]
    fn impossible_orders_are_refused_and_short_texts_are_not() {
        assert!(NgramModel::train(&[0, 1], 2, 0).is_none());
        assert!(NgramModel::train(&[0, 1], 2, 6).is_none());
        let model = NgramModel::train(&[], 3, 5).unwrap();
        assert_eq!(model.probability(&[1], 2), 1.0 / 3.0);
    }
}
