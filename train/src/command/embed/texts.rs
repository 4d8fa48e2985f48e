//! What is to become vectors: texts from the command line, from a file and from standard input, a
//! stretch at a time.

use crate::{Error, Result};
use slovo_args::EmbedArgs;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Texts of a stretch, and its bytes: enough to find texts of like length, and few seconds of work.
const TEXTS: usize = 1024;
const BYTES: usize = 128 << 10;

/// A longer line is refused: it would have to be held whole.
const LONGEST: usize = 16 << 20;

/// All texts, in order.
pub(super) struct Texts {
    /// Those of the command line that are left, the next one last.
    given: Vec<String>,
    /// Those that were taken.
    taken: usize,
    lines: Option<Lines>,
}

/// The lines of a file or of standard input.
struct Lines {
    path: PathBuf,
    input: BufReader<Box<dyn Read>>,
    /// Lines that were read.
    line: usize,
}

/// A text to embed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub text: String,
    /// Where it comes from, for a person.
    pub place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Which one of the command line, from 1.
    Given(usize),
    /// Which line of the file, from 1.
    Line(usize),
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl Texts {
    /// Opens what the arguments name.
    ///
    /// # Errors
    ///
    /// A file that cannot be opened.
    pub fn open(args: &EmbedArgs) -> Result<Self> {
        if args.text.iter().any(|text| text == "-") {
            return Err(Error::Value {
                field: "TEXT",
                found: "-".into(),
                expected: "to read texts from standard input, one a line, say `--texts -`".into(),
            });
        }
        let mut given = args.text.clone();
        given.reverse();
        let lines = match &args.texts {
            Some(path) => Some(Lines::open(path)?),
            None => None,
        };
        Ok(Self {
            given,
            taken: 0,
            lines,
        })
    }

    /// The next texts; none at the end. From a pipe no more are waited for than are there.
    ///
    /// # Errors
    ///
    /// A line that cannot be read, or is not text.
    pub fn next(&mut self) -> Result<Vec<Text>> {
        let mut texts = Vec::new();
        let mut bytes = 0;
        while texts.len() < TEXTS && bytes < BYTES {
            let found = match (self.given.pop(), &mut self.lines) {
                (Some(text), _) => {
                    self.taken += 1;
                    let place = Place::Given(self.taken);
                    Some(Text { text, place })
                }
                (None, Some(lines)) => {
                    // Another read could wait for somebody who waits for us.
                    if !texts.is_empty() && lines.input.buffer().is_empty() {
                        break;
                    }
                    lines.next()?
                }
                (None, None) => None,
            };
            let Some(text) = found else { break };
            bytes += text.text.len();
            texts.push(text);
        }
        Ok(texts)
    }

    /// A place as a person knows it.
    pub fn name(&self, place: Place) -> String {
        match (place, &self.lines) {
            (Place::Line(line), Some(lines)) => format!("{}, line {line}", lines.path.display()),
            (Place::Given(number) | Place::Line(number), _) => format!("text {number}"),
        }
    }
}

