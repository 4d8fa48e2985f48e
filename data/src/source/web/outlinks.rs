//! Lists of links that people found worth sharing, as the filter of a crawl.
//!
//! WebText (Radford et al. 2019, section 2.1,
//! <https://cdn.openai.com/better-language-models/language_models_are_unsupervised_multitask_learners.pdf>)
//! is the pages that posts on Reddit with at least 3 karma point to; OpenWebText repeats it. A list has
//! an address and its score on each line, `URL<TAB>score` or `{"url": …, "score": …}`. Pages come from
//! elsewhere, as WARC files; this says which of them the list keeps.

mod address;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::{self, BufRead};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use self::address::canonical;
use crate::sample::Samples;

/// WebText's least score.
pub const MIN_SCORE: f64 = 3.0;

/// The longest line in bytes. Servers refuse addresses of more than 8 to 16 KiB; the rest is room for
/// other fields.
const MAX_LINE: usize = 64 << 10;

/// The addresses that a list keeps.
///
/// An address is held as 8 bytes of its SHA-256, in order: 100 million take 800 MB, and while they are
/// read up to twice that. An address that is not in such a list is taken for one that is with a
/// probability of 1 in 180 billion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlinks {
    fingerprints: Vec<u64>,
}

/// What lists had.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkReport {
    /// Lines that are not empty.
    pub lines: u64,
    /// Those whose score is too low.
    pub below: u64,
    /// Different addresses that are kept, those of lists before among them.
    pub kept: u64,
    /// Lines that could not be read.
    pub bad: u64,
    /// Some of those.
    pub samples: Samples,
}

impl LinkReport {
    /// Lines whose address came before, and is kept once.
    pub fn repeated(&self) -> u64 {
        let others = self.below + self.bad + self.kept;
        self.lines.saturating_sub(others)
    }

    /// Adds the next list of the same links.
    pub(crate) fn add(&mut self, list: &Self) {
        self.lines += list.lines;
        self.below += list.below;
        self.kept = list.kept;
        self.bad += list.bad;
        self.samples.add(&list.samples);
    }
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: u64,
    /// What was found, and what would be right.
    pub message: String,
}

#[derive(Deserialize)]
struct JsonLine<'a> {
    #[serde(borrow)]
    url: Cow<'a, str>,
    score: f64,
}

impl Outlinks {
    /// Adds the addresses of a list whose score is at least `min_score`. An address that is there more
    /// than once is kept if one of its scores is high enough. `on_bad` hears of each line that cannot be
    /// read; empty lines are none.
    ///
    /// # Errors
    /// `input` fails.
    pub fn read(
        &mut self,
        input: impl BufRead,
        min_score: f64,
        on_bad: impl FnMut(BadLine),
    ) -> io::Result<LinkReport> {
        let counts = self.read_unsorted(input, min_score, on_bad);
        self.sort();
        Ok(LinkReport {
            kept: self.len() as u64,
            ..counts?
        })
    }

    fn read_unsorted(
        &mut self,
        mut input: impl BufRead,
        min_score: f64,
        mut on_bad: impl FnMut(BadLine),
    ) -> io::Result<LinkReport> {
        let mut counts = LinkReport::default();
        let mut bytes = Vec::new();
        let mut address = Vec::new();
        let mut line = 0;
        while read_line(&mut input, &mut bytes)? {
            line += 1;
            let parsed = parse(&bytes).and_then(|parsed| {
                let Some((url, score)) = parsed else {
                    return Ok(None);
                };
                let is_address = canonical(&url, &mut address);
                is_address.then_some(Some(score)).ok_or_else(|| {
                    format!(
                        "{:?} is no address of the web: http://… or https://… would be",
                        head(&url)
                    )
                })
            });
            match parsed {
                Ok(Some(score)) => {
                    counts.lines += 1;
                    if score >= min_score {
                        self.insert(&address);
                    } else {
                        counts.below += 1;
                    }
                }
                Ok(None) => {}
                Err(message) => {
                    counts.lines += 1;
                    counts.bad += 1;
                    on_bad(BadLine { line, message });
                }
            }
        }
        Ok(counts)
    }

