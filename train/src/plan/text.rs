//! A plan for a person: a table, and underneath what it assumes.

use super::{OPTIMAL_TOKENS_PER_PARAMETER, Operations, Plan, Published, Speed};
use crate::progress::clock;
use slovo_data::report::grouped;
use std::fmt::{self, Display, Formatter};

const MIB: f64 = 1024.0 * 1024.0;

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.size(f)?;
        self.text(f)?;
        self.compute(f)?;
        self.memory(f)?;
        self.time(f)?;
        if let Some(published) = &self.published {
            self.beside(f, published)?;
            self.mixture(f, published)?;
        }
        self.assumptions(f)
    }
}

impl Plan {
    fn size(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let parameters = self.parameters;
        number(
            f,
            "parameters",
            parameters.all,
            &short(parameters.all as f64),
        )?;
        number(f, "  embeddings", parameters.embeddings, "")?;
        number(f, "  blocks", parameters.blocks, "")?;
        let per_step = grouped(self.tokens_per_step);
        let steps = grouped(self.tokens.div_ceil(self.tokens_per_step.max(1)));
        let rest = format!(
            "{} in {steps} steps of {per_step}",
            short(self.tokens as f64)
        );
        number(f, "tokens", self.tokens, &rest)?;
        let ratio = self.tokens as f64 / parameters.all.max(1) as f64;
        row(f, "  per parameter", &format!("{ratio:.2}"), "")
    }

    fn text(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(text) = &self.text else {
            return Ok(());
        };
        let rest = format!("of {} tokens of text", grouped(text.tokens));
        row(f, "epochs", &format!("{:.2}", text.epochs), &rest)?;
        for source in &text.sources {
            let rest = format!(
                "of {} tokens, {:.1} % of the run: {}",
                grouped(source.tokens),
                100.0 * source.share,
                source.name
            );
            row(f, "  of a source", &format!("{:.2}", source.epochs), &rest)?;
        }
        Ok(())
    }

    fn compute(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (token, all) = (self.flops_per_token, self.flops);
        writeln!(f)?;
        let scientific = |x: f64| format!("{x:.3e}");
        row(f, "FLOPs per token", &scientific(token.six_n), "6·N")?;
        row(f, "", &scientific(token.with_attention), "with attention")?;
        row(f, "FLOPs in all", &scientific(all.six_n), "6·N")?;
        row(
            f,
            "",
            &scientific(all.with_attention),
            "with attention; time counts these",
        )?;
        let optimal = self.optimal;
        number(
            f,
            "compute-optimal",
            optimal.tokens_for_parameters,
            &format!("tokens for these parameters, {OPTIMAL_TOKENS_PER_PARAMETER} for each"),
        )?;
        number(
            f,
            "",
            optimal.parameters_for_compute,
            &format!(
                "parameters for these FLOPs, on {} tokens",
                grouped(optimal.tokens_for_compute)
            ),
        )
    }

    fn memory(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let memory = &self.memory;
        writeln!(f)?;
        for (label, bytes, rest) in [
            ("weights", memory.weights, ""),
            ("gradients", memory.gradients, ""),
            ("optimizer's moments", memory.moments, ""),
            (
                "activations",
                memory.activations,
                "kept for the backward pass",
            ),
        ] {
            row(f, label, &mebibytes(bytes), rest)?;
        }
        let peak = memory.peak();
        row(
            f,
            "all tensors at once",
            "",
            "at the worst moment of each phase",
        )?;
        for phase in &memory.phases {
            let rest = if *phase == peak { "the peak" } else { "" };
            row(
                f,
                &format!("  {}", phase.name),
                &mebibytes(phase.bytes),
                rest,
            )?;
        }
        row(
            f,
            "peak of the process",
            &mebibytes(memory.process),
            "on the CPU",
        )
    }

    fn time(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (Some(speed), Some(duration)) = (&self.speed, self.duration) else {
            return Ok(());
        };
        writeln!(f)?;
        row(
            f,
            "speed",
            &format!("{:.3e}", speed.flops_per_second),
            &described(speed),
        )?;
        let tokens = speed.flops_per_second / self.flops_per_token.with_attention;
        number(f, "", tokens.round() as u64, "tokens a second")?;
        // A short run in minutes, a long one in days.
        let other = match duration.hours {
            hours if hours < 48.0 => clock(std::time::Duration::from_secs_f64(hours * 3600.0)),
            hours => format!("{} days", decimal(hours / 24.0)),
        };
        row(f, "time", &format!("{} h", decimal(duration.hours)), &other)?;
        if speed.count > 1 {
            let hours = decimal(duration.accelerator_hours);
            row(
                f,
                "  of one alone",
                &format!("{hours} h"),
                "accelerator-hours",
            )?;
        }
        if let (Some(cost), Some(price)) = (duration.cost, speed.price) {
            row(
                f,
                "cost",
                &decimal(cost),
                &format!("at {price} an accelerator-hour"),
            )?;
        }
        match &speed.accelerator {
            Some(accelerator) if self.memory.peak().bytes as f64 > accelerator.memory * 1e9 => row(
                f,
                "does not fit",
                "",
                &format!(
                    "one {} holds {} GB; this needs {:.1} GB on one device",
                    accelerator.name,
                    accelerator.memory,
                    self.memory.peak().bytes as f64 / 1e9
                ),
            ),
            _ => Ok(()),
        }
    }

