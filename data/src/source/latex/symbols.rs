//! Commands that stand for letters and signs, in text.
//!
//! From the tables of LaTeX2e's text encodings
//! (<https://ctan.org/pkg/encguide>); commands for mathematics stay as they are.

/// By name, sorted.
const SYMBOLS: [(&str, &str); 71] = [
    ("AA", "Å"),
    ("AE", "Æ"),
    ("BibTeX", "BibTeX"),
    ("DH", "Ð"),
    ("DJ", "Đ"),
    ("L", "Ł"),
    ("LaTeX", "LaTeX"),
    ("LaTeXe", "LaTeX2e"),
    ("NG", "Ŋ"),
    ("O", "Ø"),
    ("OE", "Œ"),
    ("P", "¶"),
    ("S", "§"),
    ("SS", "SS"),
    ("TH", "Þ"),
    ("TeX", "TeX"),
    ("aa", "å"),
    ("ae", "æ"),
    ("celsius", "°C"),
    ("copyright", "©"),
    ("dag", "†"),
    ("dagger", "†"),
    ("ddag", "‡"),
    ("degree", "°"),
    ("dh", "ð"),
    ("dj", "đ"),
    ("dots", "…"),
    ("euro", "€"),
    ("guillemotleft", "«"),
    ("guillemotright", "»"),
    ("i", "ı"),
    ("j", "ȷ"),
    ("l", "ł"),
    ("lbrack", "["),
    ("ldots", "…"),
    ("lq", "‘"),
    ("ng", "ŋ"),
    ("o", "ø"),
    ("oe", "œ"),
    ("pounds", "£"),
    ("rbrack", "]"),
    ("rq", "’"),
    ("slash", "/"),
    ("ss", "ß"),
    ("textasciicircum", "^"),
    ("textasciitilde", "~"),
    ("textasteriskcentered", "*"),
    ("textbackslash", "\\"),
    ("textbar", "|"),
    ("textbraceleft", "{"),
    ("textbraceright", "}"),
    ("textbullet", "•"),
    ("textcopyright", "©"),
    ("textdagger", "†"),
    ("textdegree", "°"),
    ("textellipsis", "…"),
    ("textemdash", "—"),
    ("textendash", "–"),
    ("texteuro", "€"),
    ("textgreater", ">"),
    ("textless", "<"),
    ("textmu", "µ"),
    ("textquotedblleft", "“"),
    ("textquotedblright", "”"),
    ("textquoteleft", "‘"),
    ("textquoteright", "’"),
    ("textregistered", "®"),
    ("texttimes", "×"),
    ("texttrademark", "™"),
    ("textunderscore", "_"),
    ("th", "þ"),
];

/// The letter or sign that a command stands for.
pub(super) fn symbol(name: &str) -> Option<&'static str> {
    let found = SYMBOLS.binary_search_by_key(&name, |symbol| symbol.0);
    Some(SYMBOLS[found.ok()?].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_they_are_found() {
        assert!(SYMBOLS.is_sorted_by_key(|symbol| symbol.0));
        assert_eq!(symbol("ss"), Some("ß"));
        assert_eq!(symbol("alpha"), None);
    }
}
