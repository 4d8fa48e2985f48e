//! Connections: how many there may be, and how long each may be silent.
//!
//! Whoever sends half a request, or never reads its answer, is let go of; nobody else notices.

use axum::Router;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

/// Connections that are open at once; more are closed at once.
const MOST: usize = 1024;
/// Bytes of a request's head.
const HEAD_BYTES: usize = 64 << 10;
/// How often it is looked whether the server shall end.
const LOOK: Duration = Duration::from_millis(50);
/// How long to wait when the system gives no connection (too many open files).
const PAUSE: Duration = Duration::from_millis(100);

/// Answers connections, each of which may be silent for `patience`, until `ends` says so; then waits for those that are being answered, `drain` at most.
/// Returns whether all were answered.
pub async fn accept(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    drain: Duration,
    ends: impl Fn() -> bool,
) -> bool {
    let graceful = GracefulShutdown::new();
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience)
        .max_buf_size(HEAD_BYTES);
    let places = Arc::new(Semaphore::new(MOST));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = until(&ends) => break,
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        // Tokens are sent one by one.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(patience));
        let service = TowerToHyperService::new(router.clone());
        let connection = builder.serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A connection that breaks is its client's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    tokio::time::timeout(drain, graceful.shutdown())
        .await
        .is_ok()
}

/// Returns when that is so.
async fn until(is: impl Fn() -> bool) {
    while !is() {
        tokio::time::sleep(LOOK).await;
    }
}
