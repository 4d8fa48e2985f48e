//! Transposing 16 × 16 blocks on the way into a panel.

/// Writes the transpose of `count` rows (at most 16), each `ks` long (at most 16) and `stride` apart,
/// to `to` as `[ks][16]` with `to_stride` between rows; the columns from `count` on become zero.
///
/// # Panics
/// If one of the slices is too short.
pub(super) fn transpose(
    avx512: bool,
    from: &[f32],
    stride: usize,
    (count, ks): (usize, usize),
    to: &mut [f32],
    to_stride: usize,
) {
    assert!(count <= 16 && ks <= 16);
    if count == 0 || ks == 0 {
        return;
    }
    assert!((count - 1) * stride + ks <= from.len());
    assert!((ks - 1) * to_stride + 16 <= to.len());
    #[cfg(target_arch = "x86_64")]
    if avx512 {
        // SAFETY: `avx512` is only set where the processor has it, and the two assertions above are
        // what `transpose_avx512` asks for.
        unsafe { transpose_avx512(from.as_ptr(), stride, count, ks, to.as_mut_ptr(), to_stride) };
        return;
    }
    let _ = avx512;
    for k in 0..ks {
        let to = &mut to[k * to_stride..][..16];
        for (i, to) in to.iter_mut().enumerate() {
            *to = if i < count { from[i * stride + k] } else { 0.0 };
        }
    }
}

/// # Safety
/// The processor has AVX-512F; `from` is readable for `count` rows of `ks` elements, `stride` apart;
/// `to` is writable for `ks` rows of 16 elements, `to_stride` apart; `count` and `ks` are at most 16.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn transpose_avx512(
    from: *const f32,
    stride: usize,
    count: usize,
    ks: usize,
    to: *mut f32,
    to_stride: usize,
) {
    use std::arch::x86_64::*;
    let mask = ((1_u32 << ks) - 1) as __mmask16;
    let mut r = [_mm512_setzero_ps(); 16];
    for (i, r) in r.iter_mut().enumerate() {
        // The next 16 rows, which are likely to come next: a prefetch of any address is harmless.
        _mm_prefetch::<_MM_HINT_T0>(from.wrapping_add((i + 16) * stride).cast());
        if i < count {
            // SAFETY: row i < count has `ks` elements, and the mask keeps to them.
            *r = unsafe { _mm512_maskz_loadu_ps(mask, from.add(i * stride)) };
        }
    }
    // Pairs of rows, then fours, within each quarter of a vector.
    let mut t = r;
    for i in 0..8 {
        t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
        t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
    }
    let pd = |x| _mm512_castps_pd(x);
    let ps = |x| _mm512_castpd_ps(x);
    let mut u = t;
    for i in 0..4 {
        let [a, b, c, d] = [t[4 * i], t[4 * i + 1], t[4 * i + 2], t[4 * i + 3]];
        u[4 * i] = ps(_mm512_unpacklo_pd(pd(a), pd(c)));
        u[4 * i + 1] = ps(_mm512_unpackhi_pd(pd(a), pd(c)));
        u[4 * i + 2] = ps(_mm512_unpacklo_pd(pd(b), pd(d)));
        u[4 * i + 3] = ps(_mm512_unpackhi_pd(pd(b), pd(d)));
    }
    // Quarter q of u[4 i + c] is now column 4 q + c of rows 4 i to 4 i + 3: gather the quarters.
    let mut out = u;
    for c in 0..4 {
        let even = _mm512_shuffle_f32x4::<0x88>(u[c], u[4 + c]);
        let odd = _mm512_shuffle_f32x4::<0xdd>(u[c], u[4 + c]);
        let even2 = _mm512_shuffle_f32x4::<0x88>(u[8 + c], u[12 + c]);
        let odd2 = _mm512_shuffle_f32x4::<0xdd>(u[8 + c], u[12 + c]);
        out[c] = _mm512_shuffle_f32x4::<0x88>(even, even2);
        out[4 + c] = _mm512_shuffle_f32x4::<0x88>(odd, odd2);
        out[8 + c] = _mm512_shuffle_f32x4::<0xdd>(even, even2);
        out[12 + c] = _mm512_shuffle_f32x4::<0xdd>(odd, odd2);
    }
    for (k, &out) in out.iter().enumerate() {
        if k < ks {
            // SAFETY: row k < ks of `to` has 16 writable elements.
            unsafe { _mm512_storeu_ps(to.add(k * to_stride), out) };
        }
    }
}
