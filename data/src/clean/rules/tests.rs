//! Each published threshold from both sides, and what hostile texts cost.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use super::*;

fn drop(criterion: &'static str) -> Verdict {
    Verdict::Drop(criterion)
}

/// Words of five letters that all differ, joined by `separator`.
fn distinct(count: usize, separator: &str) -> String {
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

mod repetition {
    use super::*;

    const OFF: GopherRepetition = GopherRepetition {
        duplicate_paragraphs: None,
        duplicate_paragraph_characters: None,
        duplicate_lines: None,
        duplicate_line_characters: None,
        top_2_gram: None,
        top_3_gram: None,
        top_4_gram: None,
        duplicate_5_grams: None,
        duplicate_6_grams: None,
        duplicate_7_grams: None,
        duplicate_8_grams: None,
        duplicate_9_grams: None,
        duplicate_10_grams: None,
    };

    #[test]
    fn lines_and_paragraphs_are_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        let lines = GopherRepetition {
            duplicate_lines: default.duplicate_lines,
            ..OFF
        };
        let paragraphs = GopherRepetition {
            duplicate_paragraphs: default.duplicate_paragraphs,
            ..OFF
        };
        // Ten, of which three, then four, repeat the first.
        let (three, four) = ("x a b c d e f x x x", "x a b c d e x x x x");
        assert_eq!(lines.apply(&three.replace(' ', "\n")), Verdict::Keep);
        assert_eq!(
            lines.apply(&four.replace(' ', "\n\n")),
            drop("duplicate lines")
        );
        assert_eq!(
            paragraphs.apply(&three.replace(' ', "\n\n\n")),
            Verdict::Keep
        );
        assert_eq!(
            paragraphs.apply(&four.replace(' ', "\n\n\n")),
            drop("duplicate paragraphs")
        );
        assert_eq!(paragraphs.apply(&four.replace(' ', "\n")), Verdict::Keep);
    }

    #[test]
    fn characters_in_them_are_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        let lines = GopherRepetition {
            duplicate_line_characters: default.duplicate_line_characters,
            ..OFF
        };
        let paragraphs = GopherRepetition {
            duplicate_paragraph_characters: default.duplicate_paragraph_characters,
            ..OFF
        };
        // Ten characters in the second "éé" and in its eight or seven fellows: 2 of 10, 2 of 9.
        assert_eq!(lines.apply("éé\néé\nabcd"), Verdict::Keep);
        assert_eq!(
            lines.apply("éé\néé\nabc"),
            drop("characters in duplicate lines")
        );
        assert_eq!(paragraphs.apply("éé\n\néé\n\nab"), Verdict::Keep);
        assert_eq!(
            paragraphs.apply("éé\n\néé\n\na"),
            drop("characters in duplicate paragraphs")
        );
    }

    #[test]
    fn the_top_run_is_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        // A run of n words "z" is 2n - 1 characters long and stands twice, with other words between
        // and behind it; the text is padded to a length of which it is exactly the threshold.
        for (n, most, rule, criterion) in [
            (
                2,
                0.20,
                GopherRepetition {
                    top_2_gram: default.top_2_gram,
                    ..OFF
                },
                "characters in the top 2-gram",
            ),
            (
                3,
                0.18,
                GopherRepetition {
                    top_3_gram: default.top_3_gram,
                    ..OFF
                },
                "characters in the top 3-gram",
            ),
            (
                4,
                0.16,
                GopherRepetition {
                    top_4_gram: default.top_4_gram,
                    ..OFF
                },
                "characters in the top 4-gram",
            ),
        ] {
            let run = ["z"; 4][..n].join(" ");
            let found = 2 * run.len();
            let least = (found as f64 / most).ceil() as usize;
            let text = |length: usize| {
                let text = format!("{run} ab {run} cd ");
                let rest = length - text.len();
                text + &"y".repeat(rest)
            };
            assert_eq!(rule.apply(&text(least)), Verdict::Keep, "{n}");
            assert_eq!(rule.apply(&text(least - 1)), drop(criterion), "{n}");
        }
    }

    #[test]
    fn duplicate_runs_are_counted_to_the_threshold() {
        let default = GopherRepetition::default();
        // The run stands twice, n characters without spaces, so the second is n of all characters.
        for (n, most, rule, criterion) in [
            (
                5,
                0.15,
                GopherRepetition {
                    duplicate_5_grams: default.duplicate_5_grams,
                    ..OFF
                },
                "characters in duplicate 5-grams",
            ),
            (
                6,
                0.14,
                GopherRepetition {
                    duplicate_6_grams: default.duplicate_6_grams,
                    ..OFF
                },
                "characters in duplicate 6-grams",
            ),
            (
                7,
                0.13,
                GopherRepetition {
                    duplicate_7_grams: default.duplicate_7_grams,
                    ..OFF
                },
                "characters in duplicate 7-grams",
            ),
            (
                8,
                0.12,
                GopherRepetition {
                    duplicate_8_grams: default.duplicate_8_grams,
                    ..OFF
                },
                "characters in duplicate 8-grams",
            ),
            (
                9,
                0.11,
                GopherRepetition {
                    duplicate_9_grams: default.duplicate_9_grams,
                    ..OFF
                },
                "characters in duplicate 9-grams",
            ),
            (
                10,
                0.10,
                GopherRepetition {
                    duplicate_10_grams: default.duplicate_10_grams,
                    ..OFF
                },
                "characters in duplicate 10-grams",
            ),
        ] {
            let run = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"][..n].join(" ");
            let least = (n as f64 / most).ceil() as usize;
            let text = |length: usize| {
                let text = format!("{run} {run} ");
                let rest = length.saturating_sub(text.len());
                text + &"y".repeat(rest)
            };
            assert_eq!(rule.apply(&text(least)), Verdict::Keep, "{n}");
            assert_eq!(rule.apply(&text(least - 1)), drop(criterion), "{n}");
            // One word less in common, and nothing is duplicated.
            let other = format!("{run} {} y", &run[2..]);
            assert_eq!(rule.apply(&other), Verdict::Keep, "{n}");
        }
    }

    #[test]
    fn prose_passes_and_blank_text_goes() {
        let rule = GopherRepetition::default();
        assert_eq!(rule.apply(&distinct(100, " ")), Verdict::Keep);
        for text in ["", " ", "\n\n\n", "\u{3000}\t"] {
            assert_eq!(rule.apply(text), drop("empty"));
        }
    }
}

