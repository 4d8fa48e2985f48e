//! Copies of one head in the order in which the products read it, padded with zeros to whole
//! tiles, and the memory for them.

use std::cell::RefCell;
use std::ops::Range;

use super::heads::Heads;
use super::product::PANEL;
use crate::ops::kernels::simd::vectorized;

/// Copies the tokens of head `h` of batch row `b` into rows of `width` numbers, times `scale`; the
/// rest of the rows and of `out` becomes zero.
pub fn rows(
    out: &mut [f32],
    width: usize,
    from: &Heads,
    (b, h): (usize, usize),
    tokens: Range<usize>,
    scale: f32,
) {
    let d = from.layout().head_dim;
    let (filled, rest) = out.split_at_mut(tokens.len() * width);
    vectorized(
        #[inline(always)]
        || {
            for (out, t) in filled.chunks_exact_mut(width).zip(tokens) {
                let (out, pad) = out.split_at_mut(d);
                for (out, &x) in out.iter_mut().zip(from.row(b, t, h)) {
                    *out = x * scale;
                }
                pad.fill(0.0);
            }
            rest.fill(0.0);
        },
    );
}

/// Turns `[tokens, width]` into panels `[tokens / PANEL, head_dim, PANEL]`, where each holds its
/// tokens' numbers side by side. `tokens` and `width` are multiples of [`PANEL`].
pub fn panels(out: &mut [f32], rows: &[f32], width: usize, d: usize) {
    let turn = block();
    for (out, rows) in out
        .chunks_exact_mut(d * PANEL)
        .zip(rows.chunks_exact(PANEL * width))
    {
        for i in (0..d).step_by(16) {
            for half in [0, 16] {
                let (to, from) = (&mut out[i * PANEL + half..], &rows[half * width + i..]);
                if i + 16 <= d {
                    turn(to, from, width);
                } else {
                    for j in 0..d - i {
                        for t in 0..16 {
                            to[j * PANEL + t] = from[t * width + j];
                        }
                    }
                }
            }
        }
    }
}

/// What transposes 16 by 16 numbers from rows of the given width to rows of a panel.
fn block() -> fn(&mut [f32], &[f32], usize) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return |to, from, width| {
            assert!(to.len() >= 15 * PANEL + 16 && from.len() >= 15 * width + 16);
            // SAFETY: the processor has AVX-512, and both slices hold sixteen rows of sixteen.
            unsafe { transpose_512(to.as_mut_ptr(), from.as_ptr(), width) }
        };
    }
    |to, from, width| {
        for j in 0..16 {
            for t in 0..16 {
                to[j * PANEL + t] = from[t * width + j];
            }
        }
    }
}

/// Four rounds of weaving row `i` with row `i + 8` transpose sixteen rows.
///
/// # Safety
/// Needs AVX-512; sixteen numbers must be readable at every of sixteen multiples of `width`, and
/// writable at every of sixteen multiples of `PANEL`.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_512(to: *mut f32, from: *const f32, width: usize) {
    use std::arch::x86_64::*;
    let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    let mut rows = [_mm512_setzero_ps(); 16];
    for (i, row) in rows.iter_mut().enumerate() {
        // SAFETY: promised by the caller.
        *row = unsafe { _mm512_loadu_ps(from.add(i * width)) };
    }
    for _ in 0..4 {
        let old = rows;
        for i in 0..8 {
            rows[2 * i] = _mm512_permutex2var_ps(old[i], low, old[i + 8]);
            rows[2 * i + 1] = _mm512_permutex2var_ps(old[i], high, old[i + 8]);
        }
    }
    for (i, &row) in rows.iter().enumerate() {
        // SAFETY: promised by the caller.
        unsafe { _mm512_storeu_ps(to.add(i * PANEL), row) };
    }
}

/// Lends `N` buffers of the given lengths, each beginning on a cache line. They are kept by the
/// thread, so that nothing is allocated after the first calls, and hold old numbers.
pub fn with_scratch<const N: usize, R>(
    lengths: [usize; N],
    work: impl FnOnce([&mut [f32]; N]) -> R,
) -> R {
    thread_local!(static KEPT: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });
    const LINE: usize = 16;
    let lengths = lengths.map(|n| n.next_multiple_of(LINE));
    let needed = lengths.iter().sum::<usize>() + LINE;
    KEPT.with_borrow_mut(|kept| {
        if kept.len() < needed {
            kept.resize(needed, 0.0);
        }
        let skip = kept.as_ptr().align_offset(4 * LINE).min(LINE);
        let mut rest = &mut kept[skip..];
        work(lengths.map(|n| {
            let (buffer, after) = std::mem::take(&mut rest).split_at_mut(n);
            rest = after;
            buffer
        }))
    })
}
