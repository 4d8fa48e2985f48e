//! Which special tokens stand around a text, as a `tokenizer.json` says in its `post_processor`.
//!
//! Read here and not left to the `tokenizers` crate, whose post-processors panic on a template that
//! names a token or a text which is not there, and carry offsets and words that no model reads.

use serde_json::Value;

/// What stands around one text, and around two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Template {
    single: Vec<Piece>,
    pair: Vec<Piece>,
}

/// A part of what a model reads.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Special tokens, and their segment.
    Special(Vec<u32>, u32),
    /// One of the texts, from 0, and its segment.
    Text(usize, u32),
}

impl Template {
    /// Reads a `post_processor`.
    ///
    /// # Errors
    /// What is wrong with it, or not known.
    pub(super) fn read(processor: &Value) -> Result<Self, String> {
        let template = Self::of(processor)?.unwrap_or_else(|| Self {
            single: vec![Piece::Text(0, 0)],
            pair: vec![Piece::Text(0, 0), Piece::Text(1, 1)],
        });
        check("single", &template.single, [1, 0])?;
        check("pair", &template.pair, [1, 1])?;
        Ok(template)
    }

    /// The same, if its ids are of a vocabulary of so many tokens.
    ///
    /// # Errors
    /// The first that is not.
    pub(super) fn within(self, vocab_size: usize) -> Result<Self, String> {
        let all = self.single.iter().chain(&self.pair);
        let ids = all.flat_map(|piece| match piece {
            Piece::Special(ids, _) => ids.as_slice(),
            Piece::Text(..) => &[],
        });
        match ids.copied().find(|id| *id as usize >= vocab_size) {
            None => Ok(self),
            Some(id) => Err(format!(
                "its post_processor adds token {id}, but its vocabulary has {vocab_size} tokens"
            )),
        }
    }

    /// `None` for a post-processor that adds nothing.
    fn of(processor: &Value) -> Result<Option<Self>, String> {
        if processor.is_null() {
            return Ok(None);
        }
        match processor["type"].as_str().unwrap_or_default() {
            "TemplateProcessing" => {
                let pieces = |name: &str| pieces(&processor[name], &processor["special_tokens"]);
                Ok(Some(Self {
                    single: pieces("single")?,
                    pair: pieces("pair")?,
                }))
            }
            "BertProcessing" => Ok(Some(Self::bert(processor, 1, 1)?)),
            // Two separators between the texts, and no second segment.
            "RobertaProcessing" => Ok(Some(Self::bert(processor, 2, 0)?)),
            // Mends offsets only.
            "ByteLevel" => Ok(None),
            "Sequence" => {
                let all = processor["processors"].as_array();
                let all = all.ok_or("its post_processor is a sequence without `processors`")?;
                let mut found = None;
                for processor in all {
                    if let Some(template) = Self::of(processor)?
                        && found.replace(template).is_some()
                    {
                        return Err("its post_processor adds special tokens twice".into());
                    }
                }
                Ok(found)
            }
            other => Err(format!(
                "its post_processor is {other:?}; known are TemplateProcessing, BertProcessing, \
                 RobertaProcessing, ByteLevel, and a Sequence of them"
            )),
        }
    }

    fn bert(processor: &Value, between: usize, second: u32) -> Result<Self, String> {
        let id = |name: &str| {
            let id = processor[name][1].as_u64();
            let id = id.and_then(|id| u32::try_from(id).ok());
            id.ok_or_else(|| format!("its post_processor has no id for `{name}`"))
        };
        let (cls, sep) = (id("cls")?, id("sep")?);
        let single = vec![
            Piece::Special(vec![cls], 0),
            Piece::Text(0, 0),
            Piece::Special(vec![sep], 0),
        ];
        let mut pair = single.clone();
        pair.extend((1..between).map(|_| Piece::Special(vec![sep], second)));
        pair.extend([Piece::Text(1, second), Piece::Special(vec![sep], second)]);
        Ok(Self { single, pair })
    }

    /// Special tokens beside so many texts.
    pub(super) fn added(&self, texts: usize) -> usize {
        let added = self.pieces(texts).iter().map(|piece| match piece {
            Piece::Special(ids, _) => ids.len(),
            Piece::Text(..) => 0,
        });
        added.sum()
    }

    /// The ids of one or two texts with the special tokens around them, and the segment of each.
    pub(super) fn around(&self, texts: &[&[u32]]) -> (Vec<u32>, Vec<u32>) {
        let (mut ids, mut segments) = (Vec::new(), Vec::new());
        for piece in self.pieces(texts.len()) {
            let (part, segment) = match piece {
                Piece::Special(ids, segment) => (ids.as_slice(), segment),
                Piece::Text(text, segment) => (texts[*text], segment),
            };
            ids.extend_from_slice(part);
            segments.resize(ids.len(), *segment);
        }
        (ids, segments)
    }

    fn pieces(&self, texts: usize) -> &[Piece] {
        match texts {
            1 => &self.single,
            _ => &self.pair,
        }
    }
}

/// Whether each text is used as often as it should be.
fn check(name: &str, pieces: &[Piece], expected: [usize; 2]) -> Result<(), String> {
    for (text, expected) in expected.into_iter().enumerate() {
        let is_it = |piece: &&Piece| matches!(piece, Piece::Text(number, _) if *number == text);
        let found = pieces.iter().filter(is_it).count();
        if found != expected {
            return Err(format!(
                "its post_processor uses text {} {found} times in `{name}`; {expected} would do",
                ["A", "B"][text]
            ));
        }
    }
    Ok(())
}

fn pieces(list: &Value, specials: &Value) -> Result<Vec<Piece>, String> {
    let list = list.as_array();
    let list = list.ok_or("its post_processor has no list `single` or `pair`")?;
    let piece = |piece: &Value| {
        let unknown = || format!("its post_processor has a piece {piece} that is not known");
        let (kind, of) = match (&piece["SpecialToken"], &piece["Sequence"]) {
            (special @ Value::Object(_), Value::Null) => (true, special),
            (Value::Null, text @ Value::Object(_)) => (false, text),
            _ => return Err(unknown()),
        };
        let name = of["id"].as_str().ok_or_else(unknown)?;
        let segment = of["type_id"].as_u64().map(u32::try_from);
        let segment = segment.and_then(Result::ok).ok_or_else(unknown)?;
        match (kind, name) {
            (true, name) => {
                let ids: Option<Vec<u32>> = specials[name]["ids"].as_array().and_then(|ids| {
                    let number = |id: &Value| u32::try_from(id.as_u64()?).ok();
                    ids.iter().map(number).collect()
                });
                let ids = ids.ok_or_else(|| {
                    format!("its post_processor names {name:?}, but has no ids for it")
                })?;
                Ok(Piece::Special(ids, segment))
            }
            (false, "A") => Ok(Piece::Text(0, segment)),
            (false, "B") => Ok(Piece::Text(1, segment)),
            _ => Err(unknown()),
        }
    };
    list.iter().map(piece).collect()
}
