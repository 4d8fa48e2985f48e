//! Which words spoke for a class, and which against it: integrated gradients (Sundararajan et al. 2017,
//! <https://arxiv.org/abs/1703.01365>).
//!
//! The text's embedded tokens are reached on a straight line from those of a text that says nothing, all
//! of whose tokens are the filler; the gradient of the class's lead over its nearest rival, summed along
//! that line, is shared out among the tokens. The shares add up to the difference between the leads at
//! both ends (completeness): how well they do is measured and told, and the line is cut finer where they
//! do not yet.

mod show;
mod words;

pub use show::{html, terminal};
pub use words::Word;

use crate::encode::around;
use crate::saved::SavedClassifier;
use crate::{Error, Result};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use serde::Serialize;
use slovo_model::{Classifier, Pass, Reading};
use words::{Share, words};

/// How far the shares may be from adding up, as a part of what they should add up to.
const CLOSE: f64 = 0.01;
/// Pieces that the line is cut into at first.
const PIECES: usize = 16;
/// Points on the line at most. Large decoders change their minds within a thousandth of the way; what is
/// missing from the sum then is said.
const MOST: usize = 1024;
/// Tokens computed at once.
const TOGETHER: usize = 512;

/// Why a text was told to be what it was.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The text.
    pub text: String,
    /// The class that is explained.
    pub label: String,
    /// The class that it is held against; none where a text may have any number of classes.
    pub against: Option<String>,
    /// Its calibrated probability.
    pub probability: f64,
    /// By how much the class's logit leads.
    pub lead: f64,
    /// The same for a text of as many tokens that says nothing.
    pub lead_of_nothing: f64,
    /// What the words' shares add up to.
    pub sum: f64,
    /// How far that is from the difference between the leads.
    pub error: f64,
    /// Points on the line.
    pub points: usize,
    /// The words, in their order.
    pub words: Vec<Word>,
    /// Tokens that were left out because the text was too long.
    pub cut: usize,
}

/// Which logits are compared.
#[derive(Clone, Copy)]
struct Lead {
    class: usize,
    against: Option<usize>,
}

impl Lead {
    /// Of `logits`, `[rows, classes]`: `[rows]`.
    fn of(self, logits: Tensor<2>) -> Tensor<1> {
        let column = |class| logits.clone().narrow(1, class, 1).squeeze_dim::<1>(1);
        match self.against {
            Some(against) => column(self.class) - column(against),
            None => column(self.class),
        }
    }
}

impl SavedClassifier {
    /// Explains what a text was told to be, or why it is not `label`.
    ///
    /// # Errors
    ///
    /// A label that there is not, a text that cannot be encoded, or a device that fails.
    pub fn explain(&self, text: &str, label: Option<&str>) -> Result<Explanation> {
        let found = self.predict(&[text], |_| "the text".into())?.remove(0);
        let labels = self.labels();
        let class = match label {
            None => found.class,
            Some(label) => {
                let place = labels.iter().position(|known| known == label);
                place.ok_or_else(|| Error::Value {
                    field: "--label",
                    found: format!("{label:?}"),
                    expected: format!("the model knows {}", labels.join(", ")),
                })?
            }
        };
        let against = match self.classifier.config().multi_label {
            true => None,
            false => {
                let rivals = (0..labels.len()).filter(|rival| *rival != class);
                rivals.max_by(|a, b| found.probabilities[*a].total_cmp(&found.probabilities[*b]))
            }
        };
        let failed = |error| Error::from(slovo_data::Error::from(error));
        let tokenizer = &self.tokenizer;
        let specials = tokenizer
            .encode_with_specials("", None)
            .map_err(failed)?
            .ids;
        let whole = tokenizer
            .encode_with_specials(text, None)
            .map_err(failed)?
            .ids;
        let spans = tokenizer.spans(text).map_err(failed)?;
        let (before, after) = around(&whole, &specials);
        let kept = self.settings.encoding.kept(&whole, &specials);
        let body = before..whole.len().saturating_sub(after);
        let ids: Vec<u32> = kept.iter().map(|place| whole[*place]).collect();
        let nothing: Vec<u32> = kept
            .iter()
            .map(|place| match body.contains(place) {
                true => self.filler(),
                false => whole[*place],
            })
            .collect();
        let along = Line::new(
            &self.classifier,
            &self.device,
            [&nothing, &ids],
            Lead { class, against },
        )?;
        let (shares, sum, points) = along.shares()?;
        let shares: Vec<Share> = kept
            .iter()
            .zip(&shares)
            .filter(|(place, _)| body.contains(place))
            .filter_map(|(place, share)| {
                let span = spans.get(place - before)?;
                Some((span.start..span.end, *share))
            })
            .collect();
        Ok(Explanation {
            text: text.into(),
            label: labels[class].clone(),
            against: against.map(|against| labels[against].clone()),
            probability: found.probabilities[class],
            lead: along.leads[1],
            lead_of_nothing: along.leads[0],
            sum,
            error: (sum - (along.leads[1] - along.leads[0])).abs(),
            points,
            words: words(text, &shares),
            cut: found.cut,
        })
    }

