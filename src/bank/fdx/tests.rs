//! The adapter on recorded answers and against peers that answer on real sockets.

mod commands;
mod papers;
mod story;
mod trouble;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::{Fdx, Settings};
use crate::bank::http::hosts::parse_base;
use crate::bank::http::peer::Peer;
use crate::bank::http::{BearerClient, HttpClient, HttpLimits, NoObserver};
use crate::bank::model::{AccountId, Connection, DateRange, Subject};
use crate::bank::{BankError, BankId, TokenSource};
use crate::message::ConversationId;

/// Hands out `token-0`, and the next one after each refusal.
#[derive(Default)]
struct Tokens(AtomicUsize);

#[async_trait]
impl TokenSource for Tokens {
    async fn access_token(&self, _: &Connection) -> Result<SecretString, BankError> {
        let number = self.0.load(Ordering::SeqCst);
        Ok(SecretString::from(format!("token-{number}")))
    }

    async fn refused(&self, _: &Connection) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn settings() -> Settings {
    Settings::new("Bank", TimeZone::get("America/New_York").unwrap())
}

fn adapter(peer: &Peer, settings: Settings) -> Fdx {
    let base = parse_base(&format!("{}fdx/v6", peer.url)).unwrap();
    let limits = HttpLimits {
        total: Duration::from_secs(5),
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(20),
        ..HttpLimits::default()
    };
    let http = HttpClient::new(BankId("main".into()), &base, limits, Arc::new(NoObserver));
    let client = BearerClient::new(Arc::new(http.unwrap()), base, Arc::new(Tokens::default()));
    Fdx::new(client, settings)
}

fn connection() -> Connection {
    Connection::new(
        ConversationId([1; 16]),
        BankId("main".into()),
        Subject("s".into()),
    )
}

fn account(id: &str) -> AccountId {
    AccountId(id.into())
}

fn range(first: &str, last: &str) -> DateRange {
    DateRange {
        first: first.parse().unwrap(),
        last: last.parse().unwrap(),
    }
}
