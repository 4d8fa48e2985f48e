//! How far our numbers are from those of `transformers`.

use crate::case::Kind;
use crate::reference::Reference;
use burn::tensor::Tensor;

/// The distance of `ours` from the reference's `output.{name}`: the largest one relative to the largest
/// value, or the whole one relative to the whole, whichever is more, so that many small errors do not
/// hide behind one large value.
///
/// What only fills the rows of an encoder up does not count.
pub fn distance(
    kind: Kind,
    reference: &Reference,
    name: &str,
    ours: Tensor<3>,
) -> Result<f64, String> {
    let (shape, theirs) = reference.floats(&format!("output.{name}"));
    let found = ours.dims();
    if shape != found {
        return Err(format!("{name}: shape {found:?} instead of {shape:?}"));
    }
    let ours = ours
        .try_into_vec_as::<f32>()
        .map_err(|error| format!("{name}: {error}"))?;
    let counts = match kind {
        Kind::MaskedLm | Kind::Encoder => reference.ids("input.attention_mask").1,
        Kind::Decoder | Kind::Seq2seq => vec![1; found[0] * found[1]],
    };
    let rows = ours
        .chunks_exact(found[2])
        .zip(theirs.chunks_exact(found[2]));
    let mut sums = Sums::default();
    for ((ours, theirs), _) in rows.zip(&counts).filter(|(_, counts)| **counts != 0) {
        ours.iter().zip(theirs).for_each(|(a, b)| sums.add(*a, *b));
    }
    Ok(sums.distance())
}

#[derive(Default)]
struct Sums {
    largest_error: f64,
    largest: f64,
    errors: f64,
    values: f64,
}

impl Sums {
    fn add(&mut self, ours: f32, theirs: f32) {
        let (error, value) = (f64::from(ours - theirs).abs(), f64::from(theirs).abs());
        self.largest_error = self.largest_error.max(error);
        self.largest = self.largest.max(value);
        self.errors += error * error;
        self.values += value * value;
    }

    /// Infinite when a number is not finite: a maximum alone would pass over it.
    fn distance(&self) -> f64 {
        let whole = (self.errors / self.values).sqrt();
        match whole.is_finite() {
            true => whole.max(self.largest_error / self.largest),
            false => f64::INFINITY,
        }
    }
}
