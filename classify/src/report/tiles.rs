//! The key figures, each on a tile.

use super::shown::{NOTHING, area_over, cut, fixed, has_several_labels, many, share_over};
use super::{Report, Summary, tables};
use slovo_data::report::grouped;
use slovo_train::report::figures;
use slovo_train::report::markup::escape;

/// The key figures.
pub fn tiles(report: &Report) -> String {
    let tile = |class: &str, name: &str, value: String, more: String| {
        format!(
            "<div class=\"tile{class}\"><p class=\"name\">{}</p><p class=\"value\">{}</p>\
             <p class=\"more\">{}</p></div>\n",
            escape(name),
            escape(&value),
            escape(&more)
        )
    };
    let test = report.test.as_ref();
    let without = report.test_deduplicated.as_ref();
    let accuracy = |summary: Option<&Summary>| share_over(summary.map(|found| &found.accuracy));
    let mut text = String::from("<div class=\"tiles eight\">\n");
    text += &tile(" first", "test accuracy", accuracy(test), sureness(report));
    text += &tile(
        "",
        "without leaks",
        accuracy(without),
        tables::texts(without),
    );
    text += &tile(
        "",
        "PR-AUC",
        area_over(test.and_then(|found| found.pr_auc.as_ref())),
        match &report.positive {
            Some(positive) if !has_several_labels(report) => format!("of {}", cut(positive, 24)),
            _ => "mean of the classes".into(),
        },
    );
    text += &match report.best_baseline() {
        Some((name, baseline)) => tile(
            "",
            "best baseline",
            share_over(Some(&baseline.test.accuracy)),
            name.into(),
        ),
        None => tile(
            "",
            "best baseline",
            NOTHING.into(),
            "none was trained".into(),
        ),
    };
    text += &match test.and_then(|found| found.recall_at_0_1_percent.as_ref()) {
        Some(recall) => tile(
            "",
            "recall",
            share_over(Some(recall)),
            "at 0.1 % false positives".into(),
        ),
        None => tile(
            "",
            "macro F1",
            area_over(test.and_then(|found| found.macro_f1.as_ref())),
            "mean of the classes".into(),
        ),
    };
    let model = &report.model;
    text += &tile(
        "",
        "parameters that learn",
        figures::compact(model.learning as f64),
        format!("of {}", grouped(model.parameters)),
    );
    let frozen = report.frozen_seconds;
    text += &tile(
        "",
        "time",
        figures::time(report.seconds),
        match frozen >= 1.0 {
            true => format!("{} for what does not learn", figures::time(frozen)),
            false => format!("on {}", model.backend),
        },
    );
    let peak = report.peak_memory_bytes;
    text += &tile(
        "",
        "peak memory",
        peak.map_or(NOTHING.into(), |bytes| {
            format!("{} MiB", grouped(bytes >> 20))
        }),
        String::new(),
    );
    text + "</div>\n"
}

/// The interval of the test accuracy: Student's of several trainings, Wilson's of one.
fn sureness(report: &Report) -> String {
    let Some(test) = &report.test else {
        return "not measured".into();
    };
    let texts = many(test.n, "text");
    if let (Some(low), Some(high)) = (test.accuracy.low, test.accuracy.high) {
        let seeds = test.accuracy.seeds.len();
        let [low, high] = [low, high].map(|end| fixed(100.0 * end, 2));
        return format!("mean of {seeds} seeds within {low} to {high} (Student, 95 %); {texts}");
    }
    let found = report.best().and_then(|run| run.test.as_ref()?.accuracy);
    match found {
        Some(found) => {
            let [low, high] = [found.low, found.high].map(|end| fixed(100.0 * end, 2));
            format!("within {low} to {high} (Wilson, 95 %); {texts}")
        }
        None => texts,
    }
}
