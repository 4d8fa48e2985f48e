//! Looking up token vectors.

use burn::tensor::module;
use burn::tensor::{Int, Tensor};

/// The rows of `table`, `[n, d_model]`, that `tokens`, `[batch, seq]`, name:
/// `[batch, seq, d_model]`.
pub fn embedding(table: Tensor<2>, tokens: Tensor<2, Int>) -> Tensor<3> {
    #[cfg(feature = "fused")]
    if super::fused(&table) {
        return fused::embedding(table, tokens);
    }
    module::embedding(table, tokens)
}

#[cfg(feature = "fused")]
mod fused {
    use crate::ops::kernels::embedding::{gather, scatter_add};
    use crate::ops::operation::{
        CpuOperation, InputGrads, Operand, apply, contiguous, dense, dims, floats, floats_mut, ids,
    };
    use burn::backend::flex::FlexTensor;
    use burn::tensor::{Int, Tensor};

    pub(super) fn embedding(table: Tensor<2>, tokens: Tensor<2, Int>) -> Tensor<3> {
        let [batch, seq] = tokens.dims();
        let operation = Lookup {
            ids: ids(tokens.reshape([batch * seq])),
            batch,
            seq,
        };
        apply(operation, vec![Operand::of(table)]).tensor()
    }

    /// Input: the table.
    #[derive(Clone, Debug)]
    struct Lookup {
        ids: Vec<u32>,
        batch: usize,
        seq: usize,
    }

    impl CpuOperation for Lookup {
        /// The table's shape.
        type Saved = [usize; 2];

        fn forward(
            &self,
            inputs: Vec<FlexTensor>,
            keep: bool,
        ) -> (FlexTensor, Option<Self::Saved>) {
            let tables: Vec<_> = inputs.into_iter().map(contiguous).collect();
            let shape: [usize; 2] = dims(&tables[0]);
            let width = shape[1];
            let mut output = vec![0.0; self.ids.len() * width];
            gather(floats(&tables[0]), width, &self.ids, &mut output);
            let output = dense(output, [self.batch, self.seq, width]);
            (output, keep.then_some(shape))
        }

        fn backward(self, [n, width]: [usize; 2], grad: FlexTensor, inputs: &mut InputGrads<'_>) {
            let grad = contiguous(grad);
            // A tied head has left its gradient here already; the rows are added to it in place.
            let mut d_table = match inputs.take(0) {
                Some(so_far) => contiguous(so_far),
                None => dense(vec![0.0; n * width], [n, width]),
            };
            scatter_add(floats(&grad), width, &self.ids, floats_mut(&mut d_table));
            inputs.give(0, d_table);
        }

        fn sums_into(&self) -> Option<usize> {
            Some(0)
        }
    }
}
