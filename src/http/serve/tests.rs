use std::net::SocketAddr;

use axum::body::Bytes;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;

struct World {
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
    release: Arc<Notify>,
}

/// `/quick` answers at once, `/slow` when it is released.
async fn world(bounds: Bounds) -> World {
    let release = Arc::new(Notify::new());
    let wait = Arc::clone(&release);
    let router = Router::new()
        .route(
            "/quick",
            post(|body: Bytes| async move { body.len().to_string() }),
        )
        .route(
            "/slow",
            get(move || async move {
                wait.notified().await;
                "released"
            }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(serve(listener, router, bounds, stop.clone()));
    World {
        address,
        stop,
        serving,
        release,
    }
}

async fn write(socket: &mut TcpStream, text: &str) {
    socket.write_all(text.as_bytes()).await.unwrap();
}

async fn read_until(socket: &mut TcpStream, end: &str) -> String {
    let mut all = Vec::new();
    let mut piece = [0; 1024];
    loop {
        let length = socket.read(&mut piece).await.unwrap_or(0);
        all.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&all).into_owned();
        if length == 0 || text.contains(end) {
            return text;
        }
    }
}

const QUICK: &str = "POST /quick HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello";

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let world = world(Bounds::default()).await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    for _ in 0..3 {
        write(&mut socket, QUICK).await;
        let answer = read_until(&mut socket, "\r\n\r\n5").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    }
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut_off() {
    let world = world(Bounds {
        idle: Duration::from_millis(20),
        ..Bounds::default()
    })
    .await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    write(&mut socket, "POST /quick HTTP/1.1\r\nhost: ").await;
    assert_eq!(read_until(&mut socket, "never").await, "");
}

#[tokio::test]
async fn a_request_that_takes_its_time_is_not_idle() {
    let world = world(Bounds {
        idle: Duration::from_millis(5),
        ..Bounds::default()
    })
    .await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    write(&mut socket, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // Several looks later it is still served. A wait for something not to happen has no event to wait on.
    let early = tokio::time::timeout(Duration::from_millis(60), read_until(&mut socket, "x"));
    assert!(early.await.is_err());
    world.release.notify_one();
    assert!(read_until(&mut socket, "released").await.contains("200 OK"));
}

#[tokio::test]
async fn stopping_accepts_nobody_and_lets_requests_end() {
    let world = world(Bounds::default()).await;
    let mut busy = TcpStream::connect(world.address).await.unwrap();
    let mut idle = TcpStream::connect(world.address).await.unwrap();
    write(&mut idle, QUICK).await;
    read_until(&mut idle, "\r\n\r\n5").await;
    write(&mut busy, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // One more round trip on another connection, so that the slow request has surely been read.
    write(&mut idle, QUICK).await;
    read_until(&mut idle, "\r\n\r\n5").await;
    world.stop.cancel();
    assert_eq!(read_until(&mut idle, "never").await, "");
    world.release.notify_one();
    let answer = read_until(&mut busy, "released").await;
    assert!(
        answer.contains("200 OK") && answer.contains("connection: close"),
        "{answer}"
    );
    world.serving.await.unwrap();
    assert!(TcpStream::connect(world.address).await.is_err());
}

#[tokio::test]
async fn requests_that_do_not_end_are_cut_after_a_while() {
    let world = world(Bounds {
        drain: Duration::from_millis(20),
        ..Bounds::default()
    })
    .await;
    let mut busy = TcpStream::connect(world.address).await.unwrap();
    write(&mut busy, "GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut other = TcpStream::connect(world.address).await.unwrap();
    write(&mut other, QUICK).await;
    read_until(&mut other, "\r\n\r\n5").await;
    world.stop.cancel();
    world.serving.await.unwrap();
    assert_eq!(read_until(&mut busy, "never").await, "");
}

#[tokio::test]
async fn more_connections_than_places_wait_for_one() {
    let world = world(Bounds {
        connections: 1,
        ..Bounds::default()
    })
    .await;
    let mut first = TcpStream::connect(world.address).await.unwrap();
    write(&mut first, QUICK).await;
    read_until(&mut first, "\r\n\r\n5").await;
    let mut second = TcpStream::connect(world.address).await.unwrap();
    write(&mut second, QUICK).await;
    drop(first);
    let answer = read_until(&mut second, "\r\n\r\n5").await;
    assert!(answer.contains("200 OK"));
}

#[tokio::test]
async fn what_is_no_http_ends_that_connection_only() {
    let world = world(Bounds::default()).await;
    let mut odd = TcpStream::connect(world.address).await.unwrap();
    write(&mut odd, "\x16\x03\x01 no http\r\n\r\n").await;
    read_until(&mut odd, "never").await;
    let mut socket = TcpStream::connect(world.address).await.unwrap();
    write(&mut socket, QUICK).await;
    assert!(
        read_until(&mut socket, "\r\n\r\n5")
            .await
            .contains("200 OK")
    );
}