mod quality {
    use super::*;

    const OFF: GopherQuality = GopherQuality {
        min_words: None,
        max_words: None,
        min_mean_word_length: None,
        max_mean_word_length: None,
        max_hashes: None,
        max_ellipses: None,
        max_bullet_lines: None,
        max_ellipsis_lines: None,
        min_alphabetic_words: None,
        min_stop_words: None,
        stop_words: Vec::new(),
    };

    fn check(rule: &GopherQuality, inside: &str, outside: &str, criterion: &'static str) {
        assert_eq!(rule.apply(inside), Verdict::Keep);
        assert_eq!(rule.apply(outside), drop(criterion));
    }

    #[test]
    fn words_are_counted_without_symbols() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            min_words: default.min_words,
            ..OFF
        };
        check(
            &rule,
            &distinct(50, ", "),
            &(distinct(49, " ") + " . ! • 😀"),
            "fewer words",
        );
        let rule = GopherQuality {
            max_words: default.max_words,
            ..OFF
        };
        check(
            &rule,
            &("a ".repeat(100_000) + "!"),
            &"a ".repeat(100_001),
            "more words",
        );
    }

    #[test]
    fn the_mean_length_is_of_characters() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            min_mean_word_length: default.min_mean_word_length,
            ..OFF
        };
        check(&rule, "éé, éééé!", "éé, ééé", "mean word length");
        let rule = GopherQuality {
            max_mean_word_length: default.max_mean_word_length,
            ..OFF
        };
        check(
            &rule,
            "ééééééééé . ééééééééééé",
            "ééééééééé éééééééééééé",
            "mean word length",
        );
    }

    #[test]
    fn symbols_are_held_against_words() {
        let default = GopherQuality::default();
        // Nine words and the symbol itself, then eight.
        let rule = GopherQuality {
            max_hashes: default.max_hashes,
            ..OFF
        };
        check(
            &rule,
            "a b c d e f g h i #",
            "a b c d e f g h #",
            "hashes per word",
        );
        let rule = GopherQuality {
            max_ellipses: default.max_ellipses,
            ..OFF
        };
        check(
            &rule,
            "a b c d e f g h i …",
            "a b c d e f g h ...",
            "ellipses per word",
        );
    }

    #[test]
    fn bullets_and_ellipses_are_held_against_lines() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            max_bullet_lines: default.max_bullet_lines,
            ..OFF
        };
        let nine = "- a\n  • b\n".repeat(4) + "-c\n";
        check(
            &rule,
            &(nine.clone() + "d"),
            &(nine + "-d"),
            "lines beginning with a bullet",
        );
        let rule = GopherQuality {
            max_ellipsis_lines: default.max_ellipsis_lines,
            ..OFF
        };
        let (six, three) = ("a\n".repeat(6), "b...\nc… \nd ...\n");
        check(
            &rule,
            &format!("{three}{six}e"),
            &format!("{three}{six}e…"),
            "lines ending in an ellipsis",
        );
    }

    #[test]
    fn letters_and_stop_words_are_wanted() {
        let default = GopherQuality::default();
        let rule = GopherQuality {
            min_alphabetic_words: default.min_alphabetic_words,
            ..OFF
        };
        check(&rule, "a b c4 d 5", "a b c d 5 !", "words with a letter");
        let (least, words) = (default.min_stop_words, default.stop_words);
        let rule = GopherQuality {
            min_stop_words: least,
            stop_words: words,
            ..OFF
        };
        check(
            &rule,
            "The cat, the dog and I",
            "The the cat, the dog, THAT",
            "stop words",
        );
    }

    #[test]
    fn a_text_of_nothing_fails_what_asks_for_something() {
        for text in ["", " \n", "!", "...\n???"] {
            assert_eq!(GopherQuality::default().apply(text), drop("fewer words"));
            assert_eq!(OFF.apply(text), Verdict::Keep);
        }
        let rule = GopherQuality {
            min_words: None,
            ..GopherQuality::default()
        };
        assert_eq!(rule.apply(""), drop("mean word length"));
    }
}

