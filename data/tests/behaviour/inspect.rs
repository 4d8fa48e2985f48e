//! What is said of a tokenizer is true of it.

use std::collections::BTreeSet;
use std::path::Path;

use slovo_data::Tokenizer;
use slovo_data::inspect::{Inspection, inspect};
use slovo_data::tokenizer::{BpeSample, Specials, train_bpe};

use crate::shared;

const ENGLISH: &str = "The quick brown fox jumps over the lazy dog, and over 12 others.\n";
const RUSSIAN: &str = "Съешь ещё этих мягких французских булок, да выпей чаю 12 раз.\n";

fn bpe(text: &str) -> Tokenizer {
    let mut sample = BpeSample::new(1 << 20);
    sample.push(text);
    train_bpe(&sample, 320, 2, Specials::Text).unwrap()
}

fn look(tokenizer: &Tokenizer, folder: &Path, files: &[(&str, &str)]) -> Inspection {
    let inputs: Vec<String> = files
        .iter()
        .map(|(name, text)| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            format!("{name}={}", path.display())
        })
        .collect();
    inspect(tokenizer, &inputs).unwrap()
}

#[test]
fn compression_is_measured_for_each_input_and_script() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = bpe(&ENGLISH.repeat(20));
    let mixed = ENGLISH.repeat(7_000) + &RUSSIAN.repeat(7_000);
    let files = [("en", ENGLISH), ("ru", RUSSIAN), ("both", &mixed)];
    let found = look(&tokenizer, folder.path(), &files);
    for (input, (name, text)) in found.inputs.iter().zip(files) {
        assert_eq!(input.name, name);
        assert_eq!(input.documents, 1);
        assert_eq!(input.all.bytes, text.len() as u64);
        assert_eq!(input.characters, text.chars().count() as u64);
        assert_eq!(input.words, text.split_whitespace().count() as u64);
        assert_eq!(
            input.all.tokens,
            tokenizer.encode(text).unwrap().len() as u64
        );
        let bytes: u64 = input.scripts.values().map(|share| share.bytes).sum();
        let tokens: u64 = input.scripts.values().map(|share| share.tokens).sum();
        assert_eq!((bytes, tokens), (input.all.bytes, input.all.tokens));
        assert_eq!(input.unknown_characters, 0);
    }
    let [en, ru, both] = &found.inputs[..] else {
        panic!("three inputs")
    };
    assert!(en.all.bytes_per_token() > 2.0 * ru.all.bytes_per_token());
    // Untrained Cyrillic is a token a byte.
    let cyrillic = ru.scripts["Cyrillic"];
    assert_eq!(cyrillic.bytes, cyrillic.tokens);
    assert!(!en.scripts.contains_key("Cyrillic") && !ru.scripts.contains_key("Latin"));
    assert_eq!(
        both.scripts["Latin"].bytes,
        7_000 * en.scripts["Latin"].bytes
    );
    let text = found.to_string();
    for part in [
        "  Cyrillic",
        "bytes a token",
        "made of",
        "longest",
        "unused",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn unknown_characters_are_counted_and_placed() {
    let folder = tempfile::tempdir().unwrap();
    let known: BTreeSet<char> = ENGLISH.chars().chain(['z', 'Z']).collect();
    let tokenizer = Tokenizer::characters(&known).unwrap();
    // Behind the first piece of a long document, and behind the first batch.
    let text = ENGLISH.repeat(70_000) + "the é and é\n";
    let found = look(&tokenizer, folder.path(), &[("a", &text), ("b", "ж the é")]);
    let [a, b] = &found.inputs[..] else {
        panic!("two inputs")
    };
    assert_eq!((a.unknown_characters, a.unknown.len()), (2, 1));
    assert_eq!((a.unknown[0].character, a.unknown[0].count), ('é', 2));
    let place = a.unknown[0].first.clone();
    assert!(place.ends_with("a, line 70001, column 5"), "{place}");
    assert_eq!(b.unknown_characters, 2);
    assert_eq!(
        a.all.bytes + 4,
        text.len() as u64,
        "unknown bytes are in no token"
    );
    let unused = found.unused.unwrap();
    assert_eq!(
        (unused.tokens, &unused.examples[..]),
        (1, &["Z".to_owned()][..])
    );
}

#[test]
fn an_empty_text_is_measured_as_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = bpe(&ENGLISH.repeat(20));
    let row = |found: &Inspection, name: &str| -> Vec<String> {
        let text = found.to_string();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    };
    let nothing = ["0", "0", "0", "–", "–", "0"];
    let found = look(&tokenizer, folder.path(), &[("empty", "")]);
    assert!(found.unused.is_none());
    assert!(!found.to_string().contains("unused"), "{found}");
    assert_eq!(row(&found, "empty")[1..], nothing);
    // Beside another text, and without a word.
    let files = [("empty", ""), ("en", ENGLISH), ("blank", "\n")];
    let found = look(&tokenizer, folder.path(), &files);
    assert!(found.to_string().contains("unused"), "{found}");
    assert_eq!(row(&found, "empty")[1..], nothing);
    assert_eq!(
        row(&found, "blank")[1..],
        ["1", "1", "1", "1.000", "–", "0"]
    );
}

