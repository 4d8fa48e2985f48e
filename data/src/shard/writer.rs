//! Writing the shards of a split.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::documents::Entry;
use super::header::{HEADER_BYTES, Header};
use super::{Provenance, ShardError};
use crate::files;

/// A new shard is begun at the first document's end after this many bytes.
pub const DEFAULT_SHARD_BYTES: u64 = 256 << 20;

/// A new shard is begun, too, when the list of its documents has this many bytes: the list is kept in
/// memory until the shard is complete, some 150 bytes a document.
const MAX_LIST_BYTES: usize = 32 << 20;

/// What all shards of a split have in common.
#[derive(Clone, Debug)]
pub struct ShardOptions {
    /// Size of the vocabulary; no token may reach it.
    pub vocab_size: usize,
    /// SHA-256 of the tokenizer.json.
    pub tokenizer: [u8; 32],
    /// Length after which a new shard is begun, in bytes.
    pub max_bytes: u64,
}

/// What was written for a split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The files, in order.
    pub files: Vec<PathBuf>,
    /// Tokens in them.
    pub tokens: u64,
    /// Documents in them.
    pub documents: u64,
    /// UTF-8 bytes of the text behind them.
    pub text_bytes: u64,
}

/// Writes documents, in the order in which they are given, into the shards of one split.
///
/// Dropped before [`ShardWriter::finish`], it removes what it has begun.
pub struct ShardWriter {
    folder: PathBuf,
    split: String,
    options: ShardOptions,
    open: Option<OpenShard>,
    written: Written,
}

/// The shard that is being written, under its temporary name.
struct OpenShard {
    path: PathBuf,
    file: BufWriter<File>,
    tokens_sha256: Sha256,
    tokens: u64,
    text_bytes: u64,
    entries: Vec<u8>,
    documents: u64,
    provenance: Vec<u8>,
    buffer: Vec<u8>,
}

impl ShardWriter {
    /// A writer for `split` in an existing folder.
    pub fn new(folder: &Path, split: &str, options: ShardOptions) -> Self {
        Self {
            folder: folder.to_owned(),
            split: split.to_owned(),
            options,
            open: None,
            written: Written {
                files: Vec::new(),
                tokens: 0,
                documents: 0,
                text_bytes: 0,
            },
        }
    }

    /// Appends a document: its tokens (the end of text included), the bytes of its text, where it
    /// came from, and whether the next one continues it.
    ///
    /// # Errors
    /// A token beyond the vocabulary; a full disk.
    pub fn document(
        &mut self,
        tokens: &[u32],
        text_bytes: u64,
        provenance: &Provenance,
        continues: bool,
    ) -> Result<(), ShardError> {
        let vocab_size = self.options.vocab_size as u64;
        if let Some(&token) = tokens.iter().find(|&&token| u64::from(token) >= vocab_size) {
            return Err(ShardError::Token { token, vocab_size });
        }
        let mut shard = match self.open.take() {
            Some(shard) if shard.is_full(&self.options) => {
                self.close(shard, false)?;
                self.begin()?
            }
            Some(shard) => shard,
            None => self.begin()?,
        };
        let appended = shard
            .append(&self.options, tokens, text_bytes, provenance, continues)
            .map_err(|error| io_error("write", &shard.path, error));
        self.open = Some(shard);
        appended
    }

