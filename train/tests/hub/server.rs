//! A hub: answers as the real one does, or wrongly where a test asks for it.
//!
//! The real one redirects: small files to another path of its own, with the commit in a header;
//! large ones to another host, with the commit and the SHA-256 in headers beside the address.

use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Files of one revision.
type Files = BTreeMap<String, Vec<u8>>;

/// What a test asks for.
#[derive(Clone, Default)]
pub struct State {
    /// `owner/name` and revision, to commit and files.
    repositories: BTreeMap<(String, String), (String, Files)>,
    /// Repositories whose files are given only with this token.
    gated: BTreeMap<String, String>,
    /// Large files end after so many bytes, as often as the second number says.
    pub cut: Option<(usize, usize)>,
    /// Large files are announced so much longer than they are.
    pub longer: usize,
    /// Large files get the name of other bytes.
    pub misnamed: bool,
    /// The wish for a part of a large file is not heard, but for its length.
    pub deaf: bool,
    /// Everything is a page that asks for a login.
    pub portal: bool,
    /// Redirections lead nowhere.
    pub lost: bool,
    /// Large files never end.
    pub slow: bool,
    /// A line for each request: path, and the part that was asked for.
    pub log: Vec<String>,
}

/// A server that lives as long as the test.
#[derive(Clone)]
pub struct Hub {
    address: SocketAddr,
    pub state: Arc<Mutex<State>>,
}

/// A large file is one of so many bytes.
const LARGE: usize = 16_000;

