//! Batches of labelled texts: made on the host, put on a device, as burn-train's loaders want them.

use crate::encode::Encoded;
use crate::front::Front;
use crate::order::Pool;
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_data::{BatchSource, Error};
use slovo_model::{Padding, Reading};
use slovo_train::batch::{HeldOut, OnDevice};
use std::sync::{Arc, Mutex, PoisonError};

/// The texts of a run, all sides together, and what is known of each.
pub struct Texts {
    /// Token ids.
    pub encoded: Vec<Encoded>,
    /// Classes of each: one, or with several labels any number.
    pub classes: Vec<Vec<usize>>,
    /// How many classes there are.
    pub count: usize,
    /// Whether a text may have any number of classes.
    pub multi_label: bool,
    /// What the part that does not learn makes of each, where that is kept.
    pub front: Option<Front>,
}

/// Some texts, on the host.
pub struct HostBatch {
    lengths: Vec<usize>,
    columns: usize,
    reading: HostReading,
    /// Classes, for a softmax; or zeros and ones, `[rows, classes]`.
    targets: HostTargets,
    weights: Option<Vec<f32>>,
}

enum HostReading {
    Tokens(Vec<i32>),
    States { values: Vec<f32>, blocks: usize },
    Pooled(Vec<f32>),
}

enum HostTargets {
    One(Vec<i32>),
    Any { values: Vec<f32>, classes: usize },
}

/// What one pass is given.
#[derive(Clone, Debug)]
pub struct TextBatch {
    /// The texts.
    pub reading: Reading,
    /// What only fills rows up, if anything does.
    pub padding: Option<Padding>,
    /// What they are.
    pub targets: Targets,
    /// How much each counts, `[rows]`; alike where not given.
    pub weights: Option<Tensor<1>>,
    /// How many there are.
    pub valid: usize,
    /// Seed of this pass's dropout masks.
    pub dropout_seed: u64,
}

/// What the texts of a batch are.
#[derive(Clone, Debug)]
pub enum Targets {
    /// The class of each, `[rows]`.
    One(Tensor<1, Int>),
    /// Whether each is in each class, `[rows, classes]`, as zeros and ones.
    Any(Tensor<2>),
}

impl Texts {
    /// Some of the texts as a batch.
    ///
    /// # Errors
    ///
    /// When what is kept on disk cannot be read.
    pub fn batch(&self, items: &[usize], weights: Option<&[f32]>) -> Result<HostBatch, Error> {
        let lengths: Vec<usize> = items
            .iter()
            .map(|item| self.encoded[*item].ids.len())
            .collect();
        let columns = lengths.iter().copied().max().unwrap_or(0);
        let reading = match &self.front {
            None => {
                let mut ids = Vec::with_capacity(items.len() * columns);
                for item in items {
                    let row = ids.len();
                    ids.extend(self.encoded[*item].ids.iter().map(|id| *id as i32));
                    ids.resize(row + columns, 0);
                }
                HostReading::Tokens(ids)
            }
            Some(front) => match front.blocks() {
                None => HostReading::Pooled(front.rows(items, 1)?),
                Some(blocks) => HostReading::States {
                    values: front.rows(items, columns)?,
                    blocks,
                },
            },
        };
        let targets = match self.multi_label {
            false => HostTargets::One(
                items
                    .iter()
                    .map(|item| self.classes[*item].first().map_or(0, |class| *class as i32))
                    .collect(),
            ),
            true => {
                let mut values = vec![0.0; items.len() * self.count];
                for (row, item) in items.iter().enumerate() {
                    for class in &self.classes[*item] {
                        values[row * self.count + class] = 1.0;
                    }
                }
                HostTargets::Any {
                    values,
                    classes: self.count,
                }
            }
        };
        let weights = weights.map(|weights| {
            let of = |item: &usize| {
                self.classes[*item]
                    .first()
                    .map_or(1.0, |class| weights[*class])
            };
            items.iter().map(of).collect()
        });
        Ok(HostBatch {
            lengths,
            columns,
            reading,
            targets,
            weights,
        })
    }
}

