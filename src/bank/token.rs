//! The simulator's tokens: a machine grant at its own OAuth server, kept until shortly before they end.
//!
//! Tokens a customer granted come from account linking, not from here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, Url};
use secrecy::SecretString;
use serde::Deserialize;

use super::http::{Answer, HttpClient, Request};
use super::model::{Connection, Subject};
use super::{BankError, TokenSource};
use crate::clock::SharedClock;

/// Nobody is linked: every call says that the connection must be made. For banks whose customers sign in
/// themselves, until a link page brings their tokens.
#[derive(Debug, Clone, Copy, Default)]
pub struct NotLinked;

#[async_trait]
impl TokenSource for NotLinked {
    async fn access_token(&self, _: &Connection) -> Result<SecretString, BankError> {
        Err(BankError::ConsentExpired)
    }

    async fn refused(&self, _: &Connection) {}
}

/// A token is renewed so long before it ends, so that it does not end on its way.
const MARGIN: SignedDuration = SignedDuration::from_secs(30);

/// Subjects whose tokens are kept; a token is cheap to have again.
const MOST_SUBJECTS: usize = 4096;

/// What the simulator accepts from its own link. No secret: the simulator listens on loopback.
const CLIENT_ID: &str = "bursar";
const CLIENT_SECRET: &str = "simulator-only";

struct Kept {
    token: SecretString,
    until: Timestamp,
}

/// One subject's place; held while its token is fetched, so that parallel calls fetch one.
type Place = Arc<tokio::sync::Mutex<Option<Kept>>>;

/// The token source of the simulator's link.
pub struct SimulatorTokens {
    http: Arc<HttpClient>,
    endpoint: Url,
    clock: SharedClock,
    places: Mutex<HashMap<Subject, Place>>,
}

#[derive(Deserialize)]
struct WireToken {
    access_token: String,
    #[serde(default)]
    expires_in: Option<i64>,
}

/// The token endpoint's answer is none.
#[derive(Debug, thiserror::Error)]
#[error("the token endpoint's answer cannot be read")]
struct BadAnswer;

impl SimulatorTokens {
    /// Asks at `endpoint`.
    pub fn new(http: Arc<HttpClient>, endpoint: Url, clock: SharedClock) -> Self {
        Self {
            http,
            endpoint,
            clock,
            places: Mutex::default(),
        }
    }

    fn place(&self, subject: &Subject) -> Place {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MOST_SUBJECTS && !places.contains_key(subject) {
            places.clear();
        }
        Arc::clone(places.entry(subject.clone()).or_default())
    }

    async fn fetch(&self, connection: &Connection) -> Result<Kept, BankError> {
        // The encoder of query strings writes form bodies too.
        let mut form = self.endpoint.clone();
        form.query_pairs_mut()
            .clear()
            .append_pair("grant_type", "client_credentials")
            .append_pair("client_id", CLIENT_ID)
            .append_pair("client_secret", CLIENT_SECRET)
            .append_pair("subject", connection.subject.as_str());
        let body = form.query().unwrap_or_default().to_owned();
        let request = Request {
            // A token more does no harm.
            repeatable: true,
            ..Request::write("token", Method::POST, self.endpoint.clone())
        }
        .body("application/x-www-form-urlencoded", body);
        let wire = self
            .http
            .call(Some(connection.conversation), request, |answer| {
                read_token(&answer)
            })
            .await?;
        let life = SignedDuration::from_secs(wire.expires_in.unwrap_or(60)) - MARGIN;
        Ok(Kept {
            token: SecretString::from(wire.access_token),
            until: self
                .clock
                .now()
                .saturating_add(life)
                .unwrap_or(Timestamp::MAX),
        })
    }
}

fn read_token(answer: &Answer) -> Result<WireToken, BankError> {
    match answer.status.as_u16() {
        200 => serde_json::from_slice(&answer.body)
            .map_err(|_| BankError::Unexpected(Some(Box::new(BadAnswer)))),
        // `invalid_grant`: the customer is not linked any more.
        400 => Err(BankError::ConsentExpired),
        // `invalid_client` is our mistake and nothing the customer can mend by linking again.
        401 => Err(BankError::Forbidden),
        _ => Err(answer.status_error()),
    }
}

#[async_trait]
impl TokenSource for SimulatorTokens {
    async fn access_token(&self, connection: &Connection) -> Result<SecretString, BankError> {
        let place = self.place(&connection.subject);
        let mut kept = place.lock().await;
        if let Some(kept) = kept.as_ref()
            && kept.until > self.clock.now()
        {
            return Ok(kept.token.clone());
        }
        let fresh = self.fetch(connection).await?;
        let token = fresh.token.clone();
        *kept = Some(fresh);
        Ok(token)
    }

    async fn refused(&self, connection: &Connection) {
        let place = self.place(&connection.subject);
        *place.lock().await = None;
    }
}
