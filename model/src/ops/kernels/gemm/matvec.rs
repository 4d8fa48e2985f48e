//! stub
use super::matrix::Matrix;
/// x
pub fn vector_product(_x: &Matrix, _w: &Matrix, _y: &mut [f32]) {}
/// x
pub fn vector_product_transposed(_x: &Matrix, _w: &Matrix, _y: &mut [f32]) {}