    /// Completes the last shard. A split without documents is one empty shard.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(mut self) -> Result<Written, ShardError> {
        let shard = match self.open.take() {
            Some(shard) => shard,
            None => self.begin()?,
        };
        self.close(shard, true)?;
        files::sync_folder(&self.folder);
        Ok(self.written.clone())
    }

    fn begin(&self) -> Result<OpenShard, ShardError> {
        let path = self
            .folder
            .join(file_name(&self.split, self.written.files.len()));
        let temporary = files::beside(&path);
        let file = File::create(&temporary).map_err(|error| io_error("create", &path, error))?;
        let mut shard = OpenShard {
            path,
            file: BufWriter::with_capacity(1 << 20, file),
            tokens_sha256: Sha256::new(),
            tokens: 0,
            text_bytes: 0,
            entries: Vec::new(),
            documents: 0,
            provenance: Vec::new(),
            buffer: Vec::new(),
        };
        shard
            .file
            .write_all(&[0; HEADER_BYTES])
            .map_err(|error| io_error("write", &shard.path, error))?;
        Ok(shard)
    }

    fn close(&mut self, shard: OpenShard, last: bool) -> Result<(), ShardError> {
        let path = shard.path.clone();
        let header = Header {
            width: Header::width_for(self.options.vocab_size as u64),
            number: self.written.files.len() as u32,
            last,
            tokens: shard.tokens,
            documents: shard.documents,
            text_bytes: shard.text_bytes,
            vocab_size: self.options.vocab_size as u64,
            provenance_bytes: shard.provenance.len() as u64,
            tokenizer: self.options.tokenizer,
            tokens_sha256: shard.tokens_sha256.clone().finalize().into(),
            // Filled in where the bytes are written.
            documents_sha256: [0; 32],
        };
        self.written.tokens += header.tokens;
        self.written.documents += header.documents;
        self.written.text_bytes += header.text_bytes;
        shard
            .complete(header)
            .map_err(|error| io_error("write", &path, error))?;
        self.written.files.push(path);
        Ok(())
    }
}

impl Drop for ShardWriter {
    fn drop(&mut self) {
        if let Some(shard) = self.open.take() {
            let _ = std::fs::remove_file(files::beside(&shard.path));
        }
    }
}

impl OpenShard {
    fn is_full(&self, options: &ShardOptions) -> bool {
        let width = u64::from(Header::width_for(options.vocab_size as u64));
        let list = self.entries.len() + self.provenance.len();
        let bytes = HEADER_BYTES as u64 + self.tokens * width + list as u64;
        bytes >= options.max_bytes || list >= MAX_LIST_BYTES
    }

    fn append(
        &mut self,
        options: &ShardOptions,
        tokens: &[u32],
        text_bytes: u64,
        provenance: &Provenance,
        continues: bool,
    ) -> io::Result<()> {
        self.buffer.clear();
        if Header::width_for(options.vocab_size as u64) == 2 {
            // The caller has checked the tokens against the vocabulary, and so against 65,536.
            self.buffer.extend(
                tokens
                    .iter()
                    .flat_map(|&token| (token as u16).to_le_bytes()),
            );
        } else {
            self.buffer
                .extend(tokens.iter().flat_map(|token| token.to_le_bytes()));
        }
        self.tokens_sha256.update(&self.buffer);
        self.file.write_all(&self.buffer)?;
        let provenance_at = self.provenance.len();
        serde_json::to_writer(&mut self.provenance, provenance)?;
        let entry = Entry {
            start: self.tokens,
            bytes: text_bytes,
            provenance_at: provenance_at as u64,
            provenance_bytes: (self.provenance.len() - provenance_at) as u32,
            continues,
        };
        self.entries.extend(entry.to_bytes());
        self.documents += 1;
        self.tokens += tokens.len() as u64;
        self.text_bytes += text_bytes;
        Ok(())
    }

    fn complete(mut self, mut header: Header) -> io::Result<()> {
        let end = HEADER_BYTES as u64 + header.tokens * u64::from(header.width);
        let padding = vec![0; (end.next_multiple_of(8) - end) as usize];
        let mut sha256 = Sha256::new();
        for part in [&padding, &self.entries, &self.provenance] {
            sha256.update(part);
            self.file.write_all(part)?;
        }
        header.documents_sha256 = sha256.finalize().into();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header.to_bytes())?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        std::fs::rename(files::beside(&self.path), &self.path)
    }
}

/// `train-00000.shard`.
pub(super) fn file_name(split: &str, number: usize) -> String {
    format!("{split}-{number:05}.shard")
}

pub(super) fn io_error(action: &'static str, path: &Path, error: io::Error) -> ShardError {
    ShardError::Io {
        action,
        path: path.to_owned(),
        error,
    }
}
