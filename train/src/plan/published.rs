//! What was published about the cost of a shape, to hold our own arithmetic against.

use super::time::{Duration, Speed};
use serde::Serialize;

/// A published run and a published estimate of its cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Published {
    /// Name of the preset.
    pub preset: &'static str,
    /// Parameters.
    pub parameters: f64,
    /// Tokens it was trained on.
    pub tokens: f64,
    /// FLOPs in all.
    pub flops: f64,
    /// Accelerator-years of the estimate.
    pub years: f64,
    /// Cost of the estimate, in US dollars.
    pub cost: f64,
    /// The estimate's speed of one accelerator, in FLOP/s, held throughout.
    pub flops_per_second: f64,
    /// The estimate's price of one accelerator for an hour, in US dollars.
    pub price: f64,
    /// Who published it.
    pub source: &'static str,
    /// What it read.
    pub mixture: &'static [PublishedSource],
}

/// A source of a published mixture.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PublishedSource {
    /// Its name.
    pub name: &'static str,
    /// Its tokens.
    pub tokens: f64,
    /// Its weight, in percent; they need not add up to 100.
    pub weight: f64,
    /// How often it was read, as published.
    pub epochs: f64,
}

const fn source(name: &'static str, billions: f64, weight: f64, epochs: f64) -> PublishedSource {
    PublishedSource {
        name,
        tokens: billions * 1e9,
        weight,
        epochs,
    }
}

/// Brown et al. 2020, table 2.2, where it is read for 300 billion tokens. The weights add up to 101 %, and
/// the epochs follow from weights that are not rounded.
const GPT_3_MIXTURE: [PublishedSource; 5] = [
    source("Common Crawl (filtered)", 410.0, 60.0, 0.44),
    source("WebText2", 19.0, 22.0, 2.9),
    source("Books1", 12.0, 8.0, 1.9),
    source("Books2", 55.0, 8.0, 0.43),
    source("Wikipedia", 3.0, 3.0, 3.4),
];

/// GPT-3.
pub const GPT_3: Published = Published {
    preset: "gpt3-175b",
    parameters: 174.6e9,
    tokens: 300e9,
    flops: 3.14e23,
    years: 355.0,
    cost: 4.6e6,
    flops_per_second: 28e12,
    price: 1.5,
    source: "Brown et al. 2020, table D.1; C. Li, \"OpenAI's GPT-3 Language Model: A Technical \
             Overview\", Lambda 2020: one V100",
    mixture: &GPT_3_MIXTURE,
};

impl Published {
    /// What was published about a preset.
    pub fn of(preset: &str) -> Option<Self> {
        (GPT_3.preset == preset).then_some(GPT_3)
    }

    /// How often each source of the mixture is read in `tokens` tokens, by the weights made to add up to 1.
    pub fn epochs(&self, tokens: f64) -> Vec<f64> {
        let sum: f64 = self.mixture.iter().map(|source| source.weight).sum();
        let of = |source: &PublishedSource| tokens * source.weight / sum / source.tokens;
        self.mixture.iter().map(of).collect()
    }

    /// Time and cost of `flops` under the estimate's assumptions.
    pub fn repeat(&self, flops: f64) -> Duration {
        let speed = Speed {
            accelerator: None,
            count: 1,
            flops_per_second: self.flops_per_second,
            assumed: None,
            price: Some(self.price),
        };
        speed.duration(flops)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::plan::Flops;
    use slovo_model::TransformerConfig;

    #[test]
    fn gpt3_comes_out_as_published() {
        let model = TransformerConfig::preset("gpt3-175b").unwrap();
        let published = Published::of("gpt3-175b").unwrap();
        let parameters = model.parameter_count() as f64;
        assert!((parameters / published.parameters - 1.0).abs() < 1e-4);
        let flops = Flops::per_token(&model, 2048).times(published.tokens as u64);
        assert_eq!(format!("{:.2e}", flops.six_n), "3.14e23");
        assert!(flops.with_attention > flops.six_n);
        let again = published.repeat(flops.six_n);
        assert!(
            (again.accelerator_years() / published.years - 1.0).abs() < 0.005,
            "{again:?}"
        );
        // 355 years of 8,760 hours at 1.50 are 4.66 million, which was published as 4.6.
        assert!(
            (again.cost.unwrap() / published.cost - 1.0).abs() < 0.02,
            "{again:?}"
        );
        assert_eq!(Published::of("gpt2-124m"), None);
    }

    #[test]
    fn the_mixture_of_gpt3_comes_out_nearly_as_published() {
        let epochs = GPT_3.epochs(GPT_3.tokens);
        let rounded: Vec<f64> = epochs
            .iter()
            .map(|it| (it * 100.0).round() / 100.0)
            .collect();
        assert_eq!(rounded, [0.43, 3.44, 1.98, 0.43, 2.97]);
        for (source, epochs) in GPT_3.mixture.iter().zip(epochs) {
            assert!(
                (epochs / source.epochs - 1.0).abs() < 0.2,
                "{}",
                source.name
            );
        }
    }
}
