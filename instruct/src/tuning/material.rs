//! The conversations of each side, as tokens.

use crate::examples::{Encoding, Example, Fitted as Cut};
use crate::order::Split;
use crate::preference::PairExample;
use crate::records::Records;
use crate::{Error, Result};

/// Training, validation and test side, as tokens, and what did not fit.
pub(super) enum Material {
    /// Each with the number of its conversation.
    Answers([Vec<(usize, Example)>; 3], Cut),
    /// Two answers to a question.
    Pairs([Vec<PairExample>; 3], Cut),
}

impl Material {
    /// How many examples each side has.
    pub fn sides(&self) -> [usize; 3] {
        match self {
            Self::Answers(sides, _) => sides.each_ref().map(Vec::len),
            Self::Pairs(sides, _) => sides.each_ref().map(Vec::len),
        }
    }

    /// What did not fit.
    pub fn cut(&self) -> &Cut {
        match self {
            Self::Answers(_, cut) | Self::Pairs(_, cut) => cut,
        }
    }

    /// Conversations, of which the answers are learnt.
    ///
    /// # Errors
    ///
    /// One that the template or the tokenizer cannot write, or that is too long where the recipe says so.
    pub fn answers(encoding: &Encoding<'_>, records: &Records, split: &Split) -> Result<Self> {
        let mut cut = Cut::default();
        let mut side = |items: &[usize]| -> Result<Vec<(usize, Example)>> {
            let chosen = items.iter().map(|i| (*i, &records.conversations[*i]));
            let (examples, fitted) = encoding.all(chosen)?;
            cut.cut += fitted.cut;
            cut.dropped += fitted.dropped;
            Ok(examples)
        };
        let sides = [
            side(&split.train)?,
            side(&split.validation)?,
            side(&split.test)?,
        ];
        Ok(Self::Answers(sides, cut))
    }

    /// Conversations with a choice at their end.
    ///
    /// # Errors
    ///
    /// One without a choice, and as above.
    pub fn pairs(encoding: &Encoding<'_>, records: &Records, split: &Split) -> Result<Self> {
        let mut cut = Cut::default();
        let mut side = |items: &[usize]| -> Result<Vec<PairExample>> {
            let mut all = Vec::with_capacity(items.len());
            for i in items {
                let conversation = &records.conversations[*i];
                let Some(rejected) = &conversation.rejected else {
                    return Err(Error::Value {
                        field: "objective",
                        found: "Preference".into(),
                        expected: format!("record {} has no `rejected` answer", i + 1),
                    });
                };
                let mut worse = conversation.messages.clone();
                if let Some(last) = worse.last_mut() {
                    last.content.clone_from(rejected);
                }
                let mut two = Vec::with_capacity(2);
                for messages in [&conversation.messages, &worse] {
                    // Only the last answers differ; a question alone teaches nothing.
                    if let Some((example, false)) = encoding.example(messages)? {
                        two.push(last_answer(example));
                    }
                }
                match <[Example; 2]>::try_from(two) {
                    Ok(answers) => all.push(PairExample {
                        answers,
                        reference: 0.0,
                    }),
                    Err(_) => cut.dropped += 1,
                }
            }
            Ok(all)
        };
        let sides = [
            side(&split.train)?,
            side(&split.validation)?,
            side(&split.test)?,
        ];
        Ok(Self::Pairs(sides, cut))
    }
}

/// Of several answers only the last one counts.
fn last_answer(mut example: Example) -> Example {
    let mut at = example.said.len();
    while at > 0 && !example.said[at - 1] {
        at -= 1;
    }
    while at > 0 && example.said[at - 1] {
        at -= 1;
    }
    example.said[..at].fill(false);
    example
}
