//! The reader: questions with their answers as documents.

use std::cmp::Reverse;
use std::io::{self, BufRead};
use std::mem;
use std::path::{Path, PathBuf};

use super::super::encoding::text;
use super::super::xml::Input;
use super::html;
use super::row::{self, Kind, Line, MAX_ROW_BYTES, Row};
use super::spill::{Key, MIN_MEMORY, Merge, Post, Sorter};
use crate::source::entry::{Entry, Fault, Found, Reader};

/// A document takes no answer that would make it longer: the site's longest threads of some hundred
/// answers are shorter.
pub const MAX_DOCUMENT_BYTES: usize = 16 << 20;

/// What of a dump is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StackExchangeOptions {
    /// The site's host, such as `stackoverflow.com`: a dump does not state it. Without it documents
    /// have no address.
    pub site: Option<String>,
    /// Questions and answers with a lower score are left out, a question with all its answers.
    pub min_score: Option<i64>,
    /// The most answers of a document, from the best.
    pub max_answers: Option<usize>,
}

/// Questions with their answers from a Stack Exchange `Posts.xml`.
///
/// A document is the question's title, its body and its answers, by score from the highest, the
/// accepted one first among equals. Documents come in the order of their questions' numbers, after
/// the whole dump was read; what is left out or damaged comes as it is found. `offset`, `date` and
/// `licence` are those of the question's row.
pub struct StackExchangeReader {
    state: State,
    options: StackExchangeOptions,
    /// Where posts wait.
    folder: PathBuf,
    /// Records left out that are still to be told, with their reasons.
    untold: Vec<(&'static str, u64)>,
}

enum State {
    Reading {
        input: Input,
        sorter: Sorter,
        started: bool,
        closed: bool,
    },
    Merging(Merge),
    Ended,
}

/// How much of an overlong row is read over at a time.
const SKIPPED_BYTES: usize = 64 << 10;

const NO_POST: &str = "not a question or answer";
const NO_QUESTION: &str = "answer without question";
const LOW_SCORE: &str = "score below min_score";
const LEFT_OUT_QUESTION: &str = "answer to a question left out";
const MANY_ANSWERS: &str = "more answers than max_answers";
const LONG: &str = "answer beyond the document's limit";
const REPEATED: &str = "question repeated";
const NO_TEXT: &str = "no text";

impl StackExchangeReader {
    /// Reads a decompressed `Posts.xml`, holding at most `memory` bytes of posts (no less than
    /// [`MIN_MEMORY`]) beside one document; the rest waits in a file without a name in `folder`, as
    /// large as the text of all posts. A folder that is itself in memory is a poor choice.
    pub fn new(
        input: Box<dyn BufRead + Send>,
        options: StackExchangeOptions,
        memory: usize,
        folder: &Path,
    ) -> Self {
        Self {
            state: State::Reading {
                input: Input::new(input),
                sorter: Sorter::new(memory.max(MIN_MEMORY), folder),
                started: false,
                closed: false,
            },
            options,
            folder: folder.to_owned(),
            untold: Vec::new(),
        }
    }

    /// The file in which posts wait cannot be written or read back.
    fn temporary(&self, error: io::Error) -> Fault {
        Fault::Temporary {
            folder: self.folder.clone(),
            error,
        }
    }

    fn leave_out(&mut self, reason: &'static str) {
        match self.untold.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.untold.push((reason, 1)),
        }
    }

    fn told(&mut self) -> Option<Found> {
        let (reason, count) = self.untold.first_mut()?;
        let reason = *reason;
        *count -= 1;
        if *count == 0 {
            self.untold.remove(0);
        }
        Some(Found::LeftOut { reason })
    }

