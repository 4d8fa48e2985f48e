//! Which tokens continue the word of the token before them: for hiding whole words.
//!
//! WordPiece marks the tokens that continue a word (`##ing`), SentencePiece those that begin one
//! (`▁the`). A byte-level token begins a word with its space, so what neither begins with white
//! space nor stands behind some continues: a comma belongs to the word before it.

use std::sync::Arc;

use super::Tokenizer;
use super::kind::WordStart;

/// Which tokens of a vocabulary begin words; cheap to clone.
#[derive(Clone, Debug)]
pub struct WordStarts(Arc<[Edges]>);

/// Where a token lets a word begin.
#[derive(Clone, Copy, Debug, Default)]
struct Edges {
    /// With itself.
    here: bool,
    /// With the token behind it.
    behind: bool,
}

impl WordStarts {
    /// Of each token of a row, whether it continues the word of the one before it. Special tokens
    /// are words by themselves.
    pub fn continues(&self, row: &[u32]) -> Vec<bool> {
        let edges = |id: u32| self.0.get(id as usize).copied().unwrap_or_default();
        (0..row.len())
            .map(|at| at > 0 && !edges(row[at]).here && !edges(row[at - 1]).behind)
            .collect()
    }
}

impl Tokenizer {
    /// Which tokens begin words, where the tokens of this tokenizer show it.
    pub fn word_starts(&self) -> Option<WordStarts> {
        let rule = &self.0.traits.words;
        if matches!(rule, WordStart::Unseen) {
            return None;
        }
        let mut edges: Vec<Edges> = (0..self.vocab_size() as u32)
            .map(|id| self.edges(id, rule))
            .collect();
        let alone = Edges {
            here: true,
            behind: true,
        };
        for (id, _) in self.specials() {
            if let Some(edges) = edges.get_mut(id as usize) {
                *edges = alone;
            }
        }
        Some(WordStarts(edges.into()))
    }

    fn edges(&self, id: u32, rule: &WordStart) -> Edges {
        let token = || self.0.general.id_to_token(id).unwrap_or_default();
        match rule {
            WordStart::Unseen => Edges::default(),
            WordStart::Continued(prefix) => Edges {
                here: !token().starts_with(prefix),
                behind: false,
            },
            WordStart::Begun(mark) => Edges {
                here: token().starts_with(*mark),
                behind: false,
            },
            WordStart::Space => {
                let mut bytes = Vec::new();
                // A gap in the numbering is no token, and stands in no row.
                let _ = self.decode_bytes(&[id], &mut bytes);
                let text = String::from_utf8_lossy(&bytes);
                Edges {
                    here: text.starts_with(char::is_whitespace),
                    behind: text.ends_with(char::is_whitespace),
                }
            }
        }
    }
}
