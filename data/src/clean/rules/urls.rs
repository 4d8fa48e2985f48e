//! Addresses that lead to unwanted pages: FineWeb's first step (Penedo et al. 2024, section 3.3), by
//! lists of domains and words as RefinedWeb made them (Penedo et al. 2023, appendix G.1,
//! <https://arxiv.org/abs/2306.01116>). No list comes with this crate.
//!
//! Asked as datatrove asks (`url_filter.py`). Ours differs: a domain on the list takes every domain
//! under it along, which needs no list of public suffixes, and words are compared without regard to
//! case.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Invalid, Verdict};

/// Bytes of an address that are looked at: browsers take no more than some thousands.
const LONGEST_URL: usize = 8192;

/// Longest line of a list, in bytes: a domain has at most 253.
const LONGEST_LINE: u64 = 4096;

/// Texts from unwanted addresses go; a text without an address stays.
///
/// Memory: some eighty bytes for each domain of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Urls {
    /// Domains, with all domains under them.
    pub blocked_domains: BTreeSet<String>,
    /// Files of domains, one at the end of each line, `#` before remarks: plain lists and `hosts`
    /// files. [`Urls::load`] reads them; until then every address goes.
    pub blocked_domain_files: Vec<PathBuf>,
    /// Words of which an address may hold none. A word is what stands between characters other than
    /// ASCII letters and digits.
    pub blocked_words: BTreeSet<String>,
    /// Words of which an address may hold fewer than `max_suspicious_words`.
    pub suspicious_words: BTreeSet<String>,
    /// So many different suspicious words, and the text goes.
    pub max_suspicious_words: usize,
    /// Strings that an address may not hold, all characters but ASCII letters and digits taken out.
    pub blocked_strings: BTreeSet<String>,
    /// What was read from the files.
    #[serde(skip)]
    from_files: Option<BTreeSet<Box<str>>>,
}

impl Default for Urls {
    fn default() -> Self {
        Self {
            blocked_domains: BTreeSet::new(),
            blocked_domain_files: Vec::new(),
            blocked_words: BTreeSet::new(),
            suspicious_words: BTreeSet::new(),
            max_suspicious_words: 2,
            blocked_strings: BTreeSet::new(),
            from_files: None,
        }
    }
}

impl Urls {
    /// Whether each entry can be met with.
    ///
    /// # Errors
    /// The first that cannot, such as a word with a space.
    pub fn validate(&self) -> Result<(), Invalid> {
        let right = "write domains as they stand in addresses: small letters, no path";
        let is_domain = |domain: &String| {
            let wrong = |c: char| c.is_uppercase() || c.is_whitespace() || "/:@".contains(c);
            !domain.is_empty() && !domain.starts_with('.') && !domain.contains(wrong)
        };
        check("blocked_domains", &self.blocked_domains, is_domain, right)?;
        let right = "write words of small ASCII letters and digits";
        let is_word = |word: &String| {
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
            !word.is_empty() && word.bytes().all(fits)
        };
        check("blocked_words", &self.blocked_words, is_word, right)?;
        check("suspicious_words", &self.suspicious_words, is_word, right)?;
        check("blocked_strings", &self.blocked_strings, is_word, right)?;
        if self.max_suspicious_words == 0 {
            let right = "write a number from 1 on";
            return Err(("max_suspicious_words", "0".to_owned(), right));
        }
        Ok(())
    }

    /// Reads the files of domains.
    ///
    /// # Errors
    /// A file cannot be read, is not UTF-8, or has a line of more than 4,096 bytes.
    pub fn load(&mut self) -> io::Result<()> {
        let mut domains = BTreeSet::new();
        for path in &self.blocked_domain_files {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("{}: {error}", path.display()))
            };
            read_domains(path, &mut domains).map_err(named)?;
        }
        self.from_files = Some(domains);
        Ok(())
    }

    /// What it says of a text from `url`.
    pub fn apply(&self, url: Option<&str>) -> Verdict {
        match url.and_then(|url| self.failed(&url[..url.floor_char_boundary(LONGEST_URL)])) {
            Some(criterion) => Verdict::Drop(criterion),
            None => Verdict::Keep,
        }
    }

    fn failed(&self, url: &str) -> Option<&'static str> {
        if self.from_files.is_none() && !self.blocked_domain_files.is_empty() {
            return Some("files of domains not loaded");
        }
        let url = url.to_lowercase();
        if domains(host(&url)).any(|domain| self.is_blocked(domain)) {
            return Some("domain");
        }
        if self.blocked_words.is_empty()
            && self.suspicious_words.is_empty()
            && self.blocked_strings.is_empty()
        {
            return None;
        }
        let words = url.split(|c: char| !c.is_ascii_alphanumeric());
        let words: BTreeSet<&str> = words.filter(|word| !word.is_empty()).collect();
        if words.iter().any(|&word| self.blocked_words.contains(word)) {
            return Some("word in the address");
        }
        let suspicious = words
            .iter()
            .filter(|&&word| self.suspicious_words.contains(word));
        if suspicious.count() >= self.max_suspicious_words {
            return Some("suspicious words in the address");
        }
        let joined: String = url.chars().filter(char::is_ascii_alphanumeric).collect();
        if self
            .blocked_strings
            .iter()
            .any(|string| joined.contains(string.as_str()))
        {
            return Some("string in the address");
        }
        None
    }

    fn is_blocked(&self, domain: &str) -> bool {
        let in_files = |set: &BTreeSet<Box<str>>| set.contains(domain);
        self.blocked_domains.contains(domain) || self.from_files.as_ref().is_some_and(in_files)
    }
}

