//! Words that came before, and their tokens.
//!
//! Most words of a text came before, so that encoding it is mostly looking them up.

use std::collections::HashMap;
use std::sync::Mutex;

/// Longer words are not kept: they hardly come again. In bytes.
const LONGEST: usize = 48;
/// Words that a table keeps before it begins anew; with their tokens some 8 MB.
const MOST: usize = 1 << 16;

/// What was encoded before; shared between threads.
#[derive(Default)]
pub(super) struct Remembered {
    /// A table for each thread that has encoded, while it is not encoding.
    tables: Mutex<Vec<Table>>,
}

/// Words and their tokens.
#[derive(Default)]
struct Table {
    spans: HashMap<Box<str>, (u32, u32)>,
    tokens: Vec<u32>,
}

impl Remembered {
    /// The tokens of words, one after another; `new` appends those of a word that is not in the
    /// table. The table changes how long it takes, not what comes out.
    pub(super) fn encode<'t, E>(
        &self,
        words: impl Iterator<Item = &'t str>,
        mut new: impl FnMut(&str, &mut Vec<u32>) -> Result<(), E>,
    ) -> Result<Vec<u32>, E> {
        // A thread that panicked left no half of a table: it had taken one out.
        let tables = || {
            self.tables
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
        };
        let mut table = tables().pop().unwrap_or_default();
        let mut ids = Vec::new();
        for word in words {
            if let Some(&(start, length)) = table.spans.get(word) {
                let start = start as usize;
                ids.extend_from_slice(&table.tokens[start..start + length as usize]);
                continue;
            }
            let before = ids.len();
            new(word, &mut ids)?;
            table.keep(word, &ids[before..]);
        }
        tables().push(table);
        Ok(ids)
    }
}

impl Table {
    fn keep(&mut self, word: &str, tokens: &[u32]) {
        if word.len() > LONGEST {
            return;
        }
        if self.spans.len() >= MOST {
            self.spans.clear();
            self.tokens.clear();
        }
        // At most 48 tokens for each of 65,536 words.
        let span = (self.tokens.len() as u32, tokens.len() as u32);
        self.tokens.extend_from_slice(tokens);
        self.spans.insert(word.into(), span);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_begins_anew() {
        let mut table = Table::default();
        for word in 0..MOST + 10 {
            table.keep(&word.to_string(), &[word as u32]);
        }
        assert_eq!(table.spans.len(), 10);
        assert_eq!(table.tokens.len(), 10);
        table.keep(&"x".repeat(LONGEST + 1), &[1]);
        assert_eq!(table.spans.len(), 10);
    }
}
