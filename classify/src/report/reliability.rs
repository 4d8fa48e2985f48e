//! Whether a probability means what it says: reliability diagrams before and after temperature scaling.

use super::Report;
use super::shown::{NOTHING, fixed, has_several_labels, share, shown};
use crate::metrics::{Bin, Calibration, wilson};
use slovo_data::report::grouped;
use slovo_train::report::chart::{Chart, Curve, Style};
use slovo_train::report::curve::Points;
use slovo_train::report::markup::table;
use slovo_train::report::scale::{Axis, Extent};

/// Diagrams, how often each confidence occurs, and the same as a table.
pub fn reliability(report: &Report) -> String {
    let Some((scores, _)) = shown(report) else {
        return String::from("<p class=\"note\">Nothing was measured.</p>\n");
    };
    let raw = &scores.calibration;
    let scaled = scores.after_temperature.as_ref();
    let what = if has_several_labels(report) {
        "decisions"
    } else {
        "texts"
    };
    let mut counted = vec![bars("as computed", raw, 5)];
    let mut text = match scaled {
        Some(_) => String::from("<div class=\"charts squares\">\n"),
        None => String::from("<div class=\"charts squares two\">\n"),
    };
    text += &diagram("As computed", raw, 5);
    if let Some(found) = scaled {
        let temperature = fixed(found.temperature.get(), 3);
        let title = format!("After temperature {temperature}");
        text += &diagram(&title, &found.calibration, 0);
        counted.push(bars("after temperature", &found.calibration, 0));
    }
    text += &Chart {
        title: "How often".into(),
        unit: what,
        extent: Extent::FromZero,
        ..chart(counted)
    }
    .draw();
    text += "</div>\n<p class=\"note\">On the dashed line, 90 % of what is told with a probability of \
             0.9 is right; below it, the classifier is too sure of itself. Upright lines: 95 % intervals (Wilson). ECE: the mean distance from \
             the line.</p>\n";
    let table_of = scaled.map_or(raw, |found| &found.calibration);
    text + &bins(table_of, what)
}

fn diagram(title: &str, found: &Calibration, colour: usize) -> String {
    let known = found.bins.iter();
    let known: Points = known
        .filter_map(|bin| bin.confidence.zip(bin.accuracy))
        .collect();
    Chart {
        title: title.into(),
        unit: "share that is right",
        note: format!(
            "ECE {}, Brier score {}, log loss {}.",
            fixed(found.ece, 4),
            fixed(found.brier, 4),
            fixed(found.log_loss, 4)
        ),
        ..chart(vec![
            curve("", vec![(0.0, 0.0), (1.0, 1.0)], 0, Style::Guide),
            curve("", within(found), colour, Style::Raw),
            curve("", known, colour, Style::Points),
        ])
    }
    .draw()
}

/// Each bin's 95 % interval, a line from end to end.
fn within(found: &Calibration) -> Points {
    let ends = |bin: &Bin| {
        let (confidence, accuracy) = bin.confidence.zip(bin.accuracy)?;
        let right = (accuracy * bin.count as f64).round() as u64;
        let found = wilson(right, bin.count)?;
        let gap = (confidence, f64::NAN);
        Some([(confidence, found.low), (confidence, found.high), gap])
    };
    found.bins.iter().filter_map(ends).flatten().collect()
}

/// A stair along the counts of the bins.
fn bars(name: &str, found: &Calibration, colour: usize) -> Curve {
    let stair = |bin: &Bin| {
        let count = bin.count as f64;
        [
            (bin.low, 0.0),
            (bin.low, count),
            (bin.high, count),
            (bin.high, 0.0),
        ]
    };
    let points = found
        .bins
        .iter()
        .filter(|bin| bin.count > 0)
        .flat_map(stair);
    curve(name, points.collect(), colour, Style::Area)
}

fn chart(curves: Vec<Curve>) -> Chart {
    Chart {
        title: String::new(),
        unit: "",
        along: Axis {
            name: "confidence".into(),
            extent: Extent::Share,
            whole: false,
        },
        extent: Extent::Share,
        tall: true,
        curves,
        rule: None,
        skipped: Vec::new(),
        note: String::new(),
    }
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

fn bins(found: &Calibration, what: &str) -> String {
    let rows: Vec<_> = found
        .bins
        .iter()
        .filter(|bin| bin.count > 0)
        .map(|bin| {
            let distance = bin
                .accuracy
                .zip(bin.confidence)
                .map(|(right, sure)| right - sure);
            vec![
                format!("{} to {}", fixed(bin.low, 2), fixed(bin.high, 2)),
                grouped(bin.count),
                share(bin.confidence),
                share(bin.accuracy),
                distance.map_or(NOTHING.into(), |gap| super::shown::signed(100.0 * gap, 2)),
            ]
        })
        .collect();
    match rows.is_empty() {
        true => String::new(),
        false => table(
            "",
            &[
                "confidence",
                what,
                "mean confidence",
                "right",
                "difference in points",
            ],
            &rows,
        ),
    }
}
