//! Micro-kernels: a tile of C in registers, one column of A times one row of B at a time.
//!
//! With AVX-512 the tile is 14 × 32: 28 accumulators, two vectors of B and one element of A broadcast
//! fill 31 of 32 registers, and 16 loads feed 28 multiply-adds. With AVX2 it is 6 × 16. There is a
//! kernel for each smaller height, so that rows need no padding and a matrix can be cut into even
//! panels, and one of half the width for the last columns.
//!
//! A panel of A is either `[height][DEPTH]`, rows as they were in a row-major A, or `[k][height]`,
//! columns as they were in a transposed A: packing is a copy either way.

/// Most steps of k in one packed panel, and the distance between its rows in the row layout. A panel
/// of B is then 32 KB, which leaves room for the panel of A in a first-level cache of 48 KB.
pub(super) const DEPTH: usize = 256;

/// Most rows a kernel takes.
pub(super) const MAX_HEIGHT: usize = 14;

/// Most columns a kernel takes.
pub(super) const MAX_WIDTH: usize = 32;

/// One tile: `c[i, j] = scale · Σₖ a[i, k] · b[k, j]`, plus what is in `c` if `add`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tile {
    /// Steps of k.
    pub(super) kc: usize,
    /// A's panel; in the row layout its rows are `DEPTH` apart, in the other its columns `a_step`.
    pub(super) a: *const f32,
    pub(super) a_step: usize,
    /// B's panel, its rows `b_step` apart.
    pub(super) b: *const f32,
    pub(super) b_step: usize,
    /// C's tile, its rows `c_stride` apart.
    pub(super) c: *mut f32,
    pub(super) c_stride: usize,
    pub(super) scale: f32,
    pub(super) add: bool,
    /// The next panel of B, whose rows are `b_step` apart too, to be brought into the cache.
    pub(super) next: *const f32,
}

/// Computes a tile.
///
/// # Safety
/// The processor has the kernel's features. A is readable for its height and layout and `kc` steps;
/// B for `kc` rows of the kernel's width; C is writable for height rows of that width and, if `add`,
/// initialised. `next` may be anything.
pub(super) type MicroKernel = unsafe fn(&Tile);

/// The kernels for one instruction set.
#[derive(Debug)]
pub(super) struct Kernels {
    /// Columns of the full kernel; the narrow one has half.
    pub(super) width: usize,
    /// `[height - 1][columns of A contiguous][narrow]`; its length is the greatest height.
    pub(super) tiles: &'static [[[MicroKernel; 2]; 2]],
    /// Whether AVX-512 may be used to transpose.
    pub(super) avx512: bool,
}

macro_rules! tiles {
    ($kernel:ident, $full:literal, $half:literal: $($height:literal)*) => {
        &[$([
            [$kernel::<$height, $full, true>, $kernel::<$height, $half, true>],
            [$kernel::<$height, $full, false>, $kernel::<$height, $half, false>],
        ]),*]
    };
}

#[cfg(target_arch = "x86_64")]
static AVX512: Kernels = Kernels {
    width: 32,
    tiles: tiles!(avx512, 2, 1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14),
    avx512: true,
};

#[cfg(target_arch = "x86_64")]
static AVX2: Kernels = Kernels {
    width: 16,
    tiles: tiles!(avx2, 2, 1: 1 2 3 4 5 6),
    avx512: false,
};

static PORTABLE: Kernels = Kernels {
    width: 16,
    tiles: tiles!(portable, 16, 8: 1 2 3 4),
    avx512: false,
};

/// Every set that this processor can run, the best first.
pub(super) fn available() -> impl Iterator<Item = &'static Kernels> {
    #[cfg(target_arch = "x86_64")]
    let vector = [
        is_x86_feature_detected!("avx512f").then_some(&AVX512),
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(&AVX2),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let vector = [None, None];
    vector.into_iter().flatten().chain([&PORTABLE])
}

/// The best set.
pub(super) fn best() -> &'static Kernels {
    available().next().unwrap_or(&PORTABLE)
}

