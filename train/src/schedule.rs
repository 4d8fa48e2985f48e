//! The learning rate as a pure function of the number of updates made so far.
//!
//! Warm-up, then cosine to a floor, is Loshchilov & Hutter 2016 as GPT-3 (Brown et al. 2020,
//! appendix B) and nanoGPT use it; warm-up–stable–decay is Hu et al. 2024 (MiniCPM). Burn's cosine
//! rises again after its last step, so the shapes are written out here; [`Schedule`] is a Burn
//! [`LrScheduler`] all the same.

use crate::{Error, Result};
use burn::optim::LearningRate;
use burn::optim::lr_scheduler::{LrScheduler, LrSchedulerRecord};
use serde::{Deserialize, Serialize};

/// How the learning rate goes from its peak to its floor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Shape {
    /// Half a cosine wave.
    #[default]
    Cosine,
    /// A straight line.
    Linear,
    /// Stays at the peak.
    Constant,
    /// Falls with the square root of the updates, and never ends: Vaswani et al. 2017, equation 3,
    /// which people call the Noam schedule. The peak follows from the model's width and the warm-up,
    /// 1 / √(`d_model` · `warmup`), and need not be given; there is no floor.
    Noam,
    /// Stays at the peak, then a straight line to the floor over the last `decay` updates.
    WarmupStableDecay {
        /// Length of the last part, in updates.
        decay: u64,
    },
}

/// Recipe of the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRecipe {
    /// Highest learning rate.
    #[serde(default)]
    pub peak: f64,
    /// Lowest learning rate, from the end of the shape on.
    #[serde(default)]
    pub floor: f64,
    /// Updates until the peak.
    #[serde(default)]
    pub warmup: u64,
    /// What comes after the warm-up.
    #[serde(default)]
    pub shape: Shape,
    /// Update at which the floor is reached; the run's steps where not given.
    #[serde(default)]
    pub end: Option<u64>,
}

impl ScheduleRecipe {
    /// Checks the values and fixes where the shape ends.
    ///
    /// # Errors
    ///
    /// A rate that is not a positive number, a floor above the peak, a decay longer than what the
    /// warm-up leaves, or a Noam schedule with a peak of its own or without warm-up. A run may end
    /// within its warm-up.
    pub fn resolve(&self, steps: u64, d_model: usize) -> Result<ScheduleRecipe> {
        if self.shape == Shape::Noam {
            return self.resolve_noam(d_model);
        }
        let wrong = |field, found: String, expected: String| {
            Err(Error::Value {
                field,
                found,
                expected,
            })
        };
        if !(self.peak.is_finite() && self.peak > 0.0) {
            return wrong(
                "schedule.peak",
                self.peak.to_string(),
                "a positive number such as 0.001 would do".into(),
            );
        }
        if !(0.0..=self.peak).contains(&self.floor) {
            return wrong(
                "schedule.floor",
                self.floor.to_string(),
                format!("from 0 to the peak, {}, would do", self.peak),
            );
        }
        let end = self.end.unwrap_or(steps);
        if let Shape::WarmupStableDecay { decay } = self.shape
            && decay > end.saturating_sub(self.warmup)
        {
            return wrong(
                "schedule.shape.decay",
                decay.to_string(),
                format!(
                    "at most {}, what the warm-up leaves, would do",
                    end.saturating_sub(self.warmup)
                ),
            );
        }
        Ok(ScheduleRecipe {
            end: Some(end),
            ..*self
        })
    }

    fn resolve_noam(&self, d_model: usize) -> Result<ScheduleRecipe> {
        let peak = (d_model as f64 * self.warmup as f64).powf(-0.5);
        let wrong = |field, found: f64, expected: &str| {
            Err(Error::Value {
                field,
                found: found.to_string(),
                expected: expected.into(),
            })
        };
        match () {
            () if self.warmup == 0 => {
                wrong("schedule.warmup", 0.0, "4000 would do, as in the paper")
            }
            () if self.floor != 0.0 => wrong(
                "schedule.floor",
                self.floor,
                "0 would do: there is no floor",
            ),
            () if self.peak != 0.0 && (self.peak - peak).abs() > 1e-9 * peak => wrong(
                "schedule.peak",
                self.peak,
                &format!("leaving it out would do: width and warm-up make it {peak}"),
            ),
            () => Ok(ScheduleRecipe { peak, ..*self }),
        }
    }

