//! Account linking as Meta does it: a token for the link page, and the way back (platform section 6).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::message::Psid;

/// How long a token lives, ms.
const TOKEN_MS: i64 = 5 * 60 * 1000;

#[derive(Debug)]
struct Token {
    psid: Psid,
    until_ms: i64,
}

/// The open tokens.
#[derive(Debug, Default)]
pub(super) struct Links(Mutex<HashMap<String, Token>>);

impl Links {
    /// Makes a token for a person's tap on the log-in button.
    pub(super) fn open(&self, psid: &Psid, now_ms: i64) -> String {
        let token = hex::encode(rand::random::<[u8; 24]>());
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, token| token.until_ms > now_ms);
        let entry = Token {
            psid: psid.clone(),
            until_ms: now_ms.saturating_add(TOKEN_MS),
        };
        tokens.insert(token.clone(), entry);
        token
    }

    /// Returns whose an open token is.
    pub(super) fn psid(&self, token: &str) -> Option<Psid> {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(token).map(|token| token.psid.clone())
    }

    /// Uses a token up.
    pub(super) fn close(&self, token: &str, now_ms: i64) -> Option<Psid> {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens
            .remove(token)
            .filter(|token| token.until_ms > now_ms)
            .map(|token| token.psid)
    }

    /// Forgets a person's tokens.
    pub(super) fn forget(&self, psid: &Psid) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, token| token.psid != *psid);
    }
}