impl Lines {
    fn open(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::new(
                "standard input".into(),
                Box::new(std::io::stdin()),
            ));
        }
        let file = File::open(path).map_err(Error::io("read", path))?;
        Ok(Self::new(path.into(), Box::new(file)))
    }

    fn new(path: PathBuf, input: Box<dyn Read>) -> Self {
        Self {
            path,
            input: BufReader::with_capacity(1 << 16, input),
            line: 0,
        }
    }

    fn next(&mut self) -> Result<Option<Text>> {
        let mut bytes = Vec::new();
        let read = (&mut self.input)
            .take(LONGEST as u64 + 1)
            .read_until(b'\n', &mut bytes);
        if read.map_err(Error::io("read", &self.path))? == 0 {
            return match self.line {
                0 => Err(self.wrong("is empty; one text a line would do".into())),
                _ => Ok(None),
            };
        }
        self.line += 1;
        if bytes.len() > LONGEST {
            return Err(self.wrong(format!(
                "line {} is longer than {} MiB; one text a line would do",
                self.line,
                LONGEST >> 20
            )));
        }
        if bytes.ends_with(b"\n") {
            bytes.pop();
            if bytes.ends_with(b"\r") {
                bytes.pop();
            }
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            self.wrong(format!(
                "line {} is not UTF-8 at byte {at}; convert it, as `iconv -t UTF-8` does",
                self.line
            ))
        })?;
        // A byte order mark is no part of the first text.
        let text = match self.line {
            1 => text.trim_start_matches('\u{FEFF}').to_owned(),
            _ => text,
        };
        let place = Place::Line(self.line);
        Ok(Some(Text { text, place }))
    }

    fn wrong(&self, what: String) -> Error {
        Error::Folder {
            path: self.path.clone(),
            what,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::io::Cursor;

    fn lines(bytes: &[u8]) -> Texts {
        Texts {
            given: vec!["second".into(), "first".into()],
            taken: 0,
            lines: Some(Lines::new(
                "a.txt".into(),
                Box::new(Cursor::new(bytes.to_vec())),
            )),
        }
    }

    fn all(texts: &mut Texts) -> Vec<Vec<Text>> {
        let mut found = Vec::new();
        loop {
            let stretch = texts.next().unwrap();
            if stretch.is_empty() {
                return found;
            }
            found.push(stretch);
        }
    }

    #[test]
    fn texts_come_in_order_with_their_places() {
        let mut texts = lines("\u{FEFF}one\r\n\ntwo\u{FEFF}\nlast".as_bytes());
        let found: Vec<Text> = all(&mut texts).into_iter().flatten().collect();
        let words: Vec<&str> = found.iter().map(|text| text.as_ref()).collect();
        assert_eq!(words, ["first", "second", "one", "", "two\u{FEFF}", "last"]);
        let names: Vec<String> = found.iter().map(|text| texts.name(text.place)).collect();
        assert_eq!(names[..3], ["text 1", "text 2", "a.txt, line 1"]);
        assert_eq!(names[5], "a.txt, line 4");
    }

    #[test]
    fn stretches_are_bounded_by_texts_and_by_bytes() {
        let many = "a line\n".repeat(5000);
        let found = all(&mut lines(many.as_bytes()));
        assert_eq!(found.iter().map(Vec::len).sum::<usize>(), 5002);
        assert!(found.iter().all(|stretch| stretch.len() <= TEXTS));
        let long = format!("{}\n", "x".repeat(50_000)).repeat(10);
        let found = all(&mut lines(long.as_bytes()));
        assert!(
            found.iter().all(|stretch| stretch.len() <= 5),
            "{}",
            found.len()
        );
    }

    /// Gives a line a read, as a pipe that somebody types into.
    struct Typed(u8);

    impl Read for Typed {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            assert!(self.0 < 5, "read on, without an answer to what is there");
            buffer[..2].copy_from_slice(&[b'a' + self.0, b'\n']);
            Ok(2)
        }
    }

    #[test]
    fn a_pipe_is_answered_line_by_line() {
        let mut texts = Texts {
            given: Vec::new(),
            taken: 0,
            lines: Some(Lines::new("-".into(), Box::new(Typed(0)))),
        };
        for line in 1..5 {
            let found = texts.next().unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].place, Place::Line(line));
        }
    }

    #[test]
    fn what_is_no_text_is_named() {
        for (bytes, part) in [
            (&b""[..], "a.txt: is empty"),
            (b"one\ntw\xFFo\n", "line 2 is not UTF-8 at byte 2"),
            (&[b'x'; LONGEST + 2], "line 1 is longer than 16 MiB"),
        ] {
            let mut texts = lines(bytes);
            texts.given.clear();
            let error = loop {
                match texts.next() {
                    Ok(found) => assert!(!found.is_empty()),
                    Err(error) => break error,
                }
            };
            assert!(error.is_usage());
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
