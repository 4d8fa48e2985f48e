//! What a recipe of pairs may say, and a recipe of text may not.

use super::data_recipe::refuse;
use super::{DataRecipe, RecipeError, Source, Split, SplitUnit, TokenizerRecipe};
use crate::tokenizer::Specials;

impl Source {
    fn is_pairs(&self) -> bool {
        matches!(self, Self::Pairs { .. })
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Files { .. } => "Files",
            Self::Stdin { .. } => "Stdin",
            Self::Pairs { .. } => "Pairs",
            Self::Cargo { .. } => "Cargo",
        }
    }
}

impl DataRecipe {
    /// Whether this is a recipe of pairs, for [`prepare_pairs`](crate::prepare_pairs), and not of
    /// text, for [`prepare`](crate::prepare()).
    pub fn is_pairs(&self) -> bool {
        self.sources.first().is_some_and(Source::is_pairs)
    }

    /// Refuses a recipe of the other sort.
    pub(crate) fn expect(&self, pairs: bool) -> Result<(), RecipeError> {
        let right = match pairs {
            _ if self.is_pairs() == pairs => return Ok(()),
            true => "translation learns from pairs; name Pairs(paths: [\"pairs.tsv\"])",
            false => "pairs are for translation; where text is wanted, name Files, Stdin or Cargo",
        };
        let name = self.sources.first().map_or("empty", Source::name);
        refuse("sources.0", name, right)
    }
}

/// The rules that depend on whether the sources are pairs.
pub(super) fn validate(recipe: &DataRecipe) -> Result<(), RecipeError> {
    let pairs = recipe.is_pairs();
    let mut sources = recipe.sources.iter().enumerate();
    if let Some((i, other)) = sources.find(|(_, source)| source.is_pairs() != pairs) {
        let right = "all sources of a recipe are pairs, or none is; make two recipes of them";
        return refuse(&format!("sources.{i}"), other.name(), right);
    }
    if !pairs {
        return match recipe.split {
            Split::Count { .. } => {
                let right = "only pairs are counted; of text, take Hash(validation: 0.01)";
                refuse("split", "Count", right)
            }
            _ => Ok(()),
        };
    }
    let tokenizer = |value: &str| {
        let right = "pairs need <pad> and </s>; take Bpe(vocab_size: 8000, specials: Pairs) or a File that has both";
        refuse("tokenizer", value, right)
    };
    match recipe.tokenizer {
        TokenizerRecipe::Char => return tokenizer("Char"),
        TokenizerRecipe::Byte => return tokenizer("Byte"),
        TokenizerRecipe::WordPiece { .. } => return tokenizer("WordPiece"),
        TokenizerRecipe::Bpe { specials, .. } if specials != Specials::Pairs => {
            let right = "pairs need <pad> and </s>; take Pairs";
            return refuse("tokenizer.specials", format!("{specials:?}"), right);
        }
        TokenizerRecipe::Bpe { .. } | TokenizerRecipe::File(_) => {}
    }
    let right = "a source text must be on one side whole; take Count(validation: 2000), \
                 Hash(validation: 0.05), or Groups with the paths of files";
    match recipe.split {
        Split::Position { .. } => refuse("split", "Position", right),
        Split::Hash {
            unit: SplitUnit::Group,
            ..
        } => refuse("split.unit", "Group", right),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::recipe::{apply_sets, from_ron_str, to_ron_string};

    const PAIRS: &str = r#"(
        name: "tests",
        sources: [
            Pairs(paths: ["a.tsv"]),
            Pairs(paths: ["b.jsonl.gz"], format: Jsonl, source: "en", target: "ru", max_length: 9),
        ],
        tokenizer: Bpe(vocab_size: 258, specials: Pairs),
        split: Count(validation: 1),
    )"#;

    #[test]
    fn a_recipe_of_pairs_is_whole_when_written_out() {
        let recipe: DataRecipe = from_ron_str(PAIRS).unwrap();
        recipe.validate().unwrap();
        assert!(recipe.is_pairs() && recipe.expect(true).is_ok());
        let written = to_ron_string(&recipe).unwrap();
        assert_eq!(from_ron_str::<DataRecipe>(&written).unwrap(), recipe);
        for default in ["max_length: 256", "source: \"source\"", "bad_lines: Stop"] {
            assert!(written.contains(default), "{written}");
        }
    }

    #[test]
    fn what_pairs_cannot_be_is_refused_by_name() {
        for (set, says) in [
            ("sources.1=Cargo()", "sources.1 is Cargo: all sources"),
            ("sources.0=Stdin()", "sources.1 is Pairs: all sources"),
            ("sources.0.paths=[]", "sources.0.paths is empty"),
            ("sources.1.source=", "sources.1.source is empty"),
            ("sources.1.target=en", "sources.1.target is en"),
            ("sources.0.max_length=1", "sources.0.max_length is 1"),
            ("tokenizer=Char", "tokenizer is Char: pairs need"),
            ("tokenizer=Byte", "tokenizer is Byte: pairs need"),
            ("tokenizer.vocab_size=257", "tokenizer.vocab_size is 257"),
            ("tokenizer.specials=Text", "tokenizer.specials is Text"),
            ("split=Position(validation: 0.1)", "split is Position"),
            (
                "split=Hash(validation: 0.1, unit: Group)",
                "split.unit is Group",
            ),
            ("sources=[Cargo()]", "split is Count: only pairs"),
        ] {
            let recipe = apply_sets(from_ron_str(PAIRS).unwrap(), &[set.to_owned()]);
            let recipe: DataRecipe = recipe.unwrap();
            let text = recipe.validate().unwrap_err().to_string();
            assert!(text.starts_with(says), "{set}: {text}");
        }
        for set in ["split=Groups([\"a.tsv\"])", "split=Hash(validation: 0.1)"] {
            let recipe = apply_sets(from_ron_str(PAIRS).unwrap(), &[set.to_owned()]);
            let recipe: DataRecipe = recipe.unwrap();
            recipe.validate().unwrap();
        }
    }

    #[test]
    fn a_recipe_of_the_other_sort_is_told() {
        let pairs: DataRecipe = from_ron_str(PAIRS).unwrap();
        let text = pairs.expect(false).unwrap_err().to_string();
        assert!(text.starts_with("sources.0 is Pairs: "), "{text}");
        let text = DataRecipe::standard().unwrap().expect(true).unwrap_err();
        assert!(text.to_string().starts_with("sources.0 is Cargo: "));
    }
}
