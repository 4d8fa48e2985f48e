//! The hash by which texts are equal but for their white space.

use twox_hash::XxHash3_128;

/// XXH3 (128 bits, <https://github.com/Cyan4973/xxHash>) of a text's words, one space between each:
/// what surrounds the text, line ends and indentation do not count, case and signs do. Blank texts
/// are all equal.
///
/// Among 10¹² texts two different ones agree by chance in fewer than one of 10¹⁴ corpora. XXH3 is no
/// seal: whoever wants two texts to agree can find such, and gains that the later is left out.
pub fn exact_hash(text: &str) -> u128 {
    hash_through(&mut String::new(), text)
}

/// [`exact_hash`], with room that many texts may share.
pub(super) fn hash_through(form: &mut String, text: &str) -> u128 {
    form.clear();
    form.reserve(text.len());
    for word in text.split_whitespace() {
        if !form.is_empty() {
            form.push(' ');
        }
        form.push_str(word);
    }
    XxHash3_128::oneshot(form.as_bytes())
}

/// A hash as two numbers, the upper half first: so they sort alike.
pub(crate) fn halves(hash: u128) -> [u64; 2] {
    [(hash >> 64) as u64, hash as u64]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_does_not_count_and_all_else_does() {
        let hash = exact_hash("A line.\n\n  Another line.");
        assert_eq!(exact_hash("\u{A0}A line. Another\r\nline.\n"), hash);
        for other in [
            "a line. Another line.",
            "A line Another line.",
            "A line.Another line.",
            "Another line. A line.",
            "",
        ] {
            assert_ne!(exact_hash(other), hash, "{other}");
        }
        assert_eq!(exact_hash(" \n"), exact_hash(""));
    }

    /// The vector of the reference implementation for the empty input.
    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(exact_hash(""), 0x99AA_06D3_0147_98D8_6001_C324_468D_497F);
    }
}
