//! Broken, invisible and decorative characters.
//!
//! Control characters, line ends and normalisation are cleaning's own, before any rule.

mod classes;
mod mojibake;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::values::{above, check_shares};
use super::{Invalid, Verdict};

/// Broken characters are repaired, others go, in the order of the fields; texts that consist of
/// special characters go whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Characters {
    /// Lines whose UTF-8 was read as Windows-1252 become what they were: `cafÃ©` to `café`.
    pub mojibake: bool,
    /// Characters without width or shape go (Unicode category Cf): zero-width spaces, soft hyphens, byte
    /// order marks, marks of direction, tags. Joiners stay between characters that need them.
    pub invisible: bool,
    /// Private-use characters and noncharacters go: they mean nothing outside one font.
    pub private_use: bool,
    /// Emoji go.
    pub emoji: bool,
    /// Box drawing, blocks, geometric shapes, dingbats and pictographs without colour go.
    pub symbols: bool,
    /// Largest share of special characters, of all that is left: what is no letter, so digits,
    /// punctuation and white space count. 0.4 is the ROOTS corpus's for English (Laurençon et al.
    /// 2022, <https://arxiv.org/abs/2303.03915>); `None` leaves it out.
    pub max_special: Option<f64>,
}

impl Default for Characters {
    fn default() -> Self {
        Self {
            mojibake: true,
            invisible: true,
            private_use: true,
            emoji: false,
            symbols: false,
            max_special: Some(0.4),
        }
    }
}

impl Characters {
    /// The text with what was read in the wrong encoding repaired, where it is to be and anything is. Cleaning
    /// removes control characters that this needs, so it comes before.
    pub(crate) fn repaired(&self, text: &str) -> Option<String> {
        self.mojibake.then(|| mojibake::repair(text)).flatten()
    }

    /// Whether its threshold is a share.
    ///
    /// # Errors
    /// It is none.
    pub fn validate(&self) -> Result<(), Invalid> {
        check_shares(&[("max_special", self.max_special)])
    }

    /// What it says of a text.
    pub fn apply(&self, text: &str) -> Verdict {
        let mut kept = Cow::Borrowed(text);
        if !text.is_ascii() {
            if self.mojibake
                && let Some(repaired) = mojibake::repair(&kept)
            {
                kept = Cow::Owned(repaired);
            }
            // Emoji first: some are held together by characters that are otherwise invisible.
            if self.emoji
                && let Some(rest) = classes::without_emoji(&kept)
            {
                kept = Cow::Owned(rest);
            }
            if let Some(rest) = self.without_classes(&kept) {
                kept = Cow::Owned(rest);
            }
        }
        if let Some(most) = self.max_special {
            let (special, all) = count_special(&kept);
            if above(special, all, Some(most)) {
                return Verdict::Drop("special characters");
            }
        }
        match kept {
            Cow::Owned(kept) if kept != text => Verdict::Change(kept),
            _ => Verdict::Keep,
        }
    }

    /// The text without the classes of single characters that are to go; `None` where it has none.
    fn without_classes(&self, text: &str) -> Option<String> {
        if !(self.invisible || self.private_use || self.symbols) {
            return None;
        }
        let goes = |before: Option<char>, c: char, behind: Option<char>| {
            !c.is_ascii()
                && (self.invisible && classes::is_invisible(before, c, behind)
                    || self.private_use && classes::is_private_use(c)
                    || self.symbols && classes::is_symbol(c))
        };
        let mut rest = String::new();
        // Up to where the text has been copied, and the last character before the current one.
        let (mut copied, mut before) = (0, None);
        let mut characters = text.char_indices().peekable();
        while let Some((at, c)) = characters.next() {
            if goes(before, c, characters.peek().map(|&(_, behind)| behind)) {
                rest.push_str(&text[copied..at]);
                copied = at + c.len_utf8();
            } else {
                before = Some(c);
            }
        }
        if copied == 0 {
            return None;
        }
        rest.push_str(&text[copied..]);
        Some(rest)
    }
}

/// Characters that are no letters, and all.
fn count_special(text: &str) -> (usize, usize) {
    if text.is_ascii() {
        let special = text.bytes().filter(|byte| !byte.is_ascii_alphabetic());
        return (special.count(), text.len());
    }
    text.chars().fold((0, 0), |(special, all), c| {
        (special + usize::from(!c.is_alphabetic()), all + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFF: Characters = Characters {
        mojibake: false,
        invisible: false,
        private_use: false,
        emoji: false,
        symbols: false,
        max_special: None,
    };

    fn change(text: &str) -> Verdict {
        Verdict::Change(text.to_owned())
    }

    #[test]
    fn each_class_goes_alone() {
        let text = "cafÃ©\nso\u{AD}ft\u{200B}\u{E000} ok 😀 ■";
        assert_eq!(OFF.apply(text), Verdict::Keep);
        for (rule, want) in [
            (
                Characters {
                    mojibake: true,
                    ..OFF
                },
                "café\nso\u{AD}ft\u{200B}\u{E000} ok 😀 ■",
            ),
            (
                Characters {
                    invisible: true,
                    ..OFF
                },
                "cafÃ©\nsoft\u{E000} ok 😀 ■",
            ),
            (
                Characters {
                    private_use: true,
                    ..OFF
                },
                "cafÃ©\nso\u{AD}ft\u{200B} ok 😀 ■",
            ),
            (
                Characters { emoji: true, ..OFF },
                "cafÃ©\nso\u{AD}ft\u{200B}\u{E000} ok  ■",
            ),
            (
                Characters {
                    symbols: true,
                    ..OFF
                },
                "cafÃ©\nso\u{AD}ft\u{200B}\u{E000} ok 😀 ",
            ),
        ] {
            assert_eq!(rule.apply(text), change(want));
        }
        let default = Characters {
            max_special: None,
            ..Characters::default()
        };
        assert_eq!(default.apply(text), change("café\nsoft ok 😀 ■"));
    }

    #[test]
    fn joiners_stay_where_scripts_and_emoji_need_them() {
        let rule = Characters {
            invisible: true,
            ..OFF
        };
        for text in ["क्\u{200D}ष", "می\u{200C}خواهم", "👩\u{200D}🚀", "plain", ""]
        {
            assert_eq!(rule.apply(text), Verdict::Keep);
        }
        assert_eq!(rule.apply("a\u{200D}b\u{200C}"), change("ab"));
        assert_eq!(rule.apply("\u{FEFF}a\u{202E}b\u{E0061}"), change("ab"));
    }

    #[test]
    fn special_characters_are_what_is_no_letter() {
        let rule = Characters::default();
        // Ten characters, four of them no letters: at the threshold. Then five.
        assert_eq!(rule.apply("abcdéf 1 ."), Verdict::Keep);
        assert_eq!(
            rule.apply("abcdé2 1 ."),
            Verdict::Drop("special characters")
        );
        assert_eq!(rule.apply("ab"), Verdict::Keep);
        assert_eq!(rule.apply(""), Verdict::Keep);
        assert_eq!(rule.apply("\n"), Verdict::Drop("special characters"));
        // What has gone does not count.
        assert_eq!(rule.apply("ab\u{200B}\u{200B}\u{200B}"), change("ab"));
    }
}