impl OnDevice for TextBatch {
    type Tokens = HostBatch;

    fn new(_index: u64, host: HostBatch, dropout_seed: u64, device: &Device) -> Self {
        let rows = host.lengths.len();
        let filled = host.lengths.iter().any(|length| *length < host.columns);
        let mut padding = filled.then(|| Padding::right(&host.lengths));
        let width = |values: &[f32], columns: usize| values.len() / (rows * columns).max(1);
        let reading = match host.reading {
            HostReading::Tokens(ids) => {
                let data = TensorData::new(ids, [rows, host.columns]);
                Reading::Tokens(Tensor::from_data(data, device))
            }
            HostReading::States { values, blocks } => {
                let shape = [rows, host.columns, width(&values, host.columns)];
                let data = TensorData::new(values, shape);
                Reading::States {
                    states: Tensor::from_data(data, device),
                    blocks,
                }
            }
            HostReading::Pooled(values) => {
                padding = None;
                let shape = [rows, width(&values, 1)];
                Reading::Pooled(Tensor::from_data(TensorData::new(values, shape), device))
            }
        };
        let targets = match host.targets {
            HostTargets::One(classes) => {
                Targets::One(Tensor::from_data(TensorData::new(classes, [rows]), device))
            }
            HostTargets::Any { values, classes } => {
                let data = TensorData::new(values, [rows, classes]);
                Targets::Any(Tensor::from_data(data, device))
            }
        };
        Self {
            reading,
            padding,
            targets,
            weights: host
                .weights
                .map(|weights| Tensor::from_data(TensorData::new(weights, [rows]), device)),
            valid: rows,
            dropout_seed,
        }
    }
}

/// Training batches: batch *i* is a function of the pool and of *i*.
#[derive(Clone)]
pub struct TrainBatches {
    texts: Arc<Texts>,
    pool: Arc<Pool>,
    weights: Option<Arc<[f32]>>,
    /// The epoch that was asked for last, whose batches are in order.
    epoch: Arc<Mutex<Option<Epoch>>>,
}

/// An epoch's number and batches.
type Epoch = (u64, Arc<Vec<Vec<usize>>>);

impl TrainBatches {
    /// Batches of `pool`; `weights` of each class, where texts do not count alike.
    pub fn new(texts: Arc<Texts>, pool: Pool, weights: Option<Vec<f32>>) -> Self {
        Self {
            texts,
            pool: Arc::new(pool),
            weights: weights.map(Arc::from),
            epoch: Arc::default(),
        }
    }
}

impl BatchSource for TrainBatches {
    type Batch = HostBatch;

    fn batch(&self, i: u64) -> Result<HostBatch, Error> {
        let number = i / self.pool.batches();
        let batches = {
            let mut last = self.epoch.lock().unwrap_or_else(PoisonError::into_inner);
            match &*last {
                Some((epoch, batches)) if *epoch == number => batches.clone(),
                _ => {
                    let batches = Arc::new(self.pool.epoch(number));
                    *last = Some((number, batches.clone()));
                    batches
                }
            }
        };
        let places = &batches[(i % self.pool.batches()) as usize];
        let items: Vec<usize> = places.iter().map(|place| self.pool.items[*place]).collect();
        self.texts.batch(&items, self.weights.as_deref())
    }
}

/// Held-out texts, the shorter ones first.
pub struct HeldOutTexts {
    texts: Arc<Texts>,
    items: Vec<usize>,
}

impl HeldOutTexts {
    /// These texts.
    pub fn new(texts: Arc<Texts>, items: &[usize]) -> Self {
        let mut items = items.to_vec();
        items.sort_by_key(|item| texts.encoded[*item].ids.len());
        Self { texts, items }
    }
}

impl HeldOut for HeldOutTexts {
    type Tokens = HostBatch;

    fn count(&self) -> u64 {
        self.items.len() as u64
    }

    fn batch(&self, parts: &[u64]) -> Result<HostBatch, Error> {
        let items: Vec<usize> = parts
            .iter()
            .map(|part| self.items[*part as usize])
            .collect();
        self.texts.batch(&items, None)
    }
}
