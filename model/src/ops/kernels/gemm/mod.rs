//! Float32 matrix products for training and for generating tokens.
//!
//! [`multiply`] is a blocked product after Goto and van de Geijn, "Anatomy of High-Performance
//! Matrix Multiplication" (2008) and Van Zee and van de Geijn, "BLIS" (2015): B is packed into
//! panels as wide as the micro-kernel, A into panels as tall as it, and the micro-kernel keeps a
//! tile of C in registers. It takes transposed operands, several B side by side, a function applied
//! to A on the way in and one applied to the finished rows of C, so that activations, biases and
//! residuals cost no pass over memory.
//!
//! [`multiply_few`](matvec::multiply_few) multiplies a few rows by a matrix. It reads each weight
//! once and is bound by memory.
//!
//! Every element of C is one chain of additions over k in an order that depends on the shapes only,
//! so results do not depend on the number of threads.

mod fresh;
mod kernel;
mod matrix;
mod matvec;
mod pack;
mod product;
mod scratch;
#[cfg(test)]
mod tests;
mod transpose;

pub use matrix::{Matrix, Output};
pub use product::{Product, multiply};
