//! How long a run takes, and what it costs.
//!
//! time = FLOPs / (accelerators · peak FLOP/s · utilisation). Utilisation is model FLOPs utilisation
//! (Chowdhery et al. 2022, appendix B): what the model needs, against what the device could do.

use super::accelerators::Accelerator;
use crate::{Error, Result};
use serde::Serialize;
use slovo_args::PlanArgs;

/// Share of the peak that a run is assumed to reach. Published: 0.21 for GPT-3, 0.33 for Gopher, 0.46
/// for PaLM (Chowdhery et al. 2022, table 3), 0.38 to 0.43 for Llama 3 405B (Grattafiori et al. 2024,
/// section 3.3). Programs that were tuned less reach less.
pub const UTILISATION: f64 = 0.4;

const SECONDS_PER_HOUR: f64 = 3600.0;
/// As the published estimates count.
const HOURS_PER_YEAR: f64 = 24.0 * 365.0;

/// What computes, and how fast.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// The accelerator's name, where it has one.
    pub accelerator: Option<Accelerator>,
    /// How many.
    pub count: u64,
    /// FLOP/s of all of them together, as they are assumed to come out.
    pub flops_per_second: f64,
    /// One's peak FLOP/s and the share of it that is assumed; `None` where the speed was measured.
    pub assumed: Option<(f64, f64)>,
    /// Price of one accelerator for an hour, in whatever currency.
    pub price: Option<f64>,
}

/// Time and cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Duration {
    /// Hours from start to end.
    pub hours: f64,
    /// Hours times accelerators.
    pub accelerator_hours: f64,
    /// Accelerator-hours times their price, where that was given.
    pub cost: Option<f64>,
}

impl Speed {
    /// The speed that the command line gives; `None` where it gives none.
    ///
    /// `per_token` are the FLOPs of one token, which turn a measured speed into FLOP/s.
    ///
    /// # Errors
    ///
    /// An unknown accelerator, a utilisation that is not above 0 and at most 1, a speed or a price
    /// that is no positive number.
    pub fn of(args: &PlanArgs, per_token: f64) -> Result<Option<Self>> {
        let utilisation = args.utilisation.unwrap_or(UTILISATION);
        check(
            "--utilisation",
            utilisation,
            utilisation > 0.0 && utilisation <= 1.0,
            "above 0 and at most 1 would do",
        )?;
        for (field, value) in [
            ("--flops", args.flops),
            ("--tokens-per-second", args.tokens_per_second),
            ("--price", args.price),
        ] {
            let value = value.unwrap_or(1.0);
            let fine = value.is_finite() && value > 0.0;
            check(field, value, fine, "a positive number would do")?;
        }
        let count = args.count;
        check("--count", count as f64, count > 0, "1 or more would do")?;
        let named = args.accelerator.as_deref().map(Accelerator::named);
        let accelerator = named.transpose()?;
        let peak = match (&accelerator, args.flops) {
            (Some(accelerator), _) => Some(accelerator.peak(args.precision)?),
            (None, flops) => flops,
        };
        let (one, assumed) = match (peak, args.tokens_per_second) {
            (Some(peak), _) => (peak * utilisation, Some((peak, utilisation))),
            (None, Some(tokens)) => (tokens * per_token, None),
            (None, None) => {
                let cost = args.price.map(|price| ("--price", price));
                let share = args.utilisation.map(|share| ("--utilisation", share));
                return match cost.or(share) {
                    Some((field, value)) => Err(Error::Value {
                        field,
                        found: value.to_string(),
                        expected: "it needs a speed: --accelerator, --flops or --tokens-per-second"
                            .into(),
                    }),
                    None => Ok(None),
                };
            }
        };
        Ok(Some(Self {
            accelerator,
            count,
            flops_per_second: one * count as f64,
            assumed,
            price: args.price,
        }))
    }

    /// How long `flops` take.
    pub fn duration(&self, flops: f64) -> Duration {
        let hours = flops / self.flops_per_second / SECONDS_PER_HOUR;
        let accelerator_hours = hours * self.count as f64;
        Duration {
            hours,
            accelerator_hours,
            cost: self.price.map(|price| price * accelerator_hours),
        }
    }
}

impl Duration {
    /// Accelerator-hours, in years.
    pub fn accelerator_years(&self) -> f64 {
        self.accelerator_hours / HOURS_PER_YEAR
    }
}

fn check(field: &'static str, found: f64, fine: bool, expected: &str) -> Result<()> {
    match fine {
        true => Ok(()),
        false => Err(Error::Value {
            field,
            found: found.to_string(),
            expected: expected.into(),
        }),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use clap::Parser;

    fn speed(line: &str) -> Result<Option<Speed>> {
        let line = format!("slovo plan {line}");
        let cli = slovo_args::Cli::parse_from(line.split_whitespace());
        let slovo_args::Command::Plan(args) = cli.command else {
            unreachable!()
        };
        Speed::of(&args, 1e9)
    }

    #[test]
    fn hours_and_cost_multiply_out() {
        // 100 TFLOP/s · 0.5 · 4 = 2e14 FLOP/s; 7.2e18 FLOPs take ten hours.
        let speed = speed("--flops 100e12 --utilisation 0.5 --count 4 --price 2.5");
        let duration = speed.unwrap().unwrap().duration(7.2e18);
        assert!((duration.hours - 10.0).abs() < 1e-9);
        assert!((duration.accelerator_hours - 40.0).abs() < 1e-9);
        assert!((duration.cost.unwrap() - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_measured_speed_needs_no_assumption() {
        let speed = speed("--tokens-per-second 500").unwrap().unwrap();
        assert_eq!(speed.flops_per_second, 500e9);
        assert_eq!(speed.assumed, None);
        assert_eq!(speed.duration(1e12).cost, None);
    }

    #[test]
    fn precision_chooses_the_peak() {
        let peak = |line| speed(line).unwrap().unwrap().assumed.unwrap().0;
        assert_eq!(peak("--accelerator a100"), 19.5e12);
        assert_eq!(peak("--accelerator a100 --precision half"), 312e12);
        assert!(speed("").unwrap().is_none());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (line, field) in [
            ("--accelerator h100 --utilisation 0", "--utilisation is 0"),
            (
                "--accelerator h100 --utilisation 1.1",
                "--utilisation is 1.1",
            ),
            ("--accelerator h100 --count 0", "--count is 0"),
            ("--accelerator abacus", "--accelerator is abacus"),
            ("--flops inf", "--flops is inf"),
            ("--flops 1e12 --price=-1", "--price is -1"),
        ] {
            let error = speed(line).unwrap_err();
            assert!(error.is_usage());
            assert!(error.to_string().starts_with(field), "{line}: {error}");
        }
    }
}
