//! Memory for packed panels, kept from call to call.

use std::cell::Cell;

/// One cache line, so that panels start on one.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line([f32; 16]);

/// A growing buffer of floats that starts on a cache line. It never shrinks.
#[derive(Debug, Default)]
pub(super) struct Buffer(Vec<Line>);

impl Buffer {
    /// The first `len` floats; what they hold is left over from earlier use.
    pub(super) fn floats(&mut self, len: usize) -> &mut [f32] {
        let lines = len.div_ceil(16);
        if self.0.len() < lines {
            self.0.resize(lines, Line([0.0; 16]));
        }
        // SAFETY: `Line` is `repr(C)` around 16 floats with no padding (its size is its alignment),
        // the vector holds at least `len.div_ceil(16)` initialised lines, and the borrow is ours.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) }
    }
}

/// Packing memory of one thread. Reusing it saves allocating in every product.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) a: Buffer,
    pub(super) b: Buffer,
}

thread_local! {
    static KEPT: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Runs `f` with this thread's scratch memory. It is taken out meanwhile: should rayon start another
/// product on this thread while `f` waits, that one gets memory of its own.
pub(super) fn with_scratch<R>(f: impl FnOnce(&mut Scratch) -> R) -> R {
    let mut scratch = KEPT.take().unwrap_or_default();
    let result = f(&mut scratch);
    KEPT.set(Some(scratch));
    result
}
