//! Sentence vectors of any number of texts, a stretch at a time.

mod show;
mod texts;

use crate::progress::notice;
use crate::sentence_encoder::{SentenceEncoder, Wishes};
use crate::stop::Stop;
use crate::{Error, Result, backend};
use slovo_args::{EmbedArgs, PoolingKind};
use slovo_data::report::grouped;
use slovo_model::Pooling;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use texts::Texts;

/// What has been embedded.
#[derive(Default)]
struct Count {
    texts: u64,
    cut: u64,
    unknown: u64,
}

impl Count {
    /// Says what a vector does not show.
    fn tell(&self, encoder: &SentenceEncoder) {
        if self.cut > 0 {
            let (max, positions) = (encoder.max_tokens(), encoder.positions());
            let more = match max < positions {
                true => format!("; `--max-tokens` allows up to {positions}"),
                false => String::new(),
            };
            notice(&format!(
                "texts cut to {max} tokens: {} of {}{more}",
                grouped(self.cut),
                grouped(self.texts)
            ));
        }
        if self.unknown > 0 {
            notice(&format!(
                "tokens that stand for what the vocabulary does not know: {}",
                grouped(self.unknown)
            ));
        }
    }
}

/// Writes the vectors of all texts to `out`, one a line, in their order; what was used and what was
/// cut is said on standard error.
///
/// When `stop` asks, what has been computed until then is written and nothing more.
///
/// # Errors
///
/// A folder without an encoder, a text that cannot be read or has no tokens, or an `out` that cannot
/// be written to.
pub fn embed(args: &EmbedArgs, out: &mut dyn Write, stop: &Stop) -> Result<()> {
    let mut texts = Texts::open(args)?;
    let device = backend::device(&args.backend)?;
    let wishes = Wishes {
        pooling: args.pooling.map(|pooling| match pooling {
            PoolingKind::Mean => Pooling::Mean,
            PoolingKind::First => Pooling::First,
            PoolingKind::Last => Pooling::Last,
            PoolingKind::Max => Pooling::Max,
        }),
        normalise: args.normalised(),
        max_tokens: args.max_tokens.map(NonZeroUsize::get),
        batch_tokens: Some(args.batch_tokens.get()),
    };
    let encoder = SentenceEncoder::load(&args.model.model, &wishes, &device)?;
    notice(&encoder.description());
    let mut out = BufWriter::with_capacity(1 << 16, out);
    let mut count = Count::default();
    while !stop.requested() {
        let stretch = texts.next()?;
        if stretch.is_empty() {
            break;
        }
        let found = encoder.embed(&stretch, |text| texts.name(stretch[text].place))?;
        let mut write = || {
            for (text, found) in stretch.iter().zip(&found) {
                match args.json {
                    true => show::json(&mut out, count.texts, &text.text, found)?,
                    false => show::plain(&mut out, found)?,
                }
                count.texts += 1;
                count.cut += u64::from(found.cut > 0);
                count.unknown += found.unknown as u64;
            }
            out.flush()
        };
        match write() {
            // Whoever reads has had enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => break,
            written => written.map_err(Error::io("write", "standard output"))?,
        }
    }
    count.tell(&encoder);
    Ok(())
}
