//! Words that came before, and their tokens.
//!
//! Most words of a text came before, so that encoding is mostly looking them up. The tables have a
//! fixed size and forget: a word takes the place of another. What they hold changes how long encoding
//! takes and never what comes out.

/// Words of up to this many bytes are kept as one number, with their length in its highest byte.
pub(super) const SHORT_WORD: usize = 15;

/// Sets of short words: a megabyte, which leaves room for other things in a core's second cache.
const SETS: usize = 1 << 14;

/// Tokens that are kept with a short word.
const SHORT_IDS: usize = 3;

/// Words of up to this many bytes are kept at all; longer ones hardly come again.
const LONG_WORD: usize = 48;

/// Places for longer words, and for short ones of many tokens: half a megabyte.
const PLACES: usize = 1 << 12;

/// Tokens that are kept with a long word.
const LONG_IDS: usize = 14;

/// Words and their tokens; 1.5 MB.
pub(super) struct Cache {
    sets: Vec<Set>,
    places: Vec<Long>,
}

/// Two words whose hashes are alike, the one that was found again first: words that come once push
/// each other out, and not what comes often. A line of memory.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Set([Short; 2]);

#[derive(Clone, Copy)]
struct Short {
    /// 0 where no word is: no word has the length 0.
    key: u128,
    count: u32,
    ids: [u32; SHORT_IDS],
}

#[derive(Clone, Copy)]
struct Long {
    length: u8,
    count: u8,
    word: [u8; LONG_WORD],
    ids: [u32; LONG_IDS],
}

/// A word as the cache knows it.
#[derive(Clone, Copy)]
pub(super) struct Key(u128);

impl Key {
    /// The word of `length` bytes at `start`, of which there are 1 to [`SHORT_WORD`].
    #[inline(always)]
    pub(super) fn new(text: &[u8], start: usize, length: usize) -> Self {
        let rest = text.get(start..).unwrap_or_default();
        let sixteen = rest.first_chunk::<16>().copied().unwrap_or_else(|| {
            let mut sixteen = [0; 16];
            for (to, from) in sixteen.iter_mut().zip(rest) {
                *to = *from;
            }
            sixteen
        });
        let bits = 128 - 8 * length.clamp(1, SHORT_WORD) as u32;
        let word = u128::from_le_bytes(sixteen) & (u128::MAX >> bits);
        Self(word | (length as u128) << 120)
    }

    #[inline(always)]
    fn set(self) -> usize {
        let mixed = mix(self.0 as u64) ^ mix((self.0 >> 64) as u64).rotate_left(31);
        (mixed >> (64 - SETS.trailing_zeros())) as usize
    }
}

impl Default for Cache {
    fn default() -> Self {
        let short = Short {
            key: 0,
            count: 0,
            ids: [0; SHORT_IDS],
        };
        let long = Long {
            length: 0,
            count: 0,
            word: [0; LONG_WORD],
            ids: [0; LONG_IDS],
        };
        Self {
            sets: vec![Set([short; 2]); SETS],
            places: vec![long; PLACES],
        }
    }
}

impl Cache {
    /// Appends the tokens of a short word and says whether it was there.
    #[inline(always)]
    pub(super) fn find_short(&mut self, key: Key, ids: &mut Vec<u32>) -> bool {
        let Set([first, second]) = &mut self.sets[key.set()];
        if first.key != key.0 {
            if second.key != key.0 {
                return false;
            }
            std::mem::swap(first, second);
        }
        // Most words are one token.
        if first.count == 1 {
            ids.push(first.ids[0]);
        } else {
            ids.extend(first.ids.iter().take(first.count as usize));
        }
        true
    }

    /// Keeps a short word, if its tokens are few.
    pub(super) fn keep_short(&mut self, key: Key, tokens: &[u32]) -> bool {
        if tokens.len() > SHORT_IDS {
            return false;
        }
        let mut ids = [0; SHORT_IDS];
        ids[..tokens.len()].copy_from_slice(tokens);
        self.sets[key.set()].0[1] = Short {
            key: key.0,
            count: tokens.len() as u32,
            ids,
        };
        true
    }

