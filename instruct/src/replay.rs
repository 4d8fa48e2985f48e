//! Pretraining text among conversations, and what tuning makes a model forget of it.

use crate::examples::Example;
use crate::recipe::Replay;
use crate::{Error, Result};
use burn::tensor::{Device, Int, Tensor, TensorData};
use slovo_data::Tokenizer;
use slovo_data::recipe::Clean;
use slovo_data::source::Inputs;
use slovo_model::{CausalLm, Pass};

/// Text as rows of tokens.
pub struct Texts {
    /// Rows that are learnt from.
    pub train: Vec<Example>,
    /// Rows that are not.
    pub held_out: Vec<Example>,
    /// Bytes that the held-out rows are text of.
    pub bytes: usize,
}

/// Tokens of a row at most, where the recipe does not say how many.
const WINDOW: usize = 256;
/// Rows computed at once, to measure.
const TOGETHER: usize = 4;
/// Held-out rows at most.
const MEASURED: usize = 64;

impl Texts {
    /// Reads the text of a recipe and cuts it into rows, for a model that reads so many `positions`.
    ///
    /// # Errors
    ///
    /// Rows that are longer; text that cannot be read or encoded, or too little of it.
    pub fn read(replay: &Replay, positions: usize, tokenizer: &Tokenizer) -> Result<Self> {
        let window = replay.window.unwrap_or(WINDOW.min(positions));
        if window > positions {
            return Err(Error::Value {
                field: "replay.window",
                found: window.to_string(),
                expected: format!("the base reads at most {positions} tokens"),
            });
        }
        let inputs = Inputs::resolve(&replay.sources)?;
        let (mut ids, mut bytes) = (Vec::new(), 0);
        for document in inputs.documents(&Clean::default()) {
            let document = document?;
            bytes += document.text.len();
            ids.extend(tokenizer.encode_document(&document)?);
            ids.extend(tokenizer.end_of_text().filter(|_| !document.continues));
            if bytes >= replay.most {
                break;
            }
        }
        let rows: Vec<&[u32]> = ids.chunks_exact(window).collect();
        let held_out = (rows.len() / 10).min(MEASURED);
        if held_out == 0 {
            return Err(Error::Value {
                field: "replay.sources",
                found: format!("{} rows of {window} tokens", rows.len()),
                expected: "ten rows or more would do, of which one is held out".into(),
            });
        }
        let (train, last) = rows.split_at(rows.len() - held_out);
        let examples =
            |rows: &[&[u32]]| rows.iter().map(|row| Example::text(row.to_vec())).collect();
        let mut written = Vec::new();
        for row in last {
            // The first token of a row is not predicted.
            tokenizer.decode_bytes(&row[1..], &mut written)?;
        }
        Ok(Self {
            train: examples(train),
            held_out: examples(last),
            bytes: written.len(),
        })
    }

    /// Bits that a model needs for a byte of the held-out rows.
    ///
    /// # Errors
    ///
    /// A device that fails.
    pub fn bits_per_byte(&self, model: &CausalLm, device: &Device) -> Result<f64> {
        let mut nats = 0.0;
        for rows in self.held_out.chunks(TOGETHER) {
            let columns = rows[0].ids.len() - 1;
            let ids = |from: usize| {
                let ids = rows.iter().flat_map(|row| &row.ids[from..from + columns]);
                let ids: Vec<i32> = ids.map(|id| *id as i32).collect();
                let data = TensorData::new(ids, [rows.len(), columns]);
                Tensor::<2, Int>::from_data(data, device)
            };
            let loss = model.loss(ids(0), ids(1), None, &mut Pass::default());
            nats += read(loss)?;
        }
        Ok(nats / std::f64::consts::LN_2 / self.bytes.max(1) as f64)
    }
}

/// The one number of a tensor.
pub(crate) fn read(tensor: Tensor<1>) -> Result<f64> {
    let found = tensor.try_into_vec_as::<f32>();
    let found = found
        .map_err(|error| slovo_train::Error::Training(format!("the device failed: {error}")))?;
    Ok(f64::from(found[0]))
}
