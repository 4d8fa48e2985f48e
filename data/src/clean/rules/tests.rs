//! What holds for every rule: recipes, values, and what hostile texts cost.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use super::*;

pub(super) fn drop(criterion: &'static str) -> Verdict {
    Verdict::Drop(criterion)
}

/// Words of five letters that all differ, joined by `separator`.
pub(super) fn distinct(count: usize, separator: &str) -> String {
    let letter = |n: usize| char::from(b'a' + (n % 26) as u8);
    let word = |n: usize| ['q', 'q', letter(n / 676), letter(n / 26), letter(n)];
    let words: Vec<String> = (0..count).map(|n| word(n).iter().collect()).collect();
    words.join(separator)
}

/// All rules as published.
fn all() -> Vec<Rule> {
    vec![
        Rule::Urls(Urls::default()),
        Rule::Language(Language::default()),
        Rule::GopherRepetition(GopherRepetition::default()),
        Rule::GopherQuality(GopherQuality::default()),
        Rule::C4(C4::default()),
        Rule::FineWeb(FineWeb::default()),
        Rule::Personal(Personal::default()),
        Rule::Characters(Characters {
            emoji: true,
            symbols: true,
            ..Characters::default()
        }),
    ]
}

#[test]
fn a_recipe_states_what_differs_from_what_is_published() {
    let options =
        ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
    let text = r#"[
        Urls((blocked_domains: ["bad.org"])),
        Language((languages: ["en", "fr"])),
        GopherRepetition((top_2_gram: None)),
        GopherQuality((min_words: 20)),
        C4((line_endings: false)),
        FineWeb(()),
        Personal((phone: None)),
        Characters((emoji: true)),
    ]"#;
    let rules: Vec<Rule> = options.from_str(text).unwrap();
    for rule in &rules {
        assert_eq!(rule.validate(), Ok(()), "{}", rule.name());
        assert!(text.contains(rule.name()));
    }
    assert_eq!(rules[5], Rule::FineWeb(FineWeb::default()));
    let written = options.to_string(&rules).unwrap();
    assert_eq!(options.from_str::<Vec<Rule>>(&written).unwrap(), rules);
    for wrong in [
        "[FineWeb((short: 3))]",
        "[Gopher(())]",
        "[C4((min_sentences: -1))]",
    ] {
        assert!(options.from_str::<Vec<Rule>>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn values_that_cannot_work_are_named() {
    for (rule, field) in [
        (
            Rule::GopherRepetition(GopherRepetition {
                top_3_gram: Some(1.5),
                ..Default::default()
            }),
            "top_3_gram",
        ),
        (
            Rule::GopherQuality(GopherQuality {
                min_words: Some(200_000),
                ..Default::default()
            }),
            "min_words",
        ),
        (
            Rule::GopherQuality(GopherQuality {
                min_stop_words: Some(9),
                ..Default::default()
            }),
            "min_stop_words",
        ),
        (
            Rule::GopherQuality(GopherQuality {
                max_hashes: Some(f64::NAN),
                ..Default::default()
            }),
            "max_hashes",
        ),
        (
            Rule::C4(C4 {
                max_word_length: Some(0),
                ..Default::default()
            }),
            "max_word_length",
        ),
        (
            Rule::FineWeb(FineWeb {
                max_short_lines: Some(-0.1),
                ..Default::default()
            }),
            "max_short_lines",
        ),
        (
            Rule::Characters(Characters {
                max_special: Some(2.0),
                ..Default::default()
            }),
            "max_special",
        ),
    ] {
        assert_eq!(rule.validate().unwrap_err().0, field);
    }
    assert!(all().iter().all(|rule| rule.validate().is_ok()));
}

/// Hostile texts of some `size` bytes.
fn hostile(size: usize) -> Vec<(&'static str, String)> {
    let fill = |piece: &str| piece.repeat(size / piece.len());
    vec![
        ("one word", fill("a")),
        ("one line", fill("word ")),
        ("one line of distinct words", {
            let words: Vec<String> = (0..size / 7).map(|n| format!("{n:x}")).collect();
            words.join(" ")
        }),
        ("newlines", fill("\n")),
        (
            "lines that differ",
            (0..size / 8).map(|n| format!("{n:x}\n")).collect(),
        ),
        ("emoji", fill("😀")),
        ("joined emoji", fill("👩\u{200D}")),
        ("flags", fill("🇬")),
        ("combining marks", fill("\u{301}")),
        ("marks between letters", fill("a:\u{301}")),
        ("symbols", fill(".:")),
        ("full stops", fill(".")),
        ("sentence ends", fill(". ")),
        ("open sentence ends", fill("x.\"")),
        ("brackets", fill("[")),
        ("digits in brackets", fill("[1")),
        ("at signs", fill("@")),
        ("addresses", fill("a@b.cc-")),
        ("domains without end", format!("a@{}", fill("a."))),
        ("hexadecimal", fill("a:")),
        ("numbers", fill("1.")),
        ("plus", fill("+1 2")),
        ("area codes", fill("(212) ")),
        ("mojibake", fill("Ã©")),
        ("half of mojibake", fill("Ã")),
        ("paragraphs", fill("a\n\n")),
        ("spaces", fill(" ")),
        ("ideographs", fill("語")),
        ("terminals", fill("。")),
    ]
}

#[test]
fn hostile_texts_take_time_that_grows_with_their_length() {
    for rule in all() {
        for ((name, small), (_, large)) in hostile(60_000).iter().zip(&hostile(960_000)) {
            let time = |text: &str| {
                let start = Instant::now();
                let _ = rule.apply(text, None);
                start.elapsed()
            };
            // Sixteen times the text; four times that for whatever else the machine does. Quadratic
            // time would be 256 times as long.
            let most = (time(small) + Duration::from_millis(15)) * 64;
            let taken = time(large);
            assert!(
                taken < most,
                "{} on {name}: {taken:?} > {most:?}",
                rule.name()
            );
        }
    }
}

#[test]
fn every_rule_gives_the_same_verdict_again() {
    for rule in all() {
        for (name, text) in hostile(3_000) {
            let verdict = rule.apply(&text, Some("http://acme.org"));
            assert_eq!(
                rule.apply(&text, Some("http://acme.org")),
                verdict,
                "{name}"
            );
            // What a rule has changed, it leaves alone.
            if let Verdict::Change(changed) = &verdict {
                let again = rule.apply(changed, None);
                assert!(
                    !matches!(again, Verdict::Change(_)),
                    "{} on {name}",
                    rule.name()
                );
            }
        }
    }
}
