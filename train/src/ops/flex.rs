//! What tensors hold on the CPU.

use burn::backend::Flex;
use burn::backend::flex::FlexTensor;
use burn::tensor::Tensor;

/// Elements that one thread handles in one go. Work is divided by this, never by the number of
/// threads, on which no result depends.
pub(super) const CHUNK: usize = 32 * 1024;

/// What `tensor`, for which [`fused`](slovo_model::ops::fused) holds and which is not recorded,
/// consists of, in row-major order.
pub(super) fn row_major<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    match tensor.try_into_primitive::<Flex>() {
        Ok(tensor) if tensor.as_slice::<f32>().is_some() => tensor,
        Ok(tensor) => tensor.to_contiguous(),
        Err(error) => panic!("not a tensor on the CPU: {error:?}"),
    }
}

/// The elements of a [`row_major`] tensor.
pub(super) fn floats(tensor: &FlexTensor) -> &[f32] {
    match tensor.as_slice() {
        Some(values) => values,
        None => panic!("neither single precision nor row-major"),
    }
}

/// The elements of a [`row_major`] tensor to change; copied first if others hold them too.
pub(super) fn floats_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    match tensor.layout().contiguous_offsets() {
        Some((start, end)) => &mut tensor.storage_mut()[start..end],
        None => panic!("neither single precision nor row-major"),
    }
}