mod c4 {
    use super::*;

    const OFF: C4 = C4 {
        line_endings: false,
        min_words_per_line: None,
        max_word_length: None,
        citations: false,
        javascript: false,
        policy: false,
        lorem_ipsum: false,
        curly_bracket: false,
        min_sentences: None,
    };

    fn change(text: &str) -> Verdict {
        Verdict::Change(text.to_owned())
    }

    #[test]
    fn lines_stay_or_go_by_each_criterion_alone() {
        let default = C4::default();
        let rule = C4 {
            line_endings: true,
            ..OFF
        };
        let text = "a.\nb?\nc!\nd\"\ne'\nf\ng...\nh…\ni:";
        assert_eq!(rule.apply(text), change("a.\nb?\nc!\nd\"\ne'"));
        let rule = C4 {
            min_words_per_line: default.min_words_per_line,
            ..OFF
        };
        assert_eq!(
            rule.apply("a b c\na b\n\n d e  f "),
            change("a b c\nd e  f")
        );
        let rule = C4 {
            max_word_length: default.max_word_length,
            ..OFF
        };
        let (longest, longer) = ("é".repeat(1000), "é".repeat(1001));
        assert_eq!(
            rule.apply(&format!("{longest}\n{longer}")),
            change(&longest)
        );
        let rule = C4 {
            javascript: true,
            ..OFF
        };
        assert_eq!(rule.apply("JavaScript is off\njava"), change("java"));
        let rule = C4 {
            policy: true,
            ..OFF
        };
        let text = "Privacy Policy\nwe use cookies\nit uses cookies\nTERMS OF USE\na cookie";
        assert_eq!(rule.apply(text), change("a cookie"));
        let rule = C4 {
            citations: true,
            ..OFF
        };
        assert_eq!(rule.apply("So it is. [1]"), change("So it is."));
    }

