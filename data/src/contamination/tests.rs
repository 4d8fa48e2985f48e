#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

/// Thirteen words.
const QUESTION: &str = "Which of these four rivers flows north: Nile, Danube, Elbe or the Po?";
/// Eight words.
const SHORT: &str = "How many legs does a spider have, then?";

fn evaluations(action: Action) -> Evaluations {
    let rules = Contamination {
        action,
        ..Contamination::default()
    };
    let mut evaluations = Evaluations::new(&rules).unwrap();
    evaluations.add(3, &format!("{QUESTION} Nile"));
    evaluations.add(5, SHORT);
    evaluations.add(5, "Too short.");
    evaluations
}

fn cut() -> Action {
    ron::from_str("Cut()").unwrap()
}

#[test]
fn thirteen_words_are_found_without_case_and_punctuation() {
    let evaluations = evaluations(Action::Report);
    assert_eq!((evaluations.ngrams(), evaluations.ignored()), (3, 1));
    let text =
        "Q.\nwhich of these FOUR rivers -- flows north? Nile Danube Elbe, or the Po! And so on.";
    let hits = evaluations.hits(text);
    let place = text.find("which").unwrap()..text.find('!').unwrap();
    assert_eq!(
        hits,
        [Hit {
            words: 1..14,
            bytes: place,
            evaluation: 3
        }]
    );
    assert_eq!(evaluations.outcome(text, &hits), Outcome::Whole);
    let twelve = text.replace("which", "some");
    assert_eq!(evaluations.hits(&twelve), []);
    assert_eq!(evaluations.hits(""), []);
}

#[test]
fn numbers_count() {
    let mut evaluations = Evaluations::new(&Contamination::default()).unwrap();
    evaluations.add(
        0,
        "If Ann has 12 pears and eats 5, how many pears has she left?",
    );
    let other = "If Ann has 40 pears and eats 5, how many pears has she left?";
    assert_eq!(evaluations.hits(other), []);
    assert_eq!(evaluations.hits(&other.replace("40", "12")).len(), 1);
}

#[test]
fn runs_are_one_hit_and_evaluations_apart() {
    let evaluations = evaluations(Action::Remove);
    let text = format!("{QUESTION} Nile. {SHORT} x {QUESTION} Danube");
    let hits = evaluations.hits(&text);
    let found: Vec<_> = hits
        .iter()
        .map(|hit| (hit.words.clone(), hit.evaluation))
        .collect();
    assert_eq!(found, [(0..14, 3), (14..22, 5), (23..36, 3)]);
    assert_eq!(&text[hits[1].bytes.clone()], SHORT.trim_end_matches('?'));
    assert_eq!(evaluations.outcome(&text, &hits), Outcome::Gone);
    assert_eq!(evaluations.outcome("Clean.", &[]), Outcome::Whole);
}

#[test]
fn a_shared_ngram_is_the_first_evaluations_whatever_came_first() {
    for order in [[1, 0], [0, 1]] {
        let mut evaluations = Evaluations::new(&Contamination::default()).unwrap();
        for evaluation in order {
            evaluations.add(evaluation, QUESTION);
        }
        assert_eq!(evaluations.hits(QUESTION)[0].evaluation, 0);
    }
}

#[test]
fn a_cut_takes_200_characters_on_either_side() {
    let evaluations = evaluations(cut());
    let side = "é".repeat(449) + " ";
    let text = format!("{side}{QUESTION} {side}");
    let hits = evaluations.hits(&text);
    let Outcome::Pieces(pieces) = evaluations.outcome(&text, &hits) else {
        panic!("{hits:?}")
    };
    let lengths: Vec<usize> = pieces
        .iter()
        .map(|piece| text[piece.clone()].chars().count())
        .collect();
    // The question mark is no part of the last word.
    assert_eq!(lengths, [250, 252]);
    assert!(text[pieces[0].clone()].chars().all(|c| c == 'é'));
    for text in [
        QUESTION.to_owned(),
        format!("{QUESTION} {}", "a ".repeat(150)),
    ] {
        let hits = evaluations.hits(&text);
        assert_eq!(evaluations.outcome(&text, &hits), Outcome::Gone);
    }
}