    fn beside(&self, f: &mut Formatter<'_>, published: &Published) -> fmt::Result {
        let again = published.repeat(self.flops.six_n);
        writeln!(f, "\n{:<21} {:>17}   published", "", "here")?;
        for (label, here, there) in [
            (
                "parameters",
                short(self.parameters.all as f64),
                short(published.parameters),
            ),
            ("tokens", short(self.tokens as f64), short(published.tokens)),
            (
                "FLOPs, 6·N",
                format!("{:.2e}", self.flops.six_n),
                format!("{:.2e}", published.flops),
            ),
            (
                "accelerator-years",
                format!("{:.1}", again.accelerator_years()),
                format!("{:.0}", published.years),
            ),
            (
                "cost",
                format!("{:.2} M$", again.cost.unwrap_or(0.0) / 1e6),
                format!("{:.1} M$", published.cost / 1e6),
            ),
        ] {
            row(f, label, &here, &there)?;
        }
        writeln!(
            f,
            "{}, at {} TFLOP/s throughout (all of it useful), {:.2} $ an hour, a year of 365 days.",
            published.source,
            published.flops_per_second / 1e12,
            published.price
        )
    }

    /// What a published model read, and how often that is here.
    fn mixture(&self, f: &mut Formatter<'_>, published: &Published) -> fmt::Result {
        if published.mixture.is_empty() {
            return Ok(());
        }
        writeln!(
            f,
            "\n{:<24} {:>8} {:>8} {:>16} {:>16}",
            "source", "tokens", "weight", "epochs published", "of the weights"
        )?;
        for (source, epochs) in published
            .mixture
            .iter()
            .zip(published.epochs(published.tokens))
        {
            writeln!(
                f,
                "{:<24} {:>7}B {:>6} % {:>16} {epochs:>16.2}",
                source.name,
                source.tokens / 1e9,
                source.weight,
                source.epochs
            )?;
        }
        let sum: f64 = published.mixture.iter().map(|source| source.weight).sum();
        writeln!(
            f,
            "Epochs in {}B tokens. The weights add up to {sum} %; the last column has them add up to 100.",
            published.tokens / 1e9
        )
    }

    fn assumptions(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nassumed")?;
        let mut lines = self.notes.clone();
        lines.push(
            "memory: float32, all on one device, no gradient checkpointing: everything that the \
             backward pass needs is kept. (Burn's checkpointing would recompute memory-bound \
             operations, not whole blocks.)"
                .into(),
        );
        lines.push(
            match self.memory.operations {
                Operations::Fused => {
                    "memory: as the CPU's fused operations need it; tensor operations on a GPU, \
                     which --accelerator NAME plans for, keep more"
                }
                Operations::Composed => "memory: as compositions of tensor operations need it",
            }
            .into(),
        );
        let (share, evaluation, process) = match self.memory.operations {
            Operations::Fused => (12, "all", 30),
            Operations::Composed => (15, "a quarter of", 72),
        };
        lines.push(format!(
            "memory of the process: {share} % of the tensors, {evaluation} what the smaller of \
             training and evaluation needs, and {process} MiB or a little more, for what the \
             allocator holds back and the program; without the text, which is mapped"
        ));
        lines.push(format!(
            "FLOPs with attention: 6 for each parameter that multiplies and 12·L·d·T, T = {}",
            grouped(self.context as u64)
        ));
        lines.push("compute-optimal: 20 tokens a parameter (Hoffmann et al. 2022)".into());
        match &self.speed {
            None => lines.push(
                "no time: --accelerator NAME, --flops X or --tokens-per-second X gives one".into(),
            ),
            Some(speed) if speed.assumed.is_some() => lines.push(
                "utilisation: published runs reach 0.2 to 0.5 of the peak (GPT-3 0.21, PaLM 0.46, \
                 Llama 3 0.4); less is likely until measured"
                    .into(),
            ),
            Some(_) => {}
        }
        for line in lines {
            writeln!(f, "- {line}")?;
        }
        Ok(())
    }
}

fn described(speed: &Speed) -> String {
    let count = match speed.count {
        1 => String::new(),
        n => format!("{} × ", grouped(n)),
    };
    match (speed.assumed, &speed.accelerator) {
        (Some((peak, share)), accelerator) => format!(
            "FLOP/s: {count}{}{:.1} TFLOP/s × {share}",
            accelerator.map_or_else(String::new, |a| format!("{} ", a.name)),
            peak / 1e12
        ),
        (None, _) => format!("FLOP/s: {count}as measured"),
    }
}

/// A label, a value that ends in one column, and what is to be said about it.
fn row(f: &mut Formatter<'_>, label: &str, value: &str, rest: &str) -> fmt::Result {
    let line = format!("{label:<21} {value:>17}   {rest}");
    writeln!(f, "{}", line.trim_end())
}

fn number(f: &mut Formatter<'_>, label: &str, value: u64, rest: &str) -> fmt::Result {
    row(f, label, &grouped(value), rest)
}

fn mebibytes(bytes: u64) -> String {
    let mib = bytes as f64 / MIB;
    match mib < 10.0 {
        true => format!("{mib:.1} MiB"),
        false => format!("{} MiB", grouped(mib.round() as u64)),
    }
}

/// 174604259328 as `174.6 billion`; nothing for what is easily read.
fn short(number: f64) -> String {
    match number {
        n if n >= 1e12 => format!("{:.1} trillion", n / 1e12),
        n if n >= 1e9 => format!("{:.1} billion", n / 1e9),
        n if n >= 1e6 => format!("{:.1} million", n / 1e6),
        _ => String::new(),
    }
}

/// A number with its digits grouped, and more of them behind the point the smaller it is.
fn decimal(number: f64) -> String {
    match number {
        n if n >= 1000.0 => grouped(n.round() as u64),
        n if n >= 10.0 => format!("{n:.1}"),
        n => format!("{n:.3}"),
    }
}
