//! Token batches → tensors, in order, as burn-train's data loaders.

use burn::data::dataloader::{DataLoader, DataLoaderIterator, Progress};
use burn::data::dataset::DatasetError;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use slovo_data::{Batches, EvalWindows, Prefetch, TokenBatch};
use std::sync::Arc;

/// What one forward and backward pass is given.
#[derive(Clone, Debug)]
pub struct LmBatch {
    /// Its number within the run; 0 and up, micro-batches counted.
    pub index: u64,
    /// Tokens, `[rows, cols]`.
    pub inputs: Tensor<2, Int>,
    /// The token after each, `[rows, cols]`.
    pub targets: Tensor<2, Int>,
    /// Which targets count; all of them where there is none. `[rows, cols]`
    pub mask: Option<Tensor<2, Bool>>,
    /// How many targets count.
    pub valid: usize,
    /// Seed of this pass's dropout masks, a function of (seed, step, micro-batch).
    pub dropout_seed: u64,
}

impl LmBatch {
    /// Puts a batch on a device.
    pub fn new(index: u64, tokens: TokenBatch, dropout_seed: u64, device: &Device) -> Self {
        let shape = [tokens.rows, tokens.cols];
        let ids = |ids: Vec<u32>| {
            let ids: Vec<i32> = ids.into_iter().map(|id| id as i32).collect();
            Tensor::from_data(TensorData::new(ids, shape), device)
        };
        let valid = tokens.valid();
        Self {
            index,
            inputs: ids(tokens.inputs),
            targets: ids(tokens.targets),
            mask: tokens
                .mask
                .map(|mask| Tensor::from_data(TensorData::new(mask, shape), device)),
            valid,
            dropout_seed,
        }
    }
}

/// Training batches from one index on, made in the background while the step before runs.
#[derive(Clone)]
pub struct TrainLoader {
    batches: Batches,
    from: u64,
    to: u64,
    seed: u64,
    device: Device,
}

impl TrainLoader {
    /// Batches `from..to` of a run with this seed.
    pub fn new(batches: Batches, from: u64, to: u64, seed: u64, device: &Device) -> Self {
        Self {
            batches,
            from,
            to,
            seed,
            device: device.clone(),
        }
    }
}

impl DataLoader<LmBatch> for TrainLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<LmBatch> + 'a> {
        Box::new(TrainIterator {
            source: Prefetch::new(self.batches.clone(), self.from, 2),
            next: self.from,
            loader: self,
        })
    }

    fn num_items(&self) -> usize {
        self.to.saturating_sub(self.from) as usize
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<LmBatch>> {
        Arc::new(Self {
            device: device.clone(),
            ..self.clone()
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<LmBatch>> {
        Arc::new(Self {
            from: self.from + start as u64,
            to: (self.from + end as u64).min(self.to),
            ..self.clone()
        })
    }
}

struct TrainIterator<'a> {
    /// A thread that could not be started is told of at the first batch.
    source: Result<Prefetch, slovo_data::Error>,
    next: u64,
    loader: &'a TrainLoader,
}

impl Iterator for TrainIterator<'_> {
    type Item = Result<LmBatch, DatasetError>;

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
            Err(error) => return Some(Err(DatasetError::new(std::io::Error::other(error)))),
        };
        self.next = index + 1;
        let dropout_seed = mix(self.loader.seed, index);
        Some(Ok(LmBatch::new(
            index,
            tokens,
            dropout_seed,
            &self.loader.device,
        )))
    }
}

impl DataLoaderIterator<LmBatch> for TrainIterator<'_> {
    fn progress(&self) -> Progress {
        let done = (self.next - self.loader.from) as usize;
        Progress::new(done, self.loader.num_items(), Some("batches".into()))
    }
}

/// Held-out text as windows that do not overlap.
pub trait Windowed: Send + Sync {
    /// How many windows there are.
    fn count(&self) -> u64;
    /// One of them, as a batch of one row.
    fn window(&self, index: u64) -> TokenBatch;
}

impl Windowed for EvalWindows {
    fn count(&self) -> u64 {
        self.len()
    }

    fn window(&self, index: u64) -> TokenBatch {
        self.batch(index..index + 1)
    }
}

/// Held-out windows, a few at a time.
#[derive(Clone)]
pub struct EvalLoader {
    windows: Arc<dyn Windowed>,
    picked: Arc<[u64]>,
    batch: usize,
    device: Device,
}

impl EvalLoader {
    /// All windows, or `count` of them evenly spread over the set, `batch` at once.
    pub fn new(
        windows: Arc<dyn Windowed>,
        count: Option<usize>,
        batch: usize,
        device: &Device,
    ) -> Self {
        let all = windows.count();
        let count = count.map_or(all, |count| (count as u64).min(all)).max(1);
        let picked = (0..count)
            .map(|i| (u128::from(i) * u128::from(all) / u128::from(count)) as u64)
            .collect();
        Self {
            windows,
            picked,
            batch,
            device: device.clone(),
        }
    }
}

impl DataLoader<LmBatch> for EvalLoader {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<LmBatch> + 'a> {
        Box::new(EvalIterator {
            loader: self,
            done: 0,
        })
    }

    fn num_items(&self) -> usize {
        self.picked.len()
    }

    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<LmBatch>> {
        Arc::new(Self {
            device: device.clone(),
            ..self.clone()
        })
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<LmBatch>> {
        Arc::new(Self {
            picked: self.picked[start..end.min(self.picked.len())].into(),
            ..self.clone()
        })
    }
}

struct EvalIterator<'a> {
    loader: &'a EvalLoader,
    done: usize,
}

impl Iterator for EvalIterator<'_> {
    type Item = Result<LmBatch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        let picked = &self.loader.picked[self.done..];
        let picked = &picked[..picked.len().min(self.loader.batch)];
        let index = *picked.first()?;
        self.done += picked.len();
        let mut rows = picked
            .iter()
            .map(|&index| self.loader.windows.window(index));
        let mut tokens = rows.next()?;
        for row in rows {
            tokens.rows += 1;
            tokens.inputs.extend(row.inputs);
            tokens.targets.extend(row.targets);
            if let (Some(mask), Some(more)) = (&mut tokens.mask, row.mask) {
                mask.extend(more);
            }
        }
        Some(Ok(LmBatch::new(index, tokens, 0, &self.loader.device)))
    }
}

impl DataLoaderIterator<LmBatch> for EvalIterator<'_> {
    fn progress(&self) -> Progress {
        Progress::new(self.done, self.loader.num_items(), Some("windows".into()))
    }
}

/// One number from two, each bit of which depends on all of theirs (SplitMix64, Steele et al. 2014).
pub(crate) fn mix(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add((index.wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