    #[test]
    fn texts_go_by_each_criterion_alone() {
        let rule = C4 {
            lorem_ipsum: true,
            ..OFF
        };
        assert_eq!(rule.apply("a\nLorem Ipsum dolor"), drop("lorem ipsum"));
        assert_eq!(rule.apply("lorem\nipsum"), Verdict::Keep);
        let rule = C4 {
            curly_bracket: true,
            ..OFF
        };
        assert_eq!(rule.apply("if {"), drop("curly bracket"));
        assert_eq!(rule.apply("if }"), Verdict::Keep);
        let rule = C4 {
            min_sentences: Some(5),
            ..OFF
        };
        assert_eq!(rule.apply("So. B! C?\nd\ne"), Verdict::Keep);
        assert_eq!(rule.apply("It is. It was! Is it?\nd"), drop("sentences"));
        // A line that goes takes its bracket along.
        let rule = C4 {
            min_sentences: None,
            ..C4::default()
        };
        assert_eq!(rule.apply("{ menu\nIt is so."), change("It is so."));
    }

    #[test]
    fn a_text_of_which_nothing_is_left_goes() {
        for text in ["", "\n\n", " "] {
            assert_eq!(OFF.apply(text), drop("no line left"));
            assert_eq!(C4::default().apply(text), drop("sentences"));
        }
        assert_eq!(OFF.apply("a\nb"), Verdict::Keep);
    }

    #[test]
    fn fineweb_runs_it_without_line_endings() {
        let rule = C4 {
            line_endings: false,
            ..C4::default()
        };
        let text = "One two three\nIs it so? It is. It was. It will be.";
        assert_eq!(rule.apply(text), Verdict::Keep);
        assert_eq!(C4::default().apply(text), drop("sentences"));
    }
}

mod fineweb {
    use super::*;

    const OFF: FineWeb = FineWeb {
        min_punctuated_lines: None,
        max_short_lines: None,
        short_line: 30,
        max_duplicate_line_characters: None,
        max_newlines_per_word: None,
    };

    fn check(rule: &FineWeb, inside: &str, outside: &str, criterion: &'static str) {
        assert_eq!(rule.apply(inside), Verdict::Keep);
        assert_eq!(rule.apply(outside), drop(criterion));
    }

    #[test]
    fn lines_are_counted_to_the_threshold() {
        let default = FineWeb::default();
        let rule = FineWeb {
            min_punctuated_lines: default.min_punctuated_lines,
            ..OFF
        };
        // 3 of 25 lines are 0.12.
        let (plain, ended) = ("a\n".repeat(22), "b.\nc?\n");
        let (inside, outside) = (format!("{plain}\n{ended}d。"), format!("{plain}{ended}d,"));
        check(&rule, &inside, &outside, "lines ending in punctuation");
        let rule = FineWeb {
            max_short_lines: default.max_short_lines,
            ..OFF
        };
        let (short, long) = (
            format!("{}\n", "é".repeat(30)),
            format!("{}\n", "é".repeat(31)),
        );
        let (inside, outside) = (
            short.repeat(67) + &long.repeat(33),
            short.repeat(68) + &long.repeat(32),
        );
        check(&rule, &inside, &outside, "short lines");
    }

    #[test]
    fn characters_in_duplicate_lines_are_counted_to_the_threshold() {
        let default = FineWeb::default();
        let most = default.max_duplicate_line_characters;
        let rule = FineWeb {
            max_duplicate_line_characters: most,
            ..OFF
        };
        // One character of 100, then of 99; line ends do not count.
        let text = |rest: usize| format!("é\n\né\n{}", "a".repeat(rest));
        check(&rule, &text(98), &text(97), "characters in duplicate lines");
    }

    #[test]
    fn newlines_are_held_against_words() {
        let default = FineWeb::default();
        let rule = FineWeb {
            max_newlines_per_word: default.max_newlines_per_word,
            ..OFF
        };
        check(
            &rule,
            "a b c\nd e f\ng h i\nj",
            "a b c\nd e f\ng h i\n",
            "newlines per word",
        );
        let none = FineWeb {
            max_newlines_per_word: Some(0.0),
            ..OFF
        };
        check(&none, "a b", "a\nb", "newlines per word");
    }

    #[test]
    fn blank_text_goes() {
        for text in ["", "\n", " \n\t"] {
            assert_eq!(OFF.apply(text), drop("empty"));
        }
        assert_eq!(FineWeb::default().apply("\u{200B}\n."), drop("short lines"));
    }
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
        for ((name, small), (_, large)) in hostile(100_000).iter().zip(&hostile(1_600_000)) {
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
