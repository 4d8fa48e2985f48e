//! Numbers that look like chance and are the same everywhere.

/// A stream of numbers that is the same everywhere (Knuth's constants, MMIX).
pub struct Stream(pub u64);

impl Stream {
    /// From 0 to 1.
    pub fn uniform(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    /// About the standard normal distribution.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}
