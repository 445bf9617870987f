//! The Send API: our messages in Meta's form, and Meta's answers in ours (platform sections 3 and 4).
//!
//! Neither tokens nor texts are logged; what Meta needs to find a call again (`fbtrace_id`) is.

mod errors;
mod usage;
pub mod wire;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::{StatusCode, Url, multipart, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::bank::http::install_crypto_provider;
use crate::channel::{Delivered, Outgoing, Outlet, SendError};
use crate::config::{Messenger, PageConfig};
use crate::message::{Mid, PageId, Psid};

use errors::{GraphError, classify};
use wire::Prepared;

/// The Page Inbox's app id (platform 8.3).
pub const PAGE_INBOX: &str = "263902037430900";

/// How long Meta may take. A picture needs three calls, and the outbox leases a send for 30 s.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Until the connection stands.
    pub connect: Duration,
    /// One call, from its first byte to the answer's last.
    pub call: Duration,
    /// A sender action, which nobody waits for.
    pub action: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            call: Duration::from_secs(9),
            action: Duration::from_secs(3),
        }
    }
}

/// An answer is a few ids; whatever is longer is not read.
const ANSWER_BYTES: usize = 64 * 1024;

/// Why the client could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// An address or token that cannot stand in a request.
    #[error("{key}: cannot be used in a request")]
    Config {
        /// The key in the configuration.
        key: &'static str,
    },
    /// No client.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
}

/// Sends for all Pages.
pub struct SendApi {
    client: reqwest::Client,
    limits: Limits,
    inbox_app_id: String,
    by_page: HashMap<PageId, Edges>,
    any: Option<Edges>,
}

/// A Page's addresses, its proof in each, and its token.
struct Edges {
    messages: Url,
    attachments: Url,
    pass_thread: Url,
    authorization: HeaderValue,
}

#[derive(Deserialize)]
struct Sent {
    message_id: Option<String>,
    recipient_id: Option<String>,
}

#[derive(Deserialize)]
struct Uploaded {
    attachment_id: String,
}

#[derive(Deserialize)]
struct Passed {
    // Meta's samples show both `true` and `"true"`.
    success: serde_json::Value,
}

/// An answer of 2xx, read within the limit.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: BytesMut,
}

impl Answer {
    /// Reads it; what is not of the form may have gone out all the same.
    fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, SendError> {
        serde_json::from_slice(&self.body)
            .map_err(|_| self.fail(GraphError::read(&self.body).as_ref()))
    }

    fn fail(&self, error: Option<&GraphError>) -> SendError {
        let class = classify(self.status, &self.headers, error);
        tracing::warn!(
            http.status = self.status.as_u16(),
            graph.code = error.map(|error| error.code),
            graph.subcode = error.and_then(|error| error.subcode),
            graph.trace = error.and_then(|error| error.trace.as_deref()),
            send.error = %class,
            "the Send API refused a call"
        );
        class
    }
}

impl SendApi {
    /// Sets up the client. Pages without an id share one token and are addressed as `me`.
    pub fn new(
        messenger: &Messenger,
        pages: &[PageConfig],
        limits: Limits,
    ) -> Result<Self, SetupError> {
        install_crypto_provider();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(limits.connect)
            .timeout(limits.call)
            .pool_idle_timeout(Duration::from_mins(1))
            .redirect(redirect::Policy::none())
            .user_agent(concat!("bursar/", env!("CARGO_PKG_VERSION")));
        builder = if messenger.graph_base_url.starts_with("http:") {
            // The configuration takes plain http on loopback only: no roots to load, no proxy between.
            builder.tls_certs_only([]).no_proxy()
        } else {
            builder.tls_version_min(reqwest::tls::Version::TLS_1_2)
        };
        let mut by_page = HashMap::new();
        let mut any = None;
        for page in pages {
            let edges = Edges::new(messenger, page)?;
            match &page.id {
                Some(id) => {
                    by_page.insert(id.clone(), edges);
                }
                None => any = Some(edges),
            }
        }
        Ok(Self {
            client: builder.build().map_err(SetupError::Client)?,
            limits,
            inbox_app_id: PAGE_INBOX.to_owned(),
            by_page,
            any,
        })
    }

