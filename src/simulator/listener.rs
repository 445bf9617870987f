//! Serves a simulator's router over HTTP/1, and can close a connection in place of answering.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

/// Marks a response that must not be sent: the connection is closed instead.
#[derive(Debug, Clone, Copy)]
pub(in crate::simulator) struct Cut;

/// Open calls get so long to finish at the end; hanging ones never do.
const GRACE: Duration = Duration::from_millis(500);

/// A pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A served router. Dropping it stops it at once.
pub(in crate::simulator) struct Served {
    address: SocketAddr,
    stopping: CancellationToken,
    cutting: CancellationToken,
    tasks: TaskTracker,
}

impl Served {
    /// Serves `router` on a listener.
    pub(super) fn start(listener: TcpListener, router: Router) -> io::Result<Self> {
        let this = Self {
            address: listener.local_addr()?,
            stopping: CancellationToken::new(),
            cutting: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        this.tasks.spawn(accept(
            listener,
            router,
            this.tasks.clone(),
            this.stopping.clone(),
            this.cutting.clone(),
        ));
        Ok(this)
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// A token that is cancelled when this ends, for work that goes on beside the calls.
    pub(super) const fn stopping(&self) -> &CancellationToken {
        &self.stopping
    }

    /// Stops accepting, lets open calls finish for a moment, and ends.
    pub(super) async fn stop(self) {
        self.stopping.cancel();
        self.tasks.close();
        if tokio::time::timeout(GRACE, self.tasks.wait())
            .await
            .is_err()
        {
            self.cutting.cancel();
            self.tasks.wait().await;
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.cutting.cancel();
    }
}

async fn accept(
    listener: TcpListener,
    router: Router,
    tasks: TaskTracker,
    stopping: CancellationToken,
    cutting: CancellationToken,
) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file handles, most likely; they come back when calls end.
                    tracing::warn!("a simulator cannot accept: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
            () = stopping.cancelled() => return,
        };
        tasks.spawn(connection(
            stream,
            router.clone(),
            stopping.clone(),
            cutting.clone(),
        ));
    }
}

async fn connection(
    stream: TcpStream,
    router: Router,
    stopping: CancellationToken,
    cutting: CancellationToken,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("no TCP_NODELAY: {error}");
    }
    let service = service_fn(move |request: Request<Incoming>| respond(router.clone(), request));
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        // An error is a client that went away or a fault that cut the line; both are as wanted.
        _ = serving.as_mut() => return,
        () = cutting.cancelled() => return,
        () = stopping.cancelled() => serving.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = serving.as_mut() => {}
        () = cutting.cancelled() => {}
    }
}

async fn respond(router: Router, request: Request<Incoming>) -> Result<Response, io::Error> {
    let response = match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    if response.extensions().get::<Cut>().is_some() {
        let kind = io::ErrorKind::ConnectionAborted;
        return Err(io::Error::new(kind, "closed on purpose"));
    }
    Ok(response)
}
