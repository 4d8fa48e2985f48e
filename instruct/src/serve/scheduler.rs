//! One model for all requests: a thread that owns a [`LiveBatch`], which requests join and leave
//! between steps. So many are in it at once, so many wait; the next is refused.

use super::metrics::Metrics;
use slovo_model::{CausalLm, GenerateOptions, LiveBatch, NewToken, Request, TransformerConfig};
use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread;
use tokio::sync::mpsc;

/// Tokens that a reader may lag behind, before it is taken to have gone.
const LAG: usize = 4096;

/// Tokens that a `LiveBatch` makes room for before they come, in each row.
const SPARE: u64 = 64;

/// What is computed at once, and what waits.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Requests that are computed together.
    pub slots: usize,
    /// Requests that wait.
    pub queue: usize,
    /// Bytes of keys and values.
    pub memory: u64,
}

/// What is asked of the model.
pub struct Job {
    /// What is continued.
    pub prompt: Vec<u32>,
    /// How.
    pub options: GenerateOptions,
    /// Where the answer goes.
    pub answer: mpsc::Sender<Event>,
}

/// What comes back, token by token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A token.
    Token(u32),
    /// There will be no more: the model ended its answer, or the limit did.
    Done {
        /// Whether the model ended it.
        ended: bool,
        /// How many tokens that took, one that ends an answer among them.
        tokens: usize,
    },
    /// The model failed.
    Failed(String),
}

/// Why a job was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// All slots and all places in the queue are taken.
    Full,
    /// The server is about to end.
    Closing,
}

/// The way to the thread that computes.
#[derive(Clone)]
pub struct Scheduler {
    jobs: SyncSender<Job>,
    bounds: Bounds,
    per_token: u64,
}

impl Scheduler {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// A system that starts no thread.
    pub fn start(
        model: CausalLm,
        ends: BTreeSet<u32>,
        bounds: Bounds,
        metrics: Arc<Metrics>,
    ) -> std::io::Result<(Self, thread::JoinHandle<()>)> {
        let per_token = bytes_per_token(model.config());
        let (jobs, waiting) = sync_channel(bounds.queue.max(1));
        let run = move || {
            let _alive = Alive::new(&metrics);
            Loop {
                batch: LiveBatch::new(&model),
                ends,
                bounds,
                per_token,
                metrics: Arc::clone(&metrics),
                readers: HashMap::new(),
                next: None,
            }
            .run(&waiting);
        };
        let thread = thread::Builder::new().name("model".into()).spawn(run)?;
        let scheduler = Self {
            jobs,
            bounds,
            per_token,
        };
        Ok((scheduler, thread))
    }

    /// Hands a job over.
    ///
    /// # Errors
    ///
    /// Why it was not taken.
    pub fn submit(&self, job: Job) -> Result<(), Refused> {
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => Refused::Full,
            TrySendError::Disconnected(_) => Refused::Closing,
        })
    }

    /// Tokens, of prompt and answer together, for which there is memory in the best case.
    pub fn most_tokens(&self) -> usize {
        (self.bounds.memory / self.per_token.max(1)) as usize
    }
}

/// Where a job's events go, and how many tokens it may come to.
struct Reader {
    answer: mpsc::Sender<Event>,
    tokens: usize,
}

/// Says while it lives that the model's thread does.
struct Alive(Arc<Metrics>);

impl Alive {
    fn new(metrics: &Arc<Metrics>) -> Self {
        metrics.alive.set(1);
        Self(Arc::clone(metrics))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.alive.set(0);
    }
}

struct Loop {
    batch: LiveBatch,
    ends: BTreeSet<u32>,
    bounds: Bounds,
    per_token: u64,
    metrics: Arc<Metrics>,
    readers: HashMap<usize, Reader>,
    /// Taken from the queue, but not begun: there is no slot, or no memory.
    next: Option<Job>,
}

impl Loop {
    /// Until nobody can submit any more and all are answered.
    ///
    /// One job is begun between two steps, so that those who are being answered wait for one prompt at
    /// most.
    fn run(&mut self, waiting: &Receiver<Job>) {
        let mut open = true;
        while open || !self.batch.is_empty() || self.next.is_some() {
            if self.next.is_none() && open {
                let job = match self.batch.is_empty() {
                    true => waiting.recv().map_err(|_| TryRecvError::Disconnected),
                    false => waiting.try_recv(),
                };
                open = job.as_ref().err() != Some(&TryRecvError::Disconnected);
                self.next = job.ok();
            }
            self.begin();
            self.step();
        }
    }

