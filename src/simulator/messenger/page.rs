//! The chat page: a person's side of Messenger in the browser, with the inspector beside it.
//!
//! Plain files, embedded; nothing is fetched from elsewhere. Everything but the files is refused to other
//! sites: the page can move simulated money, and any website a developer visits could try.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use futures::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::Core;
use super::control::Control;
use super::customer::Act;
use super::fault::SetFault;
use super::feed::{News, Person};
use super::media::Medium;
use super::reply::Reply;
use super::threads::Owner;
use crate::message::Psid;

/// The largest picture a person attaches.
const LARGEST_PICTURE: usize = 8 * 1024 * 1024;

/// Names for people who are made without one.
const NAMES: [&str; 8] = [
    "Rosa", "Jun", "Amara", "Tomás", "Ines", "Kofi", "Mei", "Sven",
];

/// The files, by name.
const FILES: [(&str, &str, &str); 9] = [
    (
        "",
        "text/html; charset=utf-8",
        include_str!("page/index.html"),
    ),
    (
        "page.css",
        "text/css; charset=utf-8",
        include_str!("page/page.css"),
    ),
    ("main.js", JAVASCRIPT, include_str!("page/main.js")),
    ("thread.js", JAVASCRIPT, include_str!("page/thread.js")),
    ("message.js", JAVASCRIPT, include_str!("page/message.js")),
    (
        "inspector.js",
        JAVASCRIPT,
        include_str!("page/inspector.js"),
    ),
    ("world.js", JAVASCRIPT, include_str!("page/world.js")),
    ("dom.js", JAVASCRIPT, include_str!("page/dom.js")),
    ("icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
];

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Nothing from elsewhere, nothing inline, no frames around it.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/// One switch of the world around the bot, as the page shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Switch {
    /// What it is called in orders.
    pub name: &'static str,
    /// What it is called on the page.
    pub label: String,
    /// What it can be set to: order and label.
    pub choices: Vec<(&'static str, String)>,
    /// What it is set to; the first choice is the usual one.
    pub chosen: String,
}

/// The world around the bot, where somebody plays it in the same process.
pub trait Surroundings: Send + Sync {
    /// Returns the switches as they are for a person.
    fn switches(&self, psid: &Psid) -> Vec<Switch>;

    /// Sets a switch. The error is a sentence for the page.
    fn set(&self, psid: &Psid, name: &str, choice: &str) -> Result<(), String>;

    /// Moves the clock on.
    fn advance(&self, ms: i64) -> Result<(), String>;

    /// Notes a new person before they act.
    fn greet(&self, psid: &Psid, linked: bool);

    /// Returns the calls the bank got for a person since the last look, one line each.
    fn bank_calls(&self, psid: &Psid) -> Vec<String>;
}

pub(super) fn routes(core: &Arc<Core>) -> Router {
    Router::new()
        .route("/", get(|| async { file("") }))
        .route(
            "/page/{name}",
            get(|Path(name): Path<String>| async move { file(&name) }),
        )
        .route("/chat/state", get(state))
        .route("/chat/feed", get(feed))
        .route("/chat/people", post(add_person))
        .route("/chat/act", post(act))
        .route("/chat/picture", post(picture))
        .route("/chat/media/{id}", get(medium))
        .route("/chat/world", get(world).post(set_world))
        .route("/chat/log-in", get(log_in))
        .route("/chat/linked/{token}", get(linked))
        .layer(DefaultBodyLimit::max(LARGEST_PICTURE))
        .layer(middleware::from_fn(guard))
        .with_state(Arc::clone(core))
}

fn file(name: &str) -> Response {
    let Some((_, kind, text)) = FILES.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = Response::new((*text).into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// Refuses other sites: a name that resolves to this machine (rebinding), and requests they send here.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = if is_local(request.headers()) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "only from this machine\n").into_response()
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn is_local(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let origin = headers.get(ORIGIN).map(|origin| origin.to_str().ok());
    let Some(host) = host.filter(|host| is_local_name(host)) else {
        return false;
    };
    match origin {
        // Whatever is not a page of ours has another origin, a sandbox's is `null`.
        Some(origin) => origin.and_then(|origin| origin.strip_prefix("http://")) == Some(host),
        None => true,
    }
}

fn is_local_name(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    };
    name == "localhost"
        || name == "[::1]"
        || name
            .parse::<std::net::Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

async fn state(State(core): State<Arc<Core>>) -> Json<Value> {
    let mut all = core.feed.everything();
    if let Some(all) = all.as_object_mut() {
        all.insert("profile".to_owned(), core.profile().all());
        all.insert("names".to_owned(), json!(NAMES));
        all.insert("surroundings".to_owned(), core.world().is_some().into());
    }
    Json(all)
}

#[derive(Deserialize)]
struct Since {
    after: u64,
}

async fn feed(
    State(core): State<Arc<Core>>,
    Query(since): Query<Since>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    // A page that lost its line comes back with the number it saw last.
    let after = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok())
        .unwrap_or(since.after);
    let bell = core.feed.changed();
    let batches = stream::unfold((core, bell, after), |(core, bell, after)| async move {
        let (events, bell, last) = next_events(&core, bell, after).await?;
        Some((events, (core, bell, last)))
    });
    let events = futures::StreamExt::flat_map(batches, |events: Vec<Event>| {
        stream::iter(events.into_iter().map(Ok))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

/// Waits for what comes after a number; none once the simulator ends.
async fn next_events(
    core: &Core,
    mut bell: watch::Receiver<u64>,
    after: u64,
) -> Option<(Vec<Event>, watch::Receiver<u64>, u64)> {
    loop {
        let latest = *bell.borrow_and_update();
        let event = |number: u64, data: &str| Event::default().id(number.to_string()).data(data);
        match core.feed.after(after) {
            News::StartAnew => {
                let anew = event(latest, r#"{"anew":true}"#);
                return Some((vec![anew], bell, latest));
            }
            News::Changes(list) if list.is_empty() => bell.changed().await.ok()?,
            News::Changes(list) => {
                let last = list.last().map_or(after, |(number, _)| *number);
                let events = list.iter().map(|(number, data)| event(*number, data));
                return Some((events.collect(), bell, last));
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPerson {
    name: Option<String>,
    #[serde(default = "yes")]
    linked: bool,
}

const fn yes() -> bool {
    true
}

async fn add_person(State(core): State<Arc<Core>>, Json(new): Json<NewPerson>) -> Json<Value> {
    let psid = core.add_person(new.name.as_deref(), new.linked);
    Json(json!({"psid": psid}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    psid: String,
    act: Act,
    picture: Option<String>,
}

async fn act(State(core): State<Arc<Core>>, Json(order): Json<Order>) -> Response {
    let psid = Psid(order.psid);
    if !core.feed.has_person(&psid) {
        return bad("there is no such person");
    }
    let done = core.act(&psid, &order.act);
    if let (Some(mid), Some(picture)) = (&done.mid, order.picture) {
        core.feed
            .patch(&psid, mid.as_str(), "picture", picture.into());
    }
    Json(json!({"mid": done.mid, "at": done.at_ms})).into_response()
}

async fn picture(State(core): State<Arc<Core>>, headers: HeaderMap, bytes: Bytes) -> Response {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .unwrap_or_default();
    // Nothing that could run: an SVG is a document.
    if !["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&kind) || bytes.is_empty() {
        return bad("a PNG, JPEG, GIF or WebP picture is needed");
    }
    let id = core.media.keep(Medium {
        content_type: kind.to_owned(),
        bytes,
    });
    Json(json!({"picture": id})).into_response()
}

async fn medium(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Response {
    let Some(medium) = core
        .media
        .get(&id)
        .filter(|medium| !medium.bytes.is_empty())
    else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let kind = HeaderValue::try_from(medium.content_type.as_str())
        .ok()
        .filter(|_| {
            ["image/", "video/", "audio/"]
                .iter()
                .any(|kind| medium.content_type.starts_with(kind))
                && !medium.content_type.contains("svg")
        })
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let mut response = Response::new(medium.bytes.into());
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[derive(Deserialize)]
struct Whose {
    psid: String,
}

async fn world(State(core): State<Arc<Core>>, Query(whose): Query<Whose>) -> Json<Value> {
    Json(describe_world(&core, &Psid(whose.psid)))
}

fn describe_world(core: &Core, psid: &Psid) -> Value {
    let switches = core
        .world()
        .map(|world| world.switches(psid))
        .unwrap_or_default();
    json!({
        "now": core.threads.now_ms(psid),
        "switches": switches,
        "clock": core.world().is_some(),
        "faults": core.faults().in_words(),
        "human": matches!(core.threads.owner(psid), Owner::Other(_)),
        "blocked": core.threads.is_blocked(psid),
    })
}

/// What the page orders from the world; one of them at a time.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum WorldOrder {
    Switch { name: String, choice: String },
    Fault(Option<String>),
    Human(bool),
    Says(String),
    Blocked(bool),
    Advance(i64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorldOrderOf {
    psid: String,
    order: WorldOrder,
}

async fn set_world(State(core): State<Arc<Core>>, Json(of): Json<WorldOrderOf>) -> Response {
    let psid = Psid(of.psid);
    let control = Control(Arc::clone(&core));
    let done = match of.order {
        WorldOrder::Switch { name, choice } => match core.world() {
            Some(world) => world.set(&psid, &name, &choice),
            None => Err("nobody plays the bank here".to_owned()),
        },
        WorldOrder::Advance(ms) => match core.world() {
            Some(world) if ms > 0 => world.advance(ms),
            Some(_) => Err("the clock only goes forward".to_owned()),
            None => Err("the clock is the machine's own here".to_owned()),
        },
        WorldOrder::Fault(None) => {
            control.clear_faults(None);
            Ok(())
        }
        WorldOrder::Fault(Some(words)) => match words.parse::<SetFault>() {
            Ok(fault) => {
                control.clear_faults(None);
                control.fault(fault);
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        },
        WorldOrder::Human(true) => {
            control.human_takes(&psid);
            Ok(())
        }
        WorldOrder::Human(false) => {
            control.human_returns(&psid);
            Ok(())
        }
        WorldOrder::Says(text) => {
            control.human_writes(&psid, &text);
            Ok(())
        }
        WorldOrder::Blocked(blocked) => {
            control.block(&psid, blocked);
            Ok(())
        }
    };
    match done {
        Ok(()) => {
            core.world_changed();
            Json(describe_world(&core, &psid)).into_response()
        }
        Err(words) => bad(&words),
    }
}

#[derive(Deserialize)]
struct LogIn {
    psid: String,
    url: String,
}

/// The log-in button: opens the link page with Meta's two parameters (platform section 6).
async fn log_in(State(core): State<Arc<Core>>, Query(log_in): Query<LogIn>) -> Response {
    let psid = Psid(log_in.psid);
    let Ok(mut url) = reqwest::Url::parse(&log_in.url) else {
        return bad("the button's address cannot be read");
    };
    if !matches!(url.scheme(), "http" | "https") || !core.feed.has_person(&psid) {
        return bad("the button's address is no web address");
    }
    let token = core.links.open(&psid, core.threads.now_ms(&psid));
    let back = format!("{}/chat/linked/{token}", core.url);
    url.query_pairs_mut()
        .append_pair("account_linking_token", &token)
        .append_pair("redirect_uri", &back);
    Redirect::to(url.as_str()).into_response()
}

#[derive(Deserialize)]
struct CameBack {
    authorization_code: Option<String>,
}

/// The way back from the link page; without a code nothing was linked.
async fn linked(
    State(core): State<Arc<Core>>,
    Path(token): Path<String>,
    Query(back): Query<CameBack>,
) -> Response {
    let words = match core.links.close(&token, core.threads.clock_ms()) {
        Some(psid) => match back.authorization_code {
            Some(given) => {
                core.act(&psid, &Act::Linked { code: given });
                "Signed in. You can close this page and go back to the chat.\n"
            }
            None => "Not signed in. You can close this page and go back to the chat.\n",
        },
        None => "This page is out of date. Go back to the chat and try again.\n",
    };
    Reply::with(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        words.to_owned(),
    )
    .into_response()
}

fn bad(words: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": words}))).into_response()
}

impl Core {
    /// Adds a person to the page and returns their id.
    pub(super) fn add_person(&self, name: Option<&str>, linked: bool) -> Psid {
        let number = self.feed.count_people();
        let psid = Psid(format!("24{:014}", number + 1));
        let round = number / NAMES.len() + 1;
        let name = match name.map(str::trim).filter(|name| !name.is_empty()) {
            Some(name) => name.chars().take(30).collect(),
            None => match (NAMES.get(number % NAMES.len()), round) {
                (Some(name), 1) => (*name).to_owned(),
                (name, round) => format!("{} {round}", name.unwrap_or(&"Somebody")),
            },
        };
        if let Some(world) = self.world() {
            world.greet(&psid, linked);
        }
        self.feed.add_person(Person {
            psid: psid.clone(),
            name,
            linked,
        });
        psid
    }
}

#[cfg(test)]
mod tests;