    /// Where a word of up to [`LONG_WORD`] bytes is kept; `None` for longer ones.
    pub(super) fn place(word: &[u8]) -> Option<usize> {
        if word.len() > LONG_WORD {
            return None;
        }
        let (eights, rest) = word.as_chunks::<8>();
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        let mixed = eights
            .iter()
            .chain([&last])
            .fold(word.len() as u64, |mixed, &eight| {
                mix(mixed.rotate_left(23) ^ u64::from_le_bytes(eight))
            });
        Some((mixed >> (64 - PLACES.trailing_zeros())) as usize)
    }

    /// Appends the tokens of a word and says whether it was at its place.
    pub(super) fn find_at(&self, place: usize, word: &[u8], ids: &mut Vec<u32>) -> bool {
        let held = &self.places[place];
        let found = held.word.get(..held.length.into()) == Some(word);
        if found {
            ids.extend(held.ids.iter().take(held.count.into()));
        }
        found
    }

    /// Keeps a word at its place, if its tokens are not too many.
    pub(super) fn keep_at(&mut self, place: usize, word: &[u8], tokens: &[u32]) {
        if word.len() > LONG_WORD || tokens.len() > LONG_IDS {
            return;
        }
        let held = &mut self.places[place];
        held.length = word.len() as u8;
        held.count = tokens.len() as u8;
        held.word[..word.len()].copy_from_slice(word);
        held.ids[..tokens.len()].copy_from_slice(tokens);
    }
}

/// The highest bits of the result depend on all bits.
#[inline(always)]
fn mix(bits: u64) -> u64 {
    // An odd number without a pattern (the fractional part of the golden ratio).
    bits.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_is_the_word_and_nothing_behind_it() {
        let text = b"the cat, the cat in the hat and no more";
        let key = |start: usize, length| Key::new(text, start, length).0;
        assert_eq!(key(0, 7), key(9, 7));
        assert_ne!(key(0, 7), key(0, 6));
        assert_ne!(Key::new(b"a\0", 0, 1).0, Key::new(b"a\0", 0, 2).0);
        // The last word has fewer than 16 bytes behind its start.
        assert_eq!(
            Key::new(text, 35, 4).0,
            Key::new(b"more or less of it", 0, 4).0
        );
        assert_eq!(Key::new(&[255; 20], 3, 15).0 >> 120, 15);
    }

    #[test]
    fn words_are_found_until_others_take_their_place() {
        let mut cache = Cache::default();
        let mut ids = Vec::new();
        let key = |word: &[u8]| Key::new(word, 0, word.len());
        assert!(!cache.find_short(key(b"abc"), &mut ids));
        assert!(cache.keep_short(key(b"abc"), &[1, 2]));
        assert!(!cache.keep_short(key(b"abcd"), &[1, 2, 3, 4]));
        assert!(cache.find_short(key(b"abc"), &mut ids));
        assert!(!cache.find_short(key(b"abcd"), &mut ids));
        assert_eq!(ids, [1, 2]);
        // It was found again, so that a word after word at the other place does not push it out.
        for number in 0..100_000_u32 {
            let word = number.to_string();
            assert!(cache.keep_short(key(word.as_bytes()), &[number]));
        }
        assert!(cache.find_short(key(b"abc"), &mut ids));
        assert_eq!(ids, [1, 2, 1, 2]);
    }

    #[test]
    fn long_words_are_compared_byte_by_byte() {
        let mut cache = Cache::default();
        let mut ids = Vec::new();
        let word = [b'x'; LONG_WORD];
        let place = Cache::place(&word).unwrap();
        assert!(!cache.find_at(place, &word, &mut ids));
        cache.keep_at(place, &word, &[5, 6]);
        assert!(cache.find_at(place, &word, &mut ids));
        assert!(!cache.find_at(place, &word[1..], &mut ids));
        assert!(!cache.find_at(place, b"", &mut ids));
        assert_eq!(ids, [5, 6]);
        cache.keep_at(place, &word[1..], &[0; LONG_IDS + 1]);
        assert!(cache.find_at(place, &word, &mut ids));
        assert_eq!(Cache::place(&[b'x'; LONG_WORD + 1]), None);
    }
}
