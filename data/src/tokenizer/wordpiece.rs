//! WordPiece, trained here.
//!
//! Schuster and Nakajima 2012 ("Japanese and Korean Voice Search"), as BERT uses it (Devlin et al.
//! 2019, section 3): text is cleaned, perhaps lowered and stripped of accents, cut into words at
//! white space and punctuation, and each word is written in the longest pieces there are, those
//! behind the first with `##` before them. The pieces are learnt as the `tokenizers` crate does,
//! by merging the most frequent pair, not the likeliest one.
//!
//! The crate numbers the pieces of one character in the order of a hash table with random keys, and
//! breaks ties by these numbers, so that no two trainings need agree. Here they are told to it in
//! order before it begins.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use tokenizers::decoders::wordpiece::WordPiece as Joined;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::{
    AddedToken, NormalizedString, Normalizer, OffsetReferential, OffsetType, PreTokenizedString,
    PreTokenizer,
};

use super::pieces::is_space;
use super::specials::{BERT, bert_template};
use super::{BpeSample, Tokenizer, TokenizerError};

/// What stands before a piece that continues a word.
const PREFIX: &str = "##";

/// Characters that get a piece of their own: the most frequent. A word with another one is `[UNK]`.
const MOST_CHARACTERS: usize = 1_000;

/// Words of more characters are `[UNK]`, and nothing is learnt from them.
const LONGEST_WORD: usize = 100;

/// Words and how often they occur.
type Counts = HashMap<String, u64>;

/// Trains a vocabulary of `vocab_size` tokens (fewer, if the text has no more pairs that occur
/// `min_frequency` times): `[PAD]`, `[UNK]`, `[CLS]`, `[SEP]` and `[MASK]` are 0 to 4, then come
/// the most frequent characters (1,000 at the most) by code point, the same with `##` where they
/// continue words, and the pieces in the order in which they were learnt. `lowercase` also strips
/// accents. The same sample gives the same file, byte for byte, on any number of threads.
///
/// ```
/// use slovo_data::tokenizer::{BpeSample, train_wordpiece};
///
/// let mut sample = BpeSample::new(1 << 20);
/// sample.push(&"Masked words are masked. ".repeat(10));
/// let tokenizer = train_wordpiece(&sample, 60, true, 2)?;
/// let ids = tokenizer.encode("Words, masked!")?;
/// assert_eq!(tokenizer.decode(&ids)?, "words [UNK] masked [UNK]");
/// assert_eq!(tokenizer.count_unknown(&ids), 2);
/// # Ok::<(), slovo_data::tokenizer::TokenizerError>(())
/// ```
///
/// # Errors
/// An empty sample; a vocabulary too small for its characters.
pub fn train_wordpiece(
    sample: &BpeSample,
    vocab_size: usize,
    lowercase: bool,
    min_frequency: u64,
) -> Result<Tokenizer, TokenizerError> {
    let failed = |error: tokenizers::Error| TokenizerError::Train(error.to_string());
    // Accents go where case goes.
    let normalizer = BertNormalizer::new(true, true, None, lowercase);
    let words = words(sample, &normalizer).map_err(failed)?;
    if words.is_empty() {
        return Err(TokenizerError::NoText);
    }
    let alphabet = Alphabet::of(&words);
    let least = BERT.len() + alphabet.first.len() + alphabet.behind.len();
    if vocab_size < least {
        return Err(TokenizerError::VocabularyTooSmall {
            found: vocab_size,
            least,
            holds: format!(
                "{}, the text's {} characters, and {} of them that continue words",
                BERT.join(", "),
                alphabet.first.len(),
                alphabet.behind.len()
            ),
        });
    }
    let known = BERT.iter().map(|name| (*name).to_owned());
    let known = known.chain(alphabet.first.iter().map(char::to_string));
    let known = known.chain(alphabet.behind.iter().map(|c| format!("{PREFIX}{c}")));
    let trainer = BpeTrainer::builder()
        .show_progress(false)
        .vocab_size(vocab_size)
        .min_frequency(min_frequency)
        .continuing_subword_prefix(PREFIX.to_owned())
        .special_tokens(known.map(|name| AddedToken::from(name, true)).collect())
        // These and no other characters are kept, whatever their ties.
        .initial_alphabet(alphabet.first.iter().copied().collect())
        .limit_alphabet(alphabet.first.len())
        .build();
    let mut pairs = BPE::default();
    let words = words.into_iter().map(|(word, count)| (word.into(), count));
    trainer
        .do_train(&words.collect(), &mut pairs)
        .map_err(failed)?;
    let mut trained = tokenizers::Tokenizer::new(WordPiece::from_bpe(&pairs));
    trained.with_normalizer(Some(normalizer)).map_err(failed)?;
    trained.with_pre_tokenizer(Some(BertPreTokenizer));
    trained.with_post_processor(Some(bert_template()?));
    trained.with_decoder(Some(Joined::default()));
    trained
        .add_special_tokens(BERT.map(|name| AddedToken::from(name, true)))
        .map_err(failed)?;
    let json = trained.to_string(true).map_err(failed)?;
    Tokenizer::from_json("the trained tokenizer", json)
}

