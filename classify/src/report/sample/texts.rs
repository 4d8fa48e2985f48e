//! Mistakes and leaks of a spam filter.

use crate::leak::{Crossing, Excerpt, Kind, LeakPair, LeakReport, Within};
use crate::report::Mistake;

/// The most confident mistakes.
pub fn mistakes() -> Vec<Mistake> {
    let mistake = |place: &str, text: &str, spam: bool, probability, leaked| Mistake {
        place: place.into(),
        text: text.into(),
        truth: vec![if spam { "spam" } else { "ham" }.into()],
        told: if spam { "ham" } else { "spam" }.into(),
        probability,
        leaked,
    };
    vec![
        mistake(
            "messages.tsv:3064",
            "Hi babe its Jordan, how r u? Im home from abroad and lonely, text me back if u wanna chat xxSP",
            true,
            0.998,
            false,
        ),
        mistake(
            "messages.tsv:5082",
            "Your account statement is ready. Call me on the landline when you are back",
            false,
            0.981,
            false,
        ),
        mistake(
            "messages.tsv:1460",
            "Win a prize by replying before Friday; the office raffle needs your name",
            false,
            0.962,
            true,
        ),
        mistake(
            "messages.tsv:955",
            "Filthy stories and GIRLS waiting for your",
            true,
            0.951,
            false,
        ),
        mistake(
            "messages.tsv:2575",
            "Your next amazing xxx PICSFREE1 video will be sent to you enjoy! If one vid is not enough for 2day text back the keyword",
            true,
            0.933,
            false,
        ),
        mistake(
            "messages.tsv:4298",
            "thesmszone.com lets you send free anonymous and masked messages",
            true,
            0.902,
            false,
        ),
    ]
}

/// What stands on two sides.
pub fn leaks() -> LeakReport {
    let excerpt = |place: &str, label: &str, text: &str| Excerpt {
        place: place.into(),
        labels: vec![label.into()],
        text: text.into(),
    };
    let pair = |kind, similarity, held_out: Excerpt, other: Excerpt| LeakPair {
        kind,
        similarity,
        conflicting: held_out.labels != other.labels,
        held_out,
        other,
    };
    let later = "Sorry, I'll call later";
    let pairs = vec![
        pair(
            Kind::Exact,
            1.0,
            excerpt("messages.tsv:81", "ham", later),
            excerpt("messages.tsv:44", "ham", later),
        ),
        pair(
            Kind::Exact,
            1.0,
            excerpt("messages.tsv:190", "ham", "Ok"),
            excerpt("messages.tsv:12", "spam", "Ok"),
        ),
        pair(
            Kind::Normalised,
            1.0,
            excerpt("messages.tsv:702", "ham", "SORRY, I'll call later  "),
            excerpt("messages.tsv:44", "ham", later),
        ),
        pair(
            Kind::Near,
            0.91,
            excerpt(
                "messages.tsv:3412",
                "spam",
                "URGENT! Your mobile number has been awarded a £2000 bonus caller prize. Call 09058095201",
            ),
            excerpt(
                "messages.tsv:871",
                "spam",
                "URGENT! Your mobile number has been awarded a £2000 bonus caller prize. Call 09061790121",
            ),
        ),
    ];
    let side = |examples, exact, normalised, near, conflicting, pairs| Crossing {
        examples,
        exact,
        normalised,
        near,
        conflicting,
        pairs,
    };
    let within = |examples, exact, normalised| Within {
        examples,
        exact,
        normalised,
        conflicting: 0,
    };
    LeakReport {
        threshold: 0.8,
        test_in_train: side(1115, 61, 4, 18, 1, pairs.clone()),
        test_in_validation: side(1115, 14, 1, 5, 0, pairs[2..].to_vec()),
        validation_in_train: side(890, 49, 2, 12, 0, Vec::new()),
        train: within(3561, 208, 11),
        validation: within(890, 12, 0),
        test: within(1115, 17, 1),
    }
}