    /// Begins the next job, if there is room for it.
    fn begin(&mut self) {
        let Some(job) = self.next.take() else {
            return;
        };
        // Whoever asked has gone.
        if job.answer.is_closed() {
            return;
        }
        let tokens = job.prompt.len() + job.options.max_new;
        let longest = self.readers.values().map(|reader| reader.tokens).max();
        let longest = longest.unwrap_or(0).max(tokens) as u64;
        let rows = self.batch.len() as u64 + 1;
        let fits = rows * (longest + SPARE) * self.per_token <= self.bounds.memory;
        match self.batch.is_empty() || (fits && self.batch.len() < self.bounds.slots) {
            true => self.join(job, tokens),
            false => self.next = Some(job),
        }
    }

    fn join(&mut self, job: Job, tokens: usize) {
        let Job {
            prompt,
            options,
            answer,
        } = job;
        let request = Request {
            prompt: &prompt,
            options,
        };
        self.metrics.prompt_tokens.add(prompt.len() as u64);
        let (ends, metrics) = (&self.ends, &self.metrics);
        let first = |token: &NewToken| tell(&answer, ends, metrics, token.id);
        match self.batch.join(&request, first) {
            Err(error) => {
                // Nobody waits for it if this fails.
                let _ = answer.try_send(Event::Failed(error.to_string()));
            }
            Ok((_, Some(ended))) => finish(&answer, &self.ends, ended.result),
            Ok((row, None)) => {
                self.readers.insert(row, Reader { answer, tokens });
            }
        }
        self.metrics.busy.set(self.batch.len() as u64);
    }

    fn step(&mut self) {
        let (readers, ends, metrics) = (&self.readers, &self.ends, &self.metrics);
        let ended = self.batch.step(|token| match readers.get(&token.row) {
            Some(reader) => tell(&reader.answer, ends, metrics, token.id),
            None => ControlFlow::Break(()),
        });
        match ended {
            Ok(all) => {
                for ended in all {
                    if let Some(reader) = self.readers.remove(&ended.row) {
                        finish(&reader.answer, &self.ends, ended.result);
                    }
                }
            }
            Err(error) => {
                // The device failed: whoever was being answered hears of it, the next may fare better.
                for (row, reader) in self.readers.drain() {
                    self.batch.leave(row);
                    let _ = reader.answer.try_send(Event::Failed(error.to_string()));
                }
            }
        }
        self.metrics.busy.set(self.batch.len() as u64);
    }
}

/// Hands a token to its reader; a reader that is gone, or too far behind, gets no more.
fn tell(
    answer: &mpsc::Sender<Event>,
    ends: &BTreeSet<u32>,
    metrics: &Metrics,
    token: u32,
) -> ControlFlow<()> {
    metrics.new_tokens.add(1);
    if ends.contains(&token) {
        return ControlFlow::Break(());
    }
    match answer.try_send(Event::Token(token)) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

fn finish(
    answer: &mpsc::Sender<Event>,
    ends: &BTreeSet<u32>,
    result: Result<slovo_model::Continuation, slovo_model::GenerateError>,
) {
    let event = match result {
        Ok(found) => Event::Done {
            ended: found.tokens.last().is_some_and(|last| ends.contains(last)),
            tokens: found.tokens.len(),
        },
        Err(error) => Event::Failed(error.to_string()),
    };
    // A reader that has gone asks for nothing more.
    let _ = answer.try_send(event);
}

/// A channel for the events of one job.
pub fn channel() -> (mpsc::Sender<Event>, mpsc::Receiver<Event>) {
    mpsc::channel(LAG)
}

/// Bytes of keys and values of one token.
fn bytes_per_token(config: &TransformerConfig) -> u64 {
    let width = config.n_kv_heads.unwrap_or(config.n_heads)
        * config.head_dim.unwrap_or(config.d_model / config.n_heads);
    (2 * config.n_layers * width * size_of::<f32>()) as u64
}
