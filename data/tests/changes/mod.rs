//! Files changed at random, the same way each time.

/// A generator of our own, so that a failure can be had again.
pub struct Random(pub u64);

impl Random {
    /// A number below another, or 0.
    pub fn below(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

/// A bit flipped, a part left out, said twice, or a part of another file put in.
pub fn changed(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let at = random.below(bytes.len());
    let end = (at + random.below(60)).min(bytes.len());
    match random.below(4) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
        1 => drop(bytes.drain(at..end)),
        2 => {
            let part = bytes[at..end].to_vec();
            bytes.splice(at..at, part);
        }
        _ => {
            let from = random.below(other.len());
            let to = (from + random.below(60)).min(other.len());
            bytes.splice(at..end, other[from..to].iter().copied());
        }
    }
    bytes
}