    /// The token that says least.
    fn filler(&self) -> u32 {
        let tokenizer = &self.tokenizer;
        let known = tokenizer.mask().or(tokenizer.pad()).or(tokenizer.unknown());
        known.or(tokenizer.end_of_text()).unwrap_or(0)
    }
}

/// The line from nothing to a text.
struct Line {
    classifier: Classifier,
    device: Device,
    /// Embedded tokens at both ends, `[1, seq, d_model]`.
    ends: [Tensor<3>; 2],
    lead: Lead,
    leads: [f64; 2],
}

impl Line {
    fn new(model: &Classifier, device: &Device, ends: [&[u32]; 2], lead: Lead) -> Result<Self> {
        let device = device.clone().autodiff();
        let classifier = model.clone().train().no_grad();
        let embed = |ids: &[u32]| {
            let ids: Vec<i32> = ids.iter().map(|id| *id as i32).collect();
            let data = TensorData::new(ids, [1, ends[1].len()]);
            let tokens = Tensor::<2, Int>::from_data(data, &device);
            classifier.trunk.states(tokens, 0, &mut Pass::default())
        };
        let ends = [embed(ends[0]), embed(ends[1])];
        let mut leads = [0.0; 2];
        for (value, end) in leads.iter_mut().zip(&ends) {
            let reading = Reading::States {
                states: end.clone(),
                blocks: 0,
            };
            let logits = classifier.logits(reading, &mut Pass::default());
            *value = f64::from(number(lead.of(logits))?[0]);
        }
        Ok(Self {
            classifier,
            device,
            ends,
            lead,
            leads,
        })
    }

    /// Each token's share, what they add up to, and on how many points.
    ///
    /// Of each piece of the line it is known by how much the lead changes over it; where the slope in
    /// its middle says otherwise, it is cut in two.
    fn shares(&self) -> Result<(Vec<f64>, f64, usize)> {
        let bounds: Vec<f64> = (0..=PIECES).map(|i| i as f64 / PIECES as f64).collect();
        let leads: Vec<f64> = self.at(&bounds)?.into_iter().map(|at| at.lead).collect();
        let mut open: Vec<Piece> = (0..PIECES)
            .map(|i| Piece::new([bounds[i], bounds[i + 1]], [leads[i], leads[i + 1]]))
            .collect();
        let wanted = (self.leads[1] - self.leads[0]).abs().max(0.1);
        let (mut pieces, mut points): (Vec<Piece>, usize) = (Vec::new(), bounds.len());
        loop {
            let middles: Vec<f64> = open.iter().map(Piece::middle).collect();
            points += middles.len();
            for (piece, at) in open.iter_mut().zip(self.at(&middles)?) {
                piece.take(at);
            }
            pieces.append(&mut open);
            pieces.sort_by(|a, b| a.gap.abs().total_cmp(&b.gap.abs()));
            let mut gap: f64 = pieces.iter().map(|piece| piece.gap.abs()).sum();
            if gap <= CLOSE * wanted || points >= MOST {
                break;
            }
            // The worst ones, until the others would do.
            while gap > CLOSE * wanted / 2.0
                && let Some(worst) = pieces.pop()
            {
                gap -= worst.gap.abs();
                open.extend(worst.halves());
            }
        }
        let mut shares = vec![0.0; self.ends[0].dims()[1]];
        for piece in &pieces {
            for (share, found) in shares.iter_mut().zip(&piece.shares) {
                *share += found;
            }
        }
        let sum = shares.iter().sum();
        Ok((shares, sum, points))
    }

