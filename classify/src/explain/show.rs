//! An explanation for people: coloured words on a terminal, or a page.

use super::Explanation;
use slovo_train::report::markup::{document, escape};
use std::fmt::Write;

/// The words with their colours: green ones spoke for the class, red ones against it, the stronger the
/// more. Without `colours`, each word that matters is followed by its share.
pub fn terminal(found: &Explanation, colours: bool) -> String {
    let strongest = strongest(found);
    let mut text = summary(found);
    text.push('\n');
    let mut at = 0;
    for word in &found.words {
        text += &printable(&found.text[at..word.start]);
        at = word.end;
        let part = word.share / strongest;
        let shown = printable(&word.word);
        match colours {
            true if part.abs() >= 0.05 => {
                // From nearly black to full, on a background that both light and dark terminals show.
                let level = (70.0 + 130.0 * part.abs()) as u8;
                let (red, green) = if part > 0.0 { (0, level) } else { (level, 0) };
                let _ = write!(text, "\x1b[48;2;{red};{green};0m\x1b[97m{shown}\x1b[0m");
            }
            false if part.abs() >= 0.05 => {
                let _ = write!(text, "{shown}[{:+.2}]", word.share);
            }
            _ => text += &shown,
        }
    }
    text += &printable(&found.text[at..]);
    text.push('\n');
    text
}

/// A page of several explanations, by itself.
pub fn html(all: &[Explanation]) -> String {
    let mut body = String::from("<h1>Which words spoke for it</h1>\n");
    body += "<p class=\"note\">Green words spoke for the class, red ones against it; pointing at one shows \
             by how much, in logits.</p>\n";
    for found in all {
        let strongest = strongest(found);
        let _ = write!(body, "<section>\n<p>{}</p>\n<p>", escape(&summary(found)));
        let mut at = 0;
        for word in &found.words {
            body += &escape(&found.text[at..word.start]);
            at = word.end;
            let part = word.share / strongest;
            let colour = if part > 0.0 { "0,158,115" } else { "213,94,0" };
            let _ = write!(
                body,
                "<span style=\"background:rgba({colour},{:.2})\" title=\"{:+.3}\">{}</span>",
                part.abs() * 0.75,
                word.share,
                escape(&word.word)
            );
        }
        let _ = write!(body, "{}</p>\n</section>\n", escape(&found.text[at..]));
    }
    document("Explanations", &body)
}

fn summary(found: &Explanation) -> String {
    let against = match &found.against {
        Some(against) => format!(" over {against}"),
        None => String::new(),
    };
    let mut text = format!(
        "{} {:.1} %: leads{against} by {:+.2} logits, by {:+.2} where the text says nothing; the words \
         add up to {:+.2} (off by {:.1e}, {} points)",
        found.label,
        100.0 * found.probability,
        found.lead,
        found.lead_of_nothing,
        found.sum,
        found.error,
        found.points
    );
    if found.cut > 0 {
        let _ = write!(text, "; {} tokens were left out", found.cut);
    }
    text
}

/// The largest share, by which colours are scaled.
fn strongest(found: &Explanation) -> f64 {
    let shares = found.words.iter().map(|word| word.share.abs());
    shares.fold(0.0, f64::max).max(1e-12)
}

/// Text that cannot command a terminal.
fn printable(text: &str) -> String {
    let harmless = |c: char| match c {
        '\n' | '\t' => c,
        c if c.is_control() => '\u{FFFD}',
        c => c,
    };
    text.chars().map(harmless).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Word;
    use super::*;

    fn explanation() -> Explanation {
        let word = |start: usize, end: usize, share| Word {
            start,
            end,
            word: "win <b>\u{1b} now"[start..end].into(),
            share,
        };
        Explanation {
            text: "win <b>\u{1b} now".into(),
            label: "spam".into(),
            against: Some("ham".into()),
            probability: 0.75,
            lead: 2.0,
            lead_of_nothing: -1.0,
            sum: 3.0,
            error: 0.0,
            points: 32,
            words: vec![word(0, 3, 3.2), word(4, 8, 0.0), word(9, 12, -0.2)],
            cut: 0,
        }
    }

    #[test]
    fn words_keep_their_places_and_command_nothing() {
        let shown = terminal(&explanation(), false);
        let line = shown.lines().nth(1).unwrap_or_default();
        assert_eq!(line, "win[+3.20] <b>\u{FFFD} now[-0.20]");
        assert!(terminal(&explanation(), true).contains("\x1b[48;2;0;200;0m\x1b[97mwin\x1b[0m"));
    }

    #[test]
    fn nothing_of_a_text_is_markup() {
        let page = html(&[explanation()]);
        assert!(page.contains("&lt;b&gt;") && !page.contains("<b>\u{1b}"));
    }
}
