//! Serving a listener: HTTP/1.1 with keep-alive, bounded connections, and an orderly end.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

/// Bounds on connections.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Open at once; more wait in the listener's queue.
    pub connections: usize,
    /// A connection on which no request begins and none is under way for between one and two of these is
    /// closed: it is idle, or sends its request's head a byte at a time.
    pub idle: Duration,
    /// How long requests under way may take to end once serving stops.
    pub drain: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            connections: 4096,
            idle: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

/// Header bytes of one request; Meta sends a few hundred.
const HEAD_BYTES: usize = 32 * 1024;

/// After an error that concerns all connections, such as too many open files, accepting pauses this long.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop`; then accepts nobody, lets requests under way end within the bound, and returns.
pub async fn serve(listener: TcpListener, router: Router, bounds: Bounds, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(bounds.connections));
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        let (socket, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        let connection = connection(socket, router.clone(), bounds.idle, stop.clone());
        let cut = cut.clone();
        connections.spawn(async move {
            tokio::select! {
                () = connection => {}
                () = cut.cancelled() => {}
            }
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    let ended = tokio::time::timeout(bounds.drain, connections.wait()).await;
    if ended.is_err() {
        tracing::warn!(
            http.connections = connections.len(),
            "cut connections whose requests did not end in time"
        );
        cut.cancel();
        connections.wait().await;
    }
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let place = Arc::clone(places)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (socket, _) = listener.accept().await?;
    // Answers are one small packet; waiting to fill it would cost the sender's delayed acknowledgement.
    socket.set_nodelay(true)?;
    Ok((socket, place))
}

async fn pause_after(error: &io::Error) {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};

    // One connection's trouble is over with it.
    if !matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    ) {
        tracing::error!(
            error = error as &dyn std::error::Error,
            "cannot accept connections"
        );
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Serves one connection to its end.
async fn connection(socket: TcpStream, router: Router, idle: Duration, stop: CancellationToken) {
    // One count a request begun and one a request ended: equal when none is under way.
    let begun = Arc::new(AtomicU64::new(0));
    let ended = Arc::new(AtomicU64::new(0));
    let service = {
        let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
        service_fn(move |request: hyper::Request<Incoming>| {
            begun.fetch_add(1, Ordering::Relaxed);
            let ended = Arc::clone(&ended);
            let answer = router.clone().call(request.map(Body::new));
            async move {
                let answer: Result<_, Infallible> = answer.await;
                ended.fetch_add(1, Ordering::Relaxed);
                answer
            }
        })
    };
    let served = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(socket), service);
    let mut served = pin!(served);
    // Not hyper's own time limit for heads: it sets a timer a request, this one a timer a connection.
    let mut look = pin!(tokio::time::sleep(idle));
    let mut seen = 0;
    let mut stopping = false;
    loop {
        tokio::select! {
            // An error is the peer's: it went away, or spoke something else.
            ended = served.as_mut() => {
                drop(ended);
                return;
            }
            () = look.as_mut() => {
                let now = begun.load(Ordering::Relaxed);
                if now == seen && ended.load(Ordering::Relaxed) == now {
                    return;
                }
                seen = now;
                look.as_mut().reset(tokio::time::Instant::now() + idle);
            }
            () = stop.cancelled(), if !stopping => {
                stopping = true;
                served.as_mut().graceful_shutdown();
            }
        }
    }
}

#[cfg(test)]
mod tests;
