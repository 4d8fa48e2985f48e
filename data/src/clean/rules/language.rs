//! Which language a text is in.
//!
//! By the frequencies of its groups of three letters (Cavnar & Trenkle 1994, "N-gram-based text
//! categorization") as the crate `whatlang` counts them, on a few bounded pieces of a long text.
//! FineWeb asks fastText's `lid.176`, a model of 126 MB, for a probability of 0.65; the confidence here
//! is on another scale: how far the best language is ahead of the second, in view of how much text
//! there is. It is 1 for nearly every text of some sentences.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use whatlang::{Detector, Lang};

use super::{Invalid, Verdict};

/// Pieces of a long text that are looked at, evenly spread from its start to its end, so that neither
/// a menu nor a licence stands for the whole.
const PIECES: usize = 4;

/// Bytes of a piece. Four of these tell languages apart as well as all of a text does.
const PIECE: usize = 256;

/// English and the languages that come second to it in nearly all English texts. Most of the time goes
/// into one comparison for each of 37 languages in Latin letters; these thirteen decide most texts of
/// the web.
static NEAR_ENGLISH: LazyLock<Detector> = LazyLock::new(|| {
    Detector::with_allowlist(vec![
        Lang::Eng,
        Lang::Fra,
        Lang::Dan,
        Lang::Por,
        Lang::Afr,
        Lang::Cat,
        Lang::Nob,
        Lang::Deu,
        Lang::Lat,
        Lang::Ron,
        Lang::Spa,
        Lang::Nld,
        Lang::Ita,
    ])
});

/// Texts in other languages go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Language {
    /// Those that stay, by ISO 639-1: out of [`languages`].
    pub languages: Vec<String>,
    /// Least confidence, from 0 to 1, in the language that was found.
    pub confidence: f64,
}

impl Default for Language {
    fn default() -> Self {
        Self {
            languages: vec!["en".to_owned()],
            confidence: 0.5,
        }
    }
}

impl Language {
    /// Whether its languages can be told apart, and its confidence is a share.
    ///
    /// # Errors
    /// The first value that cannot work.
    pub fn validate(&self) -> Result<(), Invalid> {
        super::values::check_shares(&[("confidence", Some(self.confidence))])?;
        static RIGHT: LazyLock<String> = LazyLock::new(|| {
            let known: Vec<&str> = languages().collect();
            format!(
                "write codes of languages that can be told apart: {}",
                known.join(", ")
            )
        });
        let right = RIGHT.as_str();
        if self.languages.is_empty() {
            return Err(("languages", "empty".to_owned(), right));
        }
        let unknown = |code: &&String| !languages().any(|known| known == code.as_str());
        match self.languages.iter().find(unknown) {
            Some(code) => Err(("languages", code.clone(), right)),
            None => Ok(()),
        }
    }

    /// What it says of a text.
    pub fn apply(&self, text: &str) -> Verdict {
        match language(text) {
            None => Verdict::Drop("no language"),
            Some((code, _)) if !self.languages.iter().any(|wanted| wanted == code) => {
                Verdict::Drop("language")
            }
            Some((_, confidence)) if confidence < self.confidence => {
                Verdict::Drop("language confidence")
            }
            Some(_) => Verdict::Keep,
        }
    }
}

/// The language of a text, by ISO 639-1, and the confidence in it from 0 to 1; `None` for a text
/// without letters of any script that is known. It looks at no more than 1 KiB.
pub fn language(text: &str) -> Option<(&'static str, f64)> {
    if text.len() <= PIECES * PIECE {
        detect(text)
    } else {
        detect(&sample(text))
    }
}

fn detect(text: &str) -> Option<(&'static str, f64)> {
    // Only what is surely English is settled early: another language that wins here may have a nearer
    // relative among those left out.
    let surely_english = NEAR_ENGLISH
        .detect(text)
        .filter(|found| found.lang() == Lang::Eng && found.confidence() >= 1.0);
    let found = surely_english.or_else(|| whatlang::detect(text))?;
    Some((code(found.lang()), found.confidence()))
}

/// Pieces of a text that is longer than all of them together.
fn sample(text: &str) -> String {
    let mut sample = String::with_capacity(PIECES * (PIECE + 8));
    let step = (text.len() - PIECE) / (PIECES - 1);
    for piece in 0..PIECES {
        let start = text.ceil_char_boundary(piece * step);
        let end = text.floor_char_boundary(start + PIECE);
        sample.push_str(&text[start..end]);
        sample.push(' ');
    }
    sample
}

/// The languages that can be told apart, by ISO 639-1.
pub fn languages() -> impl Iterator<Item = &'static str> {
    Lang::all().iter().copied().map(code)
}