/// Where element (i, k) of a panel of A lies.
#[inline(always)]
const fn place<const ROWS: bool>(i: usize, k: usize, step: usize) -> usize {
    if ROWS { i * DEPTH + k } else { k * step + i }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn avx512<const HEIGHT: usize, const VECTORS: usize, const ROWS: bool>(
    &Tile {
        kc,
        a,
        a_step,
        b,
        b_step,
        c,
        c_stride,
        scale,
        add,
        next,
    }: &Tile,
) {
    use std::arch::x86_64::*;
    let mut tile = [[_mm512_setzero_ps(); VECTORS]; HEIGHT];
    // SAFETY: the caller's promises in `MicroKernel` cover each address: i < HEIGHT, k < kc and
    // v < VECTORS, the width being 16 · VECTORS.
    unsafe {
        for k in 0..kc {
            for v in 0..VECTORS {
                _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(k * b_step + v * 16).cast());
            }
            let mut row = [_mm512_setzero_ps(); VECTORS];
            for (v, row) in row.iter_mut().enumerate() {
                *row = _mm512_loadu_ps(b.add(k * b_step + v * 16));
            }
            for (i, tile) in tile.iter_mut().enumerate() {
                let a = _mm512_set1_ps(*a.add(place::<ROWS>(i, k, a_step)));
                for v in 0..VECTORS {
                    tile[v] = _mm512_fmadd_ps(a, row[v], tile[v]);
                }
            }
        }
        let scale = _mm512_set1_ps(scale);
        for (i, tile) in tile.iter().enumerate() {
            for (v, &sum) in tile.iter().enumerate() {
                let c = c.add(i * c_stride + v * 16);
                let sum = if add {
                    _mm512_fmadd_ps(sum, scale, _mm512_loadu_ps(c))
                } else {
                    _mm512_mul_ps(sum, scale)
                };
                _mm512_storeu_ps(c, sum);
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<const HEIGHT: usize, const VECTORS: usize, const ROWS: bool>(
    &Tile {
        kc,
        a,
        a_step,
        b,
        b_step,
        c,
        c_stride,
        scale,
        add,
        next,
    }: &Tile,
) {
    use std::arch::x86_64::*;
    let mut tile = [[_mm256_setzero_ps(); VECTORS]; HEIGHT];
    // SAFETY: the caller's promises in `MicroKernel` cover each address: i < HEIGHT, k < kc and
    // v < VECTORS, the width being 8 · VECTORS.
    unsafe {
        for k in 0..kc {
            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(k * b_step).cast());
            let mut row = [_mm256_setzero_ps(); VECTORS];
            for (v, row) in row.iter_mut().enumerate() {
                *row = _mm256_loadu_ps(b.add(k * b_step + v * 8));
            }
            for (i, tile) in tile.iter_mut().enumerate() {
                let a = _mm256_set1_ps(*a.add(place::<ROWS>(i, k, a_step)));
                for v in 0..VECTORS {
                    tile[v] = _mm256_fmadd_ps(a, row[v], tile[v]);
                }
            }
        }
        let scale = _mm256_set1_ps(scale);
        for (i, tile) in tile.iter().enumerate() {
            for (v, &sum) in tile.iter().enumerate() {
                let c = c.add(i * c_stride + v * 8);
                let sum = if add {
                    _mm256_fmadd_ps(sum, scale, _mm256_loadu_ps(c))
                } else {
                    _mm256_mul_ps(sum, scale)
                };
                _mm256_storeu_ps(c, sum);
            }
        }
    }
}

unsafe fn portable<const HEIGHT: usize, const WIDTH: usize, const ROWS: bool>(
    &Tile {
        kc,
        a,
        a_step,
        b,
        b_step,
        c,
        c_stride,
        scale,
        add,
        next,
    }: &Tile,
) {
    let _ = next;
    let mut tile = [[0.0_f32; WIDTH]; HEIGHT];
    // SAFETY: the caller's promises in `MicroKernel` cover each address: i < HEIGHT, k < kc and
    // j < WIDTH.
    unsafe {
        for k in 0..kc {
            let row = &*b.add(k * b_step).cast::<[f32; WIDTH]>();
            for (i, tile) in tile.iter_mut().enumerate() {
                let a = *a.add(place::<ROWS>(i, k, a_step));
                for (sum, &b) in tile.iter_mut().zip(row) {
                    // Without the instruction, a fused multiply-add is a slow library call.
                    *sum = if cfg!(any(target_arch = "aarch64", target_feature = "fma")) {
                        a.mul_add(b, *sum)
                    } else {
                        a * b + *sum
                    };
                }
            }
        }
        for (i, tile) in tile.iter().enumerate() {
            for (j, &sum) in tile.iter().enumerate() {
                let c = c.add(i * c_stride + j);
                c.write(if add { *c + sum * scale } else { sum * scale });
            }
        }
    }
}
