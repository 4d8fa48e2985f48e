//! Runs of *n* words (*n*-grams) that occur more than once in a text.
//!
//! Each run gets a number, and two runs have the same number exactly when their words are the same:
//! a run of *n* words is known by the numbers of the two runs of *n* − 1 that it consists of. No run
//! is ever spelt out, nothing rests on a hash being free of collisions, and a run that holds a run
//! seen once is itself seen once, so that longer runs soon cost next to nothing.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};

use super::words::words;

/// The longest text whose words can be numbered, in bytes.
pub(super) const LONGEST: usize = u32::MAX as usize;

/// The runs of a text that occur more than once, from single words upwards.
///
/// Memory: four bytes for each word, eight for each run that is repeated, and at most some fifty for
/// each word while words or runs of two are numbered.
pub(super) struct Grams {
    /// Words in a run.
    n: usize,
    /// Where each repeated run begins, and its number; in the order of the text.
    runs: Vec<(u32, u32)>,
    /// Numbers given.
    numbers: usize,
    /// Characters in all words before each word, and in all words at the end.
    before: Vec<u32>,
    /// The first of the runs that occur most often, and how often; 0 where there is no run.
    top: (usize, usize),
}

impl Grams {
    /// Single words of a text of at most [`LONGEST`] bytes.
    pub(super) fn words(text: &str) -> Self {
        // Half of what most texts need, and no more than is soon filled.
        let expected = (text.len() / 16).min(1 << 16);
        let mut known: HashMap<&str, u32, Mixing> =
            HashMap::with_capacity_and_hasher(expected, Mixing::new());
        let mut counts = Vec::new();
        let mut runs = Vec::new();
        let mut before = vec![0];
        let mut characters = 0;
        for (at, word) in words(text).enumerate() {
            characters += word.chars().count() as u32;
            before.push(characters);
            let number = *known.entry(word).or_insert(counts.len() as u32);
            count(&mut counts, number);
            runs.push((at as u32, number));
        }
        let mut grams = Self {
            n: 1,
            runs,
            numbers: 0,
            before,
            top: (0, 0),
        };
        grams.settle(&counts);
        grams
    }

    /// Goes on to runs of one word more.
    pub(super) fn lengthen(&mut self) {
        self.n += 1;
        let mut known: HashMap<u64, u32, Mixing> = HashMap::with_hasher(Mixing::new());
        let mut counts = Vec::new();
        let mut runs = Vec::new();
        for pair in self.runs.windows(2) {
            let ((at, first), (next, second)) = (pair[0], pair[1]);
            // A run between that occurs once leaves a gap.
            if next == at + 1 {
                let key = u64::from(first) << 32 | u64::from(second);
                let number = *known.entry(key).or_insert(counts.len() as u32);
                count(&mut counts, number);
                runs.push((at, number));
            }
        }
        self.runs = runs;
        self.settle(&counts);
    }

    /// Finds the top run, and leaves out all that occur once.
    fn settle(&mut self, counts: &[u32]) {
        let times = |number: u32| counts.get(number as usize).copied().unwrap_or(0);
        self.runs.retain(|&(_, number)| times(number) > 1);
        self.numbers = counts.len();
        let most = counts.iter().copied().max().unwrap_or(0);
        let first = self.runs.iter().find(|&&(_, number)| times(number) == most);
        self.top = match first {
            Some(&(at, _)) => (at as usize, most as usize),
            None => (0, usize::from(self.before.len() > self.n)),
        };
    }

    /// Characters in all occurrences of the run that occurs most often, the first of several, a space
    /// between its words; 0 where the text is shorter than a run.
    pub(super) fn top_characters(&self) -> usize {
        match self.top {
            (_, 0) => 0,
            (at, count) => (self.characters(at) + self.n - 1) * count,
        }
    }

    /// Characters in runs that were there before, spaces not counted. The text is read from its start:
    /// behind a run that was there before, reading goes on with the next word that is not part of it,
    /// so no character counts twice.
    pub(super) fn duplicate_characters(&self) -> usize {
        let mut seen = vec![false; self.numbers];
        let (mut next, mut characters) = (0, 0);
        for &(at, number) in &self.runs {
            let at = at as usize;
            if at < next {
                continue;
            }
            match seen.get_mut(number as usize) {
                Some(true) => {
                    characters += self.characters(at);
                    next = at + self.n;
                }
                Some(seen) => *seen = true,
                None => {}
            }
        }
        characters
    }

