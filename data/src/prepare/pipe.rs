//! One thread reads while this one encodes and writes.

use std::sync::mpsc::{SyncSender, sync_channel};

use crate::Error;
use crate::prefetch::message;

/// Memory of a batch, in bytes; a longer document is a batch by itself.
pub(super) const BATCH_BYTES: usize = 4 << 20;
/// What a document takes beside its text, about: where it came from, and what is told of it.
const BESIDE: usize = 1 << 10;
/// Batches that wait between reader and encoder.
const DEPTH: usize = 1;

/// Where a reader sends what it has read, a batch at a time.
pub(super) struct Batches<T> {
    batch: Vec<T>,
    bytes: usize,
    sender: SyncSender<Vec<T>>,
}

impl<T> Batches<T> {
    /// Puts a document into the batch.
    pub(super) fn push(&mut self, item: T) {
        self.batch.push(item);
        self.bytes += BESIDE;
    }

    /// Says that so many bytes of text went into the batch, which is sent when it is full.
    ///
    /// # Errors
    /// Nobody takes batches any more; why is told by who took them.
    pub(super) fn count(&mut self, bytes: usize) -> Result<(), Error> {
        self.bytes += bytes;
        match self.bytes >= BATCH_BYTES {
            true => self.send(),
            false => Ok(()),
        }
    }

    fn send(&mut self) -> Result<(), Error> {
        self.bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        self.sender.send(batch).map_err(|_| Error::Stopped)
    }
}

/// Runs `read` on a thread of its own, and `take` here on the batches that it fills, in order; gives
/// back what `read` returns. At most three batches exist at a time.
///
/// # Errors
/// The first of `take`, else that of `read`.
pub(super) fn pipe<T: Send, R: Send>(
    read: impl FnOnce(&mut Batches<T>) -> Result<R, Error> + Send,
    mut take: impl FnMut(Vec<T>) -> Result<(), Error>,
) -> Result<R, Error> {
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(DEPTH);
        let mut batches = Batches {
            batch: Vec::new(),
            bytes: 0,
            sender,
        };
        let reader = scope.spawn(move || {
            let done = read(&mut batches)?;
            batches.send()?;
            Ok(done)
        });
        let mut taken = Ok(());
        for batch in receiver {
            taken = take(batch);
            if taken.is_err() {
                // Leaving the loop drops the receiver, which ends the reader.
                break;
            }
        }
        let read = reader
            .join()
            .unwrap_or_else(|panic| Err(Error::Thread(message(&*panic))));
        taken?;
        read
    })
}
