//! `report.json`: the report's numbers for programs.
//!
//! Names are stable; a change of their meaning raises `version`. Units are nats per token, bits per
//! byte, tokens, seconds, and seconds since 1970. What is not known, or not a finite number, is
//! `null`. The columns of `steps` and `evaluations` hold every row of `train.csv` and `eval.csv`.

use super::record::{RunRecord, Status};
use crate::launches::How;
use serde_json::{Map, Value, json};

/// Version of the layout.
const VERSION: u32 = 1;

/// One run.
pub fn run(record: &RunRecord) -> Value {
    let mut fields = Map::from_iter([("version".to_string(), json!(VERSION))]);
    if let Value::Object(own) = of(record) {
        fields.extend(own);
    }
    Value::Object(fields)
}

/// Several runs, as `runs`, in the order in which they were given.
pub fn comparison(records: &[RunRecord]) -> Value {
    json!({
        "version": VERSION,
        "runs": records.iter().map(of).collect::<Vec<_>>(),
    })
}

fn of(record: &RunRecord) -> Value {
    let steps = &record.steps;
    let evaluations = &record.evaluations;
    json!({
        "name": record.name,
        "status": status(record),
        "summary": summary(record),
        "steps": {
            "step": column(steps, |row| row.step),
            "tokens": column(steps, |row| row.tokens),
            "seconds": record.seconds,
            "loss": column(steps, |row| row.loss),
            "lr": column(steps, |row| row.lr),
            "grad_norm": column(steps, |row| row.grad_norm),
            "tokens_per_second": column(steps, |row| row.tokens_per_second),
        },
        "evaluations": {
            "step": column(evaluations, |row| row.step),
            "tokens": column(evaluations, |row| row.tokens),
            "loss": column(evaluations, |row| row.loss),
            "perplexity": column(evaluations, |row| row.perplexity),
            "bits_per_byte": column(evaluations, |row| row.bits_per_byte),
            "windows": column(evaluations, |row| row.windows),
            "accuracy": column(evaluations, |row| row.accuracy),
        },
        "samples": record.samples,
        "sources": record.sources,
        "recipe": record.recipe,
        "data": record.data,
        "launches": record.launches,
    })
}

fn column<R, T: Into<Value>>(rows: &[R], of: impl Fn(&R) -> T) -> Value {
    rows.iter().map(|row| of(row).into()).collect()
}

/// One word: `running`, `interrupted`, `finished`, `no_improvement`, `stopped` or `failed`.
fn status(record: &RunRecord) -> Value {
    match &record.status {
        Status::Running => json!("running"),
        Status::Interrupted => json!("interrupted"),
        Status::Ended(end) => json!(end.how),
    }
}

fn summary(record: &RunRecord) -> Value {
    let failed = match &record.status {
        Status::Ended(end) if end.how == How::Failed => end.error.as_deref(),
        _ => None,
    };
    json!({
        "parameters": record.parameters(),
        "step": record.step(),
        "steps": record.recipe.steps,
        "tokens": record.tokens(),
        "epochs": record.epochs(),
        "seconds": record.time(),
        "tokens_per_second": record.speed(),
        "skipped": record.skipped().count(),
        "error": failed,
        // The lowest of the evaluations, on as many windows as each of them took.
        "best": record.best().map(|row| json!({
            "step": row.step,
            "loss": row.loss,
            "perplexity": row.perplexity,
            "bits_per_byte": row.bits_per_byte,
            "windows": row.windows,
            "accuracy": row.accuracy,
        })),
        // The model of that step on the whole validation set, measured when the run came to its end.
        "measured": record.measured().map(|found| json!({
            "step": found.step,
            "loss": found.evaluation.loss,
            "standard_error": found.evaluation.standard_error,
            "perplexity": found.evaluation.perplexity(),
            "bits_per_byte": found.evaluation.bits_per_byte,
            "accuracy": found.evaluation.accuracy,
            "windows": found.evaluation.windows,
            "tokens": found.evaluation.tokens,
        })),
    })
}
