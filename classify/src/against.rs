//! What simpler means say of the same texts, and how the classifier stands against them.

use crate::Result;
use crate::baseline;
use crate::metrics::{
    Bootstrap, Difference, Ranking, Temperature, mcnemar, paired_difference_over_splits, top_class,
};
use crate::report::{Baseline, Summary};
use crate::split::Split;
use crate::tell::{Telling, truth};
use slovo_data::stop::Stop;
use slovo_train::progress::notice;
use std::collections::BTreeMap;

/// What one baseline said of the test texts of each split: probabilities.
struct Simple {
    what: &'static str,
    name: String,
    test: Vec<Vec<f64>>,
}

impl Telling<'_> {
    pub(crate) fn baselines(&self, stop: &Stop) -> Result<Option<BTreeMap<String, Baseline>>> {
        let mut all = BTreeMap::new();
        if !self.recipe.baselines || self.sides[0].split.test.is_empty() {
            return Ok(Some(all));
        }
        notice("training the baselines");
        for kind in baseline::Baseline::ALL {
            let mut test = Vec::with_capacity(self.splits);
            for sides in &self.sides[..self.splits] {
                if stop.requested() {
                    return Ok(None);
                }
                test.push(self.simple(kind, &sides.split)?);
            }
            let name = serde_json::to_value(kind).ok();
            let name = name.and_then(|name| name.as_str().map(str::to_owned));
            let simple = Simple {
                what: kind.name(),
                name: name.unwrap_or_else(|| kind.name().into()),
                test,
            };
            if let Some(baseline) = self.baseline(&simple)? {
                all.insert(simple.name, baseline);
            }
        }
        Ok(Some(all))
    }

    /// What a baseline says of the test texts.
    fn simple(&self, kind: baseline::Baseline, split: &Split) -> Result<Vec<f64>> {
        let texts = |items: &[usize]| -> Vec<&str> {
            let of = |item: &usize| self.labelled.examples[*item].text.as_str();
            items.iter().map(of).collect()
        };
        let answers = truth(self.labelled, &split.train, self.multi_label());
        let classes = self.labelled.classes.len();
        let fitted = kind.fit(&texts(&split.train), answers.truth(), classes)?;
        Ok(fitted.probabilities(&texts(&split.test)))
    }

    fn baseline(&self, simple: &Simple) -> Result<Option<Baseline>> {
        let (mut whole, mut clean) = (Vec::new(), Vec::new());
        for (sides, said) in self.sides.iter().zip(&simple.test) {
            whole.extend(self.scores(&sides.split.test, said, None, None)?);
            clean.extend(self.scores(&sides.split.test, said, Some(&sides.clean), None)?);
        }
        let Some(test) = Summary::of(whole.iter()) else {
            return Ok(None);
        };
        let test_deduplicated = Summary::of(clean.iter());
        let best = &self.sides[self.best];
        let said_of_best = simple.test.get(self.best).unwrap_or(&simple.test[0]);
        let right = |said: &[f64]| self.right(&best.split.test, said);
        let said = self.probabilities(Temperature::ONE, &self.found[self.best].told.test);
        let mcnemar = mcnemar(&right(&said), &right(said_of_best));
        Ok(Some(Baseline {
            what: simple.what.into(),
            accuracy: test.accuracy.mean,
            accuracy_deduplicated: test_deduplicated.as_ref().map(|found| found.accuracy.mean),
            accuracy_difference: self.difference(simple, |right, _| {
                let n = right.len() as f64;
                (n > 0.0).then(|| right.iter().filter(|right| **right).count() as f64 / n)
            }),
            pr_auc_difference: self.positive.and_then(|_| {
                self.difference(simple, |_, ranked| {
                    let (is, scores): (Vec<bool>, Vec<f64>) = ranked.iter().copied().unzip();
                    Ranking::of(&is, &scores).average_precision()
                })
            }),
            scores: whole.swap_remove(0),
            test,
            test_deduplicated,
            mcnemar,
        }))
    }

    /// Whether each text is told right by these probabilities.
    pub(crate) fn right(&self, items: &[usize], said: &[f64]) -> Vec<bool> {
        let rows = said.chunks_exact(self.labelled.classes.len());
        rows.zip(items)
            .map(|(row, item)| {
                let classes = &self.labelled.examples[*item].classes;
                match self.multi_label() {
                    false => classes.first() == Some(&top_class(row)),
                    true => row
                        .iter()
                        .enumerate()
                        .all(|(class, said)| (*said >= 0.5) == classes.contains(&class)),
                }
            })
            .collect()
    }

    /// The interval of the classifier's number less the baseline's, over trainings and texts. `measure`
    /// is given of each text whether it is told right, and whether it is of the positive class, with its
    /// score.
    fn difference(
        &self,
        simple: &Simple,
        measure: impl Fn(&[bool], &[(bool, f64)]) -> Option<f64> + Sync,
    ) -> Option<Difference> {
        type Known = (Vec<bool>, Vec<(bool, f64)>);
        let classes = self.labelled.classes.len();
        let positive = self.positive.unwrap_or(0);
        let know = |items: &[usize], said: &[f64]| -> Known {
            let rows = said.chunks_exact(classes).zip(items);
            let ranked = rows.map(|(row, item)| {
                let is = self.labelled.examples[*item].classes.contains(&positive);
                (is, row[positive])
            });
            (self.right(items, said), ranked.collect())
        };
        let pairs: Vec<[Known; 2]> = self
            .found
            .iter()
            .zip(self.sides)
            .enumerate()
            .map(|(number, (found, sides))| {
                let said = self.probabilities(found.told.temperature, &found.told.test);
                let simple = simple.test.get(number).unwrap_or(&simple.test[0]);
                [
                    know(&sides.split.test, &said),
                    know(&sides.split.test, simple),
                ]
            })
            .collect();
        let items: Vec<usize> = self
            .sides
            .iter()
            .map(|sides| sides.split.test.len())
            .collect();
        let bootstrap = Bootstrap {
            resamples: 2000,
            ..Bootstrap::default()
        };
        paired_difference_over_splits(&items, bootstrap, |split, chosen| {
            let of = |known: &Known| {
                let right: Vec<_> = chosen.iter().map(|item| known.0[*item]).collect();
                let ranked: Vec<_> = chosen.iter().map(|item| known.1[*item]).collect();
                measure(&right, &ranked)
            };
            let [ours, theirs] = &pairs[split];
            Some(of(ours)? - of(theirs)?)
        })
    }
}