#[test]
fn inputs_of_one_name_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = Tokenizer::bytes().unwrap();
    let [a, b] = ["a", "b"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, ENGLISH).unwrap();
        path.display().to_string()
    });
    let [xa, xb, yb] = [format!("x={a}"), format!("x={b}"), format!("y={b}")];
    let error = inspect(&tokenizer, &[xa.clone(), yb.clone(), xb]).unwrap_err();
    assert!(
        error.to_string().contains("\"x\"") && error.is_usage(),
        "{error}"
    );
    let error = inspect(&tokenizer, &[a.clone(), a.clone()]).unwrap_err();
    assert!(
        error.to_string().contains(&a) && error.is_usage(),
        "{error}"
    );
    // The same file under two names is the caller's affair.
    let found = inspect(&tokenizer, &[xa, yb, b]).unwrap();
    assert_eq!(found.inputs.len(), 3);
}

#[test]
fn a_vocabulary_is_taken_apart() {
    let folder = tempfile::tempdir().unwrap();
    let tokenizer = bpe(&ENGLISH.repeat(20));
    let report = inspect(&tokenizer, &[]).unwrap();
    assert!(report.inputs.is_empty() && report.unused.is_none());
    let vocabulary = report.vocabulary;
    let counted = vocabulary.vocab_size - 1;
    assert_eq!(vocabulary.lengths.values().sum::<u64>(), counted);
    assert_eq!(vocabulary.made_of.values().sum::<u64>(), counted);
    assert_eq!(vocabulary.lengths[&1], 256);
    assert_eq!(vocabulary.made_of["part of a character"], 128);
    assert_eq!(vocabulary.specials["<|endoftext|>"], 0);
    let longest = vocabulary.longest[0].len() as u64;
    assert_eq!(vocabulary.lengths.keys().max(), Some(&longest));
    let error = inspect(&tokenizer, &["ru=absent.txt".to_owned()]).unwrap_err();
    assert!(error.to_string().contains("absent.txt") && error.is_usage());
    // A file whose name has a `=` is a file.
    let odd = folder.path().join("a=b.txt");
    std::fs::write(&odd, "text").unwrap();
    let found = inspect(&tokenizer, &[odd.display().to_string()]).unwrap();
    assert_eq!(found.inputs[0].all.bytes, 4);
}

#[test]
fn a_real_bzip2_file_is_read_to_its_end() {
    let Some(path) = shared("wikipedia/enwiki-sample.xml.bz2") else {
        return;
    };
    let found = inspect(&Tokenizer::bytes().unwrap(), &[path.display().to_string()]).unwrap();
    let input = &found.inputs[0];
    assert_eq!(input.all.bytes, input.all.tokens);
    assert!(input.scripts["Latin"].bytes > 1_000_000);
}
