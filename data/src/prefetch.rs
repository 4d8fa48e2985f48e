//! The next batch is made while the step runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use crate::Error;
use crate::batch::TokenBatch;

/// What makes batches: batch `i` is a function of itself and of `i` alone.
pub trait BatchSource: Send + 'static {
    /// A batch.
    type Batch: Send + 'static;

    /// Batch `i`, whatever was asked for before.
    ///
    /// # Errors
    /// Whatever keeps it from being made.
    fn batch(&self, i: u64) -> Result<Self::Batch, Error>;
}

/// Batches in order, made ahead by a background thread.
///
/// It makes the same batches as [`BatchSource::batch`], only earlier: nothing that is computed
/// depends on it. Dropping it ends the thread.
pub struct Prefetch<B = TokenBatch> {
    /// `None` while it is dropped, so that the thread finds nobody waiting.
    batches: Option<Receiver<Result<(u64, B), Error>>>,
    thread: Option<JoinHandle<()>>,
}

impl<B: Send + 'static> Prefetch<B> {
    /// Makes batches `from`, `from + 1` and so on, at most `depth` (and at least one) ahead of the
    /// one that was taken last.
    ///
    /// # Errors
    /// No thread can be started.
    pub fn new<S>(batches: S, from: u64, depth: usize) -> Result<Self, Error>
    where
        S: BatchSource<Batch = B>,
    {
        Self::start(move |i| batches.batch(i), from, depth)
    }

    fn start(
        make: impl Fn(u64) -> Result<B, Error> + Send + 'static,
        from: u64,
        depth: usize,
    ) -> Result<Self, Error> {
        // The channel holds `depth - 1`, the thread one more, waiting to be sent.
        let (sender, receiver) = sync_channel(depth.max(1) - 1);
        let run = move || {
            for i in from..=u64::MAX {
                let batch = catch_unwind(AssertUnwindSafe(|| make(i)))
                    .unwrap_or_else(|panic| Err(Error::Thread(message(&*panic))))
                    .map(|batch| (i, batch));
                let failed = batch.is_err();
                if sender.send(batch).is_err() || failed {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("slovo-prefetch".to_owned())
            .spawn(run)
            .map_err(|error| Error::Thread(error.to_string()))?;
        Ok(Self {
            batches: Some(receiver),
            thread: Some(thread),
        })
    }
}

impl<B> Iterator for Prefetch<B> {
    type Item = Result<(u64, B), Error>;

    /// The next batch with its number. An error ends it, and so does a panic in the thread, which
    /// comes as one.
    fn next(&mut self) -> Option<Self::Item> {
        self.batches.as_ref()?.recv().ok()
    }
}

impl<B> Drop for Prefetch<B> {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            // It catches its own panics; there is nothing left to report.
            let _ = thread.join();
        }
    }
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn numbered(i: u64) -> Result<TokenBatch, Error> {
        Ok(TokenBatch {
            rows: 1,
            cols: 1,
            inputs: vec![i as u32],
            targets: vec![i as u32 + 1],
            texts: None,
            mask: None,
        })
    }

    #[test]
    fn batches_come_in_order_from_where_they_were_asked_for() {
        for depth in [0, 1, 2, 9] {
            let prefetch = Prefetch::start(numbered, 40, depth).unwrap();
            let taken: Vec<_> = prefetch.take(100).map(Result::unwrap).collect();
            let expected: Vec<_> = (40..140).map(|i| (i, numbered(i).unwrap())).collect();
            assert_eq!(taken, expected);
        }
    }

    #[test]
    fn it_runs_ahead_by_the_depth_and_no_more() {
        let made = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&made);
        let make = move |i| {
            counter.fetch_add(1, Ordering::SeqCst);
            numbered(i)
        };
        let mut prefetch = Prefetch::start(make, 0, 3).unwrap();
        prefetch.next().unwrap().unwrap();
        // It must become 1 + 3, and stay there.
        let begin = std::time::Instant::now();
        while made.load(Ordering::SeqCst) < 4 && begin.elapsed().as_secs() < 10 {
            std::thread::yield_now();
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        assert_eq!(made.load(Ordering::SeqCst), 4);
    }

    #[test]
    fn a_panic_is_an_error_and_the_end() {
        let make = |i| {
            if i == 2 {
                panic!("batch {i}")
            } else {
                numbered(i)
            }
        };
        let mut prefetch = Prefetch::start(make, 1, 2).unwrap();
        assert!(prefetch.next().unwrap().is_ok());
        let error = prefetch.next().unwrap().unwrap_err();
        assert!(error.to_string().contains("batch 2"), "{error}");
        assert!(prefetch.next().is_none());
    }

    #[test]
    fn an_error_is_the_end() {
        let make = |i| match i {
            2 => Err(Error::Stopped),
            i => numbered(i),
        };
        let mut prefetch = Prefetch::start(make, 1, 2).unwrap();
        assert!(prefetch.next().unwrap().is_ok());
        assert!(prefetch.next().unwrap().unwrap_err().is_stopped());
        assert!(prefetch.next().is_none());
    }

    #[test]
    fn dropping_it_ends_the_thread() {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let make = move |i| {
            let _held = &held;
            numbered(i)
        };
        let prefetch = Prefetch::start(make, 0, 4).unwrap();
        drop(prefetch);
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
