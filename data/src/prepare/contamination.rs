//! The texts of the recipe's evaluations, and what of a document may stay beside them.

use sha2::{Digest, Sha256};

use super::parts::StepReport;
use crate::Error;
use crate::contamination::{Evaluations, Hit, Outcome};
use crate::document::Document;
use crate::files::hex;
use crate::recipe::{Clean, Contamination};
use crate::source::Inputs;

/// The evaluations of a recipe.
pub(super) struct Held {
    evaluations: Evaluations,
    fingerprint: String,
}

impl Held {
    /// Reads them.
    ///
    /// # Errors
    /// Files that cannot be read.
    pub(super) fn read(recipe: &Contamination) -> Result<Self, Error> {
        let mut evaluations =
            Evaluations::new(&recipe.rules).map_err(crate::dedup::DedupError::from)?;
        let mut sha256 = Sha256::new();
        let documents = Inputs::resolve(&recipe.texts)?.documents(&Clean::default());
        for (number, document) in (0..).zip(documents) {
            let document = document?;
            evaluations.add(number, &document.text);
            sha256.update(Sha256::digest(document.text.as_bytes()));
        }
        if evaluations.ngrams() == 0 {
            return Err(Error::Empty {
                what: "contamination.texts".to_owned(),
                why: format!(
                    "none of their texts has {} words in a row; {} are shorter",
                    recipe.rules.shortest,
                    evaluations.ignored()
                ),
            });
        }
        Ok(Self {
            evaluations,
            fingerprint: hex(&sha256.finalize()),
        })
    }

    /// SHA-256 over their texts.
    pub(super) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// What of a document may stay, counted in `step`: nothing, all of it, or pieces, each a document of its
    /// own. What is a `piece` of a longer text stays one.
    pub(super) fn pass(
        &self,
        document: &Document,
        piece: bool,
        step: &mut StepReport,
    ) -> Vec<String> {
        step.enter(&document.text);
        let text = &document.text;
        let hits = self.evaluations.hits(text);
        let mut left: Vec<String> = match self.evaluations.outcome(text, &hits) {
            Outcome::Gone if !piece => {
                step.drop("stands in an evaluation", text, || document.place());
                return Vec::new();
            }
            // What belongs to a longer text cannot go as a whole: what was found in it does.
            Outcome::Gone => {
                step.changed += 1;
                vec![without(text, &hits)]
            }
            Outcome::Pieces(pieces) if pieces.is_empty() && !piece => {
                step.drop("stands in an evaluation", text, || document.place());
                return Vec::new();
            }
            Outcome::Pieces(pieces) => {
                step.changed += 1;
                pieces
                    .into_iter()
                    .map(|piece| text[piece].to_owned())
                    .collect()
            }
            Outcome::Whole => {
                if !hits.is_empty() {
                    step.tell("stands in an evaluation, and stays", text, || {
                        document.place()
                    });
                }
                vec![text.clone()]
            }
        };
        if piece {
            left = vec![left.join("\n\n")];
        }
        for text in &left {
            step.leave(text);
        }
        left
    }
}

/// A text without the places where evaluations stand, which are in order and apart.
fn without(text: &str, hits: &[Hit]) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for hit in hits {
        left += text.get(at..hit.bytes.start).unwrap_or_default();
        at = at.max(hit.bytes.end);
    }
    left + text.get(at..).unwrap_or_default()
}
