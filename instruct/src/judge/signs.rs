//! Signs of an answer that is none.

/// How a refusal begins, in lower case.
const REFUSALS: [&str; 9] = [
    "i'm sorry",
    "i am sorry",
    "sorry, but",
    "i can't",
    "i cannot",
    "i'm unable",
    "i am unable",
    "as an ai",
    "i'm not able",
];

/// Whether an answer says that it will not answer.
pub fn is_refusal(text: &str) -> bool {
    let begins = text.trim().to_lowercase().replace('’', "'");
    REFUSALS.iter().any(|refusal| begins.starts_with(refusal))
}

/// Whether an answer says the same again and again: of its runs of four words, fewer than half are
/// different ones.
pub fn loops(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    let runs = words.windows(4);
    let all = runs.len();
    let different: std::collections::HashSet<_> = runs.collect();
    all >= 12 && 2 * different.len() < all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_are_told_from_answers() {
        assert!(is_refusal(" I’m sorry, but I can't."));
        assert!(!is_refusal("The word sorry is an adjective."));
        assert!(loops(&"the same thing again and ".repeat(6)));
        assert!(!loops(
            "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
        ));
    }
}