    /// Whether the list keeps the page at `url`. Addresses are the same if they differ only in `http` or
    /// `https`, the case of scheme and host, the scheme's own port, a user, a fragment, slashes at the
    /// end of the path, and in how they escape characters.
    pub fn keeps(&self, url: &str) -> bool {
        let mut address = Vec::new();
        canonical(url, &mut address)
            && self
                .fingerprints
                .binary_search(&fingerprint(&address))
                .is_ok()
    }

    /// SHA-256 over all addresses that are kept, in hexadecimal.
    pub fn fingerprint(&self) -> String {
        let mut sha256 = Sha256::new();
        for fingerprint in &self.fingerprints {
            sha256.update(fingerprint.to_le_bytes());
        }
        crate::files::hex(&sha256.finalize())
    }

    /// Number of different addresses.
    pub fn len(&self) -> usize {
        self.fingerprints.len()
    }

    /// Whether no address is kept.
    pub fn is_empty(&self) -> bool {
        self.fingerprints.is_empty()
    }

    fn insert(&mut self, address: &[u8]) {
        // Popular pages are in a list many times: room is made among them before more is asked for.
        if self.fingerprints.len() == self.fingerprints.capacity() {
            self.sort();
            if 2 * self.fingerprints.len() > self.fingerprints.capacity() {
                self.fingerprints.reserve(self.fingerprints.len().max(1024));
            }
        }
        self.fingerprints.push(fingerprint(address));
    }

    fn sort(&mut self) {
        self.fingerprints.sort_unstable();
        self.fingerprints.dedup();
    }
}

fn fingerprint(address: &[u8]) -> u64 {
    let hash = Sha256::digest(address);
    hash.iter()
        .take(8)
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// Reads a line into `line`, of a longer one [`MAX_LINE`] + 1 bytes. False at the end.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut is_any = false;
    loop {
        let bytes = match input.fill_buf() {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if bytes.is_empty() {
            return Ok(is_any);
        }
        is_any = true;
        let feed = bytes.iter().position(|&byte| byte == b'\n');
        let part = &bytes[..feed.unwrap_or(bytes.len())];
        let room = MAX_LINE + 1 - line.len();
        line.extend_from_slice(&part[..part.len().min(room)]);
        let count = part.len() + usize::from(feed.is_some());
        input.consume(count);
        if feed.is_some() {
            return Ok(true);
        }
    }
}

/// The address and the score of a line; `None` if it is empty.
fn parse(line: &[u8]) -> Result<Option<(Cow<'_, str>, f64)>, String> {
    if line.len() > MAX_LINE {
        return Err(format!("the line is longer than {} KiB", MAX_LINE >> 10));
    }
    let text = std::str::from_utf8(line)
        .map_err(|error| format!("byte {} of the line is not UTF-8", error.valid_up_to() + 1))?;
    let text = text.trim_start_matches('\u{FEFF}').trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('{') {
        let line: JsonLine<'_> = serde_json::from_str(text).map_err(|error| {
            format!("{error}: {{\"url\": \"https://…\", \"score\": 3}} would be right")
        })?;
        return Ok(Some((line.url, line.score)));
    }
    let (url, score) = text
        .split_once('\t')
        .ok_or("the line has no tab: an address, a tab and a score would be right")?;
    match score.trim().parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(Some((Cow::Borrowed(url), number))),
        _ => Err(format!(
            "the score is {:?}: a number would be right",
            head(score)
        )),
    }
}

/// The start of a text, for a message.
fn head(text: &str) -> &str {
    let end = text.char_indices().nth(60).map_or(text.len(), |(at, _)| at);
    &text[..end]
}
