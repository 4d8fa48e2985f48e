//! What the kernels' tests share: random data, comparison with float64, pools of threads.

/// A small generator (SplitMix64), so that a test is the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// `n` numbers spread evenly over ±`range`.
    pub fn vec(&mut self, n: usize, range: f32) -> Vec<f32> {
        let unit = |b: u64| (b >> 40) as f32 / (1u64 << 23) as f32 - 1.0;
        (0..n).map(|_| unit(self.bits()) * range).collect()
    }
}

pub fn f64s(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// Checks `|got − want| ≤ tolerance · (1 + |want|)` everywhere.
#[track_caller]
pub fn assert_close(got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (i, (&got, &want)) in got.iter().zip(want).enumerate() {
        let error = (f64::from(got) - want).abs();
        assert!(
            error <= tolerance * (1.0 + want.abs()),
            "element {i}: got {got}, want {want}"
        );
    }
}

/// The result of `f` in a pool of one and of three threads, which must be equal bit for bit.
#[track_caller]
#[allow(clippy::unwrap_used)]
pub fn assert_same_with_any_threads<R: PartialEq + std::fmt::Debug + Send>(
    f: impl Fn() -> R + Sync,
) {
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(&f)
    };
    assert!(with(1) == with(3), "the result depends on the threads");
}
