//! Conversations as tokens, and which of them are learnt from.

use crate::conversation::{Conversation, Message, Role};
use crate::recipe::TooLong;
use crate::template::Template;
use crate::{Error, Result};
use slovo_data::Tokenizer;

/// Tokens, and which of them are targets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Example {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Whether each is a target; the first one never is.
    pub said: Vec<bool>,
}

impl Example {
    /// Text of which every token is learnt from.
    pub fn text(ids: Vec<u32>) -> Self {
        let said = vec![true; ids.len()];
        Self { ids, said }
    }

    /// Targets that count.
    pub fn targets(&self) -> usize {
        self.said.iter().skip(1).filter(|said| **said).count()
    }
}

/// How conversations become examples.
pub struct Encoding<'a> {
    /// As text.
    pub template: &'a Template,
    /// As tokens.
    pub tokenizer: &'a Tokenizer,
    /// Tokens at most.
    pub max_tokens: usize,
    /// What becomes of longer ones.
    pub too_long: TooLong,
    /// Whether questions are learnt from too.
    pub everything: bool,
}

/// What was done to make conversations fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fitted {
    /// Conversations that lost their last turns.
    pub cut: usize,
    /// Conversations that were left out.
    pub dropped: usize,
}

impl Encoding<'_> {
    /// The example of a conversation, and whether turns of it were cut; `None` where it is too long
    /// to be used.
    ///
    /// # Errors
    ///
    /// A template or tokenizer that cannot write it; one that is too long, where that is an error.
    pub fn example(&self, messages: &[Message]) -> Result<Option<(Example, bool)>> {
        let mut kept = messages.len();
        loop {
            let example = self.whole(&messages[..kept])?;
            if example.ids.len() <= self.max_tokens {
                return Ok(Some((example, kept < messages.len())));
            }
            match self.too_long {
                TooLong::Stop => {
                    return Err(Error::Value {
                        field: "max_tokens",
                        found: self.max_tokens.to_string(),
                        expected: format!(
                            "a conversation of {} tokens is there; `too_long: CutTurns` cuts whole turns",
                            example.ids.len()
                        ),
                    });
                }
                TooLong::Drop => return Ok(None),
                TooLong::CutTurns => {}
            }
            // To the answer before the last one.
            let earlier = &messages[..kept - 1];
            match earlier.iter().rposition(|it| it.role == Role::Assistant) {
                Some(place) => kept = place + 1,
                None => return Ok(None),
            }
        }
    }

    fn whole(&self, messages: &[Message]) -> Result<Example> {
        let rendered = self.template.conversation(messages, self.tokenizer)?;
        let (ids, mut said) = rendered.encode(self.tokenizer)?;
        if self.everything {
            said.fill(true);
        }
        Ok(Example { ids, said })
    }

    /// The examples of all conversations, each with its number, and what was done to make them fit.
    ///
    /// # Errors
    ///
    /// As [`example`](Self::example).
    pub fn all<'c>(
        &self,
        conversations: impl Iterator<Item = (usize, &'c Conversation)>,
    ) -> Result<(Vec<(usize, Example)>, Fitted)> {
        let (mut all, mut fitted) = (Vec::new(), Fitted::default());
        for (number, conversation) in conversations {
            match self.example(&conversation.messages)? {
                Some((example, cut)) => {
                    fitted.cut += usize::from(cut);
                    all.push((number, example));
                }
                None => fitted.dropped += 1,
            }
        }
        Ok((all, fitted))
    }
}
