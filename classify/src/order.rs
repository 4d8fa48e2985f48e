//! Which texts stand in batch *i*: a pure function of (seed, *i*).
//!
//! An epoch's texts are shuffled, sorted by length within stretches of a few batches, cut into
//! batches, and these are shuffled: so the texts of a batch are of like length, and little of it is
//! filler, while any two texts can meet.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use slovo_data::order::{below, stream};

/// Separates its streams from those of data preparation and of splits.
const BATCHES: u64 = 18;
/// Batches within which texts are sorted by length.
const STRETCH: usize = 32;

/// What is done where classes differ in size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Balance {
    /// Nothing.
    #[default]
    None,
    /// A text counts the more the rarer its class: n / (classes · size of its class).
    Weights,
    /// Texts are drawn, with replacement, so that all classes are equally frequent.
    Sampling,
}

/// What an epoch draws its texts from.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Numbers of the texts.
    pub items: Vec<usize>,
    /// Tokens of each.
    pub lengths: Vec<usize>,
    /// Its class, for sampling; the first of several.
    pub classes: Vec<usize>,
    /// Whether classes are made equally frequent.
    pub balanced: bool,
    /// Texts of a batch.
    pub batch: usize,
    /// Names the random stream.
    pub seed: u64,
}

impl Pool {
    /// Batches of an epoch.
    pub fn batches(&self) -> u64 {
        self.items.len().div_ceil(self.batch).max(1) as u64
    }

    /// The batches of an epoch: places in [`items`](Self::items).
    pub fn epoch(&self, epoch: u64) -> Vec<Vec<usize>> {
        let mut rng = stream(self.seed, BATCHES, epoch);
        let mut places: Vec<usize> = match self.balanced {
            true => self.drawn(&mut rng),
            false => (0..self.items.len()).collect(),
        };
        shuffle(&mut places, &mut rng);
        for stretch in places.chunks_mut(STRETCH * self.batch) {
            stretch.sort_by_key(|place| self.lengths[*place]);
        }
        let mut batches: Vec<Vec<usize>> =
            places.chunks(self.batch).map(<[usize]>::to_vec).collect();
        shuffle(&mut batches, &mut rng);
        batches
    }

    /// As many places as there are items, every class as often as the others.
    fn drawn(&self, rng: &mut ChaCha8Rng) -> Vec<usize> {
        let mut of_class: Vec<Vec<usize>> = Vec::new();
        for (place, class) in self.classes.iter().enumerate() {
            if of_class.len() <= *class {
                of_class.resize(class + 1, Vec::new());
            }
            of_class[*class].push(place);
        }
        of_class.retain(|places| !places.is_empty());
        (0..self.items.len())
            .map(|i| {
                let places = &of_class[i % of_class.len()];
                places[below(rng, places.len() as u64) as usize]
            })
            .collect()
    }
}

/// The weight of a text of each class, whose mean over all texts is 1.
pub fn weights(classes: impl Iterator<Item = usize>, count: usize) -> Vec<f32> {
    let mut sizes = vec![0usize; count];
    for class in classes {
        sizes[class] += 1;
    }
    let all: usize = sizes.iter().sum();
    let present = sizes.iter().filter(|size| **size > 0).count();
    let weight = |size: &usize| match size {
        0 => 0.0,
        size => all as f32 / (present * size) as f32,
    };
    sizes.iter().map(weight).collect()
}

/// Fisher and Yates 1938.
fn shuffle<T>(values: &mut [T], rng: &mut ChaCha8Rng) {
    for i in (1..values.len()).rev() {
        values.swap(i, below(rng, i as u64 + 1) as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(balanced: bool) -> Pool {
        Pool {
            items: (0..1000).collect(),
            lengths: (0..1000).map(|i| i * 7919 % 311).collect(),
            classes: (0..1000).map(|i| usize::from(i % 10 == 0)).collect(),
            balanced,
            batch: 8,
            seed: 3,
        }
    }

    #[test]
    fn an_epoch_holds_every_text_once_and_is_a_function_of_its_number() {
        let pool = pool(false);
        let mut all: Vec<usize> = pool.epoch(4).concat();
        assert_ne!(pool.epoch(4), pool.epoch(5));
        assert_eq!(pool.epoch(4), pool.clone().epoch(4));
        all.sort_unstable();
        assert_eq!(all, pool.items);
        assert_eq!(pool.epoch(0).len() as u64, pool.batches());
    }

    #[test]
    fn texts_of_a_batch_are_of_like_length() {
        let pool = pool(false);
        let filler: usize = pool
            .epoch(0)
            .iter()
            .map(|batch| {
                let lengths = batch.iter().map(|place| pool.lengths[*place]);
                let longest = lengths.clone().max().unwrap_or(0);
                lengths.map(|length| longest - length).sum::<usize>()
            })
            .sum();
        let all: usize = pool.lengths.iter().sum();
        assert!(filler * 20 < all, "{filler} of {all}");
    }

    #[test]
    fn sampling_makes_classes_equally_frequent() {
        let pool = pool(true);
        let drawn = pool.epoch(0).concat();
        let rare = drawn
            .iter()
            .filter(|place| pool.classes[**place] == 1)
            .count();
        assert_eq!((drawn.len(), rare), (1000, 500));
    }

    #[test]
    fn weights_have_a_mean_of_one() {
        let classes = [0, 0, 0, 1];
        let found = weights(classes.into_iter(), 3);
        assert_eq!(found, [4.0 / 6.0, 2.0, 0.0]);
        let mean: f32 = classes.iter().map(|class| found[*class]).sum::<f32>() / 4.0;
        assert!((mean - 1.0).abs() < 1e-6);
    }
}
