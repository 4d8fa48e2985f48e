//! How learning went, by step; and what is found at which price: ROC and precision–recall curves.

use super::shown::{fixed, shown};
use super::{Report, Run};
use crate::Scores;
use crate::scores::{ClassRow, Curves};
use slovo_train::report::chart::{Chart, Curve, Style};
use slovo_train::report::curve::Points;
use slovo_train::report::noisy;
use slovo_train::report::scale::{Axis, Extent};

/// Classes whose curves can be told apart in one plot.
const CLASSES: usize = 10;
/// The lowest rate of false positives that the logarithmic plot shows where nothing says more.
const LOW_RATE: f64 = 1e-3;

/// Losses and accuracies by step, of every run.
pub fn learning(report: &Report) -> String {
    let chart = |title: &str, unit, extent, curves, note: &str| Chart {
        title: title.into(),
        unit,
        along: "step".into(),
        extent,
        tall: true,
        curves,
        rule: None,
        skipped: Vec::new(),
        note: note.into(),
    };
    let note = match report.runs.len() {
        0 | 1 => "",
        _ => "Strong: the run whose model is kept. Faint: the others.",
    };
    format!(
        "<div class=\"charts two\">\n{}{}</div>\n",
        chart("Loss", "nats", Extent::Falling, losses(report), note).draw(),
        chart(
            "Accuracy",
            "% of validation texts",
            Extent::Around,
            accuracies(report),
            note
        )
        .draw(),
    )
}

/// The others, and the best run.
fn runs(report: &Report) -> (impl Iterator<Item = &Run>, Option<&Run>) {
    let best = report.best();
    let others = report.runs.iter();
    let others = others.filter(move |run| best.is_none_or(|best| !std::ptr::eq(*run, best)));
    (others, best)
}

fn losses(report: &Report) -> Vec<Curve> {
    let train = |run: &Run| pairs(run.train_losses.iter().map(|row| (row[0], row[1])));
    let validation = |run: &Run| pairs(run.evaluations.iter().map(|row| (row[0], row[1])));
    let (others, best) = runs(report);
    let mut curves = Vec::new();
    for run in others {
        let calm = noisy("", train(run), 0).pop();
        curves.extend(calm.map(|curve| Curve {
            style: Style::Raw,
            ..curve
        }));
        curves.push(curve("", validation(run), 1, Style::Raw));
    }
    if let Some(run) = best {
        curves.extend(noisy("train", train(run), 0));
        let label = format!("best {}", fixed(run.validation_loss, 4));
        curves.push(Curve {
            named: at_best(run, 1, 1.0).map(|(step, loss)| (step, loss, label)),
            ..curve("validation", validation(run), 1, Style::Points)
        });
    }
    curves
}

fn accuracies(report: &Report) -> Vec<Curve> {
    let points = |run: &Run| pairs(run.evaluations.iter().map(|row| (row[0], 100.0 * row[2])));
    let (others, best) = runs(report);
    let mut curves: Vec<_> = others
        .map(|run| curve("", points(run), 1, Style::Raw))
        .collect();
    curves.extend(best.map(|run| {
        Curve {
            named: at_best(run, 2, 100.0)
                .map(|(step, accuracy)| (step, accuracy, format!("{} %", fixed(accuracy, 2)))),
            ..curve("", points(run), 1, Style::Points)
        }
    }));
    curves
}

/// The step of a run's best model, and a column there.
fn at_best(run: &Run, column: usize, scale: f64) -> Option<(f64, f64)> {
    let mut rows = run.evaluations.iter();
    let row = rows.find(|row| row[0] == run.step as f64)?;
    Some((row[0], scale * row[column])).filter(|(_, value)| value.is_finite())
}

