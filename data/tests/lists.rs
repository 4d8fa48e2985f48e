//! The fuzz targets for lists of links and for pairs (`fuzz/corpus/links`, `fuzz/corpus/pairs`): their seeds, hundreds of
//! changes to each, and whatever else lies beside them. A count or an error, soon, and never a panic.
#![allow(clippy::unwrap_used)]

mod changes;

use changes::{Random, changed, corpus};
use slovo_data::untrusted;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Changes to each seed.
const CHANGES: u64 = 400;

/// Names, contents, and how much is found in them.
type Seeds = [(&'static str, &'static str, usize)];

const LINKS: &Seeds = &[
    (
        "tabs",
        "https://a.example/x\t3\nhttp://b.example:80/?q=%20#part\t17.5\nhttps://a.example/x\t2\n",
        2,
    ),
    (
        "json",
        "{\"url\": \"https://a.example/\", \"score\": 4}\n{\"score\": 9}\nftp://b.example\tx\n",
        1,
    ),
];

const PAIRS: &Seeds = &[
    (
        "tabs",
        "one\tодин\n\ttwo\nthree\nfour\tчетыре\tmore\nfive\tпять\n",
        2,
    ),
    (
        "json",
        "{\"source\": \"one\", \"target\": \"один\"}\n\n{\"source\": 2}\n[1]\n",
        1,
    ),
];

#[test]
fn whatever_the_links_there_is_an_answer() {
    replay("links", LINKS, |_, bytes| {
        untrusted::links(bytes).unwrap_or(0)
    });
}

#[test]
fn whatever_the_pairs_there_is_an_answer() {
    replay("pairs", PAIRS, |name, bytes| {
        untrusted::pairs(bytes, name.starts_with("json")).unwrap_or(0)
    });
}

fn replay(target: &str, seeds: &Seeds, count: impl Fn(&str, &[u8]) -> usize) {
    let folders = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus"));
    let folder = folders.join(target);
    if std::env::var_os("SLOVO_WRITE_CORPUS").is_some() {
        fs::create_dir_all(&folder).unwrap();
        for (name, text, _) in seeds {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let soon = |name: &str, bytes: &[u8]| {
        let start = Instant::now();
        let found = count(name, bytes);
        let took = start.elapsed();
        // Far above what it takes, as others may be using the machine.
        assert!(took < Duration::from_secs(1), "{target}/{name}: {took:?}");
        found
    };
    let mut random = Random(31);
    for (name, text, expected) in seeds {
        let kept = fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(
            &kept, text,
            "run with SLOVO_WRITE_CORPUS=1: {target}/{name}"
        );
        assert_eq!(soon(name, text.as_bytes()), *expected, "{target}/{name}");
        for _ in 0..CHANGES {
            let other = seeds[random.below(seeds.len())].1.as_bytes();
            soon(name, &changed(text.as_bytes(), other, &mut random));
        }
    }
    for (file, bytes) in corpus(&folder) {
        // A panic is told behind it.
        println!("fuzz/corpus/{target}/{file}");
        soon(&file, &bytes);
    }
}