    /// Hands threads over to another app than the Page Inbox.
    #[must_use]
    pub fn hand_over_to(mut self, app_id: impl Into<String>) -> Self {
        self.inbox_app_id = app_id.into();
        self
    }

    /// Marks what the customer wrote as read. Best effort.
    pub async fn mark_seen(&self, page: &PageId, psid: &Psid) {
        self.action(page, psid, "mark_seen").await;
    }

    fn edges(&self, page: &PageId) -> Result<&Edges, SendError> {
        self.by_page.get(page).or(self.any.as_ref()).ok_or_else(|| {
            tracing::error!(
                page.id = page.as_str(),
                "no token is configured for a page that has messages to send"
            );
            // Like a token that was taken away: an operator has to act.
            SendError::Configuration {
                code: 0,
                subcode: None,
            }
        })
    }

    async fn post_json(
        &self,
        edges: &Edges,
        url: &Url,
        body: &impl Serialize,
    ) -> Result<Answer, SendError> {
        let request = self.client.post(url.clone()).json(body);
        self.call(edges, request).await
    }

    async fn call(
        &self,
        edges: &Edges,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, SendError> {
        let request = request.header(AUTHORIZATION, edges.authorization.clone());
        let mut response = request.send().await.map_err(|error| lost(&error))?;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
            if body.len().saturating_add(chunk.len()) > ANSWER_BYTES {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let answer = Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
        };
        if answer.status.is_success() {
            return Ok(answer);
        }
        Err(answer.fail(GraphError::read(&answer.body).as_ref()))
    }

    async fn message(&self, edges: &Edges, body: &wire::Send<'_>) -> Result<Delivered, SendError> {
        let answer = self.post_json(edges, &edges.messages, body).await?;
        let sent: Sent = answer.read()?;
        if sent.message_id.is_none() && sent.recipient_id.is_none() {
            return Err(answer.fail(GraphError::read(&answer.body).as_ref()));
        }
        Ok(Delivered {
            mid: sent.message_id.map(Mid),
            usage_percent: usage::percent(&answer.headers),
        })
    }

    async fn upload(&self, edges: &Edges, png_base64: &str) -> Result<String, SendError> {
        let png = STANDARD
            .decode(png_base64)
            .map_err(|_| SendError::Rejected { code: None })?;
        let part = multipart::Part::bytes(png)
            .file_name("picture.png")
            .mime_str("image/png")
            .map_err(|_| SendError::Rejected { code: None })?;
        let form = multipart::Form::new()
            .text(
                "message",
                r#"{"attachment":{"type":"image","payload":{"is_reusable":true}}}"#,
            )
            .part("filedata", part);
        let request = self.client.post(edges.attachments.clone()).multipart(form);
        let answer = self.call(edges, request).await?;
        answer
            .read()
            .map(|uploaded: Uploaded| uploaded.attachment_id)
    }

    /// The words say what the picture shows, so they are the message; the picture comes after them if it can.
    async fn picture(
        &self,
        edges: &Edges,
        outgoing: Outgoing<'_>,
        mut words: wire::Send<'_>,
        png_base64: &str,
    ) -> Result<Delivered, SendError> {
        let uploaded = self.upload(edges, png_base64).await;
        let picture = uploaded.as_ref().map(|id| {
            wire::picture(&mut words, outgoing.psid, outgoing.occasion, id).map_err(refused)
        });
        let delivered = self.message(edges, &words).await?;
        let shown = match picture {
            Ok(Ok(body)) => self.message(edges, &body).await.map(drop),
            Ok(Err(error)) => Err(error),
            Err(_) => uploaded.map(drop),
        };
        if let Err(error) = shown {
            tracing::warn!(send.error = %error, "sent the words of a picture without it");
        }
        Ok(delivered)
    }

    async fn action(&self, page: &PageId, psid: &Psid, action: &'static str) {
        let Ok(edges) = self.edges(page) else { return };
        let Ok(body) = wire::action(psid, action) else {
            return;
        };
        let request = self
            .client
            .post(edges.messages.clone())
            .timeout(self.limits.action)
            .json(&body);
        if let Err(error) = self.call(edges, request).await {
            tracing::debug!(send.action = action, send.error = %error, "a sender action failed");
        }
    }
}

#[async_trait]
impl Outlet for SendApi {
    async fn send(&self, outgoing: Outgoing<'_>) -> Result<Delivered, SendError> {
        let edges = self.edges(outgoing.page)?;
        let prepared = wire::message(
            outgoing.psid,
            outgoing.occasion,
            outgoing.metadata,
            outgoing.message,
        )
        .map_err(refused)?;
        match prepared {
            Prepared::One(body) => self.message(edges, &body).await,
            Prepared::Picture { words, png_base64 } => {
                self.picture(edges, outgoing, words, png_base64).await
            }
        }
    }

