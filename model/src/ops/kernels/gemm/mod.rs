//! Float32 matrix products for training and for generating tokens.
//!
//! [`multiply`] is a blocked product after Goto and van de Geijn, "Anatomy of High-Performance
//! Matrix Multiplication" (2008) and Van Zee and van de Geijn, "BLIS" (2015): B is packed into
//! panels as wide as the micro-kernel, A into panels as tall as it, and the micro-kernel keeps a
//! tile of C in registers. It takes transposed operands, several B side by side, a function applied
//! to A on the way in and one applied to the finished rows of C, so that activations, biases and
//! residuals cost no pass over memory.
//!
//! [`vector_product`] and [`vector_product_transposed`] multiply a few rows by a matrix. They read
//! each weight once and are bound by memory.
//!
//! Every element of C is one chain of additions over k in an order that depends on the shapes only,
//! so results do not depend on the number of threads.

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
pub use matvec::{vector_product, vector_product_transposed};
pub use product::{Product, multiply, multiply_serial};
pub use scratch::Scratch;