    /// Puts the next document together; None where its question is left out.
    fn document(&mut self, first: Post, merge: &mut Merge) -> Result<Option<Found>, Fault> {
        let question = first.key.question;
        let mut thread = Thread::new(&first);
        let left_out = if first.key.answer {
            self.leave_out(NO_QUESTION);
            Some(NO_QUESTION)
        } else if self
            .options
            .min_score
            .is_some_and(|least| first.key.score.0 < least)
        {
            self.leave_out(LOW_SCORE);
            Some(LEFT_OUT_QUESTION)
        } else if thread.text.is_empty() {
            self.leave_out(NO_TEXT);
            Some(LEFT_OUT_QUESTION)
        } else {
            None
        };
        while merge.peek().is_some_and(|key| key.question == question) {
            let next = merge.next().map_err(|error| self.temporary(error))?;
            let Some(post) = next else { break };
            let reason = match left_out {
                _ if !post.key.answer => Some(REPEATED),
                Some(reason) => Some(reason),
                None => thread.answer(&post, self.options.max_answers),
            };
            if let Some(reason) = reason {
                self.leave_out(reason);
            }
        }
        if left_out.is_some() {
            return Ok(None);
        }
        let given = |text: String| (!text.is_empty()).then_some(text);
        Ok(Some(Found::Document(Entry {
            text: thread.text,
            offset: first.key.offset,
            url: self.options.site.as_ref().map(|site| {
                let host = site.trim_end_matches('/');
                let host = host.rsplit_once("//").map_or(host, |(_, host)| host);
                format!("https://{host}/questions/{question}")
            }),
            title: given(first.title),
            date: given(first.date),
            licence: given(first.licence),
            replaced: thread.replaced,
        })))
    }
}

/// A question and the answers so far.
struct Thread {
    text: String,
    accepted: Option<u64>,
    replaced: u64,
    answers: usize,
    /// Where the answers of the last one's score begin in `text`, and that score.
    equals: Option<(usize, i64)>,
    /// Where the last answer begins.
    last: usize,
}

impl Thread {
    fn new(question: &Post) -> Self {
        let mut text = question.title.clone();
        append(&mut text, &question.text);
        Self {
            text,
            accepted: question.accepted,
            replaced: question.replaced,
            answers: 0,
            equals: None,
            last: 0,
        }
    }

    /// Takes the next answer by score; says why one is left out.
    fn answer(&mut self, post: &Post, most: Option<usize>) -> Option<&'static str> {
        if post.text.is_empty() {
            return Some(NO_TEXT);
        }
        let score = post.key.score.0;
        let equal = self.equals.filter(|(_, equal)| *equal == score);
        let first = equal.filter(|_| self.accepted == Some(post.key.id));
        let full = most.is_some_and(|most| self.answers >= most);
        if full && first.is_none() {
            return Some(MANY_ANSWERS);
        }
        if self.text.len() + post.text.len() + 2 > MAX_DOCUMENT_BYTES {
            return Some(LONG);
        }
        self.replaced += post.replaced;
        if full {
            // The accepted answer takes the place of the last of its equals.
            self.text.truncate(self.last);
        } else {
            self.answers += 1;
        }
        match first {
            Some((start, _)) => {
                self.text.insert_str(start, &format!("\n\n{}", post.text));
                self.last += post.text.len() + 2;
            }
            None => {
                self.last = self.text.len();
                append(&mut self.text, &post.text);
                self.equals = equal.or(Some((self.last, score)));
            }
        }
        full.then_some(MANY_ANSWERS)
    }
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !more.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

/// What a line of the dump comes to.
enum Step {
    Found(Found),
    Post(Row, u64, u64),
    Nothing,
    /// The stream is no dump of posts.
    Refused(Found),
    End(Option<Found>),
}

