//! Axes: where a value stands between the ends of an axis, and which values get a label.

use super::figures::compact;

/// Values that lie further apart than this factor are shown by their logarithm.
const WIDE: f64 = 20.0;
/// The same for losses: what happens after the first fall is what matters.
const STEEP: f64 = 3.0;

/// From values to places along an axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

/// How an axis is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Around the values, by their logarithm where they lie far apart.
    Around,
    /// The same for a curve that falls steeply and then slowly, as a loss does.
    Falling,
    /// From 0 to a little above the highest.
    FromZero,
    /// From 0 to the highest.
    Exactly,
    /// From 0 to 1, whatever the values: shares and probabilities.
    Share,
    /// From the decade of the lowest value above 0 up to 1, by the logarithm: shares of which the
    /// small ones matter.
    SmallShare,
}

/// The horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What runs along it.
    pub name: String,
    /// From where to where.
    pub extent: Extent,
    /// Whether nothing happens between two whole numbers, so that none gets a label there.
    pub whole: bool,
}

impl From<&str> for Axis {
    /// Steps or time, from 0 on.
    fn from(name: &str) -> Self {
        Self {
            name: name.into(),
            extent: Extent::Exactly,
            whole: true,
        }
    }
}

/// A labelled value.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    /// Its place along the axis, from 0 to 1.
    pub place: f64,
    /// What stands there.
    pub label: String,
}

impl Scale {
    /// The axis for these values; those that are not finite have no part in it.
    pub fn over(values: impl Iterator<Item = f64>, extent: Extent) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite() && (*value > 0.0 || extent != Extent::SmallShare))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        let linear = |low, high| Self {
            low,
            high,
            log: false,
        };
        let logarithmic = || Self {
            low: low / (high / low).powf(0.04),
            high: high * (high / low).powf(0.04),
            log: true,
        };
        match extent {
            Extent::SmallShare => Self {
                low: 10f64.powf(low.clamp(1e-12, 0.1).log10().floor()),
                high: 1.0,
                log: true,
            },
            Extent::Share => linear(0.0, 1.0),
            _ if low > high => linear(0.0, 1.0),
            Extent::Exactly if high > 0.0 => linear(0.0, high),
            Extent::FromZero if high > 0.0 => linear(0.0, high * 1.08),
            Extent::Exactly | Extent::FromZero => linear(0.0, 1.0),
            Extent::Around if low > 0.0 && high / low > WIDE => logarithmic(),
            Extent::Falling if low > 0.0 && high / low > STEEP => logarithmic(),
            Extent::Around | Extent::Falling => {
                // A flat curve runs through the middle.
                let pad = match high - low {
                    range if range > high.abs() * 1e-9 => 0.06 * range,
                    _ => (0.05 * high.abs()).max(1e-9),
                };
                linear(low - pad, high + pad)
            }
        }
    }

    /// Where a value stands: 0 at the low end, 1 at the high end; `None` where it has no place.
    pub fn place(&self, value: f64) -> Option<f64> {
        let place = match self.log {
            true if value <= 0.0 => return None,
            true => (value / self.low).ln() / (self.high / self.low).ln(),
            false => (value - self.low) / (self.high - self.low),
        };
        place.is_finite().then_some(place)
    }

    /// Whether places follow the logarithm.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// The value at the high end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// Round values inside the axis, about `wanted` of them.
    pub fn ticks(&self, wanted: usize) -> Vec<Tick> {
        match self.log {
            true => self.log_ticks(wanted),
            false => self.linear_ticks(wanted),
        }
    }

    fn linear_ticks(&self, wanted: usize) -> Vec<Tick> {
        let step = round_step((self.high - self.low) / wanted.max(1) as f64);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        let largest = self.low.abs().max(self.high.abs());
        (first..=last)
            .filter_map(|index| {
                let value = index as f64 * step;
                Some(Tick {
                    place: self.place(value)?,
                    label: label(value, step, largest),
                })
            })
            .collect()
    }

    fn log_ticks(&self, wanted: usize) -> Vec<Tick> {
        let (first, last) = (self.low.log10(), self.high.log10());
        let decades = last - first;
        let within: &[f64] = match decades / wanted.max(1) as f64 {
            sparse if sparse < 0.2 => &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0],
            sparse if sparse < 0.4 => &[1.0, 2.0, 5.0],
            sparse if sparse < 0.6 => &[1.0, 3.0],
            _ => &[1.0],
        };
        let stride = (decades / wanted.max(1) as f64).ceil().max(1.0) as i32;
        let exponents = first.floor() as i32..=last.ceil() as i32;
        let mut ticks = Vec::new();
        for exponent in exponents.filter(|exponent| exponent.rem_euclid(stride) == 0) {
            for mantissa in within {
                let value = mantissa * 10f64.powi(exponent);
                if let Some(place) = self.place(value).filter(|p| (0.0..=1.0).contains(p)) {
                    let finest = if mantissa.fract() > 0.0 { 0.1 } else { 1.0 };
                    let label = label(value, finest * 10f64.powi(exponent), value);
                    ticks.push(Tick { place, label });
                }
            }
        }
        ticks
    }
}

