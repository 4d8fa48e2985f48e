#![allow(clippy::unwrap_used)]

use super::*;
use crate::recipe::from_ron_str;

const VOCAB: u32 = 1_000;
const MASK: u32 = 3;
const SPECIAL: [u32; 4] = [0, 1, 2, 999];

fn masker(whole_words: bool) -> Masker {
    let config = Masking {
        whole_words,
        ..Masking::default()
    };
    Masker::new(config, VOCAB, MASK, &SPECIAL, 7).unwrap()
}

/// A row of ordinary tokens between special ones, and words of one to four tokens.
fn row(len: u32) -> (Vec<u32>, Vec<bool>) {
    let mut tokens: Vec<u32> = (0..len).map(|place| 4 + place * 37 % 995).collect();
    tokens[0] = 1;
    tokens[len as usize / 2] = 2;
    tokens[len as usize - 1] = 2;
    let continues = (0..len).map(|place| place % 10 % 4 != 0).collect();
    (tokens, continues)
}

#[test]
fn the_rates_are_those_of_bert() {
    for whole_words in [false, true] {
        let masker = masker(whole_words);
        let (tokens, continues) = row(203);
        let (mut chosen, mut masked, mut kept) = (0, 0, 0);
        let mut places = vec![0; tokens.len()];
        for step in 0..2_000 {
            let found = masker.row(step, 0, &tokens, Some(&continues)).unwrap();
            for (place, &token) in tokens.iter().enumerate() {
                if !found.chosen[place] {
                    assert_eq!(found.inputs[place], token);
                    continue;
                }
                places[place] += 1;
                chosen += 1;
                masked += u32::from(found.inputs[place] == MASK);
                kept += u32::from(found.inputs[place] == token);
                assert!(!SPECIAL.contains(&token) && !SPECIAL.contains(&found.inputs[place]));
            }
        }
        // 30 of 200 ordinary tokens; of whole words the last may be one too long to fit.
        let mean = f64::from(chosen) / 2_000.0;
        assert!(
            mean <= 30.0 && mean >= if whole_words { 29.5 } else { 30.0 },
            "{mean}"
        );
        let share = |part: u32| f64::from(part) / f64::from(chosen);
        // Five standard deviations of 60,000 draws are below 0.9 %.
        assert!((share(masked) - 0.8).abs() < 0.009, "{}", share(masked));
        assert!((share(kept) - 0.1).abs() < 0.009, "{}", share(kept));
        if !whole_words {
            // Every place alike: 300 times, five standard deviations are 80.
            let ordinary = tokens
                .iter()
                .zip(&places)
                .filter(|(t, _)| !SPECIAL.contains(t));
            assert!(
                ordinary
                    .clone()
                    .all(|(_, times)| (220..380).contains(times))
            );
            assert_eq!(ordinary.count(), 200);
        }
    }
}

#[test]
fn any_ordinary_token_may_come_instead() {
    let config = Masking {
        share: 1.0,
        masked: 0.0,
        random: 1.0,
        whole_words: false,
    };
    let masker = Masker::new(config, 12, 5, &[0, 4, 11, 4], 1).unwrap();
    let found = masker.row(0, 0, &[7; 8_000], None).unwrap();
    let mut counts = [0; 12];
    found.inputs.iter().for_each(|&id| counts[id as usize] += 1);
    for (id, count) in counts.into_iter().enumerate() {
        // 1,000 each, give or take five standard deviations.
        let expected = if [0, 4, 5, 11].contains(&id) {
            0..1
        } else {
            850..1_150
        };
        assert!(expected.contains(&count), "{counts:?}");
    }
}

#[test]
fn a_row_depends_on_seed_step_and_number_alone() {
    let (tokens, _) = row(100);
    let hide = |masker: &Masker, step, row| masker.row(step, row, &tokens, None).unwrap();
    let ours = masker(false);
    let first = hide(&ours, 5, 2);
    hide(&ours, 6, 0);
    assert_eq!(first, hide(&ours, 5, 2));
    assert_eq!(first, hide(&masker(false), 5, 2));
    assert_ne!(first, hide(&ours, 6, 2));
    assert_ne!(first, hide(&ours, 5, 3));
    let other = Masker::new(Masking::default(), VOCAB, MASK, &SPECIAL, 8).unwrap();
    assert_ne!(first, hide(&other, 5, 2));
}

