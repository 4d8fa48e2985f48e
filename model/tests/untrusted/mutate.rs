//! Changes to a file, the same ones each time.

/// A generator of our own, so that a failure can be had again.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `below`, which is not zero.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % below
    }
}

/// Lengths that a parser might believe.
const LENGTHS: [u64; 8] = [0, 1, 255, 1 << 12, 1 << 20, 1 << 32, 1 << 63, u64::MAX];

/// Words that text files turn on.
const WORDS: [&str; 16] = [
    "null",
    "true",
    "-1",
    "1e999",
    "99999999999999999999",
    "[",
    "]",
    "{",
    "}",
    "\"",
    "\\u0000",
    ",",
    ":",
    "\u{feff}",
    "0.5",
    "[[[[[[[[",
];

/// One change of `bytes`, and of others in `all` where parts are exchanged.
pub fn mutated(bytes: &[u8], all: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..1 + random.below(4) {
        change(&mut changed, all, random);
    }
    changed
}

fn change(bytes: &mut Vec<u8>, all: &[Vec<u8>], random: &mut Random) {
    let at = random.below(bytes.len() + 1);
    // Fronts are where the meaning is.
    let at = match random.below(3) {
        0 => at.min(random.below(64)),
        _ => at,
    };
    match random.below(8) {
        0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
        1 if at < bytes.len() => bytes[at] = random.below(256) as u8,
        2 => bytes.truncate(at),
        3 => {
            let length = LENGTHS[random.below(LENGTHS.len())].to_le_bytes();
            let width = [2, 4, 8][random.below(3)];
            let end = bytes.len().min(at + width);
            bytes[at..end].copy_from_slice(&length[..end - at]);
        }
        4 => {
            let other = &all[random.below(all.len())];
            let from = random.below(other.len() + 1);
            let to = (from + random.below(64)).min(other.len());
            let until = (at + random.below(64)).min(bytes.len());
            bytes.splice(at..until, other[from..to].iter().copied());
        }
        5 => {
            let end = (at + random.below(32)).min(bytes.len());
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        6 => {
            let word = WORDS[random.below(WORDS.len())];
            let end = (at + random.below(4)).min(bytes.len());
            bytes.splice(at..end, word.bytes());
        }
        _ => {
            let end = (at + random.below(16)).min(bytes.len());
            bytes.drain(at..end);
        }
    }
}
