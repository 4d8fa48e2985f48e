//! Where the hub is, where its files are kept, and who asks: the variables that every program for
//! the hub knows.

use super::HubError;
use hf_hub::Cache;
use std::env;
use std::path::PathBuf;

/// The hub itself.
const HUB: &str = "https://huggingface.co";
/// What a person writes into a variable to say yes.
const YES: [&str; 4] = ["1", "on", "yes", "true"];

/// What the environment says.
#[derive(Clone, Debug)]
pub(super) struct Environment {
    /// `HF_ENDPOINT`, without a slash at its end.
    pub endpoint: String,
    /// `HF_HUB_CACHE`, or `hub` in `HF_HOME`.
    pub cache: Cache,
    /// `HF_TOKEN`, or what `hf auth login` has left.
    pub token: Option<String>,
    /// `--offline` or `HF_HUB_OFFLINE`.
    pub offline: bool,
}

impl Environment {
    /// Reads the variables.
    ///
    /// # Errors
    ///
    /// An endpoint that is no address, or no folder for the cache.
    pub fn read(offline: bool) -> Result<Self, HubError> {
        let endpoint = value("HF_ENDPOINT").unwrap_or_else(|| HUB.into());
        let endpoint = endpoint.trim_end_matches('/');
        let is_address = ["https://", "http://"].iter().any(|scheme| {
            let host = endpoint.strip_prefix(scheme);
            host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace))
        });
        if !is_address {
            return Err(HubError::Variable {
                variable: "HF_ENDPOINT",
                found: endpoint.into(),
                expected: "an address such as https://huggingface.co would do",
            });
        }
        let home = path("HF_HOME").or_else(|| {
            let home = env::home_dir().filter(|home| !home.as_os_str().is_empty())?;
            Some(home.join(".cache").join("huggingface"))
        });
        let usual = home.map(|home| Cache::new(home.join("hub")));
        let cache = path("HF_HUB_CACHE").map(Cache::new).or(usual.clone());
        let is_yes = |value: String| YES.contains(&value.to_lowercase().as_str());
        Ok(Self {
            endpoint: endpoint.into(),
            cache: cache.ok_or(HubError::NoCache)?,
            token: value("HF_TOKEN").or_else(|| usual?.token()),
            offline: offline || value("HF_HUB_OFFLINE").is_some_and(is_yes),
        })
    }
}

/// A variable that holds something.
fn value(variable: &str) -> Option<String> {
    let value = env::var(variable).ok()?;
    Some(value.trim().to_owned()).filter(|value| !value.is_empty())
}

fn path(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env::var_os(variable)?);
    (!path.as_os_str().is_empty()).then_some(path)
}
