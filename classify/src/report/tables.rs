//! Tables of numbers: classes, trainings, simpler means, the threshold.

use super::shown::{
    NOTHING, area_over, chance, difference, estimate, fixed, many, share, share_over, shown,
};
use super::{Report, Run, Summary};
use crate::Scores;
use crate::metrics::{Aim, Reached};
use slovo_data::report::grouped;
use slovo_train::report::figures;
use slovo_train::report::markup::{escape, list, table};

/// Each class against the others.
pub fn classes(report: &Report) -> String {
    let Some((scores, _)) = shown(report) else {
        return String::new();
    };
    let row = |name: &str, numbers: [String; 6]| {
        std::iter::once(name.to_string()).chain(numbers).collect()
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for class in &scores.classes {
        let numbers = [
            grouped(class.score.support),
            share(class.score.precision),
            share(class.score.recall),
            fixed(class.score.f1, 4),
            fixed(class.roc_auc, 4),
            fixed(class.pr_auc, 4),
        ];
        rows.push(row(&class.name, numbers));
    }
    if rows.is_empty() {
        return String::new();
    }
    // Of one class that is looked for, the areas are its own.
    let area = |area| fixed(Some(scores.curves.len()).filter(|n| *n > 1).and(area), 4);
    let none = || NOTHING.to_string();
    let mean = [
        none(),
        none(),
        none(),
        fixed(scores.macro_f1, 4),
        area(scores.roc_auc),
        area(scores.pr_auc),
    ];
    rows.push(row("mean", mean));
    let head = [
        "class",
        "texts",
        "precision",
        "recall",
        "F1",
        "ROC-AUC",
        "PR-AUC",
    ];
    format!(
        "<figure>\n<figcaption><b>Each class against the others</b></figcaption>\n{}</figure>\n",
        table("", &head, &rows)
    )
}

/// Each training.
pub fn runs(report: &Report) -> String {
    let best = report.best();
    let accuracy = |scores: &Option<Scores>| {
        estimate(scores.as_ref().and_then(|scores| scores.accuracy.as_ref()))
    };
    let rows: Vec<_> = report
        .runs
        .iter()
        .map(|run| {
            let is_best = best.is_some_and(|best| std::ptr::eq(best, run));
            let seed = if is_best { " (best)" } else { "" };
            vec![
                format!("{}{seed}", run.seed),
                format!("{} of {}", grouped(run.step), grouped(run.steps)),
                fixed(run.validation_loss, 4),
                accuracy(&run.test),
                accuracy(&run.test_deduplicated),
                fixed(run.test.as_ref().and_then(|scores| scores.pr_auc), 4),
                fixed(temperature(run), 3),
                figures::time(run.seconds),
            ]
        })
        .collect();
    if rows.is_empty() {
        return String::from("<p class=\"note\">Nothing was trained.</p>\n");
    }
    let head = [
        "seed",
        "best step",
        "validation loss",
        "test accuracy",
        "without leaks",
        "PR-AUC",
        "temperature",
        "time",
    ];
    let mut text = table("", &head, &rows);
    if report.runs.len() > 1 {
        text += "<p class=\"note\">Intervals are of 95 % (Wilson): what other test texts might say. \
                 The model of the run with the lowest validation loss is kept.</p>\n";
    }
    text
}

fn temperature(run: &Run) -> Option<f64> {
    let scores = [&run.test, &run.validation];
    let mut scaled = scores
        .into_iter()
        .flatten()
        .filter_map(|s| s.after_temperature.as_ref());
    scaled.next().map(|after| after.temperature.get())
}

/// The classifier and what simpler means reach.
pub fn baselines(report: &Report) -> String {
    if report.baselines.is_empty() {
        return String::from("<p class=\"note\">None was trained.</p>\n");
    }
    let accuracy = |summary: Option<&Summary>| share_over(summary.map(|found| &found.accuracy));
    let area =
        |summary: Option<&Summary>| area_over(summary.and_then(|found| found.pr_auc.as_ref()));
    let none = || NOTHING.to_string();
    let mut rows = vec![vec![
        "classifier".to_string(),
        accuracy(report.test.as_ref()),
        accuracy(report.test_deduplicated.as_ref()),
        area(report.test.as_ref()),
        none(),
        none(),
        none(),
    ]];
    for (name, baseline) in &report.baselines {
        let without = match &baseline.test_deduplicated {
            Some(found) => accuracy(Some(found)),
            None => share(baseline.accuracy_deduplicated),
        };
        let paired = &baseline.mcnemar;
        rows.push(vec![
            name.clone(),
            accuracy(Some(&baseline.test)),
            without,
            area(Some(&baseline.test)),
            difference(baseline.accuracy_difference.as_ref(), 100.0, 2),
            difference(baseline.pr_auc_difference.as_ref(), 1.0, 4),
            format!(
                "{} ({}\u{a0}:\u{a0}{})",
                chance(paired.p),
                paired.only_first,
                paired.only_second
            ),
        ]);
    }
    let head = [
        "",
        "accuracy",
        "without leaks",
        "PR-AUC",
        "ahead (points)",
        "PR-AUC ahead",
        "McNemar",
    ];
    let what = report.baselines.iter();
    let what: Vec<_> = what
        .map(|(name, found)| (name.clone(), found.what.clone()))
        .collect();
    format!(
        "{}<p class=\"note\">How far the classifier is ahead, with 95 % intervals of the bootstrap over \
         test texts: where one holds 0, these texts do not tell which is better. McNemar: the chance \
         of so uneven a split of the texts that only one has right (classifier : baseline), if both \
         were equally good.</p>\n{}",
        table("", &head, &rows),
        list(&what)
    )
}

/// What the threshold reached; `None` where none was asked for.
pub fn threshold(report: &Report) -> Option<String> {
    let best = report.best()?;
    let threshold = best.threshold?;
    let positive = report.positive.as_deref().unwrap_or("positive");
    let aim = match threshold.aim {
        Aim::MaxFalsePositiveRate(rate) => format!(
            "as many as can be found with false positives of at most {} %",
            compact_percent(rate)
        ),
        Aim::Cost {
            false_positive,
            false_negative,
        } => format!(
            "the lowest cost, where a false positive costs {} and a miss {}",
            compact_percent(false_positive / 100.0),
            compact_percent(false_negative / 100.0)
        ),
        Aim::F1 => "the highest F1".into(),
    };
    let told = match threshold.threshold {
        never if never > 1.0 => format!("No text is told to be {positive}"),
        from => format!(
            "A text is told to be {positive} from a probability of {} on",
            fixed(from, 4)
        ),
    };
    let from = |run: &Run| fixed(run.threshold.map(|threshold| threshold.threshold), 4);
    let mut rows = vec![reached("validation", from(best), &threshold.reached)];
    let on_test = best.at_threshold.as_ref();
    rows.extend(on_test.map(|found| reached("test", from(best), found)));
    let others = report.runs.iter();
    for run in others.filter(|run| !std::ptr::eq(*run, best)) {
        let name = format!("test, seed {}", run.seed);
        let on_test = run.at_threshold.as_ref();
        rows.extend(on_test.map(|found| reached(&name, from(run), found)));
    }
    let head = [
        "",
        "from",
        "found",
        "recall",
        "false positives",
        "their rate",
        "precision",
        "F1",
    ];
    Some(format!(
        "<p>{}: {}.</p>\n{}<p class=\"note\">Chosen on the validation texts, so that what it reaches \
         there is flattering. Intervals are of 95 % (Wilson).</p>\n",
        escape(&told),
        escape(&aim),
        table("", &head, &rows)
    ))
}

fn reached(name: &str, from: String, found: &Reached) -> Vec<String> {
    let of = |part, whole| format!("{}\u{a0}of\u{a0}{}", grouped(part), grouped(whole));
    vec![
        name.into(),
        from,
        of(found.true_positives, found.positives),
        estimate(found.recall.as_ref()),
        of(found.false_positives, found.negatives),
        estimate(found.false_positive_rate.as_ref()),
        estimate(found.precision.as_ref()),
        fixed(found.f1, 4),
    ]
}

/// A share in percent as a recipe writes it: `0.1`.
fn compact_percent(share: f64) -> String {
    match share.is_finite() {
        // What is left of 0.001 · 100 in binary is no one's wish.
        true => ((share * 1e8).round() / 1e6).to_string(),
        false => NOTHING.into(),
    }
}

/// How many texts a summary is of.
pub fn texts(summary: Option<&Summary>) -> String {
    summary.map_or("not measured".into(), |found| many(found.n, "text"))
}