/// The code of ISO 639-1. A language that the crate learns must be written here to compile.
fn code(language: Lang) -> &'static str {
    match language {
        Lang::Afr => "af",
        Lang::Aka => "ak",
        Lang::Amh => "am",
        Lang::Ara => "ar",
        Lang::Aze => "az",
        Lang::Bel => "be",
        Lang::Bul => "bg",
        Lang::Ben => "bn",
        Lang::Cat => "ca",
        Lang::Ces => "cs",
        Lang::Cym => "cy",
        Lang::Dan => "da",
        Lang::Deu => "de",
        Lang::Ell => "el",
        Lang::Eng => "en",
        Lang::Epo => "eo",
        Lang::Spa => "es",
        Lang::Est => "et",
        Lang::Pes => "fa",
        Lang::Fin => "fi",
        Lang::Fra => "fr",
        Lang::Guj => "gu",
        Lang::Heb => "he",
        Lang::Hin => "hi",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Hye => "hy",
        Lang::Ind => "id",
        Lang::Ita => "it",
        Lang::Jpn => "ja",
        Lang::Jav => "jv",
        Lang::Kat => "ka",
        Lang::Khm => "km",
        Lang::Kan => "kn",
        Lang::Kor => "ko",
        Lang::Lat => "la",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Mkd => "mk",
        Lang::Mal => "ml",
        Lang::Mar => "mr",
        Lang::Mya => "my",
        Lang::Nob => "nb",
        Lang::Nep => "ne",
        Lang::Nld => "nl",
        Lang::Ori => "or",
        Lang::Pan => "pa",
        Lang::Pol => "pl",
        Lang::Por => "pt",
        Lang::Ron => "ro",
        Lang::Rus => "ru",
        Lang::Sin => "si",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Sna => "sn",
        Lang::Srp => "sr",
        Lang::Swe => "sv",
        Lang::Tam => "ta",
        Lang::Tel => "te",
        Lang::Tha => "th",
        Lang::Tuk => "tk",
        Lang::Tgl => "tl",
        Lang::Tur => "tr",
        Lang::Ukr => "uk",
        Lang::Urd => "ur",
        Lang::Uzb => "uz",
        Lang::Vie => "vi",
        Lang::Yid => "yi",
        Lang::Cmn => "zh",
        Lang::Zul => "zu",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ENGLISH: &str =
        "The house stands on a hill, and from its windows one can see the river. ";
    const RUSSIAN: &str = "Дом стоит на холме, и из его окон видна река, по которой плывут лодки. ";
    const FRENCH: &str = "La maison est sur une colline, et de ses fenêtres on voit la rivière. ";
    const BULGARIAN: &str =
        "Къщата е на хълма и от прозорците ѝ се вижда реката, която тече бавно. ";

    #[test]
    fn languages_are_told_apart() {
        for (text, want) in [
            (ENGLISH, "en"),
            (RUSSIAN, "ru"),
            (FRENCH, "fr"),
            (BULGARIAN, "bg"),
        ] {
            for times in [1, 3, 1000] {
                let (code, confidence) = language(&text.repeat(times)).unwrap();
                assert_eq!(code, want, "{times}");
                assert!((0.0..=1.0).contains(&confidence));
            }
        }
        for text in ["", " \n", "12 + 3 = 15", "😀😀"] {
            assert_eq!(language(text), None, "{text}");
        }
    }

    #[test]
    fn a_foreign_menu_does_not_stand_for_a_long_text() {
        let text = RUSSIAN.repeat(3) + &ENGLISH.repeat(100);
        assert_eq!(language(&text).unwrap().0, "en");
    }

    #[test]
    fn a_sample_is_bounded_and_cut_between_characters() {
        for length in [PIECES * PIECE + 1, 5_000, 100_001] {
            for letter in ["a", "é", "語", "😀"] {
                let text = letter.repeat(length / letter.len() + 1);
                let sample = sample(&text);
                assert!(sample.len() <= PIECES * (PIECE + 4), "{}", sample.len());
                assert!(sample.len() > PIECES * (PIECE - 8));
            }
        }
    }

    #[test]
    fn a_text_stays_in_a_language_that_is_wanted() {
        let rule = Language::default();
        assert_eq!(rule.apply(&ENGLISH.repeat(3)), Verdict::Keep);
        assert_eq!(rule.apply(&RUSSIAN.repeat(3)), Verdict::Drop("language"));
        assert_eq!(rule.apply("1, 2, 3."), Verdict::Drop("no language"));
        let sure = Language {
            confidence: 1.0,
            ..Language::default()
        };
        assert_eq!(
            sure.apply("To be or not"),
            Verdict::Drop("language confidence")
        );
        let both = Language {
            languages: vec!["ru".into(), "en".into()],
            ..rule
        };
        assert_eq!(both.apply(&RUSSIAN.repeat(3)), Verdict::Keep);
    }

    #[test]
    fn unknown_languages_are_refused() {
        let with = |code: &str| Language {
            languages: vec![code.into()],
            ..Language::default()
        };
        assert_eq!(with("en").validate(), Ok(()));
        for wrong in ["eng", "EN", "english", "xx", ""] {
            assert!(
                matches!(with(wrong).validate(), Err(("languages", _, _))),
                "{wrong}"
            );
        }
        assert_eq!(languages().count(), 70);
        assert!(languages().all(|code| code.len() == 2));
    }
}
