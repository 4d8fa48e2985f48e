//! What all models have in common: tokens → embedding → blocks.

use crate::config::TransformerConfig;
use crate::dropout::dropout;
use crate::embedding::Embeddings;
use crate::encoded::Encoded;
use crate::pass::Pass;
use crate::position::Positions;
use crate::stack::Stack;
use burn::tensor::{Int, Tensor};

/// Hidden states of `tokens`, `[batch, seq]`, behind the last norm: `[batch, seq, d_model]`. The
/// tokens of a decoder of two look at `source` too.
///
/// # Panics
///
/// When the tokens, with those in the cache, are more than `max_seq_len` or than the cache's
/// capacity, or the sequences are not as many as the cache or the padding is for.
pub(crate) fn hidden(
    embedding: &Embeddings,
    stack: &Stack,
    config: &TransformerConfig,
    tokens: Tensor<2, Int>,
    source: Option<&Encoded>,
    pass: &mut Pass<'_>,
) -> Tensor<3> {
    let batch = tokens.dims()[0];
    if let Some(rows) = source.and_then(Encoded::batch) {
        assert!(
            batch == rows,
            "{batch} sequences, but {rows} encoded sources"
        );
    }
    let (x, positions) = embedded(embedding, config, tokens, pass);
    stack.forward(x, &positions, source, pass)
}

/// What the first block is given of `tokens`, `[batch, seq]`: `[batch, seq, d_model]`; and where they
/// stand.
///
/// # Panics
///
/// As [`hidden`].
pub(crate) fn embedded(
    embedding: &Embeddings,
    config: &TransformerConfig,
    tokens: Tensor<2, Int>,
    pass: &mut Pass<'_>,
) -> (Tensor<3>, Positions) {
    let [batch, seq] = tokens.dims();
    let start = pass.start();
    let (end, max) = (start + seq, config.max_seq_len);
    assert!(
        end <= max,
        "{end} tokens, but the model reads at most max_seq_len = {max}"
    );
    if let Some(cache) = &pass.cache {
        let (capacity, rows) = (cache.capacity(), cache.batch());
        assert!(
            end <= capacity,
            "{end} tokens, but the cache has room for {capacity}"
        );
        assert!(
            batch == rows,
            "{batch} sequences, but the cache was made for {rows}"
        );
    }
    if let Some(padding) = pass.padding {
        let rows = padding.before().len();
        assert!(
            batch == rows,
            "{batch} sequences, but the padding is for {rows}"
        );
    }
    let positions = pass.positions(seq, &tokens.device());
    let x = embedding.forward(tokens, pass.segments.take(), &positions);
    let x = dropout(x, config.dropout, &mut pass.dropout);
    (x, positions)
}
