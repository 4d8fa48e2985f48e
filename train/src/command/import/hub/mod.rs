//! Models by name, from the hub or its cache.
//!
//! The crate `hf-hub` speaks with the hub and lays its files out as every program for the hub does:
//! what one has downloaded, the others find. Here is the rest: which files make up a model, one
//! commit for all of them, what to do when a download breaks off, and errors for people.

mod asked;
mod download;
mod environment;
mod error;
mod meter;
mod name;

pub use error::HubError;
pub use name::Name;

use super::files::{self, INDEX, Weights};
use super::lacks::Lacks;
use crate::stop::Stop;
use asked::Asked;
use download::Snapshot;
use environment::Environment;
use hf_hub::api::sync::ApiBuilder;
use hf_hub::{Repo, RepoType};
use meter::{Meter, Seen};
use slovo_args::ImportArgs;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// The thread that downloads.
const THREAD: &str = "hub";
/// Between two looks at it.
const GLANCE: Duration = Duration::from_millis(100);
/// A connection over which nothing has come for so long is dead.
const SILENCE: Duration = Duration::from_secs(90);

/// A model of the hub, in the cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The folder with its files, or the GGUF file.
    pub path: PathBuf,
    /// The commit that they are of.
    pub commit: String,
}

/// Brings the files of a model into the cache, as far as they are not there, and shows meanwhile how
/// far it has come; with `--offline` it only looks there.
///
/// # Errors
///
/// A name or an environment that is wrong, a repository that is not there, not open or no model, a
/// network or a disk that fails, or `stop`. What has arrived of a file is kept.
pub fn fetch(name: &Name, args: &ImportArgs, stop: &Stop) -> Result<Fetched, HubError> {
    let environment = Environment::read(args.offline)?;
    let asked = Asked {
        name: name.clone(),
        endpoint: environment.endpoint.clone(),
        cache: environment.cache.path().clone(),
        has_token: environment.token.is_some(),
        with_tokenizer: !args.no_tokenizer,
    };
    if environment.offline {
        return cached(&asked);
    }
    be_quiet();
    let (sender, receiver) = mpsc::channel();
    let seen = Seen::new();
    let (theirs, question) = (seen.clone(), asked.clone());
    let work = move || {
        // Nobody waits any more after a stop.
        let _ = sender.send(download(&environment, &question, &theirs));
    };
    let thread = thread::Builder::new().name(THREAD.into()).spawn(work);
    thread.map_err(|source| HubError::Cache {
        path: asked.cache.clone(),
        source,
    })?;
    let mut meter = Meter::default();
    let result = loop {
        match receiver.recv_timeout(GLANCE) {
            Ok(result) => break result,
            // The crate takes some answers for impossible.
            Err(RecvTimeoutError::Disconnected) => {
                break Err(asked.strange("an answer that makes no sense".into()));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        let state = seen.state();
        // The thread ends with the process; what it has written stays.
        if stop.requested() {
            break Err(HubError::Stopped);
        }
        if state.last.elapsed() > SILENCE {
            let reason = format!("nothing has come for {} s", SILENCE.as_secs());
            break Err(match state.file {
                Some((file, ..)) => asked.broken(&file, reason),
                None => asked.unreachable(reason),
            });
        }
        meter.show(&state);
    };
    meter.clear();
    result
}

/// A panic in the thread that downloads becomes an error; its message is for nobody.
fn be_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if thread::current().name() != Some(THREAD) {
                usual(panic);
            }
        }));
    });
}

fn repo(name: &Name, revision: &str) -> Repo {
    Repo::with_revision(name.repository.clone(), RepoType::Model, revision.into())
}

/// Where the cache keeps the files of a commit.
fn snapshot_folder(asked: &Asked, repo: &Repo, commit: &str) -> PathBuf {
    let repository = asked.cache.join(repo.folder_name());
    repository.join("snapshots").join(commit)
}

