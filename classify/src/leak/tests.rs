#![allow(clippy::unwrap_used)]

use super::*;
use crate::labelled::{Example, Labelled, Place, ReadCounts};
use crate::split::{Split, SplitRecipe};

fn labelled(texts: &[(&str, usize)]) -> Labelled {
    let examples = texts.iter().enumerate().map(|(i, (text, class))| Example {
        text: (*text).to_owned(),
        classes: vec![*class],
        place: Place::line_of(&"a.tsv".into(), i as u64 + 1),
        group: None,
        row: i,
        source: 0,
    });
    Labelled {
        classes: vec!["ham".to_owned(), "spam".to_owned()],
        examples: examples.collect(),
        counts: ReadCounts::default(),
    }
}

fn split(train: &[usize], validation: &[usize], test: &[usize]) -> Split {
    Split {
        train: train.to_vec(),
        validation: validation.to_vec(),
        test: test.to_vec(),
    }
}

const LONG: &str = "You have won a holiday for two in sunny Spain; call the number below to claim \
                    your prize before Friday, and have your reference ready when we answer.";

/// Of each kind one, with and without the same label.
fn example() -> (Labelled, Split) {
    let near = LONG.replace("Friday", "Monday");
    let other = "The meeting is moved to three o'clock, please bring the printed agenda with you.";
    let labelled = labelled(&[
        (LONG, 1),              // 0 train
        ("See you at six", 0),  // 1 train
        ("See you  at SIX", 1), // 2 train, repeats 1 with another label
        ("Only here", 0),       // 3 train
        (&near, 0),             // 4 validation, near 0, another label
        ("Only there", 1),      // 5 validation
        ("See you at six", 0),  // 6 test, byte for byte 1
        ("see you at six ", 0), // 7 test, normalised 1 and 2
        (other, 0),             // 8 test
        (&near, 0),             // 9 test, in validation, near 0
        ("See you at six", 0),  // 10 on no side
    ]);
    (labelled, split(&[0, 1, 2, 3], &[4, 5], &[6, 7, 8, 9]))
}

#[test]
fn each_kind_is_found_and_conflicts_are_flagged() {
    let (labelled, split) = example();
    let leaks = Leaks::find(&labelled, &split, DEFAULT_THRESHOLD).unwrap();
    let found: Vec<_> = leaks
        .test_in_train()
        .iter()
        .map(|leak| (leak.example, leak.other, leak.kind, leak.conflicting))
        .collect();
    let want = [
        (6, 1, Kind::Exact, false),
        (7, 2, Kind::Normalised, true),
        (9, 0, Kind::Near, true),
    ];
    assert_eq!(found, want);
    let report = leaks.report();
    let counts = |crossing: &Crossing| {
        (
            crossing.exact,
            crossing.normalised,
            crossing.near,
            crossing.conflicting,
        )
    };
    assert_eq!(counts(&report.test_in_train), (1, 1, 1, 2));
    assert_eq!(counts(&report.test_in_validation), (1, 0, 0, 0));
    assert_eq!(counts(&report.validation_in_train), (0, 0, 1, 1));
    let within = |within: Within| {
        (
            within.examples,
            within.exact,
            within.normalised,
            within.conflicting,
        )
    };
    assert_eq!(within(report.train), (4, 0, 1, 1));
    assert_eq!(within(report.test), (4, 0, 1, 0));
    let pair = report.test_in_train.pairs.last().unwrap();
    assert_eq!(
        (pair.held_out.place.as_str(), pair.other.labels[0].as_str()),
        ("a.tsv:10", "spam")
    );
    assert!(
        pair.similarity > 0.8 && pair.similarity < 1.0,
        "{}",
        pair.similarity
    );
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<LeakReport>(&json).unwrap(), report);
    let line = report.test_in_train.to_string();
    assert!(
        line.starts_with("3 of 4: 1 byte for byte, 1 once normalised, 1 nearly; 2"),
        "{line}"
    );
}

