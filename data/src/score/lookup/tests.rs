#![allow(clippy::unwrap_used)]

use super::*;

const SENTENCES: [&str; 6] = [
    "Open the file",
    "Close the window",
    "open  the FILES!",
    "Сохранить файл как…",
    "Open the file",
    "",
];

#[test]
fn the_nearest_sentence_is_found() {
    let lookup = Lookup::new(&SENTENCES);
    let queries = [
        "open the files",
        "файлы",
        "OPEN THE FILE",
        "цщ",
        "",
        "windows",
    ];
    let found = lookup.nearest(&queries);
    let places: Vec<_> = found.iter().map(|m| m.map(|m| m.sentence)).collect();
    // Of two that are the same, the first; nothing where nothing is shared.
    assert_eq!(places, [Some(2), Some(3), Some(0), None, None, Some(1)]);
    assert!((found[2].unwrap().similarity - 1.0).abs() < 1e-5);
    let none = Lookup::new(&[] as &[&str]).nearest(&["a"]);
    assert_eq!(none, [None]);
}

/// Leaving out what cannot win changes nothing: the same sentences as comparing with all.
#[test]
fn it_is_the_nearest_of_all() {
    let mut random = crate::order::stream(3, 0, 0);
    let syllables = ["ло", "ка", "ми", "the", "an", " ", " ", "é"];
    let mut sentence = |most: u64| -> String {
        let length = 1 + crate::order::below(&mut random, most);
        let any = (0..length).map(|_| crate::order::below(&mut random, 8) as usize);
        any.map(|any| syllables[any]).collect()
    };
    let sentences: Vec<String> = (0..600).map(|_| sentence(30)).collect();
    let queries: Vec<String> = (0..200).map(|_| sentence(20)).collect();
    let lookup = Lookup::new(&sentences);
    let found = lookup.nearest(&queries);
    let weights = |text: &str| -> HashMap<Run, f64> {
        let idf = |run: &Run| match lookup.runs.get(run) {
            Some(&run) => f64::from(lookup.idf(run as usize)),
            None => f64::from(lookup.idf_of(0)),
        };
        let runs = counted(text).into_iter();
        let weights = runs.map(|(run, count)| (run, f64::from(count) * idf(&run)));
        let weights: HashMap<Run, f64> = weights.collect();
        let norm = weights.values().map(|w| w * w).sum::<f64>().sqrt();
        weights
            .into_iter()
            .map(|(run, weight)| (run, weight / norm))
            .collect()
    };
    let all: Vec<_> = sentences.iter().map(|sentence| weights(sentence)).collect();
    for (query, found) in queries.iter().zip(found) {
        let query = weights(query);
        let cosine = |other: &HashMap<Run, f64>| -> f64 {
            query
                .iter()
                .map(|(run, w)| w * other.get(run).unwrap_or(&0.0))
                .sum()
        };
        let best = all.iter().map(cosine).fold(0.0, f64::max);
        match found {
            None => assert_eq!(best, 0.0),
            Some(found) => {
                assert!((cosine(&all[found.sentence]) - best).abs() < 1e-5);
                assert!((f64::from(found.similarity) - best).abs() < 1e-5);
            }
        }
    }
}
