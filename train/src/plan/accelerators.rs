//! What accelerators compute at most, as their makers publish it.
//!
//! As of 2024, without sparsity. TFLOP/s with float32 sums, memory in GB of 10⁹ bytes.
//! Sources: NVIDIA's data sheets of the V100 SXM2 32 GB (2020), A100 SXM 80 GB (2021), H100 SXM
//! (2023; halved, it counts sparsity) and H200 SXM (2024; halved), NVIDIA's Ada architecture white
//! paper (2022, RTX 4090), AMD's data sheet of the Instinct MI300X (2023), Apple's announcement of
//! the M1 Max (2021).

use crate::{Error, Result};
use serde::Serialize;
use slovo_args::Precision;

/// An accelerator by its data sheet.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Accelerator {
    /// Name on the command line.
    pub name: &'static str,
    /// TFLOP/s in float32, outside of matrix units.
    pub f32: f64,
    /// TFLOP/s of its matrix units on float32 rounded to 10 bits, where it has such.
    pub tf32: Option<f64>,
    /// TFLOP/s of its matrix units on float16 or bfloat16, where it has such.
    pub half: Option<f64>,
    /// GB of memory.
    pub memory: f64,
}

/// The accelerators that have a name.
pub const ACCELERATORS: [Accelerator; 7] = [
    accelerator("v100", 15.7, None, Some(125.0), 32.0),
    accelerator("a100", 19.5, Some(156.0), Some(312.0), 80.0),
    accelerator("h100", 67.0, Some(494.5), Some(989.5), 80.0),
    accelerator("h200", 67.0, Some(494.5), Some(989.5), 141.0),
    accelerator("rtx-4090", 82.6, Some(82.6), Some(165.2), 24.0),
    accelerator("mi300x", 163.4, Some(653.7), Some(1307.4), 192.0),
    accelerator("m1-max", 10.4, None, None, 64.0),
];

const fn accelerator(
    name: &'static str,
    f32: f64,
    tf32: Option<f64>,
    half: Option<f64>,
    memory: f64,
) -> Accelerator {
    Accelerator {
        name,
        f32,
        tf32,
        half,
        memory,
    }
}

impl Accelerator {
    /// The accelerator of that name, in upper or lower case.
    ///
    /// # Errors
    ///
    /// An unknown name; the error lists those that are known.
    pub fn named(name: &str) -> Result<Self> {
        let known = ACCELERATORS.iter();
        let found = known.clone().find(|a| a.name.eq_ignore_ascii_case(name));
        found.copied().ok_or_else(|| Error::Value {
            field: "--accelerator",
            found: name.into(),
            expected: format!(
                "one of {} would do, or --flops for another one",
                known.map(|a| a.name).collect::<Vec<_>>().join(", ")
            ),
        })
    }

    /// Peak FLOP/s in a precision.
    ///
    /// # Errors
    ///
    /// A precision for which the data sheet has no figure.
    pub fn peak(&self, precision: Precision) -> Result<f64> {
        let tera = match precision {
            Precision::F32 => Some(self.f32),
            Precision::Tf32 => self.tf32,
            Precision::Half => self.half,
        };
        let tera = tera.ok_or_else(|| Error::Value {
            field: "--precision",
            found: precision.to_string(),
            expected: format!(
                "{} has no published figure for it: f32, or --flops, would do",
                self.name
            ),
        })?;
        Ok(tera * 1e12)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn an_unknown_accelerator_is_answered_with_the_known_ones() {
        let error = Accelerator::named("a1000").unwrap_err();
        assert!(error.is_usage());
        for known in ACCELERATORS {
            assert!(error.to_string().contains(known.name), "{error}");
        }
        assert_eq!(Accelerator::named("A100").unwrap().name, "a100");
    }

    #[test]
    fn matrix_units_are_no_slower_than_what_stands_beside_them() {
        for known in ACCELERATORS {
            let peak = |precision| known.peak(precision).unwrap_or(f64::INFINITY);
            let [plain, tf32, half] = [Precision::F32, Precision::Tf32, Precision::Half].map(peak);
            assert!(plain <= tf32 && plain <= half, "{known:?}");
            assert!(known.tf32.is_none() || tf32 <= half, "{known:?}");
        }
    }

    #[test]
    fn the_help_names_every_accelerator() {
        let cli = slovo_args::Cli::command();
        let plan = cli.find_subcommand("plan").unwrap();
        let flag = plan.get_arguments().find(|a| a.get_id() == "accelerator");
        let help = flag.unwrap().get_help().unwrap().to_string();
        for known in ACCELERATORS {
            assert!(help.contains(known.name), "{help}");
        }
    }

    #[test]
    fn a_precision_without_a_figure_is_refused() {
        let error = Accelerator::named("v100").unwrap().peak(Precision::Tf32);
        assert!(error.unwrap_err().to_string().contains("v100"));
    }
}
