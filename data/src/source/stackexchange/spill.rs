//! Sorts posts that do not fit in memory: sorted runs in a temporary file, merged as they are read.
//!
//! External merge sort (Knuth, The Art of Computer Programming, volume 3, section 5.4).
//!
//! While posts come in, at most `memory` bytes of them are held; while they are merged, `memory` for
//! the runs' buffers, but no less than [`MIN_BUFFER`] for each run. A run holds `memory` bytes of
//! posts, so that is enough for memory² / 64 KiB of them: 64 GB with 64 MiB. The file holds the text
//! of all posts that are kept, and [`HEADER`] bytes for each.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// The least memory: less would make many short runs, whose buffers then take more.
pub const MIN_MEMORY: usize = 16 << 20;

/// The least and the most that is read of a run at once: a disk's seek costs as much as some hundred
/// kilobytes, and beyond a few megabytes nothing is gained.
const MIN_BUFFER: usize = 64 << 10;
const MAX_BUFFER: usize = 4 << 20;

/// Bytes of a post in the file before its texts.
const HEADER: usize = 6 * 8 + 2 + 4 * 4;

/// Where a post belongs: questions in order, each before its answers, these by score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) question: u64,
    pub(super) answer: bool,
    pub(super) score: Reverse<i64>,
    pub(super) id: u64,
    pub(super) offset: u64,
}

/// A post as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Post {
    pub(super) key: Key,
    /// The accepted answer's number.
    pub(super) accepted: Option<u64>,
    pub(super) replaced: u64,
    pub(super) title: String,
    pub(super) date: String,
    pub(super) licence: String,
    pub(super) text: String,
}

/// Takes posts in.
pub(super) struct Sorter {
    memory: usize,
    folder: PathBuf,
    posts: Vec<u8>,
    /// Where each post begins in `posts`.
    index: Vec<(Key, usize)>,
    file: Option<File>,
    /// Where each run ends in the file.
    ends: Vec<u64>,
}

impl Sorter {
    pub(super) fn new(memory: usize, folder: &Path) -> Self {
        Self {
            memory,
            folder: folder.to_owned(),
            posts: Vec::new(),
            index: Vec::new(),
            file: None,
            ends: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, post: &Post) -> io::Result<()> {
        let texts = [&post.title, &post.date, &post.licence, &post.text];
        let len = HEADER + texts.iter().map(|text| text.len()).sum::<usize>();
        let entry = size_of::<(Key, usize)>();
        let held = self.posts.len() + self.index.len() * entry;
        if held + len + entry > self.memory && !self.index.is_empty() {
            self.spill()?;
        }
        reserve(&mut self.posts, len, self.memory);
        reserve(&mut self.index, 1, self.memory / entry);
        self.index.push((post.key, self.posts.len()));
        let key = &post.key;
        let accepted = post.accepted.unwrap_or_default();
        for number in [
            key.question,
            key.score.0 as u64,
            key.id,
            key.offset,
            accepted,
            post.replaced,
        ] {
            self.posts.extend_from_slice(&number.to_le_bytes());
        }
        self.posts.push(u8::from(key.answer));
        self.posts.push(u8::from(post.accepted.is_some()));
        for text in texts {
            // A row's limit is far below 4 GiB.
            self.posts
                .extend_from_slice(&(text.len() as u32).to_le_bytes());
        }
        for text in texts {
            self.posts.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    /// Writes what is held as a sorted run.
    fn spill(&mut self) -> io::Result<()> {
        self.index.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile_in(&self.folder)?),
        };
        let mut end = self.ends.last().copied().unwrap_or_default();
        let mut out = BufWriter::with_capacity(MIN_BUFFER, file);
        for &(_, start) in &self.index {
            let post = &self.posts[start..];
            let post = &post[..HEADER + Lengths::of(post).total()];
            out.write_all(post)?;
            end += post.len() as u64;
        }
        out.flush()?;
        self.ends.push(end);
        self.posts.clear();
        self.index.clear();
        Ok(())
    }

    /// The posts in order.
    pub(super) fn merge(mut self) -> io::Result<Merge> {
        if !self.index.is_empty() {
            self.spill()?;
        }
        let buffer = (self.memory / self.ends.len().max(1)).clamp(MIN_BUFFER, MAX_BUFFER);
        let mut runs = Vec::new();
        let mut start = 0;
        for &end in &self.ends {
            runs.push(Run {
                at: start,
                end,
                capacity: buffer,
                buffer: Vec::new(),
                read: 0,
                head: [0; HEADER],
            });
            start = end;
        }
        let mut merge = Merge {
            file: self.file.take(),
            runs,
            next: BinaryHeap::new(),
        };
        drop(self);
        for run in 0..merge.runs.len() {
            merge.advance(run)?;
        }
        Ok(merge)
    }
}

/// Makes room, doubling it as a vector does, but never beyond `most` where that suffices.
fn reserve<T>(vector: &mut Vec<T>, more: usize, most: usize) {
    let needed = vector.len() + more;
    if needed > vector.capacity() {
        let wanted = needed.max((2 * vector.capacity()).min(most));
        vector.reserve_exact(wanted - vector.len());
    }
}

/// Lengths of a post's texts.
struct Lengths([usize; 4]);

impl Lengths {
    fn of(head: &[u8]) -> Self {
        Self([0, 1, 2, 3].map(|i| {
            let at = HEADER - 4 * (4 - i);
            let mut bytes = [0; 4];
            bytes.copy_from_slice(&head[at..at + 4]);
            u32::from_le_bytes(bytes) as usize
        }))
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }
}

/// Gives posts in order.
pub(super) struct Merge {
    file: Option<File>,
    runs: Vec<Run>,
    /// The next post of each run.
    next: BinaryHeap<Reverse<(Key, usize)>>,
}

/// A sorted part of the file.
struct Run {
    at: u64,
    end: u64,
    capacity: usize,
    buffer: Vec<u8>,
    /// How much of the buffer was taken.
    read: usize,
    head: [u8; HEADER],
}

impl Merge {
    /// The key of the next post.
    pub(super) fn peek(&self) -> Option<Key> {
        self.next.peek().map(|Reverse((key, _))| *key)
    }