    async fn typing(&self, page: &PageId, psid: &Psid) {
        self.action(page, psid, "typing_on").await;
    }

    async fn hand_over(&self, page: &PageId, psid: &Psid) -> Result<(), SendError> {
        let edges = self.edges(page)?;
        let body = wire::pass_thread(psid, &self.inbox_app_id).map_err(refused)?;
        let answer = self.post_json(edges, &edges.pass_thread, &body).await?;
        let passed: Passed = answer.read()?;
        if passed.success == true || passed.success == "true" {
            Ok(())
        } else {
            Err(answer.fail(None))
        }
    }
}

impl Edges {
    fn new(messenger: &Messenger, page: &PageConfig) -> Result<Self, SetupError> {
        let proof = messenger
            .app_secrets
            .first()
            .and_then(|secret| appsecret_proof(secret, &page.token));
        let node = page.id.as_ref().map_or("me", PageId::as_str);
        let edge = |name: &str| {
            let unusable = SetupError::Config {
                key: "messenger.graph_base_url",
            };
            let mut url = Url::parse(&messenger.graph_base_url)
                .ok()
                .filter(|url| !url.cannot_be_a_base())
                .ok_or(unusable)?;
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty()
                    .extend([messenger.graph_version.as_str(), node, name]);
            }
            if let Some(proof) = &proof {
                url.query_pairs_mut().append_pair("appsecret_proof", proof);
            }
            Ok(url)
        };
        let bearer = format!("Bearer {}", page.token.expose_secret());
        let mut authorization = HeaderValue::from_str(&bearer).map_err(|_| SetupError::Config {
            key: "messenger.page_access_token",
        })?;
        authorization.set_sensitive(true);
        Ok(Self {
            messages: edge("messages")?,
            attachments: edge("message_attachments")?,
            pass_thread: edge("pass_thread_control")?,
            authorization,
        })
    }
}

/// Proves to Graph that whoever holds the token also holds the app's secret (platform 3.1). During a
/// rotation the first secret is the current one.
pub fn appsecret_proof(secret: &SecretString, token: &SecretString) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(token.expose_secret().as_bytes());
    Some(hex::encode(mac.finalize().into_bytes()))
}

/// No whole answer came. Only where no connection stood is it sure that nothing went out.
fn lost(error: &reqwest::Error) -> SendError {
    let maybe_sent = !error.is_connect() && !error.is_builder();
    tracing::warn!(
        send.timed_out = error.is_timeout(),
        send.maybe_sent = maybe_sent,
        "no answer from the Send API"
    );
    SendError::Retry {
        code: None,
        after: None,
        maybe_sent,
    }
}

/// A message that Graph would refuse is a mistake of ours.
fn refused(limit: wire::LimitError) -> SendError {
    tracing::error!(error = %limit, "a message breaks a limit of the Send API");
    SendError::Rejected { code: None }
}

#[cfg(test)]
mod tests;
