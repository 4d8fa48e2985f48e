//! Loops over slices of single-precision numbers, free of tensors.
//!
//! They are vectorised for the processor at hand, chosen at run time ([`simd`]), and share large
//! work among rayon's threads by fixed rules: no sum is ever divided by the number of threads, so
//! results do not depend on it. `unsafe` is for raw vectors and for memory that several threads
//! write in disjoint parts; each block says why it is sound.

#![allow(unsafe_code)]

pub mod activation;
pub mod attention;
pub mod cross_entropy;
pub mod curve;
pub mod embedding;
pub mod gemm;
pub mod norm;
pub mod reduce;
pub mod rotary;
pub mod rows;
pub mod simd;
#[cfg(test)]
mod testing;

/// Elements that one thread handles in one go: 128 KB, a few microseconds. Less never leaves the
/// calling thread: waking another one costs 5 to 10 µs.
const CHUNK: usize = 32 * 1024;
