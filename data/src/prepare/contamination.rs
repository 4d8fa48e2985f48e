//! The texts of the recipe's evaluations, and what of a document may stay beside them.

use sha2::{Digest, Sha256};

use super::parts::StepReport;
use crate::Error;
use crate::contamination::{Evaluations, Outcome};
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
        step.documents_in += 1;
        step.bytes_in += document.text.len() as u64;
        let text = &document.text;
        let hits = self.evaluations.hits(text);
        let mut left: Vec<String> = match self.evaluations.outcome(text, &hits) {
            Outcome::Gone if !piece => {
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
            Outcome::Whole | Outcome::Gone => {
                // Told, though it stays.
                step.changed += u64::from(!hits.is_empty());
                vec![text.clone()]
            }
        };
        if piece {
            left = vec![left.join("\n\n")];
        }
        step.documents_out += 1;
        step.bytes_out += left.iter().map(|text| text.len() as u64).sum::<u64>();
        left
    }
}
