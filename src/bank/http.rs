//! The HTTP client all adapters share: time limits, a response limit, an allow-list of hosts, retries
//! of what may be repeated, and a word to the [`CallObserver`] after each call.
//!
//! It knows nothing of any bank's bodies: an adapter builds a [`Request`] and reads the [`Answer`].
//! It never logs bodies, addresses (they hold account ids) or tokens.

pub mod bearer;
pub mod hosts;
pub mod observe;
#[cfg(test)]
pub(crate) mod peer;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, StatusCode, Url, redirect};
use uuid::Uuid;

use super::{BankError, BankId};
use crate::message::ConversationId;
pub use bearer::BearerClient;
pub use hosts::{AddressError, AllowedHosts};
pub use observe::{CallObserver, NoObserver, ObservedCall};

/// The header that names one call on both sides (FAPI).
pub const INTERACTION_ID: HeaderName = HeaderName::from_static("x-fapi-interaction-id");

/// A bank that asks for a longer pause is not believed: an hour of silence is worth a new try.
const LONGEST_RETRY_AFTER: Duration = Duration::from_mins(1);

/// Redirects inside one host that are followed; more is a loop.
const REDIRECTS: usize = 3;

/// How long and how much an adapter waits for and reads (`bank-apis.md` 3.5).
#[derive(Debug, Clone)]
pub struct HttpLimits {
    /// Until the connection stands.
    pub connect: Duration,
    /// From the first byte sent to the last byte read, for one attempt.
    pub total: Duration,
    /// Bytes of a response body.
    pub response_bytes: usize,
    /// Attempts of a repeatable call.
    pub tries: usize,
    /// Before the second attempt; doubled for each further one, with jitter.
    pub first_wait: Duration,
    /// The longest pause made inside a call. A bank that asks for more gets its pause from the
    /// caller, which can tell the customer instead of holding them.
    pub longest_wait: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(20),
            response_bytes: 10 * 1024 * 1024,
            tries: 3,
            first_wait: Duration::from_millis(150),
            longest_wait: Duration::from_secs(2),
        }
    }
}

/// What is sent, short of what the client adds (interaction id, time limits).
pub struct Request {
    /// A fixed name for metrics.
    pub operation: &'static str,
    /// The method.
    pub method: Method,
    /// The full address.
    pub url: Url,
    /// Headers, the token among them.
    pub headers: HeaderMap,
    /// The body, the same bytes at every attempt.
    pub body: Option<Bytes>,
    /// Whether it may be sent again after a failure. Reads only: what changes something is repeated
    /// by `commands`, which knows how (design 2.2).
    pub repeatable: bool,
}

impl Request {
    /// Reads something; may be repeated.
    pub fn get(operation: &'static str, url: Url) -> Self {
        Self {
            operation,
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            body: None,
            repeatable: true,
        }
    }

    /// Changes something; sent once.
    pub fn write(operation: &'static str, method: Method, url: Url) -> Self {
        Self {
            operation,
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            repeatable: false,
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets the body and its type.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.insert(
            reqwest::header::CONTENT_TYPE,
            HeaderValue::from_static(content_type),
        );
        self.body = Some(body.into());
        self
    }
}

/// What came back, whatever its status.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, within the limit.
    pub body: Bytes,
}

impl Answer {
    /// Returns how long the bank wants to be left alone, clamped to a minute.
    ///
    /// Only the form in seconds is read; the form with a date would need both clocks to agree.
    pub fn retry_after(&self) -> Option<Duration> {
        let seconds: u64 = self
            .headers
            .get(RETRY_AFTER)?
            .to_str()
            .ok()?
            .trim()
            .parse()
            .ok()?;
        Some(Duration::from_secs(seconds).min(LONGEST_RETRY_AFTER))
    }

    /// Maps a status alone, for answers whose body says nothing more (`bank-apis.md` section 15).
    pub fn status_error(&self) -> BankError {
        match self.status.as_u16() {
            401 => BankError::ConsentExpired,
            402 | 403 => BankError::Forbidden,
            404 | 410 => BankError::NotFound,
            429 => BankError::RateLimited {
                retry_after: self.retry_after(),
            },
            408 | 500..=599 => BankError::Unavailable(Some(Box::new(Refusal(self.status)))),
            _ => BankError::Unexpected(Some(Box::new(Refusal(self.status)))),
        }
    }
}

