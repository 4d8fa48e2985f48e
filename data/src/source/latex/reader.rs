//! Papers out of a stream: what it is is told from its bytes.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use super::convert::{Options, of_source};
use super::tar::{self, Member, Tar};
use super::unpack::{Peeked, Source, UnpackError, is_gzip, is_tex_name, may_be_tex, peek, unpack};
use super::{arxiv_id, inline};
use crate::source::entry::{Entry, Fault, Found, Reader};

/// Why a paper that is a PDF is left out.
const NO_SOURCE: &str = "no TeX source";

/// Papers of a stream: one of arXiv's archives of papers, an archive of one paper's files, or one
/// file of TeX.
///
/// Files that stand in the archive itself are one paper if an identifier of arXiv is part of their
/// paths, and otherwise as many as name a class and are not read by others.
pub struct Arxiv {
    state: State,
    options: Options,
    /// Files of the archive itself that belong together.
    group: Group,
    queue: VecDeque<Ready>,
}

enum Ready {
    Found(Found),
    Paper(Paper),
}

/// Files of which each main one is made a document when it is asked for: one is held at a time.
struct Paper {
    source: Source,
    offset: u64,
    id: Option<String>,
    mains: VecDeque<usize>,
}

enum State {
    Unread(Box<dyn BufRead + Send>),
    Archive(Tar<Watched>),
    End,
}

#[derive(Default)]
struct Group {
    id: Option<String>,
    offset: u64,
    source: Source,
}

/// The stream below, whose faults are told from damage within it.
struct Watched {
    input: BufReader<Peeked<Box<dyn BufRead + Send>>>,
    fault: Option<(io::ErrorKind, String)>,
}

impl Read for Watched {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.input.read(out).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.fault = Some((error.kind(), error.to_string()));
            }
        })
    }
}

impl Arxiv {
    /// Reads papers from a stream that is not compressed, or holds one gzipped paper.
    pub fn new(input: Box<dyn BufRead + Send>, options: Options) -> Self {
        Self {
            state: State::Unread(input),
            options,
            group: Group::default(),
            queue: VecDeque::new(),
        }
    }

    fn begin(&mut self, input: Box<dyn BufRead + Send>) -> io::Result<()> {
        let (head, input) = peek(input)?;
        let mut watched = Watched {
            input: BufReader::with_capacity(1 << 16, input),
            fault: None,
        };
        if head.is_empty() {
            return Ok(());
        }
        if tar::is_header(&head) {
            self.state = State::Archive(Tar::new(watched));
            return Ok(());
        }
        let unpacked = unpack(&mut watched, "");
        self.settle(unpacked, watched.fault.take(), 0, None)
    }

    /// Makes a document of what was unpacked, or says why there is none.
    fn settle(
        &mut self,
        unpacked: Result<Source, UnpackError>,
        fault: Option<(io::ErrorKind, String)>,
        offset: u64,
        path: Option<&str>,
    ) -> io::Result<()> {
        if let Some((kind, message)) = fault {
            return Err(io::Error::new(kind, message));
        }
        let name = path.unwrap_or_default();
        match unpacked {
            Ok(source) => self.push_paper(source, offset, path.and_then(arxiv_id::of_path), true),
            Err(UnpackError::Bound(error)) => self.push(damaged(offset, name, &error)),
            Err(UnpackError::Read(error)) => self.push(damaged(offset, name, &error)),
        }
        Ok(())
    }

    fn push(&mut self, found: Found) {
        self.queue.push_back(Ready::Found(found));
    }

    fn push_paper(&mut self, source: Source, offset: u64, id: Option<String>, one: bool) {
        let mains = VecDeque::from(inline::mains(&source.files, one));
        if mains.is_empty() {
            let reason = if source.withdrawn {
                "withdrawn"
            } else {
                NO_SOURCE
            };
            self.push(Found::LeftOut { reason });
        } else {
            self.queue.push_back(Ready::Paper(Paper {
                source,
                offset,
                id,
                mains,
            }));
        }
    }

    /// Ends the files that were gathered.
    fn end_group(&mut self) {
        let group = std::mem::take(&mut self.group);
        if !group.source.files.is_empty() {
            let one = group.id.is_some();
            self.push_paper(group.source, group.offset, group.id, one);
        }
    }

