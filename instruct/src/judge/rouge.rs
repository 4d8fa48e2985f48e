//! ROUGE-L (Lin 2004), as the `rouge_score` package counts it without stemming: words are runs of
//! letters and digits in lower case, of any script.

/// F1 of the longest common subsequence of words, from 0 to 1.
pub fn rouge_l(said: &str, expected: &str) -> f64 {
    let (said, expected) = (words(said), words(expected));
    let common = longest_common(&said, &expected) as f64;
    if common == 0.0 {
        return 0.0;
    }
    let precision = common / said.len() as f64;
    let recall = common / expected.len() as f64;
    2.0 * precision * recall / (precision + recall)
}

fn words(text: &str) -> Vec<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    words
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Length of the longest common subsequence.
fn longest_common(a: &[String], b: &[String]) -> usize {
    let mut row = vec![0; b.len() + 1];
    for word in a {
        let mut diagonal = 0;
        for (j, other) in b.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = match word == other {
                true => diagonal + 1,
                false => above.max(row[j]),
            };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `rouge_scorer.RougeScorer(["rougeL"]).score(b, a)["rougeL"].fmeasure` of rouge-score 0.1.2.
    #[test]
    fn scores_are_those_of_the_published_package() {
        for (said, expected, score) in [
            (
                "The quick brown fox jumps over the lazy dog",
                "The quick brown dog jumps on the log.",
                0.5882352941176471,
            ),
            ("police killed the gunman", "police kill the gunman", 0.75),
            ("the gunman police killed", "police kill the gunman", 0.5),
            (
                "It is 45,000 meters!",
                "45 kilometers is 45000 meters.",
                0.4,
            ),
            ("", "a", 0.0),
            ("a", "", 0.0),
        ] {
            assert!(
                (rouge_l(said, expected) - score).abs() < 1e-12,
                "{said}: {}",
                rouge_l(said, expected)
            );
        }
        assert_eq!(rouge_l("Где файл?", "где файл"), 1.0);
    }
}
