//! The blocks, one after another, and the norm behind them.

use crate::attention::Surroundings;
use crate::block::Block;
use crate::config::{Placement, PositionKind, TransformerConfig};
use crate::init::Builder;
use crate::mask;
use crate::norm::Norm;
use crate::ops::{self, Sight};
use crate::padding::Padding;
use crate::pass::Pass;
use crate::position::{Positions, Rotary};
use burn::module::Module;
use burn::tensor::Tensor;

/// All blocks of a model.
#[derive(Module, Debug)]
pub struct Stack {
    /// In the order in which they are applied.
    pub blocks: Vec<Block>,
    /// Behind the last block; a post-norm stack has none, its blocks end with one.
    pub norm: Option<Norm>,
    rotary: Option<Rotary>,
    groups: usize,
}

impl Stack {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
    ) -> Result<Self, E> {
        let blocks = (0..config.n_layers)
            .map(|layer| Block::build(builder, &format!("{path}.blocks.{layer}"), config))
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
                config.max_seq_len,
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
        })
    }

    /// Maps embedded tokens, `[batch, seq, d_model]`, to hidden states of the same shape; each
    /// token sees itself, the tokens before it, and those in the pass's cache, but no filler.
    pub(crate) fn forward(
        &self,
        mut x: Tensor<3>,
        positions: &Positions,
        pass: &mut Pass<'_>,
    ) -> Tensor<3> {
        let seq = x.dims()[1];
        let start = pass.start();
        let around = Surroundings {
            sight: self.sight(&x, start, pass.padding),
            turns: self.rotary.as_ref().map(|rotary| rotary.turns(positions)),
        };
        for (layer, block) in self.blocks.iter().enumerate() {
            let cache = pass.cache.as_mut().map(|cache| &mut cache.layers[layer]);
            x = block.forward(x, &around, cache, &mut pass.dropout);
        }
        if let Some(cache) = &mut pass.cache {
            cache.advance(seq);
        }
        match &self.norm {
            Some(norm) => norm.forward(x),
            None => x,
        }
    }

    /// Which keys the tokens of `x`, `[batch, seq, d_model]`, see behind `start` others.
    fn sight(&self, x: &Tensor<3>, start: usize, padding: Option<&Padding>) -> Sight {
        let end = start + x.dims()[1];
        if ops::fused(x) {
            let rows =
                |padding: &Padding| padding.before().iter().map(|&from| (from, end)).collect();
            return Sight {
                start,
                keys: padding.map(rows),
                mask: None,
            };
        }
        let (device, dtype) = (x.device(), x.dtype());
        let future = mask::causal(start, end - start, self.groups, &device, dtype);
        let filler = padding.map(|padding| mask::padding(padding, end, &device, dtype));
        Sight {
            start,
            keys: None,
            mask: mask::both(future, filler),
        }
    }
}