/// Kept so that a run of today can be resumed by a program of next year.
#[test]
fn the_streams_have_a_fixed_definition() {
    let (tokens, _) = row(100);
    let found = masker(false).row(3, 1, &tokens, None).unwrap();
    let places = (0..100).filter(|&place| found.chosen[place]);
    let chosen: Vec<_> = places.map(|place| (place, found.inputs[place])).collect();
    assert_eq!(chosen, GOLDEN);
}
const GOLDEN: [(usize, u32); 15] = [
    (1, 3),
    (17, 3),
    (22, 3),
    (23, 3),
    (35, 304),
    (37, 3),
    (38, 3),
    (43, 600),
    (53, 3),
    (58, 3),
    (60, 3),
    (65, 3),
    (78, 858),
    (96, 3),
    (97, 3),
];

#[test]
fn words_are_hidden_whole() {
    let masker = masker(true);
    let (tokens, continues) = row(120);
    for step in 0..300 {
        let found = masker.row(step, 0, &tokens, Some(&continues)).unwrap();
        for place in 1..tokens.len() {
            let (here, before) = (tokens[place], tokens[place - 1]);
            let joined = continues[place] && !SPECIAL.contains(&here) && !SPECIAL.contains(&before);
            assert!(!joined || found.chosen[place] == found.chosen[place - 1]);
        }
    }
}

#[test]
fn short_rows_have_one_token_chosen_if_they_can() {
    let count = |masker: Masker, tokens: &[u32], continues: &[bool]| {
        let found = masker.row(0, 0, tokens, Some(continues)).unwrap();
        found.chosen.iter().filter(|&&chosen| chosen).count()
    };
    assert_eq!(count(masker(false), &[], &[]), 0);
    assert_eq!(count(masker(false), &[1, 2, MASK], &[false; 3]), 0);
    assert_eq!(count(masker(false), &[1, 50, 60, 2], &[false; 4]), 1);
    // One word is the least there is.
    assert_eq!(
        count(masker(true), &[1, 50, 60, 2], &[false, true, true, false]),
        2
    );
}

#[test]
fn what_cannot_be_hidden_is_said() {
    let config = |share, masked, random| Masking {
        share,
        masked,
        random,
        whole_words: true,
    };
    let fault = |config, vocab_size| {
        let fault = Masker::new(config, vocab_size, 1, &[0], 1).unwrap_err();
        fault.to_string()
    };
    assert!(fault(config(0.0, 0.8, 0.1), 9).starts_with("share is 0;"));
    assert!(fault(config(f64::NAN, 0.8, 0.1), 9).starts_with("share is NaN;"));
    assert!(fault(config(0.1, -0.1, 0.1), 9).starts_with("masked is -0.1;"));
    assert!(fault(config(0.1, 0.8, 0.3), 9).contains("masked + random is 1.1"));
    assert!(fault(config(0.1, 0.9, 0.1), 1).contains("special token 1 is not below"));
    assert!(fault(config(0.1, 0.9, 0.1), 2).contains("all 2 tokens"));
    let masker = masker(true);
    assert_eq!(masker.row(0, 0, &[5], None), Err(MaskError::NoMarks));
    let fault = masker.row(0, 0, &[5], Some(&[])).unwrap_err().to_string();
    assert!(fault.contains("1 tokens, but 0 marks"), "{fault}");
}

#[test]
fn a_recipe_holds_the_settings_as_a_choice() {
    #[derive(Debug, PartialEq, Deserialize)]
    enum Objective {
        Masked(Masking),
    }
    let read = |text: &str| from_ron_str::<Objective>(text);
    assert_eq!(
        read("Masked(())").unwrap(),
        Objective::Masked(Masking::default())
    );
    let text = "Masked(( share: 0.2, masked: 0.5, random: 0.4, whole_words: true ))";
    let masking = Masking {
        share: 0.2,
        masked: 0.5,
        random: 0.4,
        whole_words: true,
    };
    assert_eq!(read(text).unwrap(), Objective::Masked(masking));
    let fault = read("Masked(( shares: 0.2 ))").unwrap_err().to_string();
    assert!(
        fault.contains("recipe:1:") && fault.contains("whole_words"),
        "{fault}"
    );
}
