//! Saying what texts are: from the command line, a file or a pipe, in order.
//!
//! A thread reads rows, so that many are computed together where they come fast, and each is answered
//! at once where they come slowly.

use super::json;
use super::rows::{format, unlabelled};
use crate::labelled::{LabelledError, Row, RowForm, Rows};
use crate::{Error, Prediction, Result, SavedClassifier};
use serde::Serialize;
use slovo_args::{PredictArgs, exit};
use slovo_data::source::SourceFile;
use slovo_data::stop::Stop;
use slovo_train::backend;
use slovo_train::progress::notice;
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

/// What is said of a text, for programs.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    /// Where a text may be of any number of classes.
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<BTreeMap<&'a str, f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A text, or why a row has none.
type Item = std::result::Result<String, String>;

/// `classify predict`.
///
/// # Errors
///
/// A folder without a classifier, or a file that cannot be read. A row that cannot be used is answered
/// with its fault, and makes the exit code 2 at the end.
pub fn predict(args: &PredictArgs) -> Result<u8> {
    if let Some(threshold) = args.threshold.filter(|it| !(0.0..=1.0).contains(it)) {
        return Err(Error::Value {
            field: "--threshold",
            found: threshold.to_string(),
            expected: "a probability from 0 to 1 would do".into(),
        });
    }
    let stop = Stop::on_signals()?;
    let device = backend::device(&args.backend)?;
    let mut model = SavedClassifier::load(&args.model.model, &device)?;
    if args.threshold.is_some() {
        if model.positive().is_none() {
            return Err(Error::Value {
                field: "--threshold",
                found: "given".into(),
                expected: "the model has no positive class that it could be for".into(),
            });
        }
        model.set_threshold(args.threshold);
    }
    let mut out = Output {
        model: &model,
        json: args.json,
        with_text: args.with_text,
        out: BufWriter::new(io::stdout().lock()),
        bad: 0,
        cut: 0,
    };
    match &args.input {
        None => {
            let items: Vec<Item> = args.text.iter().cloned().map(Ok).collect();
            out.answer(&items)?;
        }
        Some(path) => {
            let items = read(args, path)?;
            let most = args.batch.get();
            while let Ok(first) = items.recv() {
                let mut batch = vec![first?];
                while batch.len() < most
                    && let Ok(next) = items.try_recv()
                {
                    batch.push(next?);
                }
                if stop.requested() || !out.answer(&batch)? {
                    break;
                }
            }
        }
    }
    if out.cut > 0 {
        let most = model.settings().encoding.max_tokens;
        notice(&format!("texts cut to {most} tokens: {}", out.cut));
    }
    Ok(match (stop.requested(), out.bad) {
        (true, _) => exit::STOPPED,
        (false, 0) => exit::DONE,
        (false, bad) => {
            notice(&format!("{bad} rows could not be used"));
            exit::USAGE
        }
    })
}

struct Output<'a, W: Write> {
    model: &'a SavedClassifier,
    json: bool,
    /// Whether JSON repeats the texts.
    with_text: bool,
    out: BufWriter<W>,
    /// Rows that could not be used.
    bad: usize,
    /// Texts that were too long.
    cut: usize,
}

