//! A server with a tiny model in a thread.

use crate::tiny;
use burn::tensor::Device;
use slovo_data::stop::Stop;
use slovo_instruct::serve::{Bounds, Model, Server, Settings};
use slovo_instruct::{Assistant, TemplateRecipe};
use std::net::SocketAddr;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Tokens that the model reads.
pub const CONTEXT: usize = 8192;

/// A server that ends with the test.
pub struct Shop {
    pub address: SocketAddr,
    pub stop: Stop,
    server: Option<JoinHandle<bool>>,
}

/// A tiny decoder that reads bytes.
pub fn assistant() -> Assistant {
    assistant_of(CONTEXT)
}

/// The same with so many positions.
pub fn assistant_of(context: usize) -> Assistant {
    let folder = tempfile::tempdir().unwrap();
    tiny::write(folder.path(), 3, context);
    Assistant::load(folder.path(), &TemplateRecipe::Plain, &Device::default()).unwrap()
}

/// What a test changes something of.
pub fn settings() -> Settings {
    Settings {
        name: "tiny".into(),
        bounds: Bounds {
            slots: 8,
            queue: 64,
            memory: 256 << 20,
        },
        max_body: 1 << 20,
        key: None,
        cors: Vec::new(),
        patience: Duration::from_secs(30),
        drain: Duration::from_secs(30),
    }
}

impl Shop {
    pub fn open(settings: Settings) -> Self {
        Self::with(Model::Assistant(assistant()), settings)
    }

    pub fn with(model: Model, settings: Settings) -> Self {
        let server = Server::bind("127.0.0.1:0".parse().unwrap(), model, settings).unwrap();
        let (address, stop) = (server.address().unwrap(), Stop::new());
        let asked = stop.clone();
        let server = std::thread::spawn(move || server.run(&asked).unwrap());
        Self {
            address,
            stop,
            server: Some(server),
        }
    }

    /// Ends it; whether all answers came to their end.
    pub fn close(mut self) -> bool {
        self.stop.request();
        self.server.take().unwrap().join().unwrap()
    }

    /// A number that the server counts.
    pub fn counted(&self, name: &str) -> u64 {
        let text = super::client::get(self.address, "/metrics").text();
        let mut lines = text
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        lines
            .next()
            .unwrap_or_else(|| panic!("{name}: {text}"))
            .parse()
            .unwrap()
    }

    /// Waits until a number is what it should come to.
    pub fn wait_for(&self, name: &str, value: u64) {
        let begun = Instant::now();
        while self.counted(name) != value {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "{name} is {}",
                self.counted(name)
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.stop.request();
        if let Some(server) = self.server.take() {
            let _ = server.join();
        }
    }
}
