//! Translating texts.

use super::say;
use crate::place::ModelPlace;
use crate::stop::Stop;
use crate::{Error, Result, backend};
use serde::Serialize;
use slovo_args::{GenerateArgs, Search};
use slovo_data::Tokenizer;
use slovo_model::{BeamOptions, GenerateOptions, Sampling, Seq2Seq};
use std::io::{Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

/// A text to translate.
struct Source {
    text: String,
    ids: Vec<u32>,
}

/// A finished translation, as `--json` prints it.
#[derive(Serialize)]
struct Line<'a> {
    source: usize,
    text: &'a str,
    translation: &'a str,
    tokens: usize,
    /// The natural logarithm of its probability; of a beam search only.
    #[serde(skip_serializing_if = "Option::is_none")]
    logprob: Option<f64>,
}

/// Translates the sources and writes a line for each, in order, a batch at a time.
pub(super) fn translate(args: &GenerateArgs, out: &mut dyn Write, stop: &Stop) -> Result<()> {
    let device = backend::device(&args.backend)?;
    let place = ModelPlace::find(&args.model.model)?;
    let model = place.seq2seq(&device)?;
    let config = &model.config().transformer;
    let tokenizer = place.tokenizer_within(config.vocab_size)?;
    let end = model.config().end;
    let sources = read(args, &tokenizer, end, config.max_seq_len)?;
    for (number, batch) in sources.chunks(args.batch.get()).enumerate() {
        if stop.requested() {
            break;
        }
        // An empty line stays one, so that lines keep their numbers.
        let full: Vec<&Source> = batch.iter().filter(|source| source.ids.len() > 1).collect();
        let mut found = answer(&model, &full, args, stop)?.into_iter();
        for (row, source) in batch.iter().enumerate() {
            let (ids, logprob) = match source.ids.len() > 1 {
                true => found.next().unwrap_or_default(),
                false => Default::default(),
            };
            let text = tokenizer.decode(&ids).map_err(slovo_data::Error::from)?;
            let line = match args.json {
                true => crate::command::json(&Line {
                    source: number * args.batch.get() + row,
                    text: &source.text,
                    translation: &text,
                    tokens: ids.len(),
                    logprob,
                })?,
                false => text,
            };
            if !say(out, &line)? {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Tokens of each target, and the logarithm of its probability where a search says it.
type Answer = (Vec<u32>, Option<f64>);

fn answer(
    model: &Seq2Seq,
    sources: &[&Source],
    args: &GenerateArgs,
    stop: &Stop,
) -> Result<Vec<Answer>> {
    let ids: Vec<Vec<u32>> = sources.iter().map(|source| source.ids.clone()).collect();
    if args.search == Search::Beam {
        let found = model.translate(&ids, BeamOptions::default())?;
        let found = found.into_iter();
        return Ok(found.map(|h| (h.tokens, Some(h.log_prob))).collect());
    }
    let longest = ids.iter().map(Vec::len).max().unwrap_or(0);
    let room = model.config().transformer.max_seq_len - 1;
    let usual = longest + BeamOptions::default().extra;
    let options = GenerateOptions {
        sampling: match args.search {
            Search::Greedy => Sampling::greedy(),
            _ => super::sampling(args, 0),
        },
        ..GenerateOptions::new(args.tokens.unwrap_or(usual).min(room))
    };
    let found = model.generate_batch(&ids, &options, |_| match stop.requested() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    })?;
    Ok(found.into_iter().map(|row| (row.tokens, None)).collect())
}

/// Texts of the command line, and of files and standard input, where each line is one.
fn read(
    args: &GenerateArgs,
    tokenizer: &Tokenizer,
    end: u32,
    max_seq_len: usize,
) -> Result<Vec<Source>> {
    let mut texts = Vec::new();
    for (number, source) in (1..).zip(&args.source) {
        let path = Path::new(source);
        let (lines, file) = match source.as_str() {
            "-" => {
                let mut text = String::new();
                let read = std::io::stdin().read_to_string(&mut text);
                read.map_err(Error::io("read", "standard input"))?;
                (text, Some("standard input".to_owned()))
            }
            _ if path.is_file() => {
                let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
                (text, Some(source.clone()))
            }
            text => (text.to_owned(), None),
        };
        match file {
            None => texts.push((lines, format!("source {number}"))),
            Some(file) => texts.extend(
                (1..)
                    .zip(lines.lines())
                    .map(|(line, text)| (text.to_owned(), format!("{file}, line {line}"))),
            ),
        }
    }
    let encoded = texts.into_iter().map(|(text, place)| {
        let wrong = |error: Error| Error::Prompt {
            place: place.clone(),
            source: Box::new(error),
        };
        let ids = tokenizer.encode(text.trim());
        let mut ids = ids.map_err(|error| wrong(slovo_data::Error::from(error).into()))?;
        ids.push(end);
        if ids.len() > max_seq_len {
            let error = slovo_model::GenerateError::SourceTooLong {
                source_len: ids.len(),
                max_seq_len,
            };
            return Err(wrong(error.into()));
        }
        Ok(Source { text, ids })
    });
    let sources: Vec<Source> = encoded.collect::<Result<_>>()?;
    match sources.is_empty() {
        true => Err(Error::Value {
            field: "--source",
            found: args.source.join(" "),
            expected: "a text, or a file with one a line, would do".into(),
        }),
        false => Ok(sources),
    }
}