    /// The lead, and how fast it changes by each token, at some parts of the way.
    fn at(&self, parts: &[f64]) -> Result<Vec<At>> {
        let [start, end] = &self.ends;
        let [_, seq, _] = start.dims();
        let way = end.clone() - start.clone();
        let mut found = Vec::with_capacity(parts.len());
        for parts in parts.chunks((TOGETHER / seq.max(1)).max(1)) {
            let count = parts.len();
            let parts: Vec<f32> = parts.iter().map(|part| *part as f32).collect();
            let parts = TensorData::new(parts, [count, 1, 1]);
            let parts = Tensor::<3>::from_data(parts, &self.device);
            let states = start.clone() + way.clone() * parts;
            let states = states.detach().require_grad();
            let reading = Reading::States {
                states: states.clone(),
                blocks: 0,
            };
            let leads = self
                .lead
                .of(self.classifier.logits(reading, &mut Pass::default()));
            let grads = leads.clone().sum().backward();
            let slopes = match states.grad(&grads) {
                Some(slopes) => {
                    let of_tokens = (slopes * way.clone().inner()).sum_dim(2);
                    number(of_tokens.reshape([count * seq]))?
                }
                // A lead that no token has a part in.
                None => vec![0.0; count * seq],
            };
            let leads = number(leads.inner())?;
            for (lead, slopes) in leads.into_iter().zip(slopes.chunks(seq)) {
                found.push(At {
                    lead: f64::from(lead),
                    slopes: slopes.iter().map(|slope| f64::from(*slope)).collect(),
                });
            }
        }
        Ok(found)
    }
}

/// A place on the line.
struct At {
    lead: f64,
    /// By how much a token changes the lead, for the whole way at the slope here.
    slopes: Vec<f64>,
}

/// A piece of the line.
struct Piece {
    ends: [f64; 2],
    leads: [f64; 2],
    /// The lead in its middle.
    lead: f64,
    /// Each token's part in the change over it, by the slope in its middle.
    shares: Vec<f64>,
    /// How much of the change that leaves out.
    gap: f64,
}

impl Piece {
    fn new(ends: [f64; 2], leads: [f64; 2]) -> Self {
        Self {
            ends,
            leads,
            lead: 0.0,
            shares: Vec::new(),
            gap: 0.0,
        }
    }

    fn middle(&self) -> f64 {
        (self.ends[0] + self.ends[1]) / 2.0
    }

    fn take(&mut self, middle: At) {
        let length = self.ends[1] - self.ends[0];
        self.lead = middle.lead;
        self.shares = middle.slopes.iter().map(|slope| slope * length).collect();
        self.gap = self.leads[1] - self.leads[0] - self.shares.iter().sum::<f64>();
    }

    fn halves(self) -> [Self; 2] {
        let middle = self.middle();
        [
            Self::new([self.ends[0], middle], [self.leads[0], self.lead]),
            Self::new([middle, self.ends[1]], [self.lead, self.leads[1]]),
        ]
    }
}

/// A tensor's numbers, on the host.
fn number(tensor: Tensor<1>) -> Result<Vec<f32>> {
    let found = tensor.try_into_vec_as::<f32>();
    found
        .map_err(|error| slovo_train::Error::Training(format!("the device failed: {error}")).into())
}
