//! The byte-level alphabet: every byte as a printable character.
//!
//! GPT-2's table (Radford et al. 2019; `bytes_to_unicode` in `encoder.py`): printable bytes of
//! Latin-1 stand for themselves, the other 68 are moved to U+0100 and above, in order.

/// The character that stands for each byte.
pub(super) fn alphabet() -> [char; 256] {
    let mut moved = 0;
    std::array::from_fn(|byte| {
        let code = byte as u32;
        if matches!(code, 0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF) {
            char::from(byte as u8)
        } else {
            let character = char::from_u32(0x100 + moved).unwrap_or('\0');
            moved += 1;
            character
        }
    })
}

/// The byte that a character stands for.
pub(super) fn byte_of(character: char) -> Option<u8> {
    static INVERSE: std::sync::LazyLock<Vec<Option<u8>>> = std::sync::LazyLock::new(|| {
        let mut inverse = vec![None; 0x100 + 68];
        for (byte, character) in alphabet().into_iter().enumerate() {
            if let Some(slot) = inverse.get_mut(character as usize) {
                *slot = Some(byte as u8);
            }
        }
        inverse
    });
    INVERSE.get(character as usize).copied().flatten()
}

/// What a byte-level token decodes to; a token with a foreign character (a special one with a
/// space, say) is taken as it stands, which is what the `ByteLevel` decoder does.
pub(super) fn token_bytes(token: &str) -> Vec<u8> {
    token
        .chars()
        .map(byte_of)
        .collect::<Option<Vec<u8>>>()
        .unwrap_or_else(|| token.as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_the_one_of_the_tokenizers_crate() {
        let ours: std::collections::BTreeSet<char> = alphabet().into_iter().collect();
        let theirs: std::collections::BTreeSet<char> =
            tokenizers::pre_tokenizers::byte_level::ByteLevel::alphabet()
                .into_iter()
                .collect();
        assert_eq!(ours, theirs);
        assert_eq!(alphabet()[b' ' as usize], 'Ġ');
        assert_eq!(alphabet()[b'\n' as usize], 'Ċ');
        assert_eq!(alphabet()[0xAD], '\u{143}');
    }

    #[test]
    fn every_byte_comes_back() {
        for (byte, character) in alphabet().into_iter().enumerate() {
            assert_eq!(byte_of(character), Some(byte as u8));
        }
        assert_eq!(byte_of('\u{144}'), None);
        assert_eq!(token_bytes("a b"), b"a b");
    }
}
