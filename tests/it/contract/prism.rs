//! Prism as a child process, and a tee that keeps the flaws it finds in our requests.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// Prism took over a minute on a busy machine of two cores.
const READY: Duration = Duration::from_mins(2);

/// One at a time: two of them starting at once on a small machine take longer than both in turn.
static STARTING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/servers/prism.sh")
}

/// Returns the description to judge by; `None`, loudly, where Prism is missing. `$BURSAR_SPECS_DIR` holds other
/// descriptions of the same names, such as FDX's own, which may not be passed on.
pub(super) fn spec(version: &str) -> Option<PathBuf> {
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/contract/fdx");
    let dir = std::env::var_os("BURSAR_SPECS_DIR").map_or_else(own, PathBuf::from);
    let file = dir.join(format!("fdx-{version}-contract.json"));
    let missing = if !file.is_file() {
        Some(format!("{} is not there", file.display()))
    } else if !Command::new(script())
        .arg("check")
        .status()
        .is_ok_and(|status| status.success())
    {
        Some("Prism is not installed".to_owned())
    } else {
        None
    };
    let Some(missing) = missing else {
        return Some(file);
    };
    assert!(
        std::env::var_os("BURSAR_REQUIRE_SERVERS").is_none() && std::env::var_os("CI").is_none(),
        "the contract gate cannot run: {missing}"
    );
    eprintln!("\n*** SKIPPED: the contract gate for FDX {version}: {missing} ***\n");
    None
}

/// A running Prism; killed when dropped.
pub(super) struct Prism {
    pub(super) url: String,
    child: Child,
}

impl Drop for Prism {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Prism {
    pub(super) async fn mock(spec: &std::path::Path) -> Self {
        let port = free_port();
        let mut command = Command::new(script());
        command.arg("mock").arg(spec).arg(port.to_string());
        Self::start(command, port).await
    }

    pub(super) async fn proxy(spec: &std::path::Path, upstream: &str) -> Self {
        let port = free_port();
        let mut command = Command::new(script());
        command
            .arg("proxy")
            .arg(spec)
            .arg(upstream)
            .arg(port.to_string());
        Self::start(command, port).await
    }

    async fn start(mut command: Command, port: u16) -> Self {
        let _turn = STARTING.lock().await;
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (listening, ready) = oneshot::channel();
        // Reads to the end, so that what Prism prints later does not fill the pipe.
        std::thread::spawn(move || {
            let mut listening = Some(listening);
            for line in lines.map_while(Result::ok) {
                if line.contains("Prism is listening")
                    && let Some(listening) = listening.take()
                {
                    listening.send(()).ok();
                }
            }
        });
        let running = Self {
            url: format!("http://127.0.0.1:{port}/"),
            child,
        };
        tokio::time::timeout(READY, ready)
            .await
            .expect("Prism did not start in time")
            .expect("Prism ended while it started");
        running
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[derive(Default)]
struct Kept {
    calls: usize,
    violations: Vec<String>,
}

#[derive(Clone)]
struct Wire {
    client: reqwest::Client,
    to: String,
    kept: Arc<Mutex<Kept>>,
}

/// Passes requests on and keeps `sl-violations`.
pub(super) struct Tee {
    pub(super) url: String,
    kept: Arc<Mutex<Kept>>,
}

impl Tee {
    pub(super) async fn start(to: &str) -> Self {
        bursar::bank::http::install_crypto_provider();
        let kept = Arc::new(Mutex::new(Kept::default()));
        let wire = Wire {
            client: reqwest::Client::builder()
                .tls_certs_only([])
                .no_proxy()
                .build()
                .unwrap(),
            to: to.trim_end_matches('/').to_owned(),
            kept: kept.clone(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = Router::new().fallback(pass).with_state(wire);
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, kept }
    }

    pub(super) fn calls(&self) -> usize {
        self.kept.lock().unwrap().calls
    }

    /// Flaws of our requests; flaws of Prism's own made-up answers say nothing about us.
    pub(super) fn request_violations(&self) -> Vec<String> {
        self.kept.lock().unwrap().violations.clone()
    }
}

async fn pass(State(wire): State<Wire>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().unwrap().as_str().to_owned();
    let mut headers = parts.headers;
    headers.remove("host");
    let answer = wire
        .client
        .request(parts.method.clone(), format!("{}{path}", wire.to))
        .headers(headers)
        .body(to_bytes(body, usize::MAX).await.unwrap())
        .send()
        .await
        .unwrap();
    {
        let mut kept = wire.kept.lock().unwrap();
        kept.calls += 1;
        if let Some(violations) = answer.headers().get("sl-violations") {
            let all: Vec<serde_json::Value> =
                serde_json::from_slice(violations.as_bytes()).unwrap();
            for violation in all {
                if violation["location"][0] == "request" {
                    kept.violations
                        .push(format!("{} {path}: {violation}", parts.method));
                }
            }
        }
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = answer.status();
    *response.body_mut() = Body::from(answer.bytes().await.unwrap());
    response
}
