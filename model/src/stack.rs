//! The blocks, one after another, and the norm behind them.

use crate::attention::Surroundings;
use crate::block::Block;
use crate::config::{Placement, PositionKind, TransformerConfig};
use crate::encoded::Encoded;
use crate::init::Builder;
use crate::norm::Norm;
use crate::ops::Visible;
use crate::pass::Pass;
use crate::position::{Positions, Rotary};
use burn::module::Module;
use burn::tensor::Tensor;
use std::ops::Range;

/// All blocks of a model.
#[derive(Module, Debug)]
pub struct Stack {
    /// In the order in which they are applied.
    pub blocks: Vec<Block>,
    /// Behind the last block; a post-norm stack has none, its blocks end with one.
    pub norm: Option<Norm>,
    rotary: Option<Rotary>,
    groups: usize,
    window: Option<usize>,
    causal: bool,
}

impl Stack {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
        crosses: bool,
    ) -> Result<Self, E> {
        let blocks = (0..config.n_layers)
            .map(|layer| {
                let path = format!("{path}.blocks.{layer}");
                Block::build(builder, &path, config, crosses)
            })
            .collect::<Result<_, E>>()?;
        let norm = match config.placement {
            Placement::Pre => {
                let path = format!("{path}.norm");
                Some(Norm::build(
                    builder,
                    &path,
                    config.norm,
                    config.d_model,
                    config.bias,
                )?)
            }
            Placement::Post => None,
        };
        let rotary = match config.position {
            PositionKind::Rotary { theta, scaling } => Some(Rotary::new(
                theta,
                scaling,
                builder.table_rows(config.max_seq_len),
                config.head_size(),
                builder.device(),
            )),
            _ => None,
        };
        Ok(Self {
            blocks,
            norm,
            rotary,
            groups: config.n_heads / config.kv_heads(),
            window: config.window,
            causal: config.causal,
        })
    }

    /// Maps embedded tokens, `[batch, seq, d_model]`, to hidden states of the same shape; each
    /// token sees itself, the tokens before it (in an encoder also those behind it), and those in
    /// the pass's cache, but no filler. `source` is what cross-attention looks at.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        positions: &Positions,
        source: Option<&Encoded>,
        pass: &mut Pass<'_>,
    ) -> Tensor<3> {
        let x = self.through(x, 0..self.blocks.len(), positions, source, pass);
        self.finish(x)
    }

    /// What some of the blocks, one after another, make of `x`, `[batch, seq, d_model]`.
    pub(crate) fn through(
        &self,
        mut x: Tensor<3>,
        blocks: Range<usize>,
        positions: &Positions,
        source: Option<&Encoded>,
        pass: &mut Pass<'_>,
    ) -> Tensor<3> {
        let seq = x.dims()[1];
        let start = pass.start();
        let end = start + seq;
        let visible = Visible {
            causal_from: self.causal.then_some(start),
            window: self.window,
            rows: pass.padding.map(|padding| padding.tokens(end)),
            since: pass.packing.map(|packing| packing.since().clone()),
        };
        let around = Surroundings {
            start,
            sight: visible.sight(&x, [seq, end], self.groups),
            turns: self.rotary.as_ref().map(|rotary| rotary.turns(positions)),
        };
        let sight = source.map(|source| source.sight(&x, seq, self.groups));
        let last = blocks.end == self.blocks.len();
        for layer in blocks {
            let cache = pass.cache.as_mut().map(|cache| &mut cache.layers[layer]);
            let source = source
                .map(|source| &source.layers[layer])
                .zip(sight.as_ref());
            x = self.blocks[layer].forward(x, &around, source, cache, &mut pass.dropout);
        }
        if let Some(cache) = pass.cache.as_mut().filter(|_| last) {
            cache.advance(seq);
        }
        x
    }

    /// The norm behind the last block, if there is one.
    pub(crate) fn finish(&self, x: Tensor<3>) -> Tensor<3> {
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }

    pub(crate) fn set_dropout(&mut self, rate: f64) {
        self.blocks
            .iter_mut()
            .for_each(|block| block.set_dropout(rate));
    }

    /// Lets tokens see only those before them, or all of their text.
    pub(crate) fn set_causal(&mut self, causal: bool) {
        self.causal = causal;
    }
}
