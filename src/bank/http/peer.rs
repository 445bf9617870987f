//! A bank made of raw bytes on a real socket, for tests of what peers do wrong.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

/// What the peer does with a request.
pub(crate) enum Act {
    /// Answers properly.
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Writes these bytes and closes.
    Bytes(Vec<u8>),
    /// Writes these bytes and says nothing more.
    Hang(Vec<u8>),
    /// Writes this for as long as somebody listens.
    Endless(Vec<u8>),
}

pub(crate) fn json(status: u16, body: &str) -> Act {
    Act::Answer(
        status,
        vec![("content-type", "application/json".to_owned())],
        body.to_owned(),
    )
}

/// A listening peer; ends with the test's runtime.
pub(crate) struct Peer {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Peer {
    /// Listens; `act` gets each request and its number from 0.
    pub(crate) async fn start(act: impl Fn(&Seen, usize) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let act = Arc::new(act);
        let kept = seen.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (kept, act) = (kept.clone(), act.clone());
                tokio::spawn(async move {
                    let Some(request) = read(&mut stream).await else {
                        return;
                    };
                    let number = {
                        let mut kept = kept.lock().unwrap();
                        kept.push(request.clone());
                        kept.len() - 1
                    };
                    match act(&request, number) {
                        Act::Answer(status, headers, body) => {
                            let mut text = format!(
                                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n",
                                body.len()
                            );
                            for (name, value) in headers {
                                text = text + name + ": " + &value + "\r\n";
                            }
                            text.push_str("\r\n");
                            text.push_str(&body);
                            // The client may be gone; that is its right.
                            if stream.write_all(text.as_bytes()).await.is_ok() {
                                stream.shutdown().await.ok();
                            }
                        }
                        Act::Bytes(bytes) => {
                            stream.write_all(&bytes).await.ok();
                        }
                        Act::Hang(bytes) => {
                            stream.write_all(&bytes).await.ok();
                            std::future::pending::<()>().await;
                        }
                        Act::Endless(bytes) => while stream.write_all(&bytes).await.is_ok() {},
                    }
                });
            }
        });
        Self { url, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut chunk = [0_u8; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let mut lines = head.lines();
            let mut first = lines.next()?.split(' ');
            let seen = Seen {
                method: first.next()?.to_owned(),
                target: first.next()?.to_owned(),
                headers: lines
                    .filter_map(|line| line.split_once(": "))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
                body: body.to_owned(),
            };
            let length: usize = seen
                .header("content-length")
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                return Some(seen);
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
        }
    }
}
