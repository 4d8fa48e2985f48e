//! `tokenizer train`, `encode`, `decode` and `inspect`.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, Read, Write};

use slovo_args::{TokenizerCommand, TokenizerKind};
use slovo_data::report::grouped;
use slovo_data::source::Inputs;
use slovo_data::tokenizer::{BpeSample, SAMPLE_BYTES, Tokenizer, train_bpe};

use super::Failure;

pub fn run(command: TokenizerCommand) -> Result<(), Failure> {
    match command {
        TokenizerCommand::Train {
            inputs,
            kind,
            vocab_size,
            out,
        } => {
            let tokenizer = train(&inputs, kind, vocab_size)?;
            tokenizer.save(&out)?;
            describe(&tokenizer).map_err(Failure::Output)
        }
        TokenizerCommand::Encode { tokenizer, text } => {
            let tokenizer = Tokenizer::from_file(&tokenizer)?;
            let text = match text {
                Some(text) => text,
                None => read_stdin()?,
            };
            let ids = tokenizer.encode(&text)?;
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
        TokenizerCommand::Inspect { tokenizer, inputs } => {
            let tokenizer = Tokenizer::from_file(&tokenizer)?;
            describe(&tokenizer).map_err(Failure::Output)?;
            measure(&tokenizer, &inputs)
        }
    }
}

fn train(inputs: &[String], kind: TokenizerKind, vocab_size: usize) -> Result<Tokenizer, Failure> {
    let mut sample = BpeSample::new(SAMPLE_BYTES);
    let mut characters = BTreeSet::new();
    if kind != TokenizerKind::Byte {
        for document in Inputs::typed(inputs)? {
            let text = document.map_err(slovo_data::Error::from)?.text;
            match kind {
                TokenizerKind::Bpe => sample.push(&text),
                _ => characters.extend(text.chars()),
            }
        }
    }
    Ok(match kind {
        TokenizerKind::Bpe => train_bpe(&sample, vocab_size, 2)?,
        TokenizerKind::Byte => Tokenizer::bytes()?,
        TokenizerKind::Char => Tokenizer::characters(&characters)?,
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

fn describe(tokenizer: &Tokenizer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "kind          {}", tokenizer.kind())?;
    writeln!(
        out,
        "vocabulary    {}",
        grouped(tokenizer.vocab_size() as u64)
    )?;
    let specials: Vec<String> = tokenizer
        .specials()
        .into_iter()
        .map(|(id, name)| format!("{name} = {id}"))
        .collect();
    let specials = match specials.is_empty() {
        true => "none".to_owned(),
        false => specials.join(", "),
    };
    writeln!(out, "special       {specials}")?;
    writeln!(out, "fingerprint   {}", tokenizer.fingerprint())
}

fn measure(tokenizer: &Tokenizer, inputs: &[String]) -> Result<(), Failure> {
    if inputs.is_empty() {
        return Ok(());
    }
    let (mut bytes, mut tokens) = (0_u64, 0_u64);
    for document in Inputs::typed(inputs)? {
        let document = document.map_err(slovo_data::Error::from)?;
        let ids = tokenizer.encode_document(&document)?;
        bytes += document.text.len() as u64;
        tokens += ids.len() as u64;
    }
    let ratio = bytes as f64 / (tokens as f64).max(1.0);
    writeln!(
        io::stdout().lock(),
        "text          {} bytes, {} tokens, {ratio:.3} bytes a token",
        grouped(bytes),
        grouped(tokens)
    )
    .map_err(Failure::Output)
}
