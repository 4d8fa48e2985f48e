//! A model for programs that speak OpenAI's protocol, and for people with a browser.
//!
//! ```text
//! connections ─► routes ─► ask ─► answering ─► scheduler ─► LiveBatch (a thread)
//!                   ▲                 │ tokens ◄──┘
//!                   └─ shape, stream ◄┘
//! ```
//!
//! Everything that waits is bounded: connections, bodies, the queue, keys and values, and what a client
//! leaves unread. What does not fit is refused with a status that says so.

mod answering;
mod ask;
mod connections;
mod metrics;
mod refusal;
mod routes;
mod scheduler;
mod shape;
mod state;
mod stream;
mod vectors;

pub use scheduler::Bounds;

use crate::assistant::Assistant;
use crate::{Error, Result};
use metrics::Metrics;
use scheduler::Scheduler;
use sha2::{Digest, Sha256};
use slovo_data::stop::Stop;
use slovo_train::sentence_encoder::SentenceEncoder;
use state::{Answers, Serves, State};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::Semaphore;
use vectors::Vectors;

/// Threads for connections; the model's own is beside them.
const THREADS: usize = 2;

/// What is served.
pub enum Model {
    /// A decoder: answers.
    Assistant(Assistant),
    /// An encoder: vectors.
    Encoder(SentenceEncoder),
}

/// How it is served.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What clients call the model.
    pub name: String,
    /// What is computed at once, and what waits.
    pub bounds: Bounds,
    /// Bytes of a request at most.
    pub max_body: usize,
    /// What requests must bring as `Authorization: Bearer …`.
    pub key: Option<String>,
    /// Origins whose pages may ask; `*` for all.
    pub cors: Vec<String>,
    /// How long a client may be silent: in the middle of a request's head, between two requests, while
    /// an answer waits to be read.
    pub patience: Duration,
    /// How long answers may take to end once the server shall.
    pub drain: Duration,
}

/// A server that listens but does not answer yet.
pub struct Server {
    listener: TcpListener,
    state: Arc<State>,
    model: Option<JoinHandle<()>>,
    settings: Settings,
}

impl Server {
    /// Listens at `address`; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// An address that cannot be had; bounds that leave room for nothing.
    pub fn bind(address: SocketAddr, model: Model, settings: Settings) -> Result<Self> {
        let network = |what: &str| {
            let what = what.to_owned();
            move |error| Error::System { what, error }
        };
        let listener =
            TcpListener::bind(address).map_err(network(&format!("cannot listen at {address}")))?;
        let blocking = listener.set_nonblocking(true);
        blocking.map_err(network("cannot listen"))?;
        let address = listener.local_addr().map_err(network("cannot listen"))?;
        for origin in settings.cors.iter().filter(|origin| *origin != "*") {
            let name = origin.split_once("://").map(|(_, name)| name);
            if name.is_none_or(|name| name.is_empty() || name.contains('/')) {
                return Err(Error::Value {
                    field: "--cors",
                    found: origin.clone(),
                    expected: "an origin, such as https://example.org, or * would do".into(),
                });
            }
        }
        let metrics = Arc::new(Metrics::default());
        let bounds = settings.bounds;
        let (serves, thread) = match model {
            Model::Assistant(assistant) => {
                let (model, ends) = (assistant.model.clone(), assistant.ends.clone());
                let started = Scheduler::start(model, ends, bounds, Arc::clone(&metrics));
                let (scheduler, thread) = started.map_err(network("cannot start a thread"))?;
                if scheduler.most_tokens() < 2 {
                    return Err(Error::Value {
                        field: "--cache-memory",
                        found: format!("{} bytes", bounds.memory),
                        expected: "that is too little for the keys and values of two tokens".into(),
                    });
                }
                let answers = Answers {
                    assistant,
                    scheduler,
                };
                (Serves::Answers(Box::new(answers)), Some(thread))
            }
            Model::Encoder(encoder) => {
                let vectors = Vectors {
                    encoder: Mutex::new(encoder),
                    places: Arc::new(Semaphore::new(1 + bounds.queue)),
                };
                metrics.alive.set(1);
                (Serves::Vectors(Box::new(vectors)), None)
            }
        };
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let state = State {
            serves,
            name: settings.name.clone(),
            created: since.map_or(0, |since| since.as_secs()),
            metrics,
            slots: bounds.slots,
            for_this_machine: address.ip().is_loopback() && settings.key.is_none(),
            encoding: Arc::new(Semaphore::new(THREADS)),
            key: settings
                .key
                .as_ref()
                .map(|key| Sha256::digest(key.as_bytes()).into()),
            cors: settings.cors.clone(),
        };
        Ok(Self {
            listener,
            state: Arc::new(state),
            model: thread,
            settings,
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr().map_err(|error| Error::System {
            what: "the server's address".into(),
            error,
        })
    }

    /// Answers until `stop` asks, and then ends what was begun. Returns whether all of it was.
    ///
    /// # Errors
    ///
    /// When the system refuses threads or sockets.
    pub fn run(self, stop: &Stop) -> Result<bool> {
        let network = |error| Error::System {
            what: "cannot serve".into(),
            error,
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .enable_all()
            .build()
            .map_err(network)?;
        let metrics = Arc::clone(&self.state.metrics);
        let router = routes::router(self.state, self.settings.max_body);
        let listener = self.listener;
        let Settings {
            patience, drain, ..
        } = self.settings;
        let all = runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            let ends = || stop.requested() || metrics.alive.get() == 0;
            Ok(connections::accept(listener, router, patience, drain, ends).await)
        });
        // Whoever is still being answered is let go of, and with the last of them the model's thread.
        runtime.shutdown_timeout(Duration::from_secs(1));
        if let Some(model) = self.model
            && model.join().is_err()
        {
            let error = std::io::Error::other("it ended by itself, as said above");
            let what = "the model has failed".into();
            return Err(Error::System { what, error });
        }
        all.map_err(network)
    }
}
