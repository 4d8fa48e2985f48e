//! How rotary wavelengths are stretched for contexts longer than in training.

use super::error::{Fault, GgufError};
use super::settings::Settings;
use crate::config::RopeScaling;
use std::f64::consts::TAU;

/// The tensor with a divisor for each frequency.
pub(super) const FREQUENCIES: &str = "rope_freqs.weight";

/// Reads the scaling of a model with that rotary base and width.
pub(super) fn read(
    settings: &Settings<'_>,
    theta: f64,
    width: usize,
) -> Result<RopeScaling, GgufError> {
    // Older files have the second name.
    let factor = match settings.number("rope.scaling.factor")? {
        Some(factor) => Some(factor),
        None => settings.number("rope.scale_linear")?,
    };
    // llama.cpp takes a factor without a type as linear, and 0 as 1.
    let kind = settings.text("rope.scaling.type")?.unwrap_or("linear");
    let factor = factor.filter(|factor| *factor != 0.0).unwrap_or(1.0);
    let by_key = match kind {
        "none" => RopeScaling::None,
        "linear" if factor == 1.0 => RopeScaling::None,
        "linear" if factor > 0.0 => RopeScaling::Linear { factor },
        "linear" => {
            let found = factor.to_string();
            return Err(settings.refuse("rope.scaling.factor", &found, "a positive number"));
        }
        other => {
            let found = super::error::quote(other);
            let supported = "\"none\" and \"linear\"";
            return Err(settings.refuse("rope.scaling.type", &found, supported));
        }
    };
    let by_tensor = from_tensor(settings, theta, width)?;
    match (by_key, by_tensor) {
        (scaling, RopeScaling::None) | (RopeScaling::None, scaling) => Ok(scaling),
        _ => Err(settings.refuse(
            "rope.scaling.type",
            "\"linear\" beside a tensor `rope_freqs.weight`",
            "one of the two",
        )),
    }
}

/// The file has Llama 3's rule only as what comes of it, a divisor for each frequency.
fn from_tensor(
    settings: &Settings<'_>,
    theta: f64,
    width: usize,
) -> Result<RopeScaling, GgufError> {
    let Some(tensor) = settings.file.tensor(FREQUENCIES) else {
        return Ok(RopeScaling::None);
    };
    let expected = vec![width / 2];
    if tensor.shape() != expected {
        return Err(settings.file.error(Fault::Shape {
            tensor: FREQUENCIES.into(),
            found: tensor.shape(),
            expected,
        }));
    }
    let divisors = tensor.values()?;
    if divisors.iter().all(|divisor| *divisor == 1.0) {
        return Ok(RopeScaling::None);
    }
    // The values of all published models (3.1 to 3.3), of which only the factor differs.
    let (low, high, original) = (1.0, 4.0, 8192_u32);
    let factor = f64::from(divisors.iter().copied().fold(1.0, f32::max));
    let follows = divisors.iter().enumerate().all(|(pair, divisor)| {
        let frequency = theta.powf(-2.0 * pair as f64 / width as f64);
        let turns = f64::from(original) * frequency / TAU;
        let keep = ((turns - low) / (high - low)).clamp(0.0, 1.0);
        let expected = 1.0 / ((1.0 - keep) / factor + keep);
        (f64::from(*divisor) - expected).abs() <= 1e-3 * expected
    });
    if !follows || !factor.is_finite() {
        return Err(settings.file.error(Fault::Invalid {
            place: format!("tensor `{FREQUENCIES}`"),
            found: "another stretching of rotary wavelengths".into(),
            expected: format!(
                "Llama 3's, with low_freq_factor {low}, high_freq_factor {high} and \
                 original context {original}"
            ),
        }));
    }
    Ok(RopeScaling::Llama3 {
        factor,
        low_freq_factor: low,
        high_freq_factor: high,
        original_max_seq_len: original as usize,
    })
}