/// 1, 2 or 5 times a power of ten, at least `raw`.
fn round_step(raw: f64) -> f64 {
    let raw = raw.max(f64::MIN_POSITIVE);
    let power = 10f64.powf(raw.log10().floor());
    let mantissa = [1.0, 2.0, 5.0, 10.0];
    let mantissa = mantissa.iter().find(|m| **m * power >= raw * (1.0 - 1e-9));
    mantissa.unwrap_or(&10.0) * power
}

/// A value with as many digits as neighbours `step` apart need.
fn label(value: f64, step: f64, largest: f64) -> String {
    if value.abs() < step * 1e-6 {
        return "0".into();
    }
    if largest >= 10_000.0 {
        return compact(value);
    }
    let exponent = value.abs().log10().floor() as i32;
    let finest = (step.log10() + 1e-9).floor() as i32;
    if largest < 0.01 {
        let digits = (exponent - finest).max(0) as usize;
        return scientific(value, digits);
    }
    let digits = (-finest).max(0) as usize;
    format!("{value:.digits$}")
}

/// As recipes write small numbers: `5e-4`, `1.5e-3`.
fn scientific(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$e}");
    match text.split_once('e') {
        Some((mantissa, exponent)) if mantissa.contains('.') => {
            let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
            format!("{mantissa}e{exponent}")
        }
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(low: f64, high: f64, extent: Extent) -> Vec<String> {
        let scale = Scale::over([low, high].into_iter(), extent);
        let ticks = scale.ticks(5);
        for tick in &ticks {
            assert!((-1e-9..=1.0 + 1e-9).contains(&tick.place), "{tick:?}");
        }
        ticks.into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        use Extent::{Around, Exactly, Falling, FromZero, Share, SmallShare};
        assert_eq!(
            labels(0.4, 0.7, Share),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(labels(0.0, 0.002, SmallShare), ["1e-3", "0.01", "0.1", "1"]);
        assert_eq!(
            labels(0.0, 2000.0, Exactly),
            ["0", "500", "1000", "1500", "2000"]
        );
        assert_eq!(labels(1.5, 4.2, Around), ["2", "3", "4"]);
        assert_eq!(labels(1.51, 1.58, Around), ["1.52", "1.54", "1.56", "1.58"]);
        assert_eq!(labels(0.0, 1e-3, FromZero), ["0", "5e-4", "1e-3"]);
        assert_eq!(labels(0.0, 130_000.0, FromZero), ["0", "50k", "100k"]);
        assert_eq!(
            labels(0.1, 30.0, Around),
            ["0.1", "0.3", "1", "3", "10", "30"]
        );
        assert_eq!(
            labels(1.4, 10.8, Falling),
            ["1.5", "2", "3", "5", "7", "10"]
        );
        assert_eq!(labels(1.5, 4.2, Falling), ["2", "3", "4"]);
        assert_eq!(
            labels(1e-6, 1e6, Around),
            ["1e-6", "1e-3", "1", "1000", "1M"]
        );
    }

    #[test]
    fn ends_have_the_places_of_ends() {
        let scale = Scale::over([0.0, 8.0].into_iter(), Extent::Exactly);
        assert_eq!((scale.place(0.0), scale.place(8.0)), (Some(0.0), Some(1.0)));
        let log = Scale::over([1.0, 100.0].into_iter(), Extent::Around);
        assert!(log.is_log() && log.place(0.0).is_none());
        assert!((log.place(10.0).unwrap_or_default() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn nothing_one_value_and_no_number_still_make_an_axis() {
        for values in [
            vec![],
            vec![f64::NAN],
            vec![2.5],
            vec![0.0],
            vec![-3.0],
            vec![1e300],
        ] {
            for extent in [
                Extent::Around,
                Extent::Falling,
                Extent::FromZero,
                Extent::Exactly,
                Extent::Share,
                Extent::SmallShare,
            ] {
                let scale = Scale::over(values.iter().copied(), extent);
                assert!(
                    !scale.ticks(5).is_empty(),
                    "{values:?} {extent:?} {scale:?}"
                );
                assert!(scale.place(f64::NAN).is_none());
            }
        }
        let shares = Scale::over([0.3, 2.0].into_iter(), Extent::Share);
        assert_eq!(
            (shares.place(0.0), shares.place(1.0)),
            (Some(0.0), Some(1.0))
        );
        let flat = Scale::over([2.5].into_iter(), Extent::Around);
        assert_eq!(flat.place(2.5), Some(0.5));
    }
}
