//! The simulated bank's OAuth 2: authorization code with PKCE behind a small page, refresh with rotation,
//! revocation, and a machine grant for the simulator's own link.
//!
//! Access tokens are signed and kept nowhere, so that a hundred thousand customers cost no memory. Grants
//! of the code flow are kept: a refresh token used twice ends its grant, as real servers do.

mod page;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{Form, Query, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Url;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::Shared;
use super::call::Call;
use super::reply::Reply;
use super::worlds::Worlds;
use crate::bank::http::hosts::is_loopback;

/// An access token lives so long, in seconds of the world's clock.
const TOKEN_SECONDS: i64 = 600;

/// A code lives so long.
const CODE_SECONDS: i64 = 60;

/// Grants and codes kept at most; the oldest way out of a flood is to forget them all.
const MOST_GRANTS: usize = 10_000;

/// An application that may ask for consent.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// Where customers are sent back to. Any loopback address ending in `/oauth/callback` is accepted
    /// as well.
    pub redirect_uris: Vec<String>,
}

impl Default for Client {
    fn default() -> Self {
        Self {
            id: "bursar".to_owned(),
            secret: "simulator-only".to_owned(),
            redirect_uris: Vec::new(),
        }
    }
}

/// What an access token says. Signed, not secret.
#[derive(Serialize, Deserialize)]
struct Claims {
    /// The subject.
    s: String,
    /// The last second, by the world's clock.
    e: i64,
    /// The world's token epoch.
    n: u32,
    /// The grant, unless the machine grant made it.
    g: Option<String>,
}

struct Code {
    client: String,
    redirect_uri: String,
    challenge: String,
    subject: String,
    scope: String,
    expires: i64,
}

struct Grant {
    client: String,
    subject: String,
    scope: String,
    current: String,
    active: bool,
}

#[derive(Default)]
struct Kept {
    codes: HashMap<String, Code>,
    grants: HashMap<String, Grant>,
    /// Refresh tokens, used ones too, to their grant.
    refresh: HashMap<String, String>,
}

/// The authorization server.
pub(super) struct OAuth {
    key: [u8; 32],
    clients: Vec<Client>,
    kept: Mutex<Kept>,
}

impl OAuth {
    pub(super) fn new(clients: Vec<Client>) -> Self {
        Self {
            key: rand::random(),
            clients,
            kept: Mutex::default(),
        }
    }

    fn sign(&self, payload: &str) -> Vec<u8> {
        Hmac::<Sha256>::new_from_slice(&self.key)
            .map(|mut mac| {
                mac.update(payload.as_bytes());
                mac.finalize().into_bytes().to_vec()
            })
            .unwrap_or_default()
    }

    /// Returns whose token it is, if it is ours, young enough, and its grant stands.
    pub(super) fn subject_of(&self, token: &str, worlds: &Worlds) -> Option<String> {
        let (payload, signature) = token.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if signature.is_empty() || !bool::from(self.sign(payload).ct_eq(&signature)) {
            return None;
        }
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        if let Some(grant) = &claims.g {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            if !kept.grants.get(grant)?.active {
                return None;
            }
        }
        let good = worlds
            .within(&claims.s, |world| {
                world.token_epoch == claims.n && world.now().as_second() < claims.e
            })
            .ok()?;
        good.then_some(claims.s)
    }

    fn access_token(&self, claims: &Claims) -> String {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).unwrap_or_default());
        let signature = URL_SAFE_NO_PAD.encode(self.sign(&payload));
        format!("{payload}.{signature}")
    }

    fn client(&self, id: &str) -> Option<&Client> {
        self.clients.iter().find(|client| client.id == id)
    }

    fn accepts_redirect(client: &Client, uri: &str) -> bool {
        client.redirect_uris.iter().any(|known| known == uri)
            || Url::parse(uri)
                .is_ok_and(|url| is_loopback(&url) && url.path().ends_with("/oauth/callback"))
    }
}

fn random_token() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

