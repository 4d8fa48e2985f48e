//! An encoder, and the vectors that it gives.

use super::refusal::Refusal;
use axum::http::StatusCode;
use slovo_train::sentence_encoder::SentenceEncoder;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// Texts computed before it is asked again whether anybody waits for them.
const GROUP: usize = 32;

/// An encoder.
pub struct Vectors {
    /// Computes one request at a time: it uses all cores for one.
    pub encoder: Mutex<SentenceEncoder>,
    /// Requests that are computed or wait.
    pub places: Arc<Semaphore>,
}

/// Held by who waits for an answer: dropped when the client has gone.
#[derive(Default)]
pub struct Waiting(Arc<AtomicBool>);

/// Says whether that was dropped.
pub struct Left(Arc<AtomicBool>);

impl Waiting {
    /// What tells the other side.
    pub fn watched(&self) -> Left {
        Left(Arc::clone(&self.0))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Vectors {
    /// The vectors of texts, and the tokens that were read.
    ///
    /// # Errors
    ///
    /// A text that the model cannot read, all of it, which is found before anything is computed; a client
    /// that has left.
    pub fn of(&self, texts: &[String], left: &Left) -> Result<(Vec<Vec<f32>>, usize), Refusal> {
        let encoder = self.encoder.lock().unwrap_or_else(PoisonError::into_inner);
        let place = |number: usize| format!("input[{number}]");
        let refused = |error: slovo_train::Error| match error.is_usage() {
            true => Refusal::field("input", error.to_string()),
            false => Refusal::status(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        };
        let inputs = encoder.read(texts, place).map_err(refused)?;
        if let Some(number) = inputs.iter().position(|input| input.cut > 0) {
            let most = encoder.max_tokens();
            let found = inputs[number].ids.len() + inputs[number].cut;
            let what = format!(
                "{} has {found} tokens; at most {most} are read",
                place(number)
            );
            return Err(Refusal::field("input", what).code("context_length_exceeded"));
        }
        let tokens = inputs.iter().map(|input| input.ids.len()).sum();
        let vectors = in_groups(&inputs, left, |first, group| {
            let vectors = encoder.vectors(group, |number| place(first + number));
            let vectors = vectors.map_err(refused)?.into_iter();
            Ok(vectors.map(|vector| vector.vector).collect())
        })?;
        Ok((vectors, tokens))
    }
}

/// What `compute` makes of the number of a group's first item and the group, for all groups, while somebody waits.
fn in_groups<T, V>(
    items: &[T],
    left: &Left,
    mut compute: impl FnMut(usize, &[T]) -> Result<Vec<V>, Refusal>,
) -> Result<Vec<V>, Refusal> {
    let mut made = Vec::with_capacity(items.len());
    for group in items.chunks(GROUP) {
        if left.0.load(Ordering::Relaxed) {
            let what = "the client has left";
            return Err(Refusal::status(StatusCode::INTERNAL_SERVER_ERROR, what));
        }
        made.extend(compute(made.len(), group)?);
    }
    Ok(made)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nothing_is_computed_for_a_client_that_has_left() {
        let items: Vec<usize> = (0..2 * GROUP + 1).collect();
        let waiting = Waiting::default();
        let made = in_groups(&items, &waiting.watched(), |first, group| {
            assert_eq!(first, group[0]);
            Ok(group.to_vec())
        });
        assert_eq!(made.unwrap(), items);

        let left = waiting.watched();
        let mut waiting = Some(waiting);
        let mut computed = 0;
        let made = in_groups(&items, &left, |_, group| {
            computed += group.len();
            waiting = None;
            Ok(group.to_vec())
        });
        assert!(made.is_err());
        assert_eq!(computed, GROUP);
    }
}
