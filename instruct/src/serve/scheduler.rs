//! One model for all requests: a thread that owns a [`LiveBatch`], which requests join and leave
//! between steps. So many are in it at once, so many wait; the next is refused.

use super::metrics::Metrics;
use slovo_model::{CausalLm, GenerateOptions, LiveBatch, NewToken, Request, TransformerConfig};
use std::cell::Cell;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Tokens that a reader may lag behind, before it is taken to have gone.
const LAG: usize = 4096;

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

/// Why jobs are not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused {
    /// So many are computed and wait that there is no place for as many more.
    Full,
    /// There will never be places for so many; this many there are.
    TooMany(usize),
    /// The thread that computes has ended.
    Failed,
}

/// The way to the thread that computes.
pub struct Scheduler {
    jobs: Sender<Job>,
    /// One for each job that is computed or waits.
    places: Arc<Semaphore>,
    bounds: Bounds,
    most_tokens: usize,
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
        let config = model.config().clone();
        let fits = |tokens: &usize| LiveBatch::bytes(&config, 1, *tokens) <= bounds.memory;
        let most_tokens = (1..=config.max_seq_len).rev().find(fits).unwrap_or(0);
        // As many jobs as there are places are in it, and those whose clients have just gone.
        let (jobs, waiting) = channel();
        let alive = Alive::new(&metrics);
        let run = move || {
            let _alive = alive;
            Loop {
                batch: LiveBatch::new(&model),
                ends,
                bounds,
                config,
                metrics,
                readers: HashMap::new(),
                next: VecDeque::new(),
            }
            .run(&waiting);
        };
        let thread = thread::Builder::new().name("model".into()).spawn(run)?;
        let scheduler = Self {
            jobs,
            places: Arc::new(Semaphore::new(bounds.slots + bounds.queue)),
            bounds,
            most_tokens,
        };
        Ok((scheduler, thread))
    }

    /// Places for so many jobs, each for as long as somebody waits for it; all of them or none.
    ///
    /// # Errors
    ///
    /// Why there are none.
    pub fn places(&self, jobs: usize) -> Result<Vec<OwnedSemaphorePermit>, Refused> {
        let most = self.bounds.slots + self.bounds.queue;
        if jobs > most {
            return Err(Refused::TooMany(most));
        }
        let places = Arc::clone(&self.places);
        let all = places.try_acquire_many_owned(u32::try_from(jobs).unwrap_or(u32::MAX));
        let mut all = all.map_err(|_| Refused::Full)?;
        let each = (0..jobs).filter_map(|_| all.split(1));
        Ok(each.collect())
    }

    /// Hands a job over.
    ///
    /// # Errors
    ///
    /// When the thread has ended.
    pub fn submit(&self, job: Job) -> Result<(), Refused> {
        self.jobs.send(job).map_err(|_| Refused::Failed)
    }

    /// Tokens, of prompt and answer together, that the model reads and there is memory for.
    pub fn most_tokens(&self) -> usize {
        self.most_tokens
    }
}

/// Where a job's events go, and how many tokens it may come to.
struct Reader {
    answer: mpsc::Sender<Event>,
    tokens: usize,
    /// Whether a token found no place.
    behind: Cell<bool>,
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
    config: TransformerConfig,
    metrics: Arc<Metrics>,
    readers: HashMap<usize, Reader>,
    /// Not begun yet, the first of them for want of a slot or of memory.
    next: VecDeque<Job>,
}

impl Loop {
    /// Until nobody can submit any more and all are answered.
    ///
    /// One job is begun between two steps, so that those who are being answered wait for one prompt at
    /// most.
    fn run(&mut self, waiting: &Receiver<Job>) {
        let mut open = true;
        while open || !self.batch.is_empty() || !self.next.is_empty() {
            if self.batch.is_empty() && self.next.is_empty() {
                match waiting.recv() {
                    Ok(job) => self.next.push_back(job),
                    Err(_) => open = false,
                }
            }
            self.next.extend(waiting.try_iter());
            // Whoever asked for these has gone.
            self.next.retain(|job| !job.answer.is_closed());
            self.begin();
            self.step();
        }
    }

    /// Begins the next job, if there is room for it.
    fn begin(&mut self) {
        let Some(job) = self.next.front() else { return };
        let tokens = job.prompt.len() + job.options.max_new;
        let longest = self.readers.values().map(|reader| reader.tokens).max();
        let longest = longest.unwrap_or(0).max(tokens);
        let rows = self.batch.len() + 1;
        let fits = LiveBatch::bytes(&self.config, rows, longest) <= self.bounds.memory;
        if (self.batch.is_empty() || (fits && rows <= self.bounds.slots))
            && let Some(job) = self.next.pop_front()
        {
            self.join(job, tokens);
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
        let reader = Reader {
            answer,
            tokens,
            behind: Cell::new(false),
        };
        let first = |token: &NewToken| reader.tell(ends, metrics, token.id);
        match self.batch.join(&request, first) {
            Err(error) => {
                // Nobody waits for it if this fails.
                let _ = reader.answer.try_send(Event::Failed(error.to_string()));
            }
            Ok((_, Some(ended))) => reader.finish(&self.ends, ended.result),
            Ok((row, None)) => {
                self.readers.insert(row, reader);
            }
        }
        self.metrics.busy.set(self.batch.len() as u64);
    }

    fn step(&mut self) {
        let (readers, ends, metrics) = (&self.readers, &self.ends, &self.metrics);
        let ended = self.batch.step(|token| match readers.get(&token.row) {
            Some(reader) => reader.tell(ends, metrics, token.id),
            None => ControlFlow::Break(()),
        });
        match ended {
            Ok(all) => {
                for ended in all {
                    if let Some(reader) = self.readers.remove(&ended.row) {
                        reader.finish(&self.ends, ended.result);
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

impl Reader {
    /// Hands over a token; who is gone, or too far behind, gets no more.
    fn tell(&self, ends: &BTreeSet<u32>, metrics: &Metrics, token: u32) -> ControlFlow<()> {
        metrics.new_tokens.add(1);
        if ends.contains(&token) {
            return ControlFlow::Break(());
        }
        match self.answer.try_send(Event::Token(token)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => {
                self.behind.set(true);
                ControlFlow::Break(())
            }
        }
    }

    /// Says that there will be no more. Who was too far behind hears nothing: what is missing must not look
    /// like an end.
    fn finish(
        &self,
        ends: &BTreeSet<u32>,
        result: Result<slovo_model::Continuation, slovo_model::GenerateError>,
    ) {
        if self.behind.get() {
            return;
        }
        let event = match result {
            Ok(found) => Event::Done {
                ended: found.tokens.last().is_some_and(|last| ends.contains(last)),
                tokens: found.tokens.len(),
            },
            Err(error) => Event::Failed(error.to_string()),
        };
        // A reader that has gone asks for nothing more.
        let _ = self.answer.try_send(event);
    }
}

/// A channel for the events of one job.
pub fn events() -> (mpsc::Sender<Event>, mpsc::Receiver<Event>) {
    mpsc::channel(LAG)
}
