//! Answers without a model, which a model must beat.

use super::Scores;
use crate::assistant::Answer;
use crate::conversation::{Conversation, Role};
use serde::Serialize;
use slovo_data::score::Lookup;

/// Answers without a model.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Baseline {
    /// How they were made, in words.
    pub what: &'static str,
    /// How good they are.
    pub scores: Scores,
}

/// Copying the input, its first sentence, and the answer to the most like training question, by name.
pub fn baselines<'c>(
    train: &[&'c Conversation],
    test: &[&'c Conversation],
) -> Vec<(&'static str, Baseline)> {
    let answered = |what, said: Vec<String>| {
        let answers: Vec<Answer> = said
            .into_iter()
            .map(|text| Answer {
                text,
                tokens: 0,
                ended: true,
            })
            .collect();
        let right = test.iter().map(|conversation| conversation.answer());
        Baseline {
            what,
            scores: Scores::of(answers.iter().zip(right)),
        }
    };
    let given = |conversation: &&Conversation| -> String {
        match conversation.input.is_empty() {
            false => conversation.input.clone(),
            true => question(conversation).to_owned(),
        }
    };
    let copied: Vec<String> = test.iter().map(given).collect();
    let first = |text: &String| {
        let found = crate::records::first_sentence(text);
        found.map_or_else(|| text.clone(), |(first, _)| first.to_owned())
    };
    let firsts = copied.iter().map(first).collect();
    let questions: Vec<&str> = train.iter().map(|it| question(it)).collect();
    let asked: Vec<&str> = test.iter().map(|it| question(it)).collect();
    let found = Lookup::new(&questions).nearest(&asked);
    let nearest = found.into_iter().map(|found| {
        let answer = found.map(|found| train[found.sentence].answer());
        answer.unwrap_or_default().to_owned()
    });
    let nearest = nearest.collect();
    vec![
        (
            "copied_input",
            answered(
                "the input again, or the question where there is none",
                copied,
            ),
        ),
        (
            "first_sentence",
            answered("the first sentence of that", firsts),
        ),
        (
            "nearest_answer",
            answered(
                "the answer to the training question most like it, by runs of characters",
                nearest,
            ),
        ),
    ]
}

/// The last question.
fn question(conversation: &Conversation) -> &str {
    let mut asked = conversation.prompt().iter().rev();
    let last = asked.find(|message| message.role == Role::User);
    last.map_or("", |message| message.content.as_str())
}
