#![allow(clippy::unwrap_used)]

use slovo_data::recipe::{from_ron_str, to_ron_string};

use std::collections::BTreeSet;

use super::*;
use crate::labelled::{Example, Labelled, Place, ReadCounts};

/// Examples of a class each, in groups of three rows.
fn labelled(classes: &[&[usize]]) -> Labelled {
    let examples = classes.iter().enumerate().map(|(i, classes)| Example {
        text: format!("text {i}"),
        classes: classes.to_vec(),
        place: Place::line_of(&"a.tsv".into(), i as u64 + 1),
        group: Some(format!("g{}", i / 3)),
        row: i,
        source: i % 3,
    });
    let most = classes.iter().flat_map(|classes| classes.iter()).max();
    Labelled {
        classes: (0..=*most.unwrap())
            .map(|class| format!("class {class}"))
            .collect(),
        examples: examples.collect(),
        counts: ReadCounts {
            rows: classes.len() as u64,
            ..ReadCounts::default()
        },
    }
}

fn count(labelled: &Labelled, side: &[usize], classes: &[usize]) -> usize {
    let of = side
        .iter()
        .filter(|&&i| labelled.examples[i].classes == classes);
    of.count()
}

fn sides(split: &Split) -> usize {
    let all: BTreeSet<usize> = [&split.train, &split.validation, &split.test]
        .into_iter()
        .flatten()
        .copied()
        .collect();
    assert_eq!(
        all.len(),
        split.train.len() + split.validation.len() + split.test.len()
    );
    all.len()
}

#[test]
fn chance_keeps_the_mixture_and_the_seed_decides() {
    let mut classes: Vec<&[usize]> = vec![&[0]; 700];
    classes.extend(vec![&[1][..]; 250]);
    classes.extend(vec![&[0, 1][..]; 47]);
    classes.extend(vec![&[2][..]; 3]);
    let labelled = labelled(&classes);
    let recipe = SplitRecipe::Random {
        validation: 0.1,
        test: 0.2,
    };
    let split = Split::new(&recipe, 7, &labelled).unwrap();
    assert_eq!(sides(&split), 1000);
    assert_eq!((split.validation.len(), split.test.len()), (100, 200));
    for (classes, all) in [
        (&[0][..], 700.0),
        (&[1], 250.0),
        (&[0, 1], 47.0),
        (&[2], 3.0),
    ] {
        let is_near = |side: &[usize], share: f64| {
            (count(&labelled, side, classes) as f64 - share * all).abs() <= 1.0
        };
        assert!(
            is_near(&split.validation, 0.1) && is_near(&split.test, 0.2),
            "{classes:?}"
        );
    }
    assert_eq!(Split::new(&recipe, 7, &labelled).unwrap(), split);
    let five = repeated(0.1, 0.2, 5, &labelled).unwrap();
    assert_eq!(five.len(), 5);
    for (seed, one) in five.iter().enumerate() {
        assert_eq!(one, &Split::new(&recipe, seed as u64, &labelled).unwrap());
        assert!(five.iter().filter(|other| other.test == one.test).count() == 1);
    }
    assert!(split.train.is_sorted() && split.test.is_sorted());
}

#[test]
fn the_last_of_a_class_is_learned_from() {
    let labelled = labelled(&[&[0], &[0], &[0], &[1], &[0]]);
    for seed in 0..20 {
        let recipe = SplitRecipe::Random {
            validation: 0.4,
            test: 0.4,
        };
        let split = Split::new(&recipe, seed, &labelled).unwrap();
        assert!(split.train.contains(&3));
    }
}

#[test]
fn shares_that_leave_nothing_are_refused() {
    let labelled = labelled(&[&[0], &[1], &[0], &[1]]);
    for (validation, test) in [(0.5, 0.5), (-0.1, 0.2), (f64::NAN, 0.1), (1.0, 0.0)] {
        let recipe = SplitRecipe::Random { validation, test };
        let fault = Split::new(&recipe, 0, &labelled).unwrap_err().to_string();
        assert!(fault.contains("such as 0.1 and 0.2"), "{fault}");
    }
    let recipe = SplitRecipe::Random {
        validation: 0.01,
        test: 0.25,
    };
    let fault = Split::new(&recipe, 0, &labelled).unwrap_err().to_string();
    assert!(
        fault.contains("the validation side is empty, of 4 examples"),
        "{fault}"
    );
    let recipe = SplitRecipe::Random {
        validation: 0.0,
        test: 0.25,
    };
    assert!(
        Split::new(&recipe, 0, &labelled)
            .unwrap()
            .validation
            .is_empty()
    );
}

#[test]
fn groups_stay_whole_and_where_they_are() {
    let classes: Vec<&[usize]> = (0..600)
        .map(|i| if i % 2 == 0 { &[0][..] } else { &[1] })
        .collect();
    let labelled = labelled(&classes);
    let recipe = SplitRecipe::Groups {
        validation: 0.2,
        test: 0.3,
    };
    let split = Split::new(&recipe, 1, &labelled).unwrap();
    assert_eq!(sides(&split), 600);
    let groups = |side: &[usize]| -> BTreeSet<String> {
        side.iter()
            .map(|&i| labelled.examples[i].group.clone().unwrap())
            .collect()
    };
    let (train, test) = (groups(&split.train), groups(&split.test));
    assert!(train.is_disjoint(&test) && train.is_disjoint(&groups(&split.validation)));
    // 60 of 200 groups expected, a standard deviation is 6.5.
    assert!((40..80).contains(&test.len()), "{}", test.len());
    let mut fewer = labelled.clone();
    fewer.examples.truncate(300);
    let half = Split::new(&recipe, 1, &fewer).unwrap();
    let want: Vec<usize> = split.test.iter().copied().filter(|&i| i < 300).collect();
    assert_eq!(half.test, want);
    fewer.examples[4].group = None;
    let fault = Split::new(&recipe, 1, &fewer).unwrap_err().to_string();
    assert!(fault.contains("a.tsv:5 belongs to no group"), "{fault}");
}