/// ROC and precision–recall: of the class that is looked for, beside the baselines; or of each class.
pub fn ranking(report: &Report) -> String {
    let Some((scores, _)) = shown(report) else {
        return String::from("<p class=\"note\">Nothing was measured.</p>\n");
    };
    let roc = |curves: &Curves| points(&curves.roc);
    let recall = |curves: &Curves| points(&curves.precision_recall);
    let one = scores.curves.len() == 1;
    let plot = |title: &str, unit, along: &str, small: bool, curves: Vec<Curve>| Chart {
        title: title.into(),
        unit,
        along: Axis {
            name: along.into(),
            extent: if small {
                Extent::SmallShare
            } else {
                Extent::Share
            },
            whole: false,
        },
        extent: Extent::Share,
        tall: true,
        curves,
        rule: None,
        skipped: Vec::new(),
        note: String::new(),
    };
    let areas = [|row: &ClassRow| row.roc_auc, |row: &ClassRow| row.pr_auc];
    let rates = "false positives, of all others";
    let with_chance = |guide: Points, mut curves: Vec<Curve>| {
        curves.insert(0, curve("chance", guide, 0, Style::Guide));
        curves
    };

    let linear = with_chance(
        vec![(0.0, 0.0), (1.0, 1.0)],
        lines(report, scores, &roc, areas[0]),
    );
    let mut text = match one {
        true => String::from("<div class=\"charts squares\">\n"),
        false => String::from("<div class=\"charts squares two\">\n"),
    };
    text += &plot("ROC", "recall", rates, false, linear).draw();
    if one {
        let low = lowest_rate(scores);
        let near_zero = |curves: &Curves| {
            let clamped = curves.roc.iter().map(|[x, y]| (x.max(low), *y));
            clamped.collect()
        };
        let steps = (0..=40).map(|i| low.powf(1.0 - f64::from(i) / 40.0));
        let guide = steps.map(|rate| (rate, rate)).collect();
        let curves = with_chance(guide, lines(report, scores, &near_zero, areas[0]));
        text += &plot("ROC, few false positives", "recall", rates, true, curves).draw();
    }
    let mut precision = plot(
        "Precision–recall",
        "precision",
        "recall",
        false,
        lines(report, scores, &recall, areas[1]),
    );
    precision.rule = prevalence(scores).map(|share| (share, "all told to be it".into()));
    text += &precision.draw();
    text += "</div>\n";
    text += match one {
        true => {
            "<p class=\"note\">Numbers beside names are areas under the curves; baselines are those of the first split.</p>\n"
        }
        false if scores.curves.len() > CLASSES => {
            "<p class=\"note\">Each class against all others, the most frequent ones; numbers beside names are areas under the curves.</p>\n"
        }
        false => {
            "<p class=\"note\">Each class against all others; numbers beside names are areas under the curves.</p>\n"
        }
    };
    text
}

/// A curve for each simpler means and one for the classifier where one class is looked for, else a
/// curve for each class.
fn lines(
    report: &Report,
    scores: &Scores,
    pick: &dyn Fn(&Curves) -> Points,
    area: fn(&ClassRow) -> Option<f64>,
) -> Vec<Curve> {
    let named = |name: &str, scores: &Scores, found: &Curves, colour| {
        let row = scores.classes.iter().find(|row| row.name == found.name);
        let area = fixed(row.and_then(area), 4);
        curve(&format!("{name} {area}"), pick(found), colour, Style::Line)
    };
    let [found] = scores.curves.as_slice() else {
        let support = |found: &Curves| {
            let row = scores.classes.iter().find(|row| row.name == found.name);
            row.map_or(0, |row| row.score.support)
        };
        let mut largest: Vec<_> = scores.curves.iter().enumerate().collect();
        largest.sort_by_key(|(_, found)| std::cmp::Reverse(support(found)));
        largest.truncate(CLASSES);
        largest.sort_by_key(|(class, _)| *class);
        let largest = largest.into_iter().enumerate();
        return largest
            .map(|(colour, (_, found))| named(&found.name, scores, found, colour))
            .collect();
    };
    let baselines = report.baselines.iter().filter_map(|(name, baseline)| {
        let curves = baseline.scores.curves.iter();
        let own = curves.clone().find(|curves| curves.name == found.name)?;
        // One that says the same of every text lies on the line of chance.
        (own.roc.len() > 2).then_some((name, &baseline.scores, own))
    });
    let mut curves: Vec<_> = baselines
        .enumerate()
        .map(|(index, (name, scores, own))| named(name, scores, own, index + 1))
        .collect();
    curves.push(named("classifier", scores, found, 0));
    curves
}

/// The decade in which one false positive lies.
fn lowest_rate(scores: &Scores) -> f64 {
    let Some(row) = positive(scores) else {
        return LOW_RATE;
    };
    match scores.n.saturating_sub(row.score.support) {
        0 => LOW_RATE,
        others => 10f64.powf((1.0 / others as f64).log10().floor()).min(0.1),
    }
}

/// The precision of telling every text to be of the class that is looked for.
fn prevalence(scores: &Scores) -> Option<f64> {
    let share = positive(scores)?.score.support as f64 / scores.n as f64;
    share.is_finite().then_some(share)
}

fn positive(scores: &Scores) -> Option<&ClassRow> {
    let [only] = scores.curves.as_slice() else {
        return None;
    };
    scores.classes.iter().find(|row| row.name == only.name)
}

/// The heading of the curves: whose they are.
pub fn ranking_heading(report: &Report) -> String {
    match shown(report) {
        Some((scores, side)) => match scores.curves.as_slice() {
            [only] => format!("What is found of {}, and at which price: {side}", only.name),
            _ => format!("What is found, and at which price: {side}"),
        },
        None => "What is found, and at which price".into(),
    }
}

fn points(curve: &[[f64; 2]]) -> Points {
    pairs(curve.iter().map(|[x, y]| (*x, *y)))
}

fn pairs(points: impl Iterator<Item = (f64, f64)>) -> Points {
    points.collect()
}

fn curve(name: &str, points: Points, colour: usize, style: Style) -> Curve {
    Curve {
        name: name.into(),
        points,
        colour,
        style,
        named: None,
    }
}
