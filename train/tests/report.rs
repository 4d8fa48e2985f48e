//! The report: the page is whole and opens offline, its numbers are the run's, and no run is without one.

#![cfg(feature = "flex")]
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use support::{Workshop, errors, well_formed};

fn report(workshop: &Workshop, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_slovo-train"))
        .current_dir(workshop.path())
        .arg("report")
        .args(args)
        .output()
        .unwrap()
}

/// Asserts success and gives the path that was printed.
fn written(workshop: &Workshop, args: &[&str]) -> PathBuf {
    let output = report(workshop, args);
    assert!(output.status.success(), "{}", errors(&output));
    let path = String::from_utf8(output.stdout).unwrap();
    workshop.path().join(path.trim_end())
}

/// The page and the numbers beside it; the page is strict markup that fetches nothing.
fn read(html: &Path) -> (String, Value) {
    let page = std::fs::read_to_string(html).unwrap();
    well_formed(&page).unwrap_or_else(|fault| panic!("{}: {fault}", html.display()));
    for outside in [
        "http://", "https://", "url(", "@import", "<script", "src=", "<link",
    ] {
        assert!(!page.contains(outside), "{outside} in {}", html.display());
    }
    let json = std::fs::read_to_string(html.with_extension("json")).unwrap();
    (page, serde_json::from_str(&json).unwrap())
}

/// The last row of a table, by column.
fn last_row(table: &Path) -> Vec<(String, f64)> {
    let text = std::fs::read_to_string(table).unwrap();
    let names = text.lines().next().unwrap().split(',');
    let cells = text.lines().last().unwrap().split(',');
    // What a decoder's run does not know, its accuracy, is an empty cell.
    let known = names.zip(cells).filter(|(_, cell)| !cell.is_empty());
    known
        .map(|(name, cell)| (name.to_string(), cell.parse().unwrap()))
        .collect()
}

#[test]
fn a_finished_run_has_a_page_and_the_numbers_of_its_tables() {
    let workshop = Workshop::new();
    let output = workshop.finish(&[]);
    assert!(output.status.success(), "{}", errors(&output));
    let run = workshop.run_folder();
    let (page, json) = read(&run.join("report.html"));
    for (section, table, steps) in [("steps", "train.csv", 40), ("evaluations", "eval.csv", 2)] {
        for (name, value) in last_row(&run.join(table)) {
            let column = json[section][&name].as_array().unwrap();
            assert_eq!(column.len(), steps, "{section}.{name}");
            assert_eq!(
                column[steps - 1].as_f64().unwrap(),
                value,
                "{section}.{name}"
            );
        }
    }
    let summary = &json["summary"];
    assert_eq!(json["status"], "finished");
    assert_eq!(
        (&summary["step"], &summary["steps"]),
        (&40.into(), &40.into())
    );
    let said = String::from_utf8(output.stdout).unwrap();
    let loss = summary["measured"]["loss"].as_f64().unwrap();
    assert!(
        said.contains(&format!("validation loss  {loss:.4} ")),
        "{said}"
    );
    assert!(page.contains(&format!(">{loss:.4}<")) && page.contains("finished"));
    // The checkpoint's own clock, not the sum of rounded speeds.
    let state = std::fs::read_to_string(run.join("checkpoints/step-00000040/state.ron")).unwrap();
    let seconds = state
        .lines()
        .find(|line| line.contains("seconds:"))
        .unwrap();
    let seconds: f64 = seconds
        .trim()
        .trim_start_matches("seconds: ")
        .trim_end_matches(',')
        .parse()
        .unwrap();
    assert!((summary["seconds"].as_f64().unwrap() - seconds).abs() < 1e-9);
    // What it learned from and where it ran are the run's own.
    assert_eq!(json["data"]["train"]["documents"], 1);
    assert_eq!(json["launches"][0]["backend"], "flex");
    assert_eq!(json["launches"][0]["end"]["how"], "finished");
    for part in [
        "Learning rate",
        "Gradient norm",
        "Throughput",
        "unknown",
        "weight_decay",
    ] {
        assert!(page.contains(part), "{part}");
    }

    // Made again, without text or checkpoints, it is the same but for the clock.
    std::fs::remove_file(workshop.path().join("text.txt")).unwrap();
    std::fs::remove_dir_all(workshop.path().join("runs")).unwrap();
    assert_eq!(
        written(&workshop, &["run"]),
        workshop.path().join("run/report.html")
    );
    assert_eq!(read(&run.join("report.html")), (page, json));
}