/// Reads the next line.
fn step(input: &mut Input, started: &mut bool, closed: &mut bool) -> io::Result<Step> {
    let offset = input.offset();
    let damaged = |message: String| Found::Damaged { offset, message };
    let mut line = Vec::new();
    if input.read_until(b'\n', MAX_ROW_BYTES + 1, &mut line)? == 0 {
        let message = match (*started, *closed) {
            (false, _) => "no `<posts>`: is this a `Posts.xml`?",
            (true, false) => "the stream ends without `</posts>`: it was cut",
            (true, true) => return Ok(Step::End(None)),
        };
        return Ok(Step::End(Some(damaged(message.to_owned()))));
    }
    if line.len() > MAX_ROW_BYTES {
        while !line.ends_with(b"\n") {
            line.clear();
            if input.read_until(b'\n', SKIPPED_BYTES, &mut line)? == 0 {
                break;
            }
        }
        let message = format!("the row is longer than {} MiB", MAX_ROW_BYTES >> 20);
        return Ok(Step::Found(damaged(message)));
    }
    let (line, replaced) = text(line);
    Ok(match row::parse(&line) {
        Ok(Line::Post(row)) => {
            *started = true;
            Step::Post(row, offset, replaced)
        }
        Ok(Line::Nothing) => Step::Nothing,
        Ok(Line::Start) => {
            *started = true;
            Step::Nothing
        }
        Ok(Line::End) => {
            *closed = true;
            Step::Nothing
        }
        Ok(Line::Root(name)) => Step::Refused(damaged(format!(
            "the root is `<{name}>`, not `<posts>`: is this a `Posts.xml`?"
        ))),
        Err(message) if !*started => Step::Refused(damaged(format!(
            "no `<posts>`: is this a `Posts.xml`? {message}"
        ))),
        Err(message) => Step::Found(damaged(message)),
    })
}

impl StackExchangeReader {
    /// What becomes of a post: None where it is kept.
    fn take(&self, row: Row, offset: u64, replaced: u64) -> Result<Post, &'static str> {
        let question = match row.kind {
            Kind::Question => row.id,
            Kind::Answer(question) => question,
            Kind::Other => return Err(NO_POST),
        };
        let answer = row.kind != Kind::Question;
        if answer
            && self
                .options
                .min_score
                .is_some_and(|least| row.score < least)
        {
            return Err(LOW_SCORE);
        }
        Ok(Post {
            key: Key {
                question,
                answer,
                score: Reverse(row.score),
                id: row.id,
                offset,
            },
            accepted: row.accepted,
            replaced,
            title: row.title.trim().to_owned(),
            date: row.date,
            licence: row.licence,
            text: html::text(&row.body),
        })
    }
}

impl Reader for StackExchangeReader {
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        loop {
            if let Some(found) = self.told() {
                return Ok(Some(found));
            }
            // An error leaves the reader at its end.
            match mem::replace(&mut self.state, State::Ended) {
                State::Reading {
                    mut input,
                    mut sorter,
                    mut started,
                    mut closed,
                } => {
                    let found = match step(&mut input, &mut started, &mut closed)? {
                        Step::Refused(found) => return Ok(Some(found)),
                        Step::End(found) => {
                            let merge = sorter.merge().map_err(|error| self.temporary(error))?;
                            self.state = State::Merging(merge);
                            if found.is_some() {
                                return Ok(found);
                            }
                            continue;
                        }
                        Step::Found(found) => Some(found),
                        Step::Nothing => None,
                        Step::Post(row, offset, replaced) => {
                            match self.take(row, offset, replaced) {
                                Ok(post) => {
                                    let kept = sorter.push(&post);
                                    kept.map_err(|error| self.temporary(error))?;
                                    None
                                }
                                Err(reason) => Some(Found::LeftOut { reason }),
                            }
                        }
                    };
                    self.state = State::Reading {
                        input,
                        sorter,
                        started,
                        closed,
                    };
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                State::Merging(mut merge) => {
                    let first = merge.next().map_err(|error| self.temporary(error))?;
                    let Some(first) = first else {
                        return Ok(None);
                    };
                    let found = self.document(first, &mut merge)?;
                    self.state = State::Merging(merge);
                    if found.is_some() {
                        return Ok(found);
                    }
                }
                State::Ended => return Ok(None),
            }
        }
    }
}