impl Hub {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hub = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
        };
        let answering = hub.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let hub = answering.clone();
                thread::spawn(move || hub.answer(stream));
            }
        });
        hub
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn change<T>(&self, how: impl FnOnce(&mut State) -> T) -> T {
        how(&mut self.state.lock().unwrap())
    }

    /// Puts files under a name and a revision; returns the commit.
    pub fn put(&self, name: &str, revision: &str, files: Files) -> String {
        let mut sum = Sha256::new();
        for (name, bytes) in &files {
            sum.update(name);
            sum.update(bytes);
        }
        let commit = slovo_data::files::hex(&sum.finalize())[..40].to_owned();
        self.change(|state| {
            for revision in [revision, &commit] {
                let key = (name.to_owned(), revision.to_owned());
                let value = (commit.clone(), files.clone());
                state.repositories.insert(key, value);
            }
        });
        commit
    }

    pub fn gate(&self, name: &str, token: &str) {
        self.change(|state| state.gated.insert(name.into(), token.into()));
    }

    /// Takes the log.
    pub fn log(&self) -> Vec<String> {
        self.change(|state| std::mem::take(&mut state.log))
    }

    fn answer(&self, mut stream: TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        let first = lines.next()?.ok()?;
        let path = first.split(' ').nth(1)?.to_owned();
        let (mut range, mut token) = (None, None);
        for line in lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
        {
            let (name, value) = line.split_once(": ")?;
            match name.to_lowercase().as_str() {
                "range" => range = value.strip_prefix("bytes=").map(str::to_owned),
                "authorization" => token = value.strip_prefix("Bearer ").map(str::to_owned),
                _ => {}
            }
        }
        let state = self.change(|state| {
            let part = range.clone().unwrap_or_default();
            state
                .log
                .push(format!("{path} {part}").trim_end().to_owned());
            state.clone()
        });
        let reply = self.reply(&state, &path, range.as_deref(), token.as_deref());
        let head = format!("HTTP/1.1 {}\r\nConnection: close\r\n", reply.status);
        let mut bytes = head.into_bytes();
        for (name, value) in &reply.headers {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(format!("Content-Length: {}\r\n\r\n", reply.body.len()).bytes());
        let mut body = &reply.body[..];
        if let (Some((after, _)), true) = (state.cut, reply.is_large && body.len() > 1) {
            // So many bytes of the file, wherever this part of it begins.
            body = &body[..after.saturating_sub(reply.start).min(body.len())];
            self.change(|state| {
                state.cut = state.cut.and_then(|(at, n)| (n > 1).then(|| (at, n - 1)));
            });
        }
        if state.slow && reply.is_large && body.len() > 1 {
            stream.write_all(&bytes).ok()?;
            stream.write_all(&body[..1000]).ok()?;
            thread::sleep(Duration::from_secs(60));
        }
        bytes.extend(body);
        stream.write_all(&bytes).ok()
    }

    fn reply(&self, state: &State, path: &str, range: Option<&str>, token: Option<&str>) -> Reply {
        if state.portal {
            return Reply::new("200 OK", b"<html>Please log in</html>".to_vec());
        }
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let missing =
            |code: &str| Reply::new("404 Not Found", Vec::new()).header("X-Error-Code", code);
        let find = |name: String, revision: &str| {
            let revision = revision.replace("%2F", "/");
            let known = state.repositories.keys().any(|(other, _)| *other == name);
            match state.repositories.get(&(name, revision)) {
                Some(found) => Ok(found),
                None if known => Err(missing("RevisionNotFound")),
                // The real one does not tell strangers what there is.
                None => Err(Reply::new("401 Unauthorized", Vec::new())
                    .header("X-Error-Code", "RepoNotFound")),
            }
        };
        let result =
            match parts[..] {
                ["api", "models", owner, name, "revision", revision] => {
                    find(format!("{owner}/{name}"), revision).map(|(commit, files)| {
                        let siblings: Vec<_> = files
                            .keys()
                            .map(|name| serde_json::json!({ "rfilename": name }))
                            .collect();
                        let about = serde_json::json!({ "sha": commit, "siblings": siblings });
                        Reply::new("200 OK", about.to_string().into_bytes())
                    })
                }
                [owner, name, "resolve", revision, ref file @ ..] => {
                    let (name, file) = (format!("{owner}/{name}"), file.join("/"));
                    let closed = state
                        .gated
                        .get(&name)
                        .is_some_and(|asked| Some(asked.as_str()) != token);
                    match find(name.clone(), revision) {
                        Ok(_) if closed => Err(Reply::new("403 Forbidden", Vec::new())
                            .header("X-Error-Code", "GatedRepo")),
                        Ok((commit, files)) => match files.get(&file) {
                            Some(bytes) => Ok(self.redirect(state, &name, commit, &file, bytes)),
                            None => Err(missing("EntryNotFound")),
                        },
                        Err(reply) => Err(reply),
                    }
                }
                ["api", "resolve-cache", owner, name, commit, ref file @ ..] => {
                    let file = file.join("/");
                    find(format!("{owner}/{name}"), commit).map(|(_, files)| {
                        let bytes = &files[&file];
                        let tag = &sha256(bytes)[..40];
                        Reply::part(bytes, range, 0)
                            .header("ETag", &format!("\"{tag}\""))
                            .header("X-Repo-Commit", commit)
                    })
                }
                ["cdn", sum] => {
                    let all = state
                        .repositories
                        .values()
                        .flat_map(|(_, files)| files.values());
                    let bytes = all.into_iter().find(|bytes| sha256(bytes) == sum).unwrap();
                    let heard = range.filter(|range| !state.deaf || *range == "0-0");
                    let mut reply = Reply::part(bytes, heard, state.longer);
                    reply.is_large = true;
                    Ok(reply)
                }
                _ => Err(missing("")),
            };
        result.unwrap_or_else(|reply| reply)
    }

    fn redirect(&self, state: &State, name: &str, commit: &str, file: &str, bytes: &[u8]) -> Reply {
        let sum = sha256(bytes);
        let (status, to) = match bytes.len() >= LARGE {
            true => ("302 Found", format!("{}/cdn/{sum}", self.url())),
            false => (
                "307 Temporary Redirect",
                format!("/api/resolve-cache/{name}/{commit}/{file}"),
            ),
        };
        let tag = match state.misnamed {
            true => sha256(b"other bytes"),
            false => sum,
        };
        let reply = match state.lost {
            true => Reply::new(status, Vec::new()),
            false => Reply::new(status, Vec::new()).header("Location", &to),
        };
        reply
            .header("X-Repo-Commit", commit)
            .header("X-Linked-ETag", &format!("\"{tag}\""))
            .header("X-Linked-Size", &bytes.len().to_string())
    }
}

fn sha256(bytes: &[u8]) -> String {
    slovo_data::files::sha256_hex(bytes)
}

struct Reply {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    is_large: bool,
    /// Where in its file the body begins.
    start: usize,
}

impl Reply {
    fn new(status: &'static str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            is_large: false,
            start: 0,
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The part of `bytes` that a range such as `5-` or `0-0` asks for.
    fn part(bytes: &[u8], range: Option<&str>, longer: usize) -> Self {
        let Some((start, end)) = range.and_then(|range| range.split_once('-')) else {
            return Self::new("200 OK", bytes.to_vec());
        };
        let start: usize = start.parse().unwrap();
        let total = bytes.len() + longer;
        if start >= bytes.len() {
            return Self::new("416 Range Not Satisfiable", Vec::new());
        }
        let end = end.parse().map_or(bytes.len(), |end: usize| end + 1);
        let mut reply = Self::new("206 Partial Content", bytes[start..end].to_vec());
        reply.start = start;
        reply.header(
            "Content-Range",
            &format!("bytes {start}-{}/{total}", end - 1),
        )
    }
}
