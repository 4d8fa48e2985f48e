//! Every operation's fused path against its composition and against finite differences, both in
//! float64: the output and every gradient.
//!
//! Operations on float64 tensors are the compositions, those on float32 tensors are fused. Device
//! defaults are set for the whole process, which is why these tests have their own.
#![cfg(feature = "fused")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod attention;
mod check;
mod embedding;
mod feed_forward;
mod linear;
mod loss;
mod norm;

use check::{Case, Input, Random};