#[test]
fn named_groups_and_sources_go_where_the_recipe_says() {
    let labelled = labelled(&[&[0], &[1], &[0], &[1], &[0], &[1], &[1], &[0], &[0]]);
    let split = |text: &str| {
        let recipe: SplitRecipe = from_ron_str(text).unwrap();
        assert_eq!(
            from_ron_str::<SplitRecipe>(&to_ron_string(&recipe).unwrap()).unwrap(),
            recipe
        );
        Split::new(&recipe, 0, &labelled).map_err(|error| error.to_string())
    };
    let found = split("NamedGroups(validation: [\"g1\"], test: [\"g2\"])").unwrap();
    assert_eq!(
        (found.validation, found.test),
        (vec![3, 4, 5], vec![6, 7, 8])
    );
    let fault = split("NamedGroups(validation: [\"g9\"], test: [\"g2\"])").unwrap_err();
    assert!(
        fault.contains("belongs to group g9; there are g0, g1, g2"),
        "{fault}"
    );
    let fault = split("NamedGroups(validation: [\"g2\"], test: [\"g2\"])").unwrap_err();
    assert!(fault.contains("group g2 is named twice"), "{fault}");
    let fault = split("NamedGroups(validation: [\"g1\"], test: [\"g0\", \"g2\"])").unwrap_err();
    assert!(fault.contains("the train side is empty"), "{fault}");

    let found = split("Sources(validation: Sources([1]), test: [2])").unwrap();
    assert_eq!((found.train, found.test), (vec![0, 3, 6], vec![2, 5, 8]));
    let found = split("Sources(validation: Share(0.34), test: [2])").unwrap();
    assert_eq!((found.validation.len(), found.test), (2, vec![2, 5, 8]));
    let fault = split("Sources(validation: Share(0.34), test: [5])").unwrap_err();
    assert!(
        fault.contains("belongs to source 5; there are 0, 1, 2"),
        "{fault}"
    );
    let found = split("Sources(validation: Share(0), test: [2])").unwrap();
    assert!(found.validation.is_empty());
}

#[test]
fn a_class_that_nothing_is_learned_about_is_named() {
    let mut labelled = labelled(&[&[0], &[0], &[0], &[1], &[1], &[1]]);
    let recipe = SplitRecipe::NamedGroups {
        validation: vec![],
        test: vec!["g1".to_owned()],
    };
    let fault = Split::new(&recipe, 0, &labelled).unwrap_err().to_string();
    assert!(
        fault.contains("class `class 1`") && fault.contains("of 3 in all; divide"),
        "{fault}"
    );
    labelled.classes.push("never".to_owned());
    let recipe = SplitRecipe::Random {
        validation: 0.2,
        test: 0.2,
    };
    let fault = Split::new(&recipe, 0, &labelled).unwrap_err().to_string();
    assert!(
        fault.contains("class `never`") && fault.contains("take it out of labels"),
        "{fault}"
    );
}

#[test]
fn a_file_names_rows_and_rows_that_were_left_out_keep_their_number() {
    let mut labelled = labelled(&[&[0], &[1], &[0], &[1], &[0]]);
    labelled.examples.remove(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("split.json");
    let split = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let recipe = SplitRecipe::Indices {
            path: path.display().to_string(),
        };
        Split::new(&recipe, 0, &labelled).map_err(|error| error.to_string())
    };
    let found = split("{\"train\": [3, 2, 1], \"val\": [4], \"test\": [0]}").unwrap();
    // Rows 0, 2, 3, 4 are the examples 0, 1, 2, 3.
    assert_eq!(
        (found.train, found.validation, found.test),
        (vec![1, 2], vec![3], vec![0])
    );
    let found = split("{\"train\": [3, 2], \"test\": [0]}").unwrap();
    assert!(found.validation.is_empty());
    for (text, says) in [
        (
            "{\"train\": [3, 5]}",
            "train holds row 5, but the rows that were read end at 4",
        ),
        (
            "{\"train\": [3, 2], \"test\": [2]}",
            "row 2 stands in train and in test",
        ),
        ("{\"train\": [3, 3]}", "train holds row 3 twice"),
        (
            "{\"train\": [3, 2], \"test\": []}",
            "the test side is empty",
        ),
        (
            "{\"train\": [3, 2], \"tests\": [0]}",
            "unknown field `tests`",
        ),
        ("[1]", "it should be as {\"train\""),
    ] {
        let fault = split(text).unwrap_err();
        assert!(fault.contains(says), "{text}: {fault}");
    }
    let recipe = SplitRecipe::Indices {
        path: "absent.json".to_owned(),
    };
    let fault = Split::new(&recipe, 0, &labelled).unwrap_err().to_string();
    assert!(
        fault.contains("absent.json: there is no such file"),
        "{fault}"
    );
}
