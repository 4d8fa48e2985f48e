//! Views of matrices: what is read and where the result goes.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// A matrix of `rows × cols` that is read: element (i, j) lies at
/// `data[i * row_stride + j * col_stride]`, and one of the strides is 1.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<'a> {
    pub(super) data: &'a [f32],
    pub(super) rows: usize,
    pub(super) cols: usize,
    /// Distance between neighbours in the direction that is not contiguous.
    pub(super) stride: usize,
    /// Whether columns, not rows, are contiguous.
    pub(super) transposed: bool,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix, `data` being `[rows, cols]`.
    ///
    /// # Panics
    /// If `data` is shorter.
    pub fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::strided(data, rows, cols, cols)
    }

    /// A row-major matrix whose rows start `row_stride` elements apart.
    ///
    /// # Panics
    /// If rows overlap or `data` ends before the last one does.
    pub fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(
            fits(data.len(), rows, cols, row_stride),
            "{rows}×{cols} not in the slice"
        );
        Self {
            data,
            rows,
            cols,
            stride: row_stride,
            transposed: false,
        }
    }

    /// The transposed view; nothing moves.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            transposed: !self.transposed,
            ..self
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }
}

/// Where a product goes: row-major, `rows × cols`, rows `row_stride` apart. Whether it replaces what
/// is there or is added to it belongs to the constructor, so that nobody adds to uninitialised memory.
#[derive(Debug)]
pub struct Output<'a> {
    pub(super) data: *mut f32,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) row_stride: usize,
    pub(super) accumulate: bool,
    memory: PhantomData<&'a mut [f32]>,
}

impl<'a> Output<'a> {
    /// Fresh memory `[rows, cols]`, all of which is initialised when the product returns.
    ///
    /// # Panics
    /// If `data` is not `rows * cols` long.
    pub fn fresh(data: &'a mut [MaybeUninit<f32>], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "{rows}×{cols} is not the slice");
        Self::from_parts(data.as_mut_ptr().cast(), rows, cols, cols, false)
    }

    /// C = A·B over what is in `data`, rows `row_stride` apart.
    ///
    /// # Panics
    /// If rows overlap or `data` ends before the last one does.
    pub fn replace(data: &'a mut [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(
            fits(data.len(), rows, cols, row_stride),
            "{rows}×{cols} not in the slice"
        );
        Self::from_parts(data.as_mut_ptr(), rows, cols, row_stride, false)
    }

    /// C += A·B, rows `row_stride` apart.
    ///
    /// # Panics
    /// If rows overlap or `data` ends before the last one does.
    pub fn add(data: &'a mut [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        Self {
            accumulate: true,
            ..Self::replace(data, rows, cols, row_stride)
        }
    }

    fn from_parts(
        data: *mut f32,
        rows: usize,
        cols: usize,
        row_stride: usize,
        accumulate: bool,
    ) -> Self {
        Self {
            data,
            rows,
            cols,
            row_stride,
            accumulate,
            memory: PhantomData,
        }
    }
}

// SAFETY: an output is a mutable borrow of floats and nothing more.
unsafe impl Send for Output<'_> {}

/// Whether `rows` rows of `cols` elements, `stride` apart and not overlapping, lie within `len`.
fn fits(len: usize, rows: usize, cols: usize, stride: usize) -> bool {
    rows == 0 || (stride >= cols || rows == 1) && (rows - 1) * stride + cols <= len
}