impl<W: Write> Output<'_, W> {
    /// Answers rows in their order; `false` when nobody reads any more.
    fn answer(&mut self, items: &[Item]) -> Result<bool> {
        let texts: Vec<&str> = items
            .iter()
            .filter_map(|item| item.as_deref().ok())
            .collect();
        let found = self
            .model
            .predict(&texts, |i| format!("text {:?}", texts[i]))?;
        let mut found = found.iter();
        let mut lines = String::new();
        for item in items {
            match item {
                Ok(text) => {
                    if let Some(prediction) = found.next() {
                        self.cut += usize::from(prediction.cut > 0);
                        lines += &self.line(text, prediction)?;
                    }
                }
                Err(fault) => {
                    self.bad += 1;
                    notice(&format!("warning: {fault}"));
                    lines += &self.fault(fault)?;
                }
            }
            lines.push('\n');
        }
        let written = self
            .out
            .write_all(lines.as_bytes())
            .and_then(|()| self.out.flush());
        match written {
            // Whoever reads has had enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(slovo_data::Error::Io {
                action: "write",
                path: "standard output".into(),
                error,
            }
            .into()),
            Ok(()) => Ok(true),
        }
    }

    fn line(&self, text: &str, found: &Prediction) -> Result<String> {
        let labels = self.model.labels();
        let multi_label = self.model.multi_label();
        let named: Vec<&str> = found
            .classes
            .iter()
            .map(|class| labels[*class].as_str())
            .collect();
        if !self.json {
            return Ok(match multi_label {
                false => format!("{}\t{:.4}", labels[found.class], found.probability()),
                true => {
                    let of = |class: &usize| format!("{:.4}", found.probabilities[*class]);
                    let with: Vec<String> = found.classes.iter().map(of).collect();
                    format!("{}\t{}", named.join(","), with.join(","))
                }
            });
        }
        let all = labels
            .iter()
            .map(String::as_str)
            .zip(found.probabilities.iter().copied());
        json(&Answer {
            text: self.with_text.then_some(text),
            label: (!multi_label).then(|| labels[found.class].as_str()),
            labels: multi_label.then_some(named),
            probability: (!multi_label).then(|| found.probability()),
            probabilities: Some(all.collect()),
            error: None,
        })
    }

    fn fault(&self, fault: &str) -> Result<String> {
        match self.json {
            false => Ok("\t".into()),
            true => json(&Answer {
                text: None,
                label: None,
                labels: None,
                probability: None,
                probabilities: None,
                error: Some(fault.into()),
            }),
        }
    }
}

/// Reads rows in the background.
fn read(args: &PredictArgs, path: &Path) -> Result<Receiver<Result<Item>>> {
    let given = path.display().to_string();
    let (input, name) = match given.as_str() {
        // Not as other sources read it, which wait for enough bytes to know whether they are compressed.
        "-" => (stdin(), "standard input".to_string()),
        _ => match SourceFile::find(&given)?.as_slice() {
            [file] => (file.open()?, file.name.clone()),
            files => {
                return Err(Error::Value {
                    field: "--input",
                    found: format!("{given}: {} files", files.len()),
                    expected: "one file would do".into(),
                });
            }
        },
    };
    let form = unlabelled(&args.rows, format(&args.rows, path));
    let (sender, items) = sync_channel(2 * args.batch.get());
    let run = move || {
        let send = |item| sender.send(item).is_ok();
        match form {
            None => lines(input, &name, send),
            Some(form) => rows(input, &name, form, send),
        }
    };
    let started = thread::Builder::new().name("rows".into()).spawn(run);
    started.map_err(|error| slovo_data::Error::Thread(error.to_string()))?;
    Ok(items)
}

fn rows(
    input: Box<dyn BufRead + Send>,
    name: &str,
    form: RowForm,
    send: impl Fn(Result<Item>) -> bool,
) {
    for row in Rows::new(input, name, form, None) {
        let item = match row {
            Ok(Row { text, .. }) => Ok(Ok(text)),
            Err(error @ LabelledError::Row { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        };
        if !send(item) {
            return;
        }
    }
}

fn lines(input: Box<dyn BufRead + Send>, name: &str, send: impl Fn(Result<Item>) -> bool) {
    // A line is a table's row of one column in which quotes are letters and nothing stands between
    // columns: a byte that text does not hold.
    let form = RowForm::Table {
        delimiter: 0,
        header: false,
        quotes: false,
        text: crate::labelled::Column::Number(0),
        label: crate::labelled::LabelFrom::Nowhere,
        group: None,
    };
    rows(input, name, form, send);
}

fn stdin() -> Box<dyn BufRead + Send> {
    Box::new(BufReader::new(io::stdin()))
}