/// The characters that get pieces, in order.
struct Alphabet {
    /// All of them: each may begin a word.
    first: BTreeSet<char>,
    /// Those that continue one.
    behind: BTreeSet<char>,
}

impl Alphabet {
    fn of(words: &Counts) -> Self {
        let mut counts: BTreeMap<char, u64> = BTreeMap::new();
        let mut behind = BTreeSet::new();
        for (word, count) in words {
            for (at, character) in word.chars().enumerate() {
                *counts.entry(character).or_default() += count;
                if at > 0 {
                    behind.insert(character);
                }
            }
        }
        let mut counts: Vec<(char, u64)> = counts.into_iter().collect();
        // Stable: of equally frequent ones the lower code points stay.
        counts.sort_by_key(|(_, count)| Reverse(*count));
        counts.truncate(MOST_CHARACTERS);
        let first: BTreeSet<char> = counts.into_iter().map(|(character, _)| character).collect();
        behind.retain(|character| first.contains(character));
        Self { first, behind }
    }
}

/// The words of a sample as the model will see them. What stands between white space is
/// normalised once, however often it occurs.
fn words(sample: &BpeSample, normalizer: &BertNormalizer) -> tokenizers::Result<Counts> {
    let texts: Vec<&str> = sample.texts().collect();
    let chunks = texts
        .par_iter()
        .fold(HashMap::new, |mut chunks: HashMap<&str, u64>, text| {
            for chunk in text.split(|c| u8::try_from(c).is_ok_and(is_space)) {
                *chunks.entry(chunk).or_default() += 1;
            }
            chunks
        })
        .reduce(HashMap::new, add);
    chunks
        .into_par_iter()
        .try_fold(Counts::new, |mut counts, (chunk, count)| {
            for word in cut(chunk, normalizer)? {
                *counts.entry(word).or_default() += count;
            }
            Ok(counts)
        })
        .try_reduce(Counts::new, |left, right| Ok(add(left, right)))
}

fn add<K: Eq + std::hash::Hash>(left: HashMap<K, u64>, right: HashMap<K, u64>) -> HashMap<K, u64> {
    let (mut more, less) = match left.len() < right.len() {
        true => (right, left),
        false => (left, right),
    };
    for (key, count) in less {
        *more.entry(key).or_default() += count;
    }
    more
}

fn cut(text: &str, normalizer: &BertNormalizer) -> tokenizers::Result<Vec<String>> {
    let mut text = NormalizedString::from(text);
    normalizer.normalize(&mut text)?;
    let mut words = PreTokenizedString::from(text);
    BertPreTokenizer.pre_tokenize(&mut words)?;
    let words = words.get_splits(OffsetReferential::Normalized, OffsetType::Byte);
    Ok(words
        .into_iter()
        .map(|(word, ..)| word.to_owned())
        .filter(|word| !word.is_empty() && word.chars().count() <= LONGEST_WORD)
        .collect())
}