    pub(super) fn next(&mut self) -> io::Result<Option<Post>> {
        let Some(Reverse((key, run))) = self.next.pop() else {
            return Ok(None);
        };
        let head = self.runs[run].head;
        let mut texts = [const { String::new() }; 4];
        for (text, length) in texts.iter_mut().zip(Lengths::of(&head).0) {
            let mut bytes = vec![0; length];
            self.read(run, &mut bytes)?;
            *text = String::from_utf8(bytes).map_err(io::Error::other)?;
        }
        let [title, date, licence, text] = texts;
        self.advance(run)?;
        Ok(Some(Post {
            key,
            accepted: (head[49] == 1).then(|| number(&head, 4)),
            replaced: number(&head, 5),
            title,
            date,
            licence,
            text,
        }))
    }

    /// Reads the head of a run's next post.
    fn advance(&mut self, run: usize) -> io::Result<()> {
        let state = &self.runs[run];
        if state.at == state.end && state.read == state.buffer.len() {
            return Ok(());
        }
        let mut head = [0; HEADER];
        self.read(run, &mut head)?;
        self.runs[run].head = head;
        let key = Key {
            question: number(&head, 0),
            answer: head[48] == 1,
            score: Reverse(number(&head, 1) as i64),
            id: number(&head, 2),
            offset: number(&head, 3),
        };
        self.next.push(Reverse((key, run)));
        Ok(())
    }

    fn read(&mut self, run: usize, mut into: &mut [u8]) -> io::Result<()> {
        let run = &mut self.runs[run];
        while !into.is_empty() {
            if run.read == run.buffer.len() {
                let Some(file) = &mut self.file else {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                };
                let left = usize::try_from(run.end - run.at).unwrap_or(usize::MAX);
                run.buffer.resize(left.min(run.capacity), 0);
                run.read = 0;
                file.seek(SeekFrom::Start(run.at))?;
                file.read_exact(&mut run.buffer)?;
                run.at += run.buffer.len() as u64;
                if run.buffer.is_empty() {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
            }
            let ready = &run.buffer[run.read..];
            let count = ready.len().min(into.len());
            into[..count].copy_from_slice(&ready[..count]);
            run.read += count;
            into = &mut into[count..];
        }
        Ok(())
    }
}

/// The number at this place among a head's first six.
fn number(head: &[u8; HEADER], index: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&head[8 * index..8 * index + 8]);
    u64::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The i-th of posts in no order.
    fn post(i: u64) -> Post {
        let mixed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        Post {
            key: Key {
                question: mixed % 50,
                answer: !mixed.is_multiple_of(3),
                score: Reverse((mixed % 7) as i64 - 3),
                id: mixed,
                offset: i,
            },
            accepted: mixed.is_multiple_of(2).then_some(mixed),
            replaced: mixed % 5,
            title: "t".repeat((mixed % 9) as usize),
            date: String::new(),
            licence: "CC".to_owned(),
            text: "é".repeat((mixed % 1000) as usize),
        }
    }

    #[test]
    fn posts_come_back_in_order_and_whole_at_every_size_of_memory() {
        let mut want: Vec<Post> = (0..500).map(post).collect();
        want.sort_by_key(|post| post.key);
        for memory in [0, 1000, 5000, 100_000, 1 << 20, usize::MAX / 4] {
            let mut sorter = Sorter::new(memory, &std::env::temp_dir());
            for i in 0..500 {
                sorter.push(&post(i)).unwrap();
                assert!(sorter.posts.capacity() <= memory.max(4096), "{memory}");
            }
            let mut merge = sorter.merge().unwrap();
            for want in &want {
                assert_eq!(merge.peek(), Some(want.key));
                assert_eq!(merge.next().unwrap().as_ref(), Some(want));
            }
            assert_eq!(merge.next().unwrap(), None);
        }
    }

    #[test]
    fn nothing_in_is_nothing_out_and_no_file() {
        let sorter = Sorter::new(0, Path::new("/no/such/folder"));
        assert_eq!(sorter.merge().unwrap().next().unwrap(), None);
        let mut sorter = Sorter::new(0, Path::new("/no/such/folder"));
        sorter.push(&post(1)).unwrap();
        assert!(sorter.merge().is_err());
    }
}
