//! What can go wrong between a name and its files.

use std::io;
use std::path::PathBuf;

/// Why a model of the hub is not here.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// A name that cannot be one.
    #[error(
        "{found}: {what}; hf:OWNER/NAME, hf:OWNER/NAME@REVISION or hf:OWNER/NAME/FILE.gguf would do"
    )]
    Name {
        /// As it was given.
        found: String,
        /// The part, and what is wrong with it.
        what: String,
    },
    /// A variable of the environment that cannot be used.
    #[error("{variable} is {found:?}; {expected}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// Its value.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// No folder for the cache.
    #[error("there is no home folder to keep downloads in; set HF_HOME to a folder")]
    NoCache,
    /// Nobody answers.
    #[error(
        "{name}: {endpoint} does not answer ({reason}); is there a network? What was downloaded \
         before is found with --offline"
    )]
    Unreachable {
        /// What was wanted.
        name: String,
        /// Of whom.
        endpoint: String,
        /// What the network said.
        reason: String,
    },
    /// The hub has no such thing, or does not give it.
    #[error("{name}: {what}")]
    Refused {
        /// What was wanted.
        name: String,
        /// What the hub answered, and what would do.
        what: String,
    },
    /// An answer that is not the hub's.
    #[error(
        "{name}: {endpoint} answers as no hub does ({what}); HF_ENDPOINT names another, and a \
         network that asks for a login answers in place of every site"
    )]
    Strange {
        /// What was wanted.
        name: String,
        /// Of whom.
        endpoint: String,
        /// What is missing or wrong.
        what: String,
    },
    /// A download that ended too early.
    #[error(
        "{file} of {name}: the download broke off ({reason}); the same command goes on where it \
         ended"
    )]
    Broken {
        /// What was wanted.
        name: String,
        /// Which file.
        file: String,
        /// What the network said.
        reason: String,
    },
    /// A file that is not what the hub announced.
    #[error(
        "{file} of {name} arrived damaged: {what}; it is not kept, the same command tries again"
    )]
    Damaged {
        /// What was wanted.
        name: String,
        /// Which file.
        file: String,
        /// What was announced, and what came.
        what: String,
    },
    /// The cache cannot be written.
    #[error("cannot write into the cache {}: {source}", path.display())]
    Cache {
        /// The cache, or the folder in it.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process writes the same file.
    #[error("{}: another process is downloading it; wait for it", .0.display())]
    Busy(PathBuf),
    /// Not in the cache, and not to be fetched.
    #[error(
        "{name}: {what}, and --offline (or HF_HUB_OFFLINE) takes only what is there; without it the rest is downloaded"
    )]
    Offline {
        /// What was wanted.
        name: String,
        /// What is missing, and where it was looked for.
        what: String,
    },
    /// What its files are does not make a model.
    #[error("{name}: {what}")]
    Files {
        /// What was wanted.
        name: String,
        /// What there is, and what would do.
        what: String,
    },
    /// Asked to stop; what has arrived is kept.
    #[error("stopped on request; the same command goes on where the download ended")]
    Stopped,
}

impl HubError {
    /// Whether the name, the environment or the repository is to blame (exit code 2), and not the
    /// network or this machine (1).
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Name { .. }
                | Self::Variable { .. }
                | Self::NoCache
                | Self::Refused { .. }
                | Self::Offline { .. }
                | Self::Files { .. }
        )
    }
}
