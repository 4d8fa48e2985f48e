//! The size of a text after `xz -9`.

use std::io::{self, Write};

use lzma_rust2::{XzOptions, XzWriter};

/// Bytes of `text` after `xz -9`, headers included.
///
/// # Errors
/// None that memory alone does not cause.
pub fn xz_bytes(text: &str) -> io::Result<u64> {
    let mut counter = XzCounter::new(text.len() as u64)?;
    counter.write_all(text.as_bytes())?;
    counter.finish()
}

/// A writer that compresses and keeps only the length.
pub struct XzCounter(XzWriter<Length>);

impl XzCounter {
    /// For a text of about `expected` bytes.
    ///
    /// # Errors
    /// None that memory alone does not cause.
    pub fn new(expected: u64) -> io::Result<Self> {
        let mut options = XzOptions::with_preset(9);
        // A dictionary beyond the text's length finds nothing more, and its 64 MiB take ten times
        // as much memory.
        let largest = u64::from(options.lzma_options.dict_size);
        let needed = expected.next_power_of_two().clamp(1 << 16, largest);
        options.lzma_options.dict_size = needed as u32;
        XzWriter::new(Length(0), options).map(Self)
    }

    /// The length of the compressed text.
    ///
    /// # Errors
    /// As [`XzCounter::new`].
    pub fn finish(self) -> io::Result<u64> {
        self.0.finish().map(|length| length.0)
    }
}

impl Write for XzCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

struct Length(u64);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn repetition_is_cheap_and_length_is_counted() {
        let line = "All work and no play makes Jack a dull boy.\n";
        let once = xz_bytes(line).unwrap();
        let often = xz_bytes(&line.repeat(999)).unwrap();
        assert!(once > 44 && often < once + 100, "{once} {often}");
    }

    /// `xz -9 -k -c input.txt | wc -c` (XZ Utils 5.4 and 5.8) gives the expected size.
    #[test]
    fn shakespeare_compresses_as_xz_utils_do() {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../shared/data/shakespeare/input.txt"
        );
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: {path} is absent");
            return;
        };
        let (found, expected) = (xz_bytes(&text).unwrap() as f64, XZ_UTILS as f64);
        assert!((found / expected - 1.0).abs() < 0.01, "{found} {expected}");
    }
    const XZ_UTILS: u64 = 364_052;
}