fn download(environment: &Environment, asked: &Asked, seen: &Seen) -> Result<Fetched, HubError> {
    let Environment { cache, .. } = environment;
    let named = repo(&asked.name, &asked.name.revision);
    let builder = ApiBuilder::from_cache(cache.clone())
        .with_endpoint(environment.endpoint.clone())
        .with_token(environment.token.clone())
        .with_user_agent("slovo", env!("CARGO_PKG_VERSION"))
        .with_progress(false);
    let failed = |error| asked.error(None, error);
    let api = builder.build().map_err(failed)?;
    let about = api.repo(named.clone()).info().map_err(failed)?;
    if !is_commit(&about.sha) {
        return Err(asked.strange(format!("the commit {:?}", about.sha)));
    }
    let names = about.siblings.into_iter().map(|file| file.rfilename);
    let names: BTreeSet<String> = names.collect();
    // A branch may move meanwhile; a commit does not.
    let repo = repo(&asked.name, &about.sha);
    let folder = snapshot_folder(asked, &repo, &about.sha);
    let snapshot = Snapshot {
        asked,
        api: &api.repo(repo.clone()),
        cache,
        repo: &repo,
        seen,
    };
    let path = collect(asked, &names, &folder, |file, number, of| {
        seen.begin(file, number, of);
        snapshot.file(file, &folder.join(file))
    })?;
    // From here on it can be found without a network.
    let kept = cache.repo(named).create_ref(&about.sha);
    kept.map_err(|source| HubError::Cache {
        path: asked.cache.clone(),
        source,
    })?;
    Ok(Fetched {
        path,
        commit: about.sha,
    })
}

/// Finds a model in the cache.
fn cached(asked: &Asked) -> Result<Fetched, HubError> {
    let name = &asked.name;
    let missing = |what: String| HubError::Offline {
        name: name.to_string(),
        what: format!("{what} in the cache {}", asked.cache.display()),
    };
    let repo = repo(name, &name.revision);
    let folder = asked.cache.join(repo.folder_name());
    if !folder.is_dir() {
        return Err(missing("the repository is not".into()));
    }
    let commit = match is_commit(&name.revision) {
        true => name.revision.clone(),
        false => {
            let at = folder.join("refs").join(&name.revision);
            fs::read_to_string(at).unwrap_or_default().trim().into()
        }
    };
    let snapshot = snapshot_folder(asked, &repo, &commit);
    if !is_commit(&commit) || !snapshot.is_dir() {
        return Err(missing(format!("revision {:?} is not", name.revision)));
    }
    let mut names = files::names(&snapshot);
    // It may lie in a folder of a folder.
    let named = name.file.clone();
    names.extend(named.filter(|file| snapshot.join(file).exists()));
    let path = collect(asked, &names, &snapshot, |file, _, _| {
        let path = snapshot.join(file);
        match path.exists() {
            true => Ok(path),
            false => Err(missing(format!("{file} is not"))),
        }
    });
    let path = path.map_err(|error| match error {
        HubError::Files { what, .. } => missing(format!("not the whole model ({what}) is")),
        error => error,
    })?;
    Ok(Fetched { path, commit })
}

/// Gets the files of `name` that are needed among `names`, each by `get` with its number and how
/// many there are; the weights come last. Returns the GGUF file or the folder.
fn collect(
    asked: &Asked,
    names: &BTreeSet<String>,
    folder: &Path,
    mut get: impl FnMut(&str, usize, usize) -> Result<PathBuf, HubError>,
) -> Result<PathBuf, HubError> {
    let lacks = |lacks: Lacks| HubError::Files {
        name: asked.name.to_string(),
        what: match lacks {
            Lacks::Gguf(_) => format!("{lacks} (as hf:{}/FILE)", asked.name.repository),
            lacks => lacks.to_string(),
        },
    };
    if let Some(file) = &asked.name.file {
        if !names.contains(file) {
            let there = names.iter().filter(|name| name.ends_with(".gguf"));
            let there: Vec<&str> = there.map(String::as_str).collect();
            let what = match there.is_empty() {
                true => format!("there is no {file}, and no other GGUF file"),
                false => format!("there is no {file}, but {}", there.join(", ")),
            };
            return Err(HubError::Files {
                name: asked.name.to_string(),
                what,
            });
        }
        return get(file, 1, 1);
    }
    let (needed, weights) = files::needed(names, asked.with_tokenizer).map_err(lacks)?;
    for (number, file) in needed.iter().enumerate() {
        get(file, number + 1, needed.len())?;
    }
    if weights == Weights::Sharded {
        let shards = files::shards(&folder.join(INDEX), names).map_err(lacks)?;
        for (number, file) in shards.iter().enumerate() {
            get(file, number + 1, shards.len())?;
        }
    }
    Ok(folder.into())
}

/// Whether this is the name of a commit: 40 hexadecimal digits.
fn is_commit(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|b| b.is_ascii_hexdigit())
}