#[test]
fn leaks_are_dropped_from_the_side_that_is_named() {
    let (labelled, split) = example();
    let leaks = Leaks::find(&labelled, &split, DEFAULT_THRESHOLD).unwrap();
    assert_eq!(leaks.deduplicated_test(Kind::Exact), [7, 8, 9]);
    assert_eq!(leaks.deduplicated_test(Kind::Normalised), [8, 9]);
    assert_eq!(leaks.deduplicated_test(Kind::Near), [8]);
    assert_eq!(leaks.dropping(DropLeaked::None).unwrap(), split);
    let from_test = leaks.dropping(DropLeaked::FromTest).unwrap();
    assert_eq!((from_test.validation, from_test.test), (vec![5], vec![8]));
    // Both of train that say "see you at six" go, and with them the last of the class `spam`.
    let fault = leaks
        .dropping(DropLeaked::FromTrain)
        .unwrap_err()
        .to_string();
    assert!(fault.contains("class `spam`"), "{fault}");
    let mut more = labelled.clone();
    more.examples[3].classes = vec![0, 1];
    let from_train = Leaks::find(&more, &split, DEFAULT_THRESHOLD).unwrap();
    let from_train = from_train.dropping(DropLeaked::FromTrain).unwrap();
    assert_eq!(from_train, super::tests::split(&[3], &[5], &[6, 7, 8, 9]));
}

#[test]
fn a_whole_corpus_loses_its_repetitions() {
    let (labelled, _) = example();
    assert_eq!(distinct(&labelled.examples), [0, 1, 3, 4, 5, 8]);
}

#[test]
fn a_threshold_that_says_nothing_is_refused() {
    let (labelled, split) = example();
    for threshold in [0.4, 1.1, f64::NAN] {
        let fault = Leaks::find(&labelled, &split, threshold).err().unwrap();
        assert!(fault.to_string().contains("such as 0.8"), "{fault}");
    }
    let all = Leaks::find(&labelled, &split, 1.0).unwrap();
    assert_eq!(all.report().test_in_train.near, 0);
}

/// Every pair of planted similarity is found, and none that brute force does not find.
#[test]
fn what_is_found_is_what_comparing_all_pairs_finds() {
    let word = |n: u64| format!("{:x}", minhash::mix(n) as u16);
    let text = |seed: u64, changed: u64| {
        let words = (0..60).map(|i| match i % 20 < changed {
            true => word(1_000_000 * (seed + 1) + 500 + i),
            false => word(1_000_000 * (seed % 50 + 1) + i),
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let texts: Vec<String> = (0..300).map(|i| text(i, i / 50 % 5)).collect();
    let pairs: Vec<(&str, usize)> = texts.iter().map(|text| (text.as_str(), 0)).collect();
    let labelled = labelled(&pairs);
    let (train, test): (Vec<usize>, Vec<usize>) = (0..300).partition(|i| i / 50 % 2 == 0);
    let split = split(&train, &[], &test);
    for threshold in [0.5, 0.7, 0.8, 0.9] {
        let leaks = Leaks::find(&labelled, &split, threshold).unwrap();
        let found: Vec<usize> = leaks
            .test_in_train()
            .iter()
            .map(|leak| leak.example)
            .collect();
        let sets: Vec<Vec<u128>> = texts.iter().map(|text| shingles::set(text)).collect();
        let similar = |&a: &usize| {
            train
                .iter()
                .any(|&b| shingles::jaccard(&sets[a], &sets[b]) >= threshold)
        };
        let want: Vec<usize> = test.iter().copied().filter(similar).collect();
        assert_eq!(found, want, "{threshold}");
        assert!(threshold > 0.8 || !want.is_empty());
    }
}

/// The published split of the SMS collection, chapter 6 of "Build a Large Language Model (From
/// Scratch)".
#[test]
fn the_published_split_of_the_sms_collection_leaks() {
    let (Some(messages), Some(split)) = (
        crate::shared("sms-spam/messages.tsv"),
        crate::shared("sms-spam/split.json"),
    ) else {
        return;
    };
    let recipe = slovo_data::recipe::from_ron_str(&format!(
        "(name: \"sms\", sources: [Table(paths: [{messages:?}], header: false, label: 0, text: 1)])"
    ));
    let labelled = crate::labelled::read(&recipe.unwrap()).unwrap();
    let split = Split::new(&SplitRecipe::Indices { path: split }, 0, &labelled).unwrap();
    assert_eq!(
        (split.train.len(), split.validation.len(), split.test.len()),
        (1045, 149, 300)
    );
    let leaks = Leaks::find(&labelled, &split, DEFAULT_THRESHOLD).unwrap();
    let report = leaks.report();
    println!(
        "{report}\n{:?}\n{:?}\n{:?}",
        report.train, report.validation, report.test
    );
    assert_eq!(report.test_in_train.exact, 37);
    assert_eq!(leaks.deduplicated_test(Kind::Exact).len(), 263);
    assert_eq!(report.test_in_train.conflicting, 0);
    println!(
        "{} distinct of {}",
        distinct(&labelled.examples).len(),
        labelled.examples.len()
    );
}
