//! Calls in a customer's name: the token of the connection is added, and refreshed once on 401 before
//! the consent counts as lost (`bank-apis.md` section 15).

use std::sync::Arc;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use super::{Answer, HttpClient, Request};
use crate::bank::{BankError, Connection, TokenSource};

/// A bank's client together with its base address and the source of tokens.
pub struct BearerClient {
    http: Arc<HttpClient>,
    base: Url,
    tokens: Arc<dyn TokenSource>,
}

/// A token that cannot stand in a header.
#[derive(Debug, thiserror::Error)]
#[error("the access token holds characters a header cannot carry")]
struct BadToken;

/// An id that would change the path it is put into.
#[derive(Debug, thiserror::Error)]
#[error("an id cannot be part of an address")]
struct BadSegment;

impl BearerClient {
    /// Joins client, base address and tokens.
    pub fn new(http: Arc<HttpClient>, base: Url, tokens: Arc<dyn TokenSource>) -> Self {
        Self { http, base, tokens }
    }

    /// Returns the base address.
    pub const fn base(&self) -> &Url {
        &self.base
    }

    /// Returns the address of a path below the base, each segment encoded.
    pub fn url(&self, path: &[&str]) -> Result<Url, BankError> {
        // The URL parser drops dot segments, which would turn an id of `..` into another call.
        if path.iter().any(|part| matches!(*part, "" | "." | "..")) {
            return Err(BankError::Unexpected(Some(Box::new(BadSegment))));
        }
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => {
                segments.pop_if_empty().extend(path);
            }
            Err(()) => return Err(BankError::Unexpected(Some(Box::new(BadSegment)))),
        }
        Ok(url)
    }

    /// Sends a request with the connection's token; on 401 once more with a fresh one.
    ///
    /// A write is repeated on 401 as well: a bank that refuses the token has done nothing.
    pub async fn call<T>(
        &self,
        connection: &Connection,
        request: impl Fn() -> Request + Send,
        read: impl Fn(Answer) -> Result<T, BankError> + Send,
    ) -> Result<T, BankError> {
        let token = self.tokens.access_token(connection).await?;
        let first = self
            .http
            .call(
                Some(connection.conversation),
                authorised(request(), &token)?,
                &read,
            )
            .await;
        match first {
            Err(BankError::ConsentExpired) => {
                self.tokens.refused(connection).await;
                let fresh = self.tokens.access_token(connection).await?;
                self.http
                    .call(
                        Some(connection.conversation),
                        authorised(request(), &fresh)?,
                        &read,
                    )
                    .await
            }
            other => other,
        }
    }
}

fn authorised(mut request: Request, token: &SecretString) -> Result<Request, BankError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose_secret()))
        .map_err(|_| BankError::Unexpected(Some(Box::new(BadToken))))?;
    value.set_sensitive(true);
    request.headers.insert(AUTHORIZATION, value);
    Ok(request)
}
