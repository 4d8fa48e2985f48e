//! How an operation with a backward pass of its own joins Burn's graph.
//!
//! Burn lets a backend be extended: a tensor gives out what its backend holds, and a node with a
//! hand-written [`Backward`] is recorded like any other. [`apply`] does both for a
//! [`CpuOperation`], which then only says how its kernels are called.

use burn::backend::autodiff::NodeId;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::flex::{FlexTensor, Layout};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Autodiff, DispatchDevice, Flex};
use burn::tensor::{Bytes, DType, Int, Shape, Tensor};
use std::fmt::Debug;

/// A tensor on an autodiff device, whether it is recorded or not.
type Recorded = FloatTensor<Autodiff<Flex>>;

/// An operation whose forward and backward passes are kernels for the CPU.
pub(crate) trait CpuOperation: Clone + Debug + Send + 'static {
    /// What the backward pass needs.
    type Saved: Clone + Debug + Send + 'static;

    /// Computes the output of `inputs`, and what the backward pass needs when `keep` says that
    /// there will be one.
    fn forward(&self, inputs: Vec<FlexTensor>, keep: bool) -> (FlexTensor, Option<Self::Saved>);

    /// Gives the inputs their gradients, of which `grad` is the output's.
    fn backward(self, saved: Self::Saved, grad: FlexTensor, inputs: &mut InputGrads<'_>);

    /// The input, a parameter, whose gradient so far is asked for with [`InputGrads::take`].
    fn sums_into(&self) -> Option<usize> {
        None
    }
}

/// Where a backward pass puts the gradients of its operation's inputs.
pub(crate) struct InputGrads<'a> {
    nodes: Vec<Option<NodeId>>,
    summed: Option<(usize, Recorded)>,
    grads: &'a mut Gradients,
}

impl InputGrads<'_> {
    /// How many inputs there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether anybody asks for the gradient of input `i`.
    pub fn wanted(&self, i: usize) -> bool {
        self.nodes[i].is_some()
    }

    /// Adds `grad` to the gradient of input `i`.
    pub fn give(&mut self, i: usize, grad: FlexTensor) {
        if let Some(node) = self.nodes[i] {
            self.grads.register::<Flex>(node, grad);
        }
    }

    /// Takes out the gradient that input `i` has gathered from other operations, so that this one
    /// can add to it in its own pass. Whatever is taken must be given back with the sum.
    pub fn take(&mut self, i: usize) -> Option<FlexTensor> {
        match &self.summed {
            Some((input, tensor)) if *input == i => self.grads.remove::<Flex>(tensor),
            _ => None,
        }
    }
}

/// An input or output of an operation.
pub(crate) enum Operand {
    /// On a device without autodiff.
    Plain(FlexTensor),
    /// On one with.
    Recorded(Recorded),
}

impl Operand {
    /// What a flex tensor holds.
    ///
    /// # Panics
    ///
    /// When [`on_cpu`] does not hold for it.
    pub fn of<const D: usize>(tensor: Tensor<D>) -> Self {
        let taken = match tensor.device().is_autodiff() {
            true => tensor
                .try_into_primitive::<Autodiff<Flex>>()
                .map(Self::Recorded),
            false => tensor.try_into_primitive::<Flex>().map(Self::Plain),
        };
        match taken {
            Ok(operand) => operand,
            Err(error) => panic!("a fused operation was given a tensor that is not its: {error:?}"),
        }
    }

    /// The tensor again.
    pub fn tensor<const D: usize>(self) -> Tensor<D> {
        match self {
            Self::Plain(tensor) => Tensor::from_primitive::<Flex>(tensor),
            Self::Recorded(tensor) => Tensor::from_primitive::<Autodiff<Flex>>(tensor),
        }
    }

    fn recorded(self) -> Recorded {
        match self {
            Self::Recorded(tensor) => tensor,
            Self::Plain(_) => panic!("a fused operation was given tensors of two devices"),
        }
    }
}

/// Whether fused operations can compute with `tensor`: single precision on a flex device, on which
/// gradient checkpointing, which would recompute Burn's own operations, is off.
pub(crate) fn on_cpu<const D: usize>(tensor: &Tensor<D>) -> bool {
    let device = tensor.device();
    let flex = match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(_) => {
            device.gradient_checkpointing_strategy()
                == Some(burn::tensor::GradientCheckpointingStrategy::Disabled)
                && matches!(
                    device.clone().inner().as_dispatch(),
                    DispatchDevice::Flex(_)
                )
        }
        #[allow(unreachable_patterns)]
        _ => false,
    };
    flex && tensor.dtype() == DType::F32
}