    /// What is first in the queue.
    fn pop(&mut self) -> Option<Found> {
        loop {
            match self.queue.pop_front()? {
                Ready::Found(found) => return Some(found),
                Ready::Paper(mut paper) => {
                    if let Some(main) = paper.mains.pop_front() {
                        let found = paper.document(main, self.options);
                        self.queue.push_front(Ready::Paper(paper));
                        return Some(found);
                    }
                }
            }
        }
    }

    /// Reads the next member; the archive is given back unless it has ended.
    fn member(&mut self, mut archive: Tar<Watched>) -> io::Result<Option<Tar<Watched>>> {
        let member = match archive.next() {
            Ok(Some(member)) => member,
            Ok(None) => {
                self.end_group();
                return Ok(None);
            }
            Err(error) => {
                // Nothing says where the next member begins.
                let found = damaged(archive.position(), "the archive", &error);
                self.fault(&archive)?;
                self.end_group();
                self.push(found);
                return Ok(None);
            }
        };
        let Member { name, offset } = member;
        let head = peek(&mut archive).map(|(head, _)| head);
        let head = match head {
            Ok(head) => head,
            Err(error) => {
                self.fault(&archive)?;
                self.end_group();
                self.push(damaged(offset, &name, &error));
                return Ok(None);
            }
        };
        let mut bytes = Cursor::new(head.clone()).chain(&mut archive);
        if is_gzip(&head) || tar::is_header(&head) {
            let unpacked = unpack(&mut bytes, &name);
            self.end_group();
            let fault = archive.input().fault.clone();
            self.settle(unpacked, fault, offset, Some(&name))?;
        } else if may_be_tex(&head) && is_tex_name(&name) {
            let id = arxiv_id::of_any_part(&name);
            if self.group.id != id {
                self.end_group();
            }
            if self.group.source.files.is_empty() {
                self.group.offset = offset;
                self.group.id = id;
            }
            let added = self.group.source.add(&name, &mut bytes);
            self.fault(&archive)?;
            if let Err(error) = added {
                self.group = Group::default();
                self.settle(Err(error), None, offset, Some(&name))?;
            }
        } else if arxiv_id::of_path(&name).is_some() {
            self.push(Found::LeftOut { reason: NO_SOURCE });
        }
        Ok(Some(archive))
    }

    fn fault(&self, archive: &Tar<Watched>) -> io::Result<()> {
        match archive.input().fault.clone() {
            Some((kind, message)) => Err(io::Error::new(kind, message)),
            None => Ok(()),
        }
    }
}

impl Paper {
    fn document(&self, main: usize, options: Options) -> Found {
        let files = &self.source.files;
        let article = inline::whole(files, main).and_then(|text| of_source(&text, options));
        match article {
            Ok(article) if article.text.is_empty() => Found::LeftOut {
                reason: "no text in the TeX source",
            },
            Ok(article) => Found::Document(Entry {
                text: article.text,
                offset: self.offset,
                url: self
                    .id
                    .as_ref()
                    .map(|id| format!("https://arxiv.org/abs/{id}")),
                title: article.title,
                date: None,
                licence: None,
                replaced: self.source.replaced,
            }),
            Err(error) => {
                let name = self.id.as_ref().unwrap_or(&files[main].name);
                damaged(self.offset, name, &error)
            }
        }
    }
}

fn damaged(offset: u64, name: &str, error: &dyn std::fmt::Display) -> Found {
    let name = if name.is_empty() { "the paper" } else { name };
    Found::Damaged {
        offset,
        message: format!("{name}: {error}"),
    }
}

impl Reader for Arxiv {
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        loop {
            if let Some(found) = self.pop() {
                return Ok(Some(found));
            }
            match std::mem::replace(&mut self.state, State::End) {
                State::End => return Ok(None),
                State::Unread(input) => self.begin(input)?,
                State::Archive(archive) => {
                    if let Some(archive) = self.member(archive)? {
                        self.state = State::Archive(archive);
                    }
                }
            }
        }
    }
}