fn check(
    field: &'static str,
    entries: &BTreeSet<String>,
    fits: impl Fn(&String) -> bool,
    right: &'static str,
) -> Result<(), Invalid> {
    match entries.iter().find(|entry| !fits(entry)) {
        Some(entry) => Err((field, format!("{entry:?}"), right)),
        None => Ok(()),
    }
}

/// The host of an address in small letters; what has no scheme begins with its host.
fn host(url: &str) -> &str {
    let url = url.trim_start();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.trim_start_matches('/');
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.trim_end_matches('.')
}

/// A host and the domains above it.
fn domains(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |domain| {
        domain.split_once('.').map(|(_, above)| above)
    })
}

fn read_domains(path: &Path, domains: &mut BTreeSet<Box<str>>) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut line = String::new();
    loop {
        line.clear();
        let read = file.by_ref().take(LONGEST_LINE + 1).read_line(&mut line)? as u64;
        if read == 0 {
            return Ok(());
        }
        if read > LONGEST_LINE {
            let message = "a line of more than 4,096 bytes: this is no list of domains";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let entry = line.split('#').next().unwrap_or_default();
        if let Some(domain) = entry.split_whitespace().next_back() {
            domains.insert(domain.trim_matches('.').to_lowercase().into());
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn set(entries: &[&str]) -> BTreeSet<String> {
        entries.iter().map(|entry| (*entry).to_owned()).collect()
    }

    #[test]
    fn hosts_are_taken_from_addresses() {
        for (url, want) in [
            ("http://www.acme.org/a?b#c", "www.acme.org"),
            ("https://joe:pass@acme.org:8080", "acme.org"),
            ("acme.org/a@b.org", "acme.org"),
            ("//acme.org./a", "acme.org"),
            ("http://acme.org?u=http://bad.org/", "acme.org"),
            ("http://[2001:db8::1]:80/", "2001:db8::1"),
            ("", ""),
            ("://", ""),
        ] {
            assert_eq!(host(url), want, "{url}");
        }
    }

    #[test]
    fn a_domain_takes_those_under_it_along() {
        let rule = Urls {
            blocked_domains: set(&["bad.org", "x.acme.org"]),
            ..Urls::default()
        };
        for url in [
            "http://bad.org",
            "https://WWW.Bad.Org/a",
            "a.b.bad.org",
            "http://y.x.acme.org/",
        ] {
            assert_eq!(rule.apply(Some(url)), Verdict::Drop("domain"), "{url}");
        }
        for url in [
            "http://notbad.org",
            "http://acme.org/bad.org",
            "http://bad.org.acme.org",
            "org",
        ] {
            assert_eq!(rule.apply(Some(url)), Verdict::Keep, "{url}");
        }
        assert_eq!(rule.apply(None), Verdict::Keep);
    }

    #[test]
    fn words_are_held_against_whole_words() {
        let rule = Urls {
            blocked_words: set(&["casino"]),
            suspicious_words: set(&["free", "bonus"]),
            blocked_strings: set(&["xyzzy"]),
            ..Urls::default()
        };
        for (url, want) in [
            (
                "http://acme.org/Casino-night",
                Verdict::Drop("word in the address"),
            ),
            ("http://casinos.org/", Verdict::Keep),
            ("http://free.org/free/free", Verdict::Keep),
            (
                "http://free.org/bonus",
                Verdict::Drop("suspicious words in the address"),
            ),
            (
                "http://acme.org/xy-zz_y1",
                Verdict::Drop("string in the address"),
            ),
        ] {
            assert_eq!(rule.apply(Some(url)), want, "{url}");
        }
    }

    #[test]
    fn lists_come_from_files_too() {
        let path = std::env::temp_dir().join(format!("slovo-domains-{}", std::process::id()));
        std::fs::write(&path, "# remark\n\nbad.org\n0.0.0.0 Worse.ORG # why\r\n").unwrap();
        let mut rule = Urls {
            blocked_domain_files: vec![path.clone()],
            ..Urls::default()
        };
        let early = rule.apply(Some("http://acme.org"));
        assert_eq!(early, Verdict::Drop("files of domains not loaded"));
        rule.load().unwrap();
        assert_eq!(rule.apply(Some("http://bad.org")), Verdict::Drop("domain"));
        assert_eq!(
            rule.apply(Some("http://www.worse.org")),
            Verdict::Drop("domain")
        );
        assert_eq!(rule.apply(Some("http://acme.org")), Verdict::Keep);
        std::fs::write(&path, "a".repeat(5000)).unwrap();
        assert_eq!(rule.load().unwrap_err().kind(), io::ErrorKind::InvalidData);
        std::fs::remove_file(&path).unwrap();
        assert!(
            rule.load()
                .unwrap_err()
                .to_string()
                .contains("slovo-domains")
        );
    }

    #[test]
    fn entries_that_nothing_can_meet_are_refused() {
        let rule = |domain: &str, word: &str| Urls {
            blocked_domains: set(&[domain]),
            blocked_words: set(&[word]),
            ..Urls::default()
        };
        assert_eq!(rule("bad.org", "bad").validate(), Ok(()));
        for domain in ["", "Bad.org", ".bad.org", "http://bad.org", "bad.org/a"] {
            assert!(matches!(
                rule(domain, "bad").validate(),
                Err(("blocked_domains", _, _))
            ));
        }
        for word in ["", "two words", "Bad", "é"] {
            assert!(matches!(
                rule("bad.org", word).validate(),
                Err(("blocked_words", _, _))
            ));
        }
    }
}
