//! Words against those of the `tokenizers` crate.

use tokenizers::pre_tokenizers::PreTokenizerWrapper;
use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

use super::{ALPHABET, Random, WordPattern, pre_tokenizers};

#[test]
fn words_are_those_of_the_tokenizers_crate() {
    for part in pre_tokenizers() {
        let (ours, prefix) = WordPattern::read(&part).unwrap();
        let theirs: PreTokenizerWrapper = serde_json::from_value(part.clone()).unwrap();
        let agree = |text: &str| {
            let mut expected = PreTokenizedString::from(text);
            theirs.pre_tokenize(&mut expected).unwrap();
            let expected: Vec<usize> = expected
                .get_splits(OffsetReferential::Original, OffsetType::Byte)
                .into_iter()
                .map(|(_, (_, end), _)| end)
                .collect();
            let mut end = 0;
            let found: Vec<usize> = ours
                .words(text)
                .map(|word| {
                    end += word.len();
                    end
                })
                .collect();
            assert_eq!(found, expected, "{text:?} by {part}");
        };
        if prefix {
            continue;
        }
        // All texts of two pieces, those of three around the commonest, then random ones.
        for a in ALPHABET {
            for b in ALPHABET {
                agree(&[a, b].concat());
                for between in ["a", "'", " ", "\n", "1"] {
                    agree(&[a, between, b].concat());
                }
            }
        }
        let mut random = Random(3);
        for number in 0..3_000 {
            agree(&random.text(4 + number % 30));
        }
    }
}
