//! One block: attention, in a decoder of two also attention to the other text, and feed-forward, each
//! a branch beside the residual stream.

use crate::attention::{Attention, Surroundings};
use crate::cache::LayerCache;
use crate::config::{Placement, TransformerConfig};
use crate::dropout::{DropoutMasks, dropout};
use crate::feed_forward::FeedForward;
use crate::init::Builder;
use crate::norm::Norm;
use crate::ops::Sight;
use burn::module::Module;
use burn::tensor::Tensor;

/// Keys and values of the source text, and which of them are seen.
pub(crate) type Source<'a> = (&'a [Tensor<4>; 2], &'a Sight);

/// Self-attention, cross-attention if there is another text, and feed-forward, with their norms and
/// residual connections.
///
/// With [`Placement::Pre`] a branch reads the normalised stream and the stream itself stays
/// untouched (Radford et al. 2019); with [`Placement::Post`] the sum is normalised (Vaswani et al.
/// 2017).
#[derive(Module, Debug)]
pub struct Block {
    /// Norm of the attention branch.
    pub attention_norm: Norm,
    /// Tokens look at each other.
    pub attention: Attention,
    /// Norm of the cross-attention branch, in the decoder of an encoder–decoder.
    pub cross_attention_norm: Option<Norm>,
    /// Tokens look at those of the source text.
    pub cross_attention: Option<Attention>,
    /// Norm of the feed-forward branch.
    pub feed_forward_norm: Norm,
    /// Each token by itself.
    pub feed_forward: FeedForward,
    #[module(skip)]
    placement: Placement,
    dropout: f64,
}

impl Block {
    pub(crate) fn build<E>(
        builder: &mut Builder<'_, E>,
        path: &str,
        config: &TransformerConfig,
        crosses: bool,
    ) -> Result<Self, E> {
        let at = |name: &str| format!("{path}.{name}");
        let norm = |builder: &mut Builder<'_, E>, name: &str| {
            Norm::build(builder, &at(name), config.norm, config.d_model, config.bias)
        };
        let attention_norm = norm(builder, "attention_norm")?;
        let attention = Attention::build(builder, &at("attention"), config)?;
        let (cross_attention_norm, cross_attention) = match crosses {
            true => {
                let norm = norm(builder, "cross_attention_norm")?;
                let cross = Attention::build(builder, &at("cross_attention"), config)?;
                (Some(norm), Some(cross))
            }
            false => (None, None),
        };
        Ok(Self {
            attention_norm,
            attention,
            cross_attention_norm,
            cross_attention,
            feed_forward_norm: norm(builder, "feed_forward_norm")?,
            feed_forward: FeedForward::build(builder, &at("feed_forward"), config)?,
            placement: config.placement,
            dropout: config.dropout,
        })
    }

    pub(crate) fn set_dropout(&mut self, rate: f64) {
        self.dropout = rate;
        self.attention.set_dropout(rate);
        if let Some(cross) = &mut self.cross_attention {
            cross.set_dropout(rate);
        }
    }

    /// Maps the residual stream `x`, `[batch, seq, d_model]`, to the same shape. `source` is what
    /// cross-attention looks at.
    pub(crate) fn forward(
        &self,
        x: Tensor<3>,
        around: &Surroundings,
        source: Option<Source<'_>>,
        cache: Option<&mut LayerCache>,
        masks: &mut Option<DropoutMasks>,
    ) -> Tensor<3> {
        let x = self.residual(x, &self.attention_norm, masks, |x, stream, masks| {
            self.attention.forward(x, stream, around, cache, masks)
        });
        let x = match (&self.cross_attention_norm, &self.cross_attention, source) {
            (Some(norm), Some(cross), Some((heads, sight))) => {
                self.residual(x, norm, masks, |x, stream, masks| {
                    cross.look_at(heads.clone(), sight, x, stream, masks)
                })
            }
            _ => x,
        };
        self.residual(x, &self.feed_forward_norm, masks, |x, stream, _| {
            self.feed_forward.forward(x, stream)
        })
    }

    /// `branch` is given its input, and the stream if it has to add it to its output.
    fn residual(
        &self,
        x: Tensor<3>,
        norm: &Norm,
        masks: &mut Option<DropoutMasks>,
        branch: impl FnOnce(Tensor<3>, Option<Tensor<3>>, &mut Option<DropoutMasks>) -> Tensor<3>,
    ) -> Tensor<3> {
        let input = match self.placement {
            Placement::Pre => norm.forward(x.clone()),
            Placement::Post => x.clone(),
        };
        // Where nothing is dropped, the branch's last product adds the stream as it writes.
        let sum = match masks.is_some() && self.dropout > 0.0 {
            true => x + dropout(branch(input, None, masks), self.dropout, masks),
            false => branch(input, Some(x), masks),
        };
        match self.placement {
            Placement::Pre => sum,
            Placement::Post => norm.forward(sum),
        }
    }
}