    /// Characters in the words of the run at `at`.
    fn characters(&self, at: usize) -> usize {
        (self.before[at + self.n] - self.before[at]) as usize
    }
}

/// Counts a number, which is known or the next.
fn count(counts: &mut Vec<u32>, number: u32) {
    match counts.get_mut(number as usize) {
        Some(count) => *count += 1,
        None => counts.push(1),
    }
}

/// Hashes by multiplication with two numbers drawn for each table, so that no text can be made that
/// puts many runs in one place. The standard library's hasher is as safe and takes twice the time.
struct Mixing([u64; 2]);

impl Mixing {
    fn new() -> Self {
        let random = RandomState::new();
        Self([random.hash_one(0) | 1, random.hash_one(1) | 1])
    }
}

impl BuildHasher for Mixing {
    type Hasher = Mixed;

    fn build_hasher(&self) -> Mixed {
        Mixed {
            by: self.0,
            value: 0,
        }
    }
}

struct Mixed {
    by: [u64; 2],
    value: u64,
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.value
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut block = [0; 8];
            block[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(block));
        }
    }

    /// The end of a text, which needs no mixing: each table has one kind of key.
    fn write_u8(&mut self, byte: u8) {
        self.value ^= u64::from(byte);
    }

    fn write_u64(&mut self, key: u64) {
        for by in self.by {
            let product = u128::from(self.value ^ key ^ by) * u128::from(by);
            self.value = product as u64 ^ (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grams(text: &str, n: usize) -> Grams {
        let mut grams = Grams::words(text);
        for _ in 1..n {
            grams.lengthen();
        }
        grams
    }

    #[test]
    fn the_top_run_is_counted_with_its_spaces() {
        // "a bb" three times, of four characters each.
        assert_eq!(grams("a bb a bb c a bb", 2).top_characters(), 12);
        // Runs may overlap: "x x" begins at each of three words.
        assert_eq!(grams("x x x x", 2).top_characters(), 9);
        // None occurs twice: the first counts, once.
        assert_eq!(grams("one three five", 2).top_characters(), 9);
        assert_eq!(grams("one", 2).top_characters(), 0);
        assert_eq!(grams("", 4).top_characters(), 0);
        // The first of those that occur equally often, not the longest.
        assert_eq!(grams("a b a b ccc ddd ccc ddd", 2).top_characters(), 6);
    }

    #[test]
    fn a_run_that_was_there_before_counts_without_spaces_and_once() {
        let text = "a bb ccc d e a bb ccc d e";
        assert_eq!(grams(text, 5).duplicate_characters(), 8);
        assert_eq!(grams(text, 6).duplicate_characters(), 0);
        // Six times x: the run at 0 is new, the one at 1 repeats it and takes two words, and so on.
        assert_eq!(grams("x x x x x x", 2).duplicate_characters(), 4);
        assert_eq!(grams("", 5).duplicate_characters(), 0);
    }

    #[test]
    fn runs_are_the_same_exactly_when_their_words_are() {
        // Against the plain definition, on texts of few words, which repeat in every way.
        let mut state = 1_u32;
        for round in 0..300 {
            let words: Vec<String> = (0..40)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    "ab".repeat(1 + (state >> 16) as usize % (2 + round % 4))
                })
                .collect();
            let text = words.join(" ");
            for n in 1..=10 {
                let mut seen = std::collections::HashSet::new();
                let (mut at, mut repeated) = (0, 0);
                while at + n <= words.len() {
                    let run = &words[at..at + n];
                    if seen.insert(run) {
                        at += 1;
                    } else {
                        repeated += run.iter().map(String::len).sum::<usize>();
                        at += n;
                    }
                }
                let runs: Vec<&[String]> = words.windows(n).collect();
                let count = |run: &[String]| runs.iter().filter(|other| **other == run).count();
                let most = runs.iter().map(|run| count(run)).max().unwrap_or(0);
                let top = runs.iter().find(|run| count(run) == most);
                let top = top.map_or(0, |run| run.join(" ").len() * most);
                let grams = grams(&text, n);
                assert_eq!(grams.duplicate_characters(), repeated, "{n}: {text}");
                assert_eq!(grams.top_characters(), top, "{n}: {text}");
            }
        }
    }
}
