//! Token batches → tensors, in order, as burn-train's data loaders.

mod causal;
mod masked;
mod pairs;

pub use causal::LmBatch;
pub use masked::MaskedLmBatch;
pub use pairs::PairLmBatch;

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_data::{BatchSource, Prefetch};
use std::sync::Arc;

/// What one forward and backward pass is given: a batch of token ids, as tensors.
pub trait OnDevice: Send + 'static {
    /// The batch on the host.
    type Tokens: Send + 'static;

    /// Puts a batch on a device. `index` is its number within the run, 0 and up, micro-batches
    /// counted; `dropout_seed` that of this pass's dropout masks.
    fn new(index: u64, tokens: Self::Tokens, dropout_seed: u64, device: &Device) -> Self;
}

/// Training batches from one index on, made in the background while the step before runs.
#[derive(Clone)]
pub struct TrainLoader<S> {
    batches: S,
    from: u64,
    to: u64,
    seed: u64,
    device: Device,
}

impl<S> TrainLoader<S> {
    /// Batches `from..to` of a run with this seed.
    pub fn new(batches: S, from: u64, to: u64, seed: u64, device: &Device) -> Self {
        Self {
            batches,
            from,
            to,
            seed,
            device: device.clone(),
        }
    }

    fn count(&self) -> usize {
        self.to.saturating_sub(self.from) as usize
    }
}

impl<B, S> DataLoader<B> for TrainLoader<S>
where
    B: OnDevice,
    S: BatchSource<Batch = B::Tokens> + Clone + Sync,
{
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<B> + 'a> {
        Box::new(TrainIterator {
            source: Prefetch::new(self.batches.clone(), self.from, 2),
            next: self.from,
            loader: self,
        })
    }

    fn num_items(&self) -> usize {
        self.count()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<B>> {
        Arc::new(Self {
            device: device.clone(),
            ..self.clone()
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<B>> {
        Arc::new(Self {
            from: self.from + start as u64,
            to: (self.from + end as u64).min(self.to),
            ..self.clone()
        })
    }
}

struct TrainIterator<'a, B: OnDevice, S> {
    /// A thread that could not be started is told of at the first batch.
    source: Result<Prefetch<B::Tokens>, slovo_data::Error>,
    next: u64,
    loader: &'a TrainLoader<S>,
}

impl<B: OnDevice, S> Iterator for TrainIterator<'_, B, S> {
    type Item = Result<B, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.loader.to {
            return None;
        }
        let made = match &mut self.source {
            Ok(source) => source.next()?.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let (index, tokens) = match made {
            Ok(batch) => batch,
            Err(error) => return Some(Err(failure(error))),
        };
        self.next = index + 1;
        let dropout_seed = mix(self.loader.seed, index);
        Some(Ok(B::new(index, tokens, dropout_seed, &self.loader.device)))
    }
}

impl<B: OnDevice, S> DataLoaderIterator<B> for TrainIterator<'_, B, S> {
    fn progress(&self) -> Progress {
        let done = (self.next - self.loader.from) as usize;
        Progress::new(done, self.loader.count(), Some("batches".into()))
    }
}

/// Held-out text, in parts that are always the same.
pub trait HeldOut: Send + Sync {
    /// Some of the parts as a batch on the host.
    type Tokens;

    /// How many parts there are.
    fn count(&self) -> u64;

    /// The parts with these numbers as one batch, in this order; at least one, each below
    /// [`count`](Self::count).
    ///
    /// # Errors
    ///
    /// What keeps it from being made.
    fn batch(&self, parts: &[u64]) -> Result<Self::Tokens, slovo_data::Error>;
}

/// Held-out parts, a few at a time.
pub struct EvalLoader<T> {
    held_out: Arc<dyn HeldOut<Tokens = T>>,
    picked: Arc<[u64]>,
    batch: usize,
    device: Device,
}

impl<T> Clone for EvalLoader<T> {
    fn clone(&self) -> Self {
        Self {
            held_out: self.held_out.clone(),
            picked: self.picked.clone(),
            batch: self.batch,
            device: self.device.clone(),
        }
    }
}

impl<T> EvalLoader<T> {
    /// All parts, or `count` of them evenly spread over the set, `batch` at once.
    pub fn new(
        held_out: Arc<dyn HeldOut<Tokens = T>>,
        count: Option<usize>,
        batch: usize,
        device: &Device,
    ) -> Self {
        let all = held_out.count();
        let count = count.map_or(all, |count| (count as u64).min(all)).max(1);
        let picked = (0..count)
            .map(|i| (u128::from(i) * u128::from(all) / u128::from(count)) as u64)
            .collect();
        Self {
            held_out,
            picked,
            batch,
            device: device.clone(),
        }
    }
}

impl<B: OnDevice> DataLoader<B> for EvalLoader<B::Tokens> {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<B> + 'a> {
        Box::new(EvalIterator::<B> {
            loader: self,
            done: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.picked.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<B>> {
        Arc::new(Self {
            device: device.clone(),
            ..self.clone()
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<B>> {
        Arc::new(Self {
            picked: self.picked[start..end.min(self.picked.len())].into(),
            ..self.clone()
        })
    }
}

struct EvalIterator<'a, B: OnDevice> {
    loader: &'a EvalLoader<B::Tokens>,
    done: usize,
}

impl<B: OnDevice> Iterator for EvalIterator<'_, B> {
    type Item = Result<B, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let picked = &self.loader.picked[self.done..];
        let picked = &picked[..picked.len().min(self.loader.batch)];
        let index = *picked.first()?;
        self.done += picked.len();
        let made = self.loader.held_out.batch(picked);
        Some(match made {
            Ok(tokens) => Ok(B::new(index, tokens, 0, &self.loader.device)),
            Err(error) => Err(failure(error.to_string())),
        })
    }
}

impl<B: OnDevice> DataLoaderIterator<B> for EvalIterator<'_, B> {
    fn progress(&self) -> Progress {
        let all = self.loader.picked.len();
        Progress::new(self.done, all, Some("windows".into()))
    }
}

fn failure(what: String) -> DatasetError {
    DatasetError::new(std::io::Error::other(what))
}

/// Token ids as a tensor.
fn ids<const D: usize>(ids: Vec<u32>, shape: [usize; D], device: &Device) -> Tensor<D, Int> {
    let ids: Vec<i32> = ids.into_iter().map(|id| id as i32).collect();
    Tensor::from_data(TensorData::new(ids, shape), device)
}

/// One number from two, each bit of which depends on all of theirs (SplitMix64, Steele et al. 2014).
pub(crate) fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add((index.wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
