//! What the hub was asked, and what it means that it failed.

use super::{HubError, Name};
use hf_hub::api::sync::ApiError;
use std::io::{self, ErrorKind};
use std::path::PathBuf;

/// What the crate reports, sorted by what can be done about it.
#[derive(Debug)]
pub(super) enum Failure {
    /// An answer that is no success.
    Status {
        status: u16,
        /// The hub's own, which is more exact.
        code: Option<String>,
        message: Option<String>,
    },
    /// No answer.
    Network(String),
    /// Reading an answer or writing it down.
    Io(io::Error),
    /// An unfinished file longer than the whole one.
    TooLong,
    /// A file that another process holds.
    Busy(PathBuf),
    /// An answer that the crate does not understand.
    Strange(String),
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        match error {
            ApiError::RequestError(error) => {
                let reason = error.to_string();
                let Some(response) = error.into_response() else {
                    return Self::Network(reason);
                };
                let header = |name| response.header(name).map(str::to_owned);
                Self::Status {
                    status: response.status(),
                    code: header("x-error-code"),
                    message: header("x-error-message"),
                }
            }
            ApiError::IoError(error) => Self::Io(error),
            ApiError::InvalidResume => Self::TooLong,
            ApiError::LockAcquisition(path) => Self::Busy(path),
            ApiError::TooManyRetries(error) => Self::from(*error),
            error => Self::Strange(error.to_string()),
        }
    }
}

/// What was asked of whom, for errors.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub name: Name,
    pub endpoint: String,
    pub cache: PathBuf,
    pub has_token: bool,
    pub with_tokenizer: bool,
}

impl Asked {
    /// What it means that a request for `file`, or for what the repository holds, failed.
    pub fn error(&self, file: Option<&str>, failure: impl Into<Failure>) -> HubError {
        match (failure.into(), file) {
            (
                Failure::Status {
                    status,
                    code,
                    message,
                },
                _,
            ) => self.status(file, status, code.as_deref(), message),
            (Failure::Network(reason), _) => self.unreachable(reason),
            (Failure::Io(source), _) if is_of_disk(&source) => HubError::Cache {
                path: self.cache.clone(),
                source,
            },
            (Failure::Io(source), Some(file)) => self.broken(file, source.to_string()),
            (Failure::Io(source), None) => self.strange(source.to_string()),
            (Failure::TooLong, _) => {
                self.strange("a file is shorter than what came of it before".into())
            }
            (Failure::Busy(path), _) => HubError::Busy(path),
            (Failure::Strange(what), _) => self.strange(what),
        }
    }

    pub fn broken(&self, file: &str, reason: String) -> HubError {
        HubError::Broken {
            name: self.name.to_string(),
            file: file.into(),
            reason,
        }
    }

    pub fn unreachable(&self, reason: String) -> HubError {
        HubError::Unreachable {
            name: self.name.to_string(),
            endpoint: self.endpoint.clone(),
            reason,
        }
    }

    pub fn strange(&self, what: String) -> HubError {
        HubError::Strange {
            name: self.name.to_string(),
            endpoint: self.endpoint.clone(),
            what,
        }
    }

    /// What a status that is no success means.
    fn status(
        &self,
        file: Option<&str>,
        status: u16,
        code: Option<&str>,
        message: Option<String>,
    ) -> HubError {
        let Self { name, endpoint, .. } = self;
        let (repository, revision) = (&name.repository, &name.revision);
        let token = match self.has_token {
            true => "the token given is of no account that may see it",
            false => "HF_TOKEN can hold the token of an account that may see it",
        };
        let what = match (status, code, file) {
            (_, Some("GatedRepo"), _) => format!(
                "its owner asks for an agreement first: accept it at {endpoint}/{repository}; {token}"
            ),
            (404, Some("RevisionNotFound"), _) => {
                format!("there is no revision {revision:?}: no such branch, tag or commit")
            }
            (404, _, Some(file)) => format!("there is no file {file} at revision {revision:?}"),
            // Of what does not exist the hub says 401 to those who bring no token.
            (401 | 404, _, _) => format!(
                "{endpoint} has no such repository, or not for everybody (status {status}); check \
                 the name; {token}"
            ),
            (403, _, _) => format!("access is forbidden (status 403){}; {token}", said(message)),
            (429, _, _) => "too many requests (status 429); wait some minutes".into(),
            (500.., _, _) => return self.unreachable(format!("status {status}{}", said(message))),
            _ => return self.strange(format!("status {status}{}", said(message))),
        };
        HubError::Refused {
            name: name.to_string(),
            what,
        }
    }
}

fn said(message: Option<String>) -> String {
    message.map_or_else(String::new, |message| format!(": {message}"))
}

/// Whether it was the file system and not the network that failed.
fn is_of_disk(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull
            | ErrorKind::QuotaExceeded
            | ErrorKind::FileTooLarge
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
            | ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::AlreadyExists
    )
}