/// A status that was no success, as the source of an error.
#[derive(Debug, thiserror::Error)]
#[error("the bank answered {0}")]
pub struct Refusal(pub StatusCode);

/// Why no whole answer came.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// No connection came about: nothing was sent.
    #[error("no connection to the bank")]
    NotConnected(#[source] reqwest::Error),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection ended early.
    #[error("the connection ended early")]
    Broken(#[source] reqwest::Error),
    /// More than the limit.
    #[error("the answer is larger than the limit")]
    TooLarge,
    /// A redirect to another host, or in circles.
    #[error("the bank redirects elsewhere")]
    Redirected,
    /// The address may not be called: nothing was sent.
    #[error(transparent)]
    Address(#[from] AddressError),
}

impl NetworkError {
    /// Tells whether no byte of the request left.
    pub const fn nothing_was_sent(&self) -> bool {
        matches!(self, Self::NotConnected(_) | Self::Address(_))
    }

    fn from_reqwest(error: reqwest::Error) -> Self {
        // The address would put account ids into logs.
        let error = error.without_url();
        if error.is_redirect() {
            Self::Redirected
        } else if error.is_connect() {
            Self::NotConnected(error)
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Broken(error)
        }
    }
}

impl From<NetworkError> for BankError {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::NotConnected(_) | NetworkError::TimedOut | NetworkError::Broken(_) => {
                Self::Unavailable(Some(Box::new(error)))
            }
            NetworkError::TooLarge | NetworkError::Redirected | NetworkError::Address(_) => {
                Self::Unexpected(Some(Box::new(error)))
            }
        }
    }
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up")]
pub struct ClientError(#[source] reqwest::Error);

/// One attempt that may be worth another.
enum Failure {
    Network(NetworkError),
    Status(Answer),
}

/// The client of one bank.
pub struct HttpClient {
    client: reqwest::Client,
    bank: BankId,
    hosts: AllowedHosts,
    limits: HttpLimits,
    observer: Arc<dyn CallObserver>,
}

/// Installs the process's TLS provider, once; later calls change nothing.
pub fn install_crypto_provider() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // An error means that another part of the process chose a provider first, which is as good.
        if rustls::crypto::ring::default_provider()
            .install_default()
            .is_err()
        {
            tracing::debug!("a TLS provider is already installed");
        }
    });
}

