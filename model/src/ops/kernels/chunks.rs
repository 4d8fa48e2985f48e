//! Shares element-wise work among the threads by a fixed rule.
//!
//! Slices of equal length are halved at multiples of [`CHUNK`] until a piece is no longer than
//! that, so which elements are computed together never depends on the number of threads, and work
//! of one chunk never leaves the calling thread (waking another one costs 5 to 10 µs).

use std::array::from_fn;

/// Elements that one thread handles in one go: 128 KB, a few microseconds.
pub const CHUNK: usize = 32 * 1024;

/// Calls `f` with matching pieces of all slices, at most [`CHUNK`] elements each, in parallel.
///
/// # Panics
/// If the slices differ in length.
pub fn for_each_chunk<const W: usize, const R: usize>(
    writes: [&mut [f32]; W],
    reads: [&[f32]; R],
    f: impl Fn([&mut [f32]; W], [&[f32]; R]) + Sync,
) {
    let lengths = || {
        writes
            .iter()
            .map(|w| w.len())
            .chain(reads.iter().map(|r| r.len()))
    };
    let len = lengths().next().unwrap_or(0);
    assert!(lengths().all(|l| l == len), "slices of different lengths");
    split(len, writes, reads, &f);
}

fn split<const W: usize, const R: usize>(
    len: usize,
    mut writes: [&mut [f32]; W],
    reads: [&[f32]; R],
    f: &(impl Fn([&mut [f32]; W], [&[f32]; R]) + Sync),
) {
    if len <= CHUNK {
        return f(writes, reads);
    }
    let mid = len.div_ceil(2).next_multiple_of(CHUNK);
    let mut right: [&mut [f32]; W] = from_fn(|_| <&mut [f32]>::default());
    let left: [&mut [f32]; W] = from_fn(|i| {
        let (a, b) = std::mem::take(&mut writes[i]).split_at_mut(mid);
        right[i] = b;
        a
    });
    rayon::join(
        || split(mid, left, reads.map(|r| &r[..mid]), f),
        || split(len - mid, right, reads.map(|r| &r[mid..]), f),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn covers_every_element_once_in_fixed_chunks() {
        for len in [
            0,
            1,
            CHUNK - 1,
            CHUNK,
            CHUNK + 1,
            2 * CHUNK + 3,
            7 * CHUNK,
            9 * CHUNK + 5,
        ] {
            let mut w = vec![0.0f32; len];
            let r: Vec<f32> = (0..len).map(|i| i as f32).collect();
            let sizes = Mutex::new(Vec::new());
            for_each_chunk([&mut w], [&r], |[w], [r]| {
                sizes.lock().unwrap().push(w.len());
                w.iter_mut().zip(r).for_each(|(w, r)| *w += r + 1.0);
            });
            assert!(w.iter().enumerate().all(|(i, &w)| w == i as f32 + 1.0));
            let short = sizes
                .into_inner()
                .unwrap()
                .into_iter()
                .filter(|&s| s != CHUNK)
                .count();
            assert!(short <= 1, "{short} pieces are not whole chunks");
        }
    }

    #[test]
    #[should_panic(expected = "different lengths")]
    fn refuses_slices_of_different_lengths() {
        for_each_chunk([&mut [0.0; 3]], [&[0.0; 4]], |_, _| {});
    }
}
