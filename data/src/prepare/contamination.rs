//! The texts of the recipe's evaluations, and what of a document may stay beside them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::parts::StepReport;
use crate::Error;
use crate::contamination::{Evaluations, Hit, Outcome};
use crate::document::Document;
use crate::files::hex;
use crate::recipe::{Clean, Contamination};
use crate::sample::Sample;
use crate::source::{Inputs, ReadCounts};

/// What samples of documents are called that lose what stands in an evaluation.
const CUT_OUT: &str = "stood in an evaluation, and was cut out";

/// What was read of one evaluation, and where it was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvaluationReport {
    /// What reading met.
    pub read: ReadCounts,
    /// Texts of too few words, which were not looked for.
    pub too_short: u64,
    /// Documents of the sources in which it stands; words that several evaluations share count for the first.
    pub found: u64,
}

/// The evaluations of a recipe.
pub(super) struct Held {
    evaluations: Evaluations,
    /// Where each text stands, and what its evaluation is called.
    texts: Vec<(String, String)>,
    reports: BTreeMap<String, EvaluationReport>,
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
        let mut texts = Vec::new();
        let mut reports: BTreeMap<String, EvaluationReport> = BTreeMap::new();
        let inputs = Inputs::resolve(&recipe.texts)?;
        for (name, streams) in inputs.streams() {
            let mut documents = inputs.documents_of(streams, &Clean::default());
            let before = evaluations.ignored();
            for document in documents.by_ref() {
                let document = document?;
                // There are fewer than 2^32, each of which takes memory.
                evaluations.add(texts.len() as u32, &document.text);
                sha256.update(Sha256::digest(document.text.as_bytes()));
                texts.push((document.place(), name.to_owned()));
            }
            let report = reports.entry(name.to_owned()).or_default();
            report.read.add(&documents.counts());
            report.too_short += evaluations.ignored() - before;
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
            texts,
            reports,
            fingerprint: hex(&sha256.finalize()),
        })
    }

    /// What was read of each evaluation.
    pub(super) fn reports(&self) -> &BTreeMap<String, EvaluationReport> {
        &self.reports
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
        let names: BTreeSet<&str> = hits.iter().map(|hit| self.text(hit).1.as_str()).collect();
        for name in names {
            *step.found.entry(name.to_owned()).or_default() += 1;
        }
        // From where the first of them stands.
        let sample = || {
            let first = hits.first();
            let text = text.get(first.map_or(0, |hit| hit.bytes.start)..);
            let other = first.map(|hit| self.text(hit).0.clone());
            Sample::at(document.place(), text.unwrap_or_default()).beside(other)
        };
        let mut left: Vec<String> = match self.evaluations.outcome(text, &hits) {
            Outcome::Gone if !piece => {
                step.drop("stands in an evaluation", sample);
                return Vec::new();
            }
            // What belongs to a longer text cannot go as a whole: what was found in it does.
            Outcome::Gone => {
                step.changed += 1;
                step.samples.keep(CUT_OUT, sample);
                vec![without(text, &hits)]
            }
            Outcome::Pieces(pieces) => {
                step.changed += 1;
                step.samples.keep(CUT_OUT, sample);
                pieces
                    .into_iter()
                    .map(|piece| text[piece].to_owned())
                    .collect()
            }
            Outcome::Whole => {
                if !hits.is_empty() {
                    step.tell("stands in an evaluation, and stays", sample);
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

    /// Where the text of an evaluation stands that was found, and what the evaluation is called.
    fn text(&self, hit: &Hit) -> &(String, String) {
        &self.texts[hit.evaluation as usize]
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
