//! Webhooks on their way to the bot: signed and posted in order for each person, tried again as Meta does,
//! or kept for whoever feeds them through the router itself.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::auth::hmac_hex;
use crate::message::{Mid, Psid};

/// Lanes that post at once; a person's webhooks stay in one of them and so in order.
const LANES: usize = 8;

/// Waits before the tries after the first: at once several times, then more slowly (platform 1.4).
const RETRIES_MS: [u64; 7] = [0, 50, 250, 1_000, 3_000, 10_000, 30_000];

/// Meta's deadline for an answer (platform 1.4).
const DEADLINE: Duration = Duration::from_secs(5);

/// What becomes of webhooks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Webhooks {
    /// Kept until they are taken.
    #[default]
    Kept,
    /// Not made: for load tests that look only at what is sent.
    Dropped,
    /// Posted to this address; none yet: posted once it is known.
    Posted(Option<String>),
}

/// A webhook as Meta would post it.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Whom it is about.
    pub psid: Psid,
    /// The customer's message it brings, where it brings one.
    pub mid: Option<Mid>,
    /// Event time, ms.
    pub at_ms: i64,
    /// The body, escaped as Meta escapes it.
    pub body: Bytes,
    /// `X-Hub-Signature-256`.
    pub signature: String,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({} bytes at {})", self.body.len(), self.at_ms)
    }
}

/// How far a posted webhook got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Answered 200.
    Taken,
    /// Answered otherwise or not at all; tried again.
    Refused {
        /// The status, where there was an answer.
        status: Option<u16>,
    },
    /// Given up.
    Lost,
}

/// Hears how far webhooks got.
pub(super) type Report = dyn Fn(&Webhook, Progress) + Send + Sync;

/// Delivers webhooks.
pub(super) struct Deliverer {
    mode: Mutex<Mode>,
    kept: Mutex<VecDeque<Webhook>>,
    lanes: OnceLock<Vec<mpsc::UnboundedSender<Webhook>>>,
    target: watch::Sender<Option<String>>,
    secret: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Keep,
    Drop,
    Post,
}

impl Deliverer {
    pub(super) fn new(webhooks: &Webhooks, secret: String) -> Self {
        let (mode, target) = match webhooks {
            Webhooks::Kept => (Mode::Keep, None),
            Webhooks::Dropped => (Mode::Drop, None),
            Webhooks::Posted(target) => (Mode::Post, target.clone()),
        };
        Self {
            mode: Mutex::new(mode),
            kept: Mutex::default(),
            lanes: OnceLock::new(),
            target: watch::Sender::new(target),
            secret,
        }
    }

    /// Starts the lanes; without them nothing is posted.
    pub(super) fn start(
        &self,
        client: &reqwest::Client,
        report: &Arc<Report>,
        stop: &CancellationToken,
    ) {
        self.lanes.get_or_init(|| {
            (0..LANES)
                .map(|_| {
                    let (sender, receiver) = mpsc::unbounded_channel();
                    let lane = Lane {
                        client: client.clone(),
                        target: self.target.subscribe(),
                        report: Arc::clone(report),
                    };
                    let stop = stop.clone();
                    tokio::spawn(async move {
                        tokio::select! {
                            () = lane.run(receiver) => {}
                            () = stop.cancelled() => {}
                        }
                    });
                    sender
                })
                .collect()
        });
    }

    /// Posts from now on, to this address.
    pub(super) fn post_to(&self, url: String) {
        *self.mode() = Mode::Post;
        self.target.send_replace(Some(url));
    }

    /// Whether webhooks are made at all.
    pub(super) fn wanted(&self) -> bool {
        *self.mode() != Mode::Drop
    }

    pub(super) fn sign(&self, body: &[u8]) -> String {
        format!("sha256={}", hmac_hex(&self.secret, body))
    }

    pub(super) fn push(&self, webhook: Webhook) {
        let mode = *self.mode();
        match mode {
            Mode::Drop => {}
            Mode::Keep => self.kept().push_back(webhook),
            Mode::Post => {
                let mut hasher = DefaultHasher::new();
                webhook.psid.hash(&mut hasher);
                let count = LANES as u64;
                let lane = usize::try_from(hasher.finish() % count).unwrap_or(0);
                if let Some(lane) = self.lanes.get().and_then(|lanes| lanes.get(lane)) {
                    // A closed lane belongs to a simulator that is ending.
                    drop(lane.send(webhook));
                }
            }
        }
    }

    pub(super) fn take(&self, psid: Option<&Psid>) -> Vec<Webhook> {
        let mut kept = self.kept();
        let Some(psid) = psid else {
            return kept.drain(..).collect();
        };
        let (theirs, others): (Vec<_>, Vec<_>) =
            kept.drain(..).partition(|webhook| webhook.psid == *psid);
        kept.extend(others);
        theirs
    }

    fn mode(&self) -> std::sync::MutexGuard<'_, Mode> {
        self.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, VecDeque<Webhook>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Lane {
    client: reqwest::Client,
    target: watch::Receiver<Option<String>>,
    report: Arc<Report>,
}

impl Lane {
    async fn run(mut self, mut webhooks: mpsc::UnboundedReceiver<Webhook>) {
        while let Some(webhook) = webhooks.recv().await {
            let progress = self.post(&webhook).await;
            (self.report)(&webhook, progress);
        }
    }

    /// Waits for the bot's address, which is known only once the bot listens.
    async fn target(&mut self) -> Option<String> {
        let target = self.target.wait_for(Option::is_some).await.ok()?;
        target.clone()
    }

    async fn post(&mut self, webhook: &Webhook) -> Progress {
        for wait in std::iter::once(None).chain(RETRIES_MS.into_iter().map(Some)) {
            if let Some(ms) = wait {
                tokio::time::sleep(Duration::from_millis(ms)).await;
            }
            let Some(url) = self.target().await else {
                return Progress::Lost;
            };
            let answer = self
                .client
                .post(url)
                .timeout(DEADLINE)
                .header("content-type", "application/json")
                .header("x-hub-signature-256", &webhook.signature)
                .body(webhook.body.clone())
                .send()
                .await;
            match answer {
                Ok(answer) if answer.status().as_u16() == 200 => return Progress::Taken,
                Ok(answer) => (self.report)(
                    webhook,
                    Progress::Refused {
                        status: Some(answer.status().as_u16()),
                    },
                ),
                Err(_) => (self.report)(webhook, Progress::Refused { status: None }),
            }
        }
        Progress::Lost
    }
}

/// Makes the client that posts: to loopback mostly, so without proxy and without foreign roots.
pub(super) fn client() -> Result<reqwest::Client, reqwest::Error> {
    // Somebody else may have set a provider; any is good.
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .connect_timeout(DEADLINE)
        .build()
}
