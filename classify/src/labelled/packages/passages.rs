//! Text cut at blank lines.

/// A line with its number, from 1.
pub(super) type Line = (u64, String);

/// A shorter passage says too little of where it is from.
const MIN_CHARS: usize = 200;
/// A longer one is cut, at a line's end if need be.
const MAX_CHARS: usize = 1200;

/// Passages, each with the number of its first line. They end at the first blank line behind
/// [`MIN_CHARS`]; what is too short at the end is left out.
pub(super) fn cut(lines: &[Line]) -> Vec<Line> {
    let mut found = Vec::new();
    let mut passage = Passage::default();
    for (number, line) in lines {
        let line = line.trim_end();
        if line.is_empty() {
            match passage.chars >= MIN_CHARS {
                true => found.extend(passage.end()),
                false => passage.add(*number, ""),
            }
            continue;
        }
        if passage.chars + line.chars().count() > MAX_CHARS {
            found.extend(passage.end());
        }
        passage.add(*number, line);
    }
    found.extend(passage.end());
    found
}

#[derive(Default)]
struct Passage {
    first: u64,
    text: String,
    chars: usize,
}

impl Passage {
    fn add(&mut self, number: u64, line: &str) {
        if self.text.is_empty() {
            if line.is_empty() {
                return;
            }
            self.first = number;
        } else if line.is_empty() && self.text.ends_with('\n') {
            // One blank line says as much as three.
            return;
        } else {
            self.text.push('\n');
            self.chars += 1;
        }
        self.text.push_str(line);
        self.chars += line.chars().count();
    }

    /// The passage if it is long enough and not one endless line; begins anew.
    fn end(&mut self) -> Option<Line> {
        let Self { first, text, .. } = std::mem::take(self);
        let text = text.trim_end();
        let fits = (MIN_CHARS..=MAX_CHARS).contains(&text.chars().count());
        fits.then(|| (first, text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<Line> {
        (1..).zip(text.lines().map(str::to_owned)).collect()
    }

    #[test]
    fn passages_end_at_blank_lines_and_are_of_a_length() {
        let long = "é".repeat(150);
        let text = format!("\n{long}\n\n\n{long}\n\nshort\n\n{long}\n{long}\n\nshort");
        let found = cut(&lines(&text));
        let want = [
            (2, format!("{long}\n\n{long}")),
            (7, format!("short\n\n{long}\n{long}")),
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn without_blank_lines_the_end_of_a_line_is_taken() {
        let text = "a line of code;\n".repeat(200);
        let found = cut(&lines(&text));
        assert_eq!(found.len(), 3);
        assert!(
            found
                .iter()
                .all(|(_, text)| (200..=1200).contains(&text.len()))
        );
        assert!(cut(&lines(&"x".repeat(5000))).is_empty());
    }
}
