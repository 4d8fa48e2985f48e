//! The fuzz target for tokenizers (`fuzz/corpus/tokenizer`): its seeds, hundreds of changes to each, and
//! whatever else lies beside them. An answer or an error that names the place, soon, and never a panic.
#![allow(clippy::unwrap_used)]

mod changes;

use changes::{Random, changed, corpus};
use slovo_data::tokenizer::{BpeSample, Specials, train_bpe, train_wordpiece};
use slovo_data::{Tokenizer, untrusted};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Changes to each seed.
const CHANGES: u64 = 400;

/// Names and contents of the seeds; those that are to be refused begin with `wrong-`.
fn seeds() -> Vec<(&'static str, String)> {
    let folder = tempfile::tempdir().unwrap();
    let json = |tokenizer: &Tokenizer| {
        let path = folder.path().join("tokenizer.json");
        tokenizer.save(&path).unwrap();
        fs::read_to_string(path).unwrap()
    };
    let characters: BTreeSet<char> = "abc xyz".chars().collect();
    let mut sample = BpeSample::new(10_000);
    sample.push(&"the cat sat on the mat, the rat ran. ".repeat(20));
    let bpe = train_bpe(&sample, 280, 2, Specials::Masked).unwrap();
    let pieces = train_wordpiece(&sample, 60, true, 2).unwrap();
    let whole = json(&bpe);
    vec![
        (
            "plain-characters",
            json(&Tokenizer::characters(&characters).unwrap()),
        ),
        ("plain-wordpiece", json(&pieces)),
        ("wrong-cut", whole[..whole.len() / 2].to_owned()),
        ("plain-bpe", whole),
        ("wrong-deep", "[".repeat(20_000)),
        ("wrong-empty", String::new()),
        (
            "wrong-pointer",
            "version https://git-lfs.github.com/spec/v1\n".into(),
        ),
    ]
}

#[test]
fn whatever_the_file_there_is_an_answer() {
    let folder = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../fuzz/corpus/tokenizer"
    ));
    let seeds = seeds();
    if std::env::var_os("SLOVO_WRITE_CORPUS").is_some() {
        fs::create_dir_all(folder).unwrap();
        for (name, text) in &seeds {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let mut counts = [0; 2];
    for (number, (name, text)) in seeds.iter().enumerate() {
        let kept = fs::read(folder.join(name)).unwrap_or_default();
        assert!(
            kept == text.as_bytes(),
            "fuzz/corpus/tokenizer/{name} is not what this test makes; SLOVO_WRITE_CORPUS=1 writes it"
        );
        let outcome = untrusted::tokenizer(text.as_bytes());
        assert_eq!(
            outcome.is_err(),
            name.starts_with("wrong-"),
            "{name}: {outcome:?}"
        );
        let mut random = Random(number as u64);
        for _ in 0..CHANGES {
            let other = seeds[random.below(seeds.len())].1.as_bytes();
            let bytes = changed(text.as_bytes(), other, &mut random);
            counts[usize::from(is_refused(&bytes, name))] += 1;
        }
    }
    for (file, bytes) in corpus(folder) {
        // A panic is told behind it.
        println!("fuzz/corpus/tokenizer/{file}");
        is_refused(&bytes, &file);
    }
    println!("{} tokenizers read, {} refused", counts[0], counts[1]);
    assert!(counts[0] > 100 && counts[1] > 100, "{counts:?}");
}

/// Whether this is no tokenizer, told soon and with its place; `what` names the file where it is not.
fn is_refused(bytes: &[u8], what: &str) -> bool {
    let start = Instant::now();
    let outcome = untrusted::tokenizer(bytes);
    let took = start.elapsed();
    // Far above what it takes, as others may be using the machine.
    assert!(took < Duration::from_secs(1), "{what}: {took:?}");
    if let Err(error) = &outcome {
        assert!(
            error.to_string().contains("tokenizer.json"),
            "{what}: {error}"
        );
    }
    outcome.is_err()
}
