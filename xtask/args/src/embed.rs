//! Arguments of `embed`.

use crate::{BackendArgs, ModelArgs};
use clap::{ArgGroup, Args, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// How the vectors of a text's tokens become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PoolingKind {
    /// Their mean
    Mean,
    /// The first token's: BERT's `[CLS]`
    #[value(alias = "cls")]
    First,
    /// The last token's
    Last,
    /// The largest value of each channel
    Max,
}

/// Arguments of `embed`.
#[derive(Args, Clone, Debug)]
#[command(group(ArgGroup::new("input").args(["text", "texts"]).required(true).multiple(true)))]
pub struct EmbedArgs {
    /// The encoder.
    #[command(flatten)]
    pub model: ModelArgs,
    /// Texts; each becomes a vector
    #[arg(value_name = "TEXT")]
    pub text: Vec<String>,
    /// File of texts, one a line (`-` reads standard input)
    #[arg(long, value_name = "FILE")]
    pub texts: Option<PathBuf>,
    /// How the vectors of a text's tokens become one [default: as the model folder says, else mean]
    #[arg(long, value_enum)]
    pub pooling: Option<PoolingKind>,
    /// Make each vector one long [default: as the model folder says, else yes]
    #[arg(long, alias = "normalize", overrides_with = "no_normalise")]
    pub normalise: bool,
    /// Leave each vector as long as it is
    #[arg(long, alias = "no-normalize", overrides_with = "normalise")]
    pub no_normalise: bool,
    /// Read at most N tokens of a text [default: as the model folder says, else all positions]
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<NonZeroUsize>,
    /// Tokens computed at once
    #[arg(long, default_value = "1024", value_name = "N")]
    pub batch_tokens: NonZeroUsize,
    /// Print JSON lines instead of plain numbers: an object for each text
    #[arg(long)]
    pub json: bool,
    /// Where to compute.
    #[command(flatten)]
    pub backend: BackendArgs,
}

impl EmbedArgs {
    /// Whether vectors are to be one long, if somebody said so.
    pub fn normalised(&self) -> Option<bool> {
        match (self.normalise, self.no_normalise) {
            (false, false) => None,
            (normalise, _) => Some(normalise),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::{Cli, Command};
    use clap::Parser;

    fn parse(more: &[&str]) -> Result<EmbedArgs, clap::Error> {
        let line = [&["xtask", "embed", "--model", "m"][..], more].concat();
        match Cli::try_parse_from(line)?.command {
            Command::Embed(args) => Ok(args),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn the_last_word_on_length_counts() {
        let said = |more: &[&str]| parse(&[&["a"], more].concat()).unwrap().normalised();
        assert_eq!(said(&[]), None);
        assert_eq!(said(&["--normalise"]), Some(true));
        assert_eq!(said(&["--no-normalize"]), Some(false));
        assert_eq!(said(&["--no-normalise", "--normalise"]), Some(true));
        assert_eq!(said(&["--normalise", "--no-normalise"]), Some(false));
    }

    #[test]
    fn there_must_be_a_text() {
        assert!(parse(&[]).is_err());
        assert_eq!(parse(&["a", "b c"]).unwrap().text, ["a", "b c"]);
        assert!(parse(&["--texts", "-"]).is_ok());
        let cls = parse(&["a", "--pooling", "cls"]).unwrap();
        assert_eq!(cls.pooling, Some(PoolingKind::First));
    }
}