    /// Learning rate of the update after `done` updates.
    pub fn rate(&self, done: u64) -> f64 {
        if self.shape == Shape::Noam {
            let (update, warmup) = (done as f64 + 1.0, self.warmup as f64);
            return self.peak * (update / warmup).min((warmup / update).sqrt());
        }
        let end = self.end.unwrap_or(u64::MAX);
        if done < self.warmup {
            return self.peak * (done as f64 + 1.0) / (self.warmup as f64 + 1.0);
        }
        let between = |from: u64| {
            let length = end.saturating_sub(from).max(1);
            ((done.saturating_sub(from)) as f64 / length as f64).min(1.0)
        };
        let height = self.peak - self.floor;
        match self.shape {
            Shape::Constant | Shape::Noam => self.peak,
            _ if done >= end => self.floor,
            Shape::Cosine => {
                let angle = std::f64::consts::PI * between(self.warmup);
                self.floor + 0.5 * (1.0 + angle.cos()) * height
            }
            Shape::Linear => self.floor + (1.0 - between(self.warmup)) * height,
            Shape::WarmupStableDecay { decay } => {
                self.floor + (1.0 - between(end - decay)) * height
            }
        }
    }
}

/// A [`ScheduleRecipe`] and how far it has come.
#[derive(Clone, Debug)]
pub struct Schedule {
    recipe: ScheduleRecipe,
    done: u64,
}

impl Schedule {
    /// At the first update.
    pub fn new(recipe: ScheduleRecipe) -> Self {
        Self { recipe, done: 0 }
    }
}

impl LrScheduler for Schedule {
    fn step(&mut self) -> LearningRate {
        let rate = self.recipe.rate(self.done);
        self.done += 1;
        rate
    }

    fn to_record(&self) -> LrSchedulerRecord {
        LrSchedulerRecord::new().with_scalar("done", self.done)
    }

    fn load_record(&mut self, record: LrSchedulerRecord) {
        if let Some(done) = record.scalar("done") {
            self.done = done;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn recipe(shape: Shape) -> ScheduleRecipe {
        ScheduleRecipe {
            peak: 1e-3,
            floor: 1e-4,
            warmup: 100,
            shape,
            end: Some(2000),
        }
    }

    #[test]
    fn cosine_is_nanogpts() {
        let rate = |i| recipe(Shape::Cosine).rate(i);
        assert_eq!(rate(0), 1e-3 / 101.0);
        assert_eq!(rate(99), 1e-3 * 100.0 / 101.0);
        assert_eq!(rate(100), 1e-3);
        assert!((rate(1050) - 5.5e-4).abs() < 1e-12);
        assert!((rate(1999) - 1e-4).abs() < 1e-8);
    }

    /// lrate = d_model^−0.5 · min(step^−0.5, step · warmup^−1.5), steps counted from 1.
    #[test]
    fn noam_is_the_papers() {
        let recipe = ScheduleRecipe {
            peak: 0.0,
            floor: 0.0,
            warmup: 4000,
            shape: Shape::Noam,
            end: None,
        };
        let resolved = recipe.resolve(100_000, 512).unwrap();
        for step in [1, 100, 3999, 4000, 4001, 100_000] {
            let n = f64::from(step);
            let paper = 512f64.powf(-0.5) * n.powf(-0.5).min(n * 4000f64.powf(-1.5));
            let rate = resolved.rate(step as u64 - 1);
            assert!((rate / paper - 1.0).abs() < 1e-12, "step {step}: {rate}");
        }
        assert_eq!(resolved.resolve(5, 512).unwrap(), resolved);
        assert!(resolved.resolve(5, 256).is_err());
    }

    #[test]
    fn nothing_rises_again_after_the_end() {
        let shapes = [
            Shape::Cosine,
            Shape::Linear,
            Shape::WarmupStableDecay { decay: 400 },
        ];
        for shape in shapes {
            for i in [2000, 2001, 3000, u64::MAX] {
                assert_eq!(recipe(shape).rate(i), 1e-4, "{shape:?} at {i}");
            }
        }
        assert_eq!(recipe(Shape::Constant).rate(u64::MAX), 1e-3);
    }

    #[test]
    fn warmup_stable_decay_has_its_three_parts() {
        let rate = |i| recipe(Shape::WarmupStableDecay { decay: 400 }).rate(i);
        assert_eq!((rate(100), rate(1600)), (1e-3, 1e-3));
        assert!((rate(1800) - 5.5e-4).abs() < 1e-12);
    }

    #[test]
    fn a_record_brings_it_back_to_where_it_was() {
        let mut straight = Schedule::new(recipe(Shape::Cosine));
        (0..150).for_each(|_| {
            straight.step();
        });
        let mut resumed = Schedule::new(recipe(Shape::Cosine));
        resumed.load_record(straight.to_record());
        assert_eq!(straight.step(), resumed.step());
    }

    #[test]
    fn a_wrong_value_says_what_would_do() {
        let short = ScheduleRecipe {
            end: None,
            ..recipe(Shape::WarmupStableDecay { decay: 150 })
        };
        let error = short.resolve(200, 64).unwrap_err().to_string();
        assert!(error.contains("schedule.shape.decay is 150"), "{error}");
        assert!(error.contains("at most 100"), "{error}");
    }
}