#[test]
fn samples_are_taken_at_milestones_and_shown_as_text() {
    let workshop = Workshop::new();
    let often = ["--set", "evaluation.every=5", "--set", "samples.at=3"];
    let prompt = [
        "--set",
        "samples.prompt=a fool",
        "--set",
        "samples.tokens=9",
    ];
    let output = workshop.finish(&[often, prompt].concat());
    assert!(output.status.success(), "{}", errors(&output));
    let samples = workshop.run_folder().join("samples.jsonl");
    let lines = std::fs::read_to_string(&samples).unwrap();
    let steps: Vec<_> = lines
        .lines()
        .map(|line| {
            let sample: Value = serde_json::from_str(line).unwrap();
            assert_eq!(sample["prompt"], "a fool");
            assert_eq!(sample["text"].as_str().unwrap().chars().count(), 9);
            sample["step"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(steps, [5, 25, 40]);

    // Whatever a model says is text, also what looks like markup or cannot be shown.
    let wild =
        r#"{"step":40,"prompt":"<b>&","text":"</pre><script>alert(1)</script>\u001b[2J\u0000"}"#;
    std::fs::write(&samples, format!("{wild}\n")).unwrap();
    let (page, json) = read(&written(&workshop, &["run"]));
    assert!(page.contains("&lt;b&gt;&amp;</span>&lt;/pre&gt;&lt;script&gt;alert(1)"));
    assert_eq!(json["samples"][0]["prompt"], "<b>&");
}

#[test]
fn prompts_that_cannot_be_continued_are_refused_before_any_training() {
    let workshop = Workshop::new();
    let long = format!("samples.prompt={}", "a".repeat(40));
    for (set, parts) in [
        ("samples.prompt=naïve", ["ï", ""]),
        (
            long.as_str(),
            ["samples.prompt is 40 tokens long", "from 1 to 32"],
        ),
        ("samples.tokens=0", ["samples.tokens is 0", "1 or more"]),
        (
            "samples.temperature=-1.0",
            ["samples.temperature is -1", "0.8"],
        ),
    ] {
        let output = workshop.finish(&["--set", set]);
        let text = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{set}: {text}");
        assert!(
            parts.iter().all(|part| text.contains(part)),
            "{set}: {text}"
        );
        assert!(!workshop.run_folder().exists(), "{set}");
    }
    let output = workshop.finish(&["--set", "samples=None"]);
    assert!(output.status.success(), "{}", errors(&output));
    assert!(!workshop.run_folder().join("samples.jsonl").exists());
}

#[test]
fn a_run_that_has_hardly_begun_and_one_that_broke_have_pages() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&["--steps", "1"]).status.success());
    let (_, json) = read(&workshop.run_folder().join("report.html"));
    assert_eq!(json["summary"]["step"], 1);

    // As a process that was killed in its third step leaves it: no evaluation, half a row, no end.
    let killed = workshop.path().join("killed");
    std::fs::create_dir(&killed).unwrap();
    let recipe = std::fs::read(workshop.run_folder().join("recipe.ron")).unwrap();
    std::fs::write(killed.join("recipe.ron"), recipe).unwrap();
    let (page, json) = read(&written(&workshop, &["killed"]));
    assert!(page.contains("nothing measured yet") && page.contains("not measured yet"));
    assert_eq!(json["summary"]["step"], 0);
    let head = "step,tokens,loss,lr,grad_norm,tokens_per_second\n";
    let rows = "1,256,3.5,0.001,2.5,1000\n2,512,NaN,0,inf,1000\n3,7";
    std::fs::write(killed.join("train.csv"), format!("{head}{rows}")).unwrap();
    let (page, json) = read(&written(&workshop, &["killed"]));
    assert!(page.contains("interrupted, step 2 of 1"), "{page}");
    assert!(page.contains("skipped steps") && page.contains("1 step was skipped"));
    assert_eq!(json["steps"]["loss"], serde_json::json!([3.5, null]));
    assert_eq!(
        (&json["status"], &json["summary"]["skipped"]),
        (&"interrupted".into(), &1.into())
    );

    let broken = Workshop::new();
    let sets = ["--set", "schedule.peak=1e39", "--set", "schedule.warmup=0"];
    let often = ["--set", "checkpoint.every=1", "--set", "evaluation.every=1"];
    let output = broken.finish(&[sets, often].concat());
    assert_eq!(output.status.code(), Some(1));
    let (page, json) = read(&broken.run_folder().join("report.html"));
    assert_eq!(json["status"], "failed");
    let error = json["summary"]["error"].as_str().unwrap();
    assert!(errors(&output).contains(error), "{error}");
    assert!(page.contains("<p class=\"error\">"));
}

#[test]
fn runs_stand_side_by_side() {
    let workshop = Workshop::new();
    assert!(workshop.finish(&[]).status.success());
    let other = [
        "pretrain",
        "tiny.ron",
        "--out",
        "<other> & more",
        "--set",
        "schedule.peak=1e-3",
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_slovo-train"))
        .current_dir(workshop.path())
        .args(other)
        .args(["--steps", "20"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let html = written(&workshop, &["run", "<other> & more", "run"]);
    assert_eq!(html, workshop.path().join("runs/comparison.html"));
    let (page, json) = read(&html);
    let names: Vec<_> = json["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["name"])
        .collect();
    assert_eq!(names, ["run", "<other> & more", "run"]);
    for part in [
        "&lt;other&gt; &amp; more",
        "run (2)",
        "schedule.peak",
        "<td>0.003</td><td>0.001</td><td>0.003</td>",
        "<td>40</td><td>20</td><td>40</td>",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("different tokens") && !page.contains("clip</th>"));
    let html = written(
        &workshop,
        &["run", "<other> & more", "--out", "pages/two.html"],
    );
    assert_eq!(html, workshop.path().join("pages/two.html"));
    read(&html);
}

#[test]
fn what_is_no_run_and_what_is_no_page_is_named() {
    let workshop = Workshop::new();
    std::fs::create_dir(workshop.path().join("empty")).unwrap();
    for (args, part) in [
        (&["empty"][..], "holds no run"),
        (&["nowhere"], "no such folder"),
        (&["empty", "--out", "page.pdf"], "ends in .html"),
        (&[], "<RUN>"),
    ] {
        let output = report(&workshop, args);
        let text = errors(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(part) && !text.contains("panicked"), "{text}");
    }
}

#[test]
fn a_report_that_cannot_be_written_costs_the_run_nothing() {
    let workshop = Workshop::new();
    // A folder of the page's name, in the way of the page.
    assert!(workshop.finish(&["--steps", "20"]).status.success());
    let html = workshop.run_folder().join("report.html");
    std::fs::remove_file(&html).unwrap();
    std::fs::create_dir(&html).unwrap();
    let output = workshop.finish(&["--resume"]);
    let text = errors(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.contains("warning: no report") && text.contains("report.html"),
        "{text}"
    );
    assert_eq!(workshop.losses().len(), 40);
}