#[test]
fn more_than_ten_pieces_are_too_many() {
    let evaluations = evaluations(cut());
    let clean = "clean ".repeat(110);
    for (questions, pieces) in [(9, Some(10)), (10, None)] {
        let text = clean.clone() + &format!("{QUESTION} {clean}").repeat(questions);
        let hits = evaluations.hits(&text);
        assert_eq!(hits.len(), questions);
        match evaluations.outcome(&text, &hits) {
            Outcome::Pieces(found) => assert_eq!(Some(found.len()), pieces),
            outcome => assert_eq!((outcome, pieces), (Outcome::Gone, None)),
        }
    }
}

#[test]
fn hits_close_together_are_cut_as_one() {
    let evaluations = evaluations(cut());
    let text = format!("{QUESTION} a {SHORT} b ").repeat(50) + &"clean ".repeat(100);
    let hits = evaluations.hits(&text);
    let Outcome::Pieces(pieces) = evaluations.outcome(&text, &hits) else {
        panic!("{hits:?}")
    };
    assert_eq!(pieces.len(), 1);
    assert_eq!(pieces[0].end, text.len());
}

#[test]
fn without_a_window_only_the_words_go() {
    let evaluations = evaluations(ron::from_str("Cut(window: 0, min_chars: 1)").unwrap());
    let text = format!("Before {SHORT} After");
    let hits = evaluations.hits(&text);
    let Outcome::Pieces(pieces) = evaluations.outcome(&text, &hits) else {
        panic!("{hits:?}")
    };
    let pieces: Vec<&str> = pieces.into_iter().map(|piece| &text[piece]).collect();
    assert_eq!(pieces, ["Before ", "? After"]);
}

#[test]
fn common_phrases_are_forgotten() {
    let mut evaluations = evaluations(Action::Remove);
    let mut counts = NgramCounts::default();
    for _ in 0..6 {
        let mut part = NgramCounts::default();
        evaluations.count(&format!("{SHORT} {SHORT} {QUESTION}"), &mut part);
        evaluations.count(SHORT, &mut part);
        counts.add(&part);
    }
    assert_eq!(evaluations.forget_common(&counts, 12), 0);
    assert_eq!(evaluations.forget_common(&counts, 11), 1);
    assert_eq!(evaluations.hits(SHORT), []);
    assert_eq!(evaluations.hits(QUESTION).len(), 1);
}

#[test]
fn one_word_without_end_is_one_hit() {
    let mut evaluations = Evaluations::new(&Contamination::default()).unwrap();
    for words in 8..20 {
        evaluations.add(words, &"a ".repeat(words as usize));
    }
    let text = "a ".repeat(100_000);
    let hits = evaluations.hits(&text);
    // The thirteen-gram of all longer texts, and five texts that are shorter.
    assert_eq!(hits.len(), 6);
    assert!(hits.iter().all(|hit| hit.words == (0..100_000)));
}

#[test]
fn settings_are_held_to_their_limits() {
    let read: Contamination = ron::from_str("(words: 20, action: Cut(window: 50))").unwrap();
    let expected = Action::Cut {
        window: 50,
        min_chars: 200,
        max_pieces: 10,
    };
    assert_eq!((read.words, read.shortest, read.action), (20, 8, expected));
    for wrong in [
        "(words: 0)",
        "(words: 65)",
        "(shortest: 14)",
        "(shortest: 0)",
        "(action: Cut(window: 10001))",
    ] {
        let rules: Contamination = ron::from_str(wrong).unwrap();
        assert!(Evaluations::new(&rules).is_err(), "{wrong}");
    }
    assert!(ron::from_str::<Contamination>("(length: 13)").is_err());
}