/// Applies `operation` to `inputs`, at most eight, recording it where a gradient is asked for.
pub(crate) fn apply<O: CpuOperation>(operation: O, inputs: Vec<Operand>) -> Operand {
    if matches!(inputs.first(), Some(Operand::Plain(_)) | None) {
        let inputs = inputs.into_iter().map(|input| match input {
            Operand::Plain(tensor) => tensor,
            Operand::Recorded(tensor) => tensor.into_primitive(),
        });
        return Operand::Plain(operation.forward(inputs.collect(), false).0);
    }
    let inputs: Vec<Recorded> = inputs.into_iter().map(Operand::recorded).collect();
    Operand::Recorded(match inputs.len() {
        1 => record::<O, 1>(operation, inputs),
        2 => record::<O, 2>(operation, inputs),
        3 => record::<O, 3>(operation, inputs),
        4 => record::<O, 4>(operation, inputs),
        5 => record::<O, 5>(operation, inputs),
        6 => record::<O, 6>(operation, inputs),
        7 => record::<O, 7>(operation, inputs),
        8 => record::<O, 8>(operation, inputs),
        n => panic!("an operation of {n} inputs"),
    })
}

/// What a node keeps: the operation, what it saved, the input that it sums into.
type State<O> = (O, <O as CpuOperation>::Saved, Option<(usize, Recorded)>);

#[derive(Debug)]
struct NodeOf<O>(std::marker::PhantomData<fn() -> O>);

impl<O: CpuOperation, const N: usize> Backward<Flex, N> for NodeOf<O> {
    type State = State<O>;

    fn backward(self, ops: Ops<Self::State, N>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<Flex>(&ops.node);
        let (operation, saved, summed) = ops.state;
        let nodes = ops
            .parents
            .iter()
            .map(|node| node.as_ref().map(|node| node.id));
        let mut inputs = InputGrads {
            nodes: nodes.collect(),
            summed,
            grads,
        };
        operation.backward(saved, grad, &mut inputs);
    }
}

fn record<O: CpuOperation, const N: usize>(operation: O, inputs: Vec<Recorded>) -> Recorded {
    // A clone kept by a node keeps its input alive, so this is for parameters, which live anyway.
    let summed = operation.sums_into().map(|i| (i, inputs[i].clone()));
    let (tensors, nodes): (Vec<_>, Vec<_>) = inputs.into_iter().map(Recorded::into_parts).unzip();
    let Ok(nodes) = nodes.try_into() else {
        unreachable!("`apply` counts the inputs")
    };
    let node = NodeOf::<O>(std::marker::PhantomData);
    match Backward::<Flex, N>::prepare::<NoCheckpointing>(node, nodes)
        .compute_bound()
        .stateful()
    {
        OpsKind::Tracked(prepared) => {
            let (output, saved) = operation.forward(tensors, true);
            match saved {
                Some(saved) => prepared.finish((operation, saved, summed), output),
                None => unreachable!("an operation saves what it was asked to keep"),
            }
        }
        OpsKind::UnTracked(prepared) => {
            drop(summed);
            prepared.finish(operation.forward(tensors, false).0)
        }
    }
}

/// A flex tensor of `values`, row-major.
pub(crate) fn dense(values: Vec<f32>, shape: impl Into<Shape>) -> FlexTensor {
    let shape = shape.into();
    FlexTensor::new(
        Bytes::from_elems(values),
        Layout::contiguous(shape),
        DType::F32,
    )
}

/// The same tensor with its elements in row-major order, without a copy where they are already.
pub(crate) fn contiguous(tensor: FlexTensor) -> FlexTensor {
    match tensor.as_slice::<f32>() {
        Some(_) => tensor,
        None => tensor.to_contiguous(),
    }
}

/// The elements of a tensor that [`contiguous`] returned.
pub(crate) fn floats(tensor: &FlexTensor) -> &[f32] {
    match tensor.as_slice() {
        Some(values) => values,
        None => panic!("a fused operation reads single precision in row-major order"),
    }
}

/// The elements of a contiguous tensor to write on; a copy is made where others hold them too.
pub(crate) fn floats_mut(tensor: &mut FlexTensor) -> &mut [f32] {
    let offsets = tensor.layout().contiguous_offsets();
    match offsets {
        Some((start, end)) => &mut tensor.storage_mut()[start..end],
        None => panic!("a fused operation writes in row-major order"),
    }
}

/// The lengths of a tensor's axes.
pub(crate) fn dims<const D: usize>(tensor: &FlexTensor) -> [usize; D] {
    tensor.layout().shape().dims()
}

/// Token ids on the host.
pub(crate) fn ids(tensor: Tensor<1, Int>) -> Vec<u32> {
    let ids = tensor.into_data();
    ids.iter::<i64>().map(|id| id as u32).collect()
}

/// What a constant on the CPU holds, wherever it is recorded.
pub(crate) fn plain<const D: usize>(tensor: Tensor<D>) -> FlexTensor {
    match Operand::of(tensor) {
        Operand::Plain(tensor) => tensor,
        Operand::Recorded(tensor) => tensor.into_primitive(),
    }
}