/// Returns the routes.
pub(super) fn routes(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/.well-known/oauth-authorization-server", get(discovery))
        .route("/oauth2/authorize", get(authorize).post(decide))
        .route("/oauth2/token", post(token))
        .route("/oauth2/revoke", post(revoke))
        .with_state(Arc::clone(shared))
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Reply {
    let base = shared.url();
    Reply::ok(&serde_json::json!({
        "issuer": base,
        "authorization_endpoint": format!("{base}/oauth2/authorize"),
        "token_endpoint": format!("{base}/oauth2/token"),
        "revocation_endpoint": format!("{base}/oauth2/revoke"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "scopes_supported": ["accounts", "transactions", "payments", "offline_access"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

/// What the customer's browser brings.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct AuthorizeQuery {
    #[serde(default)]
    response_type: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    code_challenge: String,
    #[serde(default)]
    code_challenge_method: String,
}

#[derive(Deserialize)]
struct Decision {
    #[serde(flatten)]
    query: AuthorizeQuery,
    #[serde(default)]
    scenario: String,
    #[serde(default)]
    user: String,
    #[serde(default, rename = "decision")]
    answer: String,
}

/// Checks what must be right before anything may be sent to the redirect address.
fn checked<'a>(shared: &'a Shared, query: &AuthorizeQuery) -> Result<&'a Client, Reply> {
    let refuse = |what: &str| Reply::html(StatusCode::BAD_REQUEST, page::refusal(what));
    let client = shared
        .oauth
        .client(&query.client_id)
        .ok_or_else(|| refuse("This application is not known here."))?;
    if !OAuth::accepts_redirect(client, &query.redirect_uri) {
        return Err(refuse("This return address is not registered."));
    }
    Ok(client)
}

/// Returns what is wrong with the request in OAuth's words, for the redirect address.
fn flaw(query: &AuthorizeQuery) -> Option<&'static str> {
    if query.response_type != "code" {
        return Some("unsupported_response_type");
    }
    let verifier = 43..=128;
    if query.code_challenge_method != "S256" || !verifier.contains(&query.code_challenge.len()) {
        return Some("invalid_request");
    }
    None
}

fn back(shared: &Shared, query: &AuthorizeQuery, pairs: &[(&str, &str)]) -> Response {
    let Ok(mut url) = Url::parse(&query.redirect_uri) else {
        return Reply::invalid("redirect_uri").into_response();
    };
    url.query_pairs_mut()
        .extend_pairs(pairs)
        .append_pair("iss", shared.url());
    if !query.state.is_empty() {
        url.query_pairs_mut().append_pair("state", &query.state);
    }
    let mut response = StatusCode::SEE_OTHER.into_response();
    if let Ok(value) = HeaderValue::try_from(url.as_str()) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

async fn authorize(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<AuthorizeQuery>,
) -> Response {
    if let Err(reply) = checked(&shared, &query) {
        return reply.into_response();
    }
    if let Some(error) = flaw(&query) {
        return back(&shared, &query, &[("error", error)]);
    }
    let scenarios: Vec<&str> = shared.worlds.scenarios().names().collect();
    let page = page::consent(&query, &scenarios, shared.worlds.default_scenario());
    Reply::html(StatusCode::OK, page).into_response()
}

async fn decide(State(shared): State<Arc<Shared>>, Form(form): Form<Decision>) -> Response {
    let query = &form.query;
    if let Err(reply) = checked(&shared, query) {
        return reply.into_response();
    }
    if let Some(error) = flaw(query) {
        return back(&shared, query, &[("error", error)]);
    }
    if form.answer != "approve" {
        return back(&shared, query, &[("error", "access_denied")]);
    }
    let scenario = if form.scenario.is_empty() {
        shared.worlds.default_scenario()
    } else {
        &form.scenario
    };
    if !shared.worlds.scenarios().contains(scenario) || form.user.trim().is_empty() {
        let scenarios: Vec<&str> = shared.worlds.scenarios().names().collect();
        let page = page::consent(query, &scenarios, shared.worlds.default_scenario());
        return Reply::html(StatusCode::UNPROCESSABLE_ENTITY, page).into_response();
    }
    let subject = format!("{scenario}:{}", form.user.trim());
    let Ok(now) = shared
        .worlds
        .within(&subject, |world| world.now().as_second())
    else {
        return back(&shared, query, &[("error", "server_error")]);
    };
    let code = random_token();
    {
        let mut kept = shared
            .oauth
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if kept.codes.len() >= MOST_GRANTS {
            kept.codes.clear();
        }
        kept.codes.insert(
            code.clone(),
            Code {
                client: query.client_id.clone(),
                redirect_uri: query.redirect_uri.clone(),
                challenge: query.code_challenge.clone(),
                subject,
                scope: query.scope.clone(),
                expires: now.saturating_add(CODE_SECONDS),
            },
        );
    }
    back(&shared, query, &[("code", &code)])
}

#[derive(Debug, Default, Deserialize)]
struct TokenForm {
    #[serde(default)]
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    refresh_token: String,
    #[serde(default)]
    subject: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    token: String,
}

#[derive(Serialize)]
struct TokenReply {
    access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    scope: String,
}

fn error(status: StatusCode, code: &str) -> Reply {
    Reply::json(status, &serde_json::json!({ "error": code }))
}

fn invalid_grant() -> Reply {
    error(StatusCode::BAD_REQUEST, "invalid_grant")
}

/// Reads the client from Basic authentication or from the form.
fn client_of<'a>(
    oauth: &'a OAuth,
    headers: &HeaderMap,
    form: &TokenForm,
) -> Result<&'a Client, Reply> {
    let basic = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Basic "))
        .and_then(|value| STANDARD.decode(value).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let (id, secret) = match basic.as_deref().and_then(|text| text.split_once(':')) {
        Some((id, secret)) => (id, secret),
        None => (form.client_id.as_str(), form.client_secret.as_str()),
    };
    oauth
        .client(id)
        .filter(|client| bool::from(client.secret.as_bytes().ct_eq(secret.as_bytes())))
        .ok_or_else(|| error(StatusCode::UNAUTHORIZED, "invalid_client"))
}

async fn token(State(shared): State<Arc<Shared>>, parts: Parts, body: Bytes) -> Response {
    let Some(form) = read_form(&body) else {
        return error(StatusCode::BAD_REQUEST, "invalid_request").into_response();
    };
    let client = match client_of(&shared.oauth, &parts.headers, &form) {
        Ok(client) => client.id.clone(),
        Err(reply) => return reply.into_response(),
    };
    let issued = match form.grant_type.as_str() {
        "client_credentials" => Ok((form.subject.clone(), None)),
        "authorization_code" => redeem(&shared, &client, &form),
        "refresh_token" => rotate(&shared.oauth, &client, &form),
        _ => Err(error(StatusCode::BAD_REQUEST, "unsupported_grant_type")),
    };
    let (subject, grant) = match issued {
        Ok(issued) => issued,
        Err(reply) => return reply.into_response(),
    };
    let call = Call {
        shared: Arc::clone(&shared),
        parts,
        body: Bytes::new(),
    };
    let named = subject.clone();
    let mut response = call
        .in_world(&subject, "token", move |world, call, _| {
            let claims = Claims {
                s: named,
                e: world.now().as_second().saturating_add(TOKEN_SECONDS),
                n: world.token_epoch,
                g: grant.as_ref().map(|grant| grant.id.clone()),
            };
            Reply::ok(&TokenReply {
                access_token: call.shared.oauth.access_token(&claims),
                token_type: "Bearer",
                expires_in: TOKEN_SECONDS,
                refresh_token: grant.as_ref().map(|grant| grant.refresh.clone()),
                scope: grant.map_or(form.scope, |grant| grant.scope),
            })
        })
        .await;
    if response.status() == StatusCode::UNAUTHORIZED {
        // No such scenario, or the consent is gone.
        return invalid_grant().into_response();
    }
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

struct Issued {
    id: String,
    refresh: String,
    scope: String,
}

fn read_form(body: &[u8]) -> Option<TokenForm> {
    let text = std::str::from_utf8(body).ok()?;
    let url = Url::parse(&format!("http://localhost/?{text}")).ok()?;
    let map: serde_json::Map<String, serde_json::Value> = url
        .query_pairs()
        .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
        .collect();
    serde_json::from_value(map.into()).ok()
}

fn redeem(
    shared: &Shared,
    client: &str,
    form: &TokenForm,
) -> Result<(String, Option<Issued>), Reply> {
    let oauth = &shared.oauth;
    // Taken out whatever comes next: a code is used once, also by somebody without the verifier.
    let code = oauth
        .kept
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .codes
        .remove(&form.code)
        .ok_or_else(invalid_grant)?;
    let proof = URL_SAFE_NO_PAD.encode(Sha256::digest(form.code_verifier.as_bytes()));
    let now = shared
        .worlds
        .within(&code.subject, |world| world.now().as_second())
        .map_err(|_| invalid_grant())?;
    if code.client != client
        || code.redirect_uri != form.redirect_uri
        || !bool::from(proof.as_bytes().ct_eq(code.challenge.as_bytes()))
        || now >= code.expires
    {
        return Err(invalid_grant());
    }
    let issued = Issued {
        id: random_token(),
        refresh: random_token(),
        scope: code.scope.clone(),
    };
    let mut kept = oauth.kept.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.grants.len() >= MOST_GRANTS {
        kept.grants.clear();
        kept.refresh.clear();
    }
    kept.refresh
        .insert(issued.refresh.clone(), issued.id.clone());
    kept.grants.insert(
        issued.id.clone(),
        Grant {
            client: code.client,
            subject: code.subject.clone(),
            scope: code.scope,
            current: issued.refresh.clone(),
            active: true,
        },
    );
    Ok((code.subject, Some(issued)))
}

fn rotate(
    oauth: &OAuth,
    client: &str,
    form: &TokenForm,
) -> Result<(String, Option<Issued>), Reply> {
    let mut kept = oauth.kept.lock().unwrap_or_else(PoisonError::into_inner);
    let id = kept
        .refresh
        .get(&form.refresh_token)
        .cloned()
        .ok_or_else(invalid_grant)?;
    let fresh = random_token();
    let grant = kept.grants.get_mut(&id).ok_or_else(invalid_grant)?;
    if grant.client != client || !grant.active {
        return Err(invalid_grant());
    }
    if grant.current != form.refresh_token {
        // Used twice: one of the two users is a thief, so nobody keeps it.
        grant.active = false;
        return Err(invalid_grant());
    }
    grant.current.clone_from(&fresh);
    let issued = Issued {
        id: id.clone(),
        refresh: fresh.clone(),
        scope: grant.scope.clone(),
    };
    let subject = grant.subject.clone();
    kept.refresh.insert(fresh, id);
    Ok((subject, Some(issued)))
}

async fn revoke(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Reply {
    let Some(form) = read_form(&body) else {
        return error(StatusCode::BAD_REQUEST, "invalid_request");
    };
    let client = match client_of(&shared.oauth, &headers, &form) {
        Ok(client) => client.id.clone(),
        Err(reply) => return reply,
    };
    let by_access = form
        .token
        .split_once('.')
        .and_then(|(payload, _)| URL_SAFE_NO_PAD.decode(payload).ok())
        .and_then(|bytes| serde_json::from_slice::<Claims>(&bytes).ok())
        .filter(|claims| shared.oauth.access_token(claims) == form.token)
        .and_then(|claims| claims.g);
    let mut kept = shared
        .oauth
        .kept
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let id = by_access.or_else(|| kept.refresh.get(&form.token).cloned());
    if let Some(grant) = id.and_then(|id| kept.grants.get_mut(&id))
        && grant.client == client
    {
        grant.active = false;
    }
    // An unknown token is as good as a revoked one (RFC 7009).
    Reply::json(StatusCode::OK, &serde_json::json!({}))
}