impl HttpClient {
    /// Makes the client of the bank whose base address is given; further hosts are added by
    /// [`AllowedHosts::allow`].
    pub fn new(
        bank: BankId,
        base: &Url,
        limits: HttpLimits,
        observer: Arc<dyn CallObserver>,
    ) -> Result<Self, ClientError> {
        install_crypto_provider();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .redirect(redirect::Policy::custom(|attempt| {
                let inside = attempt
                    .previous()
                    .first()
                    .is_some_and(|from| hosts::same_origin(from, attempt.url()));
                if inside && attempt.previous().len() <= REDIRECTS {
                    attempt.follow()
                } else {
                    attempt.error(AddressError::ForeignHost)
                }
            }))
            .user_agent(concat!("bursar/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // Loopback in clear: no roots to load (they cost start-up time and need not exist on a
            // bare machine) and no proxy of the environment in between.
            builder = builder.tls_certs_only([]).no_proxy();
        } else {
            builder = builder.tls_version_min(reqwest::tls::Version::TLS_1_2);
        }
        let hosts = AllowedHosts::default();
        if let Err(error) = hosts.allow(base) {
            tracing::warn!(bank.id = %bank.0, "the bank's address is not usable: {error}");
        }
        Ok(Self {
            client: builder.build().map_err(ClientError)?,
            bank,
            hosts,
            limits,
            observer,
        })
    }

    /// Returns the hosts it may call.
    pub const fn hosts(&self) -> &AllowedHosts {
        &self.hosts
    }

    /// Sends a request, repeats it where that is allowed, reads the answer with `read`, and tells
    /// the observer.
    ///
    /// `read` gets answers of every status.
    pub async fn call<T>(
        &self,
        conversation: Option<ConversationId>,
        request: Request,
        read: impl FnOnce(Answer) -> Result<T, BankError>,
    ) -> Result<T, BankError> {
        let began = Instant::now();
        let attempts = AtomicU32::new(0);
        let interaction = Mutex::new(Uuid::nil());
        let mut status = None;
        let result = match self.answer(&request, &attempts, &interaction).await {
            Ok(answer) => {
                status = Some(answer.status.as_u16());
                read(answer)
            }
            Err(error) => Err(BankError::from(error)),
        };
        let call = ObservedCall {
            bank: self.bank.clone(),
            conversation,
            operation: request.operation,
            outcome: result.as_ref().map_or_else(BankError::name, |_| "ok"),
            status,
            attempts: attempts.load(Ordering::Relaxed),
            duration: began.elapsed(),
            interaction: *interaction.lock().unwrap_or_else(PoisonError::into_inner),
        };
        tracing::debug!(
            bank.id = %call.bank.0,
            bank.operation = call.operation,
            bank.outcome = call.outcome,
            bank.attempts = call.attempts,
            bank.interaction = %call.interaction,
            http.status = call.status,
            "Called the bank"
        );
        self.observer.observe(&call);
        result
    }

    async fn answer(
        &self,
        request: &Request,
        attempts: &AtomicU32,
        interaction: &Mutex<Uuid>,
    ) -> Result<Answer, NetworkError> {
        self.hosts.check(&request.url)?;
        let schedule = ExponentialBuilder::default()
            .with_min_delay(self.limits.first_wait)
            .with_max_delay(self.limits.longest_wait)
            .with_max_times(self.limits.tries.saturating_sub(1))
            .with_jitter();
        let outcome = (|| async {
            attempts.fetch_add(1, Ordering::Relaxed);
            let id = Uuid::new_v4();
            *interaction.lock().unwrap_or_else(PoisonError::into_inner) = id;
            self.attempt(request, id).await
        })
        .retry(schedule)
        .when(|failure| request.repeatable && self.worth_another(failure))
        .adjust(|failure, wait| {
            let asked = match failure {
                Failure::Status(answer) => answer.retry_after(),
                Failure::Network(_) => None,
            };
            // `None` ends the tries, so it must stay `None`.
            wait.map(|wait| asked.unwrap_or(wait))
        })
        .await;
        match outcome {
            Ok(answer) | Err(Failure::Status(answer)) => Ok(answer),
            Err(Failure::Network(error)) => Err(error),
        }
    }

    fn worth_another(&self, failure: &Failure) -> bool {
        match failure {
            Failure::Status(answer) => answer
                .retry_after()
                .is_none_or(|after| after <= self.limits.longest_wait),
            // A bank that was silent for the whole time limit is not asked again at once.
            Failure::Network(NetworkError::NotConnected(_) | NetworkError::Broken(_)) => true,
            Failure::Network(_) => false,
        }
    }

    async fn attempt(&self, request: &Request, interaction: Uuid) -> Result<Answer, Failure> {
        let answer = self
            .send(request, interaction)
            .await
            .map_err(Failure::Network)?;
        match answer.status.as_u16() {
            429 | 502 | 503 | 504 => Err(Failure::Status(answer)),
            _ => Ok(answer),
        }
    }

    async fn send(&self, request: &Request, interaction: Uuid) -> Result<Answer, NetworkError> {
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .header(INTERACTION_ID, interaction.to_string());
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let mut response = builder.send().await.map_err(NetworkError::from_reqwest)?;
        let limit = self.limits.response_bytes;
        let announced = response
            .content_length()
            .map_or(0, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if announced > limit {
            return Err(NetworkError::TooLarge);
        }
        let mut body = BytesMut::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(NetworkError::from_reqwest)? {
            // Checked before it is kept: an endless body without a length stops here.
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(NetworkError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body: body.freeze(),
        })
    }
}
