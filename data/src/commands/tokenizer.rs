//! `tokenizer train`, `encode`, `decode` and `inspect`.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Read, Write};

use slovo_args::{TokenizerCommand, TokenizerKind, TokenizerSpecials};
use slovo_data::inspect::inspect;
use slovo_data::memory;
use slovo_data::report::grouped;
use slovo_data::source::Inputs;
use slovo_data::tokenizer::{
    BpeSample, LARGEST_SAMPLE, Specials, Tokenizer, train_bpe, train_wordpiece,
};

use super::Failure;

pub fn run(command: TokenizerCommand) -> Result<(), Failure> {
    match command {
        TokenizerCommand::Train {
            inputs,
            kind,
            vocab_size,
            sample,
            specials,
            cased,
            out,
        } => {
            let model = model(kind, specials, cased)?;
            let (tokenizer, trained) = train(&inputs, model, vocab_size, sample)?;
            tokenizer.save(&out)?;
            let described = inspect(&tokenizer, &[])?.to_string();
            print(&[described, trained].join("\n")).map_err(Failure::Output)
        }
        TokenizerCommand::Encode { tokenizer, text } => {
            let tokenizer = Tokenizer::from_file(&tokenizer)?;
            let text = match text {
                Some(text) => text,
                None => read_stdin()?,
            };
            let ids = tokenizer.encode(&text)?;
            let unknown = tokenizer.count_unknown(&ids);
            if unknown > 0 {
                eprintln!(
                    "{unknown} of {} tokens stand for words that the vocabulary cannot write",
                    ids.len()
                );
            }
            print_ids(&ids).map_err(Failure::Output)
        }
        TokenizerCommand::Decode { tokenizer, ids } => {
            let tokenizer = Tokenizer::from_file(&tokenizer)?;
            let ids = match ids.is_empty() {
                true => parse_ids(&read_stdin()?)?,
                false => ids,
            };
            let text = tokenizer.decode(&ids)?;
            // No line end is added: the text is exactly what the ids say.
            let mut out = io::stdout().lock();
            out.write_all(text.as_bytes())
                .and_then(|()| out.flush())
                .map_err(Failure::Output)
        }
        TokenizerCommand::Inspect {
            tokenizer,
            inputs,
            json,
        } => {
            let found = inspect(&Tokenizer::from_file(&tokenizer)?, &inputs)?;
            let text = match json {
                true => serde_json::to_string_pretty(&found)
                    .map_err(|error| Failure::Output(error.into()))?,
                false => found.to_string(),
            };
            print(&text).map_err(Failure::Output)
        }
    }
}

/// What is to be made.
enum Model {
    Bpe(Specials),
    Byte,
    Char,
    WordPiece { lowercase: bool },
}

/// Kind and choices together; a choice that the kind does not have is refused.
fn model(kind: TokenizerKind, specials: TokenizerSpecials, cased: bool) -> Result<Model, Failure> {
    let given = |given: bool, flag: &str, of: &str| match given {
        true => Err(Failure::Usage(format!(
            "{flag} is a choice of --kind {of} only; leave it out, or take that kind"
        ))),
        false => Ok(()),
    };
    if kind != TokenizerKind::Bpe {
        given(specials != TokenizerSpecials::Text, "--specials", "bpe")?;
    }
    if kind != TokenizerKind::WordPiece {
        given(cased, "--cased", "wordpiece")?;
    }
    Ok(match kind {
        TokenizerKind::Bpe => Model::Bpe(match specials {
            TokenizerSpecials::Text => Specials::Text,
            TokenizerSpecials::Masked => Specials::Masked,
            TokenizerSpecials::Pairs => Specials::Pairs,
        }),
        TokenizerKind::Byte => Model::Byte,
        TokenizerKind::Char => Model::Char,
        TokenizerKind::WordPiece => Model::WordPiece { lowercase: !cased },
    })
}

/// The tokenizer, and a line about its training.
fn train(
    inputs: &[String],
    model: Model,
    vocab_size: usize,
    sample: usize,
) -> Result<(Tokenizer, String), Failure> {
    if !(1..=LARGEST_SAMPLE).contains(&sample) {
        return Err(Failure::Usage(format!(
            "--sample is {sample}: give bytes of text, such as 100000000, and fewer than 2^31"
        )));
    }
    let mut sample = BpeSample::new(sample);
    let mut characters = BTreeSet::new();
    if !matches!(model, Model::Byte) {
        for document in Inputs::typed(inputs)? {
            let text = document.map_err(slovo_data::Error::from)?.text;
            match model {
                Model::Char => characters.extend(text.chars()),
                _ => sample.push(&text),
            }
        }
    }
    let trained = |tokenizer| {
        let mut trained = format!(
            "trained on    {} of {} bytes",
            grouped(sample.bytes() as u64),
            grouped(sample.seen())
        );
        if let Some(peak) = memory::peak() {
            trained += &format!("\nmemory        {} MiB at the peak", peak >> 20);
        }
        (tokenizer, trained)
    };
    Ok(match model {
        Model::Bpe(specials) => {
            eprintln!("{}", sample.describe());
            trained(train_bpe(&sample, vocab_size, 2, specials)?)
        }
        Model::WordPiece { lowercase } => {
            eprintln!("{}", sample.describe());
            trained(train_wordpiece(&sample, vocab_size, lowercase, 2)?)
        }
        Model::Byte => (Tokenizer::bytes()?, "trained on    nothing".to_owned()),
        Model::Char => (
            Tokenizer::characters(&characters)?,
            format!(
                "made of       {} characters",
                grouped(characters.len() as u64)
            ),
        ),
    })
}

fn read_stdin() -> Result<String, Failure> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::Usage(format!("cannot read standard input: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count()
            + 1;
        Failure::Usage(format!(
            "standard input is not UTF-8: byte {at}, on line {line}, is 0x{:02X}",
            error.as_bytes()[at]
        ))
    })
}

fn parse_ids(text: &str) -> Result<Vec<u32>, Failure> {
    text.split_whitespace()
        .map(|word| {
            word.parse().map_err(|_| {
                Failure::Usage(format!(
                    "standard input: {word:?} is not a token id; ids are whole numbers with spaces between them"
                ))
            })
        })
        .collect()
}

fn print_ids(ids: &[u32]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for (index, id) in ids.iter().enumerate() {
        write!(out, "{}{id}", if index == 0 { "" } else { " " })?;
    }
    writeln!(out)?;
    out.flush()
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()
}
