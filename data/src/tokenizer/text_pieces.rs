//! Text from the tokens of a continuation: whole characters only, and nothing from a stop text on.

use super::{TextStream, Tokenizer};

/// Decodes one continuation as it comes and ends it at the first stop text.
///
/// What could be the beginning of a stop text is held back until it is known not to be one.
pub struct Pieces {
    stream: TextStream,
    stops: Vec<String>,
    held: String,
    is_stopped: bool,
}

impl Pieces {
    /// Text from `tokenizer`'s ids up to the first of `stops`; an empty one stops nothing.
    pub fn new(tokenizer: &Tokenizer, stops: &[String]) -> Self {
        let stops = stops.iter().filter(|stop| !stop.is_empty());
        Self {
            stream: tokenizer.stream(),
            stops: stops.cloned().collect(),
            held: String::new(),
            is_stopped: false,
        }
    }

    /// The text that can be shown now that `id` has come; often that of `id` alone, sometimes
    /// nothing, sometimes what was held back too.
    pub fn push(&mut self, id: u32) -> String {
        match self.stream.push(id) {
            Some(text) if !self.is_stopped => self.release(&text),
            _ => String::new(),
        }
    }

    /// Whether a stop text has come. Nothing behind it will be shown.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// What was held back and will not become a stop text or a whole character any more; the rest
    /// of a character shows as U+FFFD.
    pub fn finish(&mut self) -> String {
        let rest = self.stream.finish().unwrap_or_default();
        if self.is_stopped {
            return String::new();
        }
        let text = self.release(&rest);
        text + &std::mem::take(&mut self.held)
    }

    fn release(&mut self, text: &str) -> String {
        self.held += text;
        let found = self.stops.iter().filter_map(|stop| self.held.find(stop));
        if let Some(at) = found.min() {
            self.is_stopped = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let may_begin = |at: &usize| {
            let tail = &self.held[*at..];
            self.stops.iter().any(|stop| stop.starts_with(tail))
        };
        let mut places = self.held.char_indices().map(|(at, _)| at);
        let shown = places.find(may_begin).unwrap_or(self.held.len());
        let held = self.held.split_off(shown);
        std::mem::replace(&mut self.held, held)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What is shown for each byte of `text`, which is a token, and at the end.
    fn bytes(text: &[u8], stops: &[&str]) -> (Vec<String>, bool) {
        let tokenizer = Tokenizer::bytes().unwrap();
        let stops: Vec<String> = stops.iter().map(|stop| (*stop).to_owned()).collect();
        let mut pieces = Pieces::new(&tokenizer, &stops);
        let mut shown = Vec::new();
        for byte in text {
            shown.push(pieces.push(u32::from(*byte)));
            if pieces.is_stopped() {
                break;
            }
        }
        shown.push(pieces.finish());
        (shown, pieces.is_stopped())
    }

    fn shown(text: &str, stops: &[&str]) -> String {
        bytes(text.as_bytes(), stops).0.concat()
    }

    #[test]
    fn a_character_comes_whole_or_not_at_all() {
        let (pieces, _) = bytes("aé🦀b".as_bytes(), &[]);
        assert_eq!(pieces, ["a", "", "é", "", "", "", "🦀", "b", ""]);
        // What never became a character says so.
        let (pieces, _) = bytes(&"é🦀".as_bytes()[..5], &[]);
        assert_eq!(pieces, ["", "é", "", "", "", "\u{FFFD}"]);
    }

    #[test]
    fn nothing_from_a_stop_text_on_is_shown() {
        for (text, stops, expected) in [
            ("one. two", &["."][..], "one"),
            ("one. two", &["o"], ""),
            ("one two", &["."], "one two"),
            ("one two", &[], "one two"),
            ("one two", &[" two"], "one"),
            ("one two", &["two three"], "one two"),
            // The first that is complete ends it.
            ("abcd", &["bcd", "c"], "ab"),
            ("abcd", &["d", "ab"], ""),
            // One that begins inside another's beginning.
            ("aaab", &["aab"], "a"),
            ("ababac", &["abac"], "ab"),
            ("xyxz", &["xyz", "yx"], "x"),
            // A character of several tokens, as stop text and inside one.
            ("eins 🦀 zwei", &["🦀"], "eins "),
            ("naïve ïx", &["ïx"], "naïve "),
            // "é" and "è" begin with the same byte.
            ("déjà è", &["è"], "déjà "),
        ] {
            assert_eq!(shown(text, stops), expected, "{text:?} {stops:?}");
            let is_stopped = bytes(text.as_bytes(), stops).1;
            assert_eq!(is_stopped, expected != text, "{text:?} {stops:?}");
        }
    }

    #[test]
    fn only_what_may_begin_a_stop_text_waits() {
        let (pieces, _) = bytes(b"ab END c EN", &["END.", "b E!"]);
        // "b E" may begin "b E!"; an N behind it leaves only "EN", which may begin "END.".
        let expected = ["a", "", "", "", "b ", "", "END ", "c", " ", "", "", "EN"];
        assert_eq!(pieces, expected);
    }
}
