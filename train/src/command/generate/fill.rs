//! Filling hidden words.

use super::say;
use crate::place::ModelPlace;
use crate::{Error, Result, backend};
use burn::tensor::activation::softmax;
use burn::tensor::{Int, Tensor, TensorData};
use serde::Serialize;
use slovo_args::GenerateArgs;
use slovo_data::Tokenizer;
use slovo_model::{MaskedLm, Pass};
use std::io::Write;

/// What may stand at a mask, as `--json` prints it.
#[derive(Serialize)]
struct Likely {
    id: u32,
    text: String,
    probability: f64,
}

/// A text, as `--json` prints it.
#[derive(Serialize)]
struct Filled<'a> {
    text: &'a str,
    /// With the likeliest token at each mask.
    filled: String,
    /// One list a mask, the likeliest first.
    masks: Vec<Vec<Likely>>,
}

/// Fills the masks of each text with the likeliest tokens and writes them, text by text.
pub(super) fn fill(args: &GenerateArgs, out: &mut dyn Write) -> Result<()> {
    let device = backend::device(&args.backend)?;
    let place = ModelPlace::find(&args.model.model)?;
    let model = place.masked_lm(&device)?;
    let config = model.config();
    let tokenizer = place.tokenizer_within(config.vocab_size)?;
    let Some(mask) = tokenizer.mask() else {
        return Err(Error::Folder {
            path: place.folder,
            what: "has a tokenizer without a mask token".into(),
        });
    };
    for (number, text) in (1..).zip(&args.mask) {
        let wrong = |error: Error| match args.mask.len() {
            1 => error,
            _ => Error::Prompt {
                place: format!("text {number}"),
                source: Box::new(error),
            },
        };
        let ids = ids(&tokenizer, text, mask, config.max_seq_len).map_err(wrong)?;
        let filled = answer(&model, &tokenizer, text, &ids, mask, args.top.get())?;
        let goes_on = match args.json {
            true => say(out, &crate::command::json(&filled)?)?,
            false => say(out, &table(&filled))?,
        };
        if !goes_on {
            break;
        }
    }
    Ok(())
}

/// The tokens of a text between those that every text has around it.
fn ids(tokenizer: &Tokenizer, text: &str, mask: u32, max_seq_len: usize) -> Result<Vec<u32>> {
    let found = tokenizer.encode_with_masks(text);
    let found = found.map_err(slovo_data::Error::from)?;
    let (first, last) = (tokenizer.cls(), tokenizer.sep());
    let ids: Vec<u32> = first.into_iter().chain(found).chain(last).collect();
    let value = |found: String, expected: String| Error::Value {
        field: "--mask",
        found,
        expected,
    };
    if !ids.contains(&mask) {
        let name = tokenizer.special_tokens_map().remove("mask_token");
        return Err(value(
            format!("{text:?}"),
            format!("a text with {} in it would do", name.unwrap_or_default()),
        ));
    }
    match ids.len() > max_seq_len {
        true => Err(value(
            format!("{} tokens long", ids.len()),
            format!("at most {max_seq_len}, the model's longest, would do"),
        )),
        false => Ok(ids),
    }
}

fn answer<'a>(
    model: &MaskedLm,
    tokenizer: &Tokenizer,
    text: &'a str,
    ids: &[u32],
    mask: u32,
    top: usize,
) -> Result<Filled<'a>> {
    let device = model.encoder.embedding.tokens.weight.device();
    let data: Vec<i64> = ids.iter().map(|id| i64::from(*id)).collect();
    let tokens = Tensor::<2, Int>::from_data(TensorData::new(data, [1, ids.len()]), &device);
    let shares = softmax(model.forward(tokens, &mut Pass::default()), 2);
    let shares = shares.try_into_vec_as::<f32>();
    let shares = shares.map_err(slovo_model::GenerateError::from)?;
    let vocab_size = model.config().vocab_size;
    let decode = |ids: &[u32]| tokenizer.decode(ids).map_err(slovo_data::Error::from);
    let (mut masks, mut filled) = (Vec::new(), ids.to_vec());
    for (at, row) in shares.chunks_exact(vocab_size).enumerate() {
        if ids[at] != mask {
            continue;
        }
        let mut order: Vec<u32> = (0..).take(tokenizer.vocab_size().min(vocab_size)).collect();
        order.sort_by(|a, b| row[*b as usize].total_cmp(&row[*a as usize]));
        order.truncate(top);
        filled[at] = order.first().copied().unwrap_or(mask);
        let likely = order.into_iter().map(|id| {
            Ok(Likely {
                id,
                text: decode(&[id])?,
                probability: f64::from(row[id as usize]),
            })
        });
        masks.push(likely.collect::<Result<_>>()?);
    }
    let ends = [tokenizer.cls(), tokenizer.sep()];
    filled.retain(|id| !ends.contains(&Some(*id)));
    Ok(Filled {
        text,
        filled: decode(&filled)?,
        masks,
    })
}

/// The filled text, and under it a line for each mask.
fn table(filled: &Filled<'_>) -> String {
    let mut text = filled.filled.clone();
    for (number, likely) in (1..).zip(&filled.masks) {
        let likely = likely
            .iter()
            .map(|likely| format!("{} {:.1} %", likely.text.trim(), 100.0 * likely.probability));
        let likely: Vec<String> = likely.collect();
        text += &format!("\n  {number}: {}", likely.join(", "));
    }
    text
}
