//! The handle that steers a running stand-in, and the same over HTTP.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::customer::{Act, Done};
use super::fault::{FaultError, SetFault};
use super::page::{self, Surroundings};
use super::reply::Reply;
use super::threads::{INBOX_APP, Owner, RefusedSend, SenderAction, SentMessage};
use super::{Core, MessengerSimulator};
use crate::clock::SharedClock;
use crate::message::Psid;

/// Steers a running stand-in from the same process.
#[derive(Clone)]
pub struct Control(pub(super) Arc<Core>);

impl Control {
    /// Makes sends go wrong from now on.
    pub fn fault(&self, fault: impl Into<SetFault>) {
        self.0.faults().set(fault.into());
        self.0.world_changed();
    }

    /// Makes sends go wrong as words say, for example `613 x3` or `slow 2s`.
    pub fn fault_in_words(&self, words: &str) -> Result<(), FaultError> {
        self.fault(words.parse::<SetFault>()?);
        Ok(())
    }

    /// Makes everything work again, or what struck one person only.
    pub fn clear_faults(&self, psid: Option<&Psid>) {
        self.0.faults().clear(psid);
        self.0.world_changed();
    }

    /// Sets what the usage headers say: percent used, minutes until access is regained.
    pub fn set_usage(&self, percent: u32, regain_minutes: u32) {
        self.0.desk.set_usage(percent, regain_minutes);
    }

    /// Stops a person's clock at `at_ms`, or moves it there.
    pub fn set_clock(&self, psid: &Psid, at_ms: i64) {
        self.0.threads.set_time(psid, at_ms);
    }

    /// Lets a person's thread follow a clock of its own; none: the common one.
    pub fn follow_clock(&self, psid: &Psid, clock: Option<SharedClock>) {
        self.0.threads.set_clock(psid, clock);
    }

    /// Notes that a person did something that opens the window, for those who make webhooks themselves.
    pub fn acted(&self, psid: &Psid, at_ms: i64) {
        self.0.threads.acted(psid, at_ms);
    }

    /// The person blocks the Page, or no longer does.
    pub fn block(&self, psid: &Psid, blocked: bool) {
        self.0.threads.set_blocked(psid, blocked);
    }

    /// A person at the bank takes a thread: our app is told, and what the customer does comes as `standby`.
    pub fn human_takes(&self, psid: &Psid) {
        self.0.hand(psid, Owner::Other(INBOX_APP.to_owned()));
    }

    /// The person at the bank gives the thread to our app.
    pub fn human_returns(&self, psid: &Psid) {
        self.0.hand(psid, Owner::Ours);
    }

    /// Returns who owns a thread.
    pub fn owner(&self, psid: &Psid) -> Owner {
        self.0.threads.owner(psid)
    }

    /// The person at the bank writes in a thread: our app sees the echo.
    pub fn human_writes(&self, psid: &Psid, text: &str) {
        self.0.human_writes(psid, text);
    }

    /// Puts a person on the chat page and returns their id; without a name they get one.
    pub fn add_person(&self, name: Option<&str>, linked: bool) -> Psid {
        self.0.add_person(name, linked)
    }

    /// Lets the chat page steer the world around the bot. Only the first call counts.
    pub fn surround(&self, surroundings: Arc<dyn Surroundings>) {
        drop(self.0.surroundings.set(surroundings));
        self.0.world_changed();
    }

    /// Lets a person do something.
    pub fn act(&self, psid: &Psid, act: &Act) -> Done {
        self.0.act(psid, act)
    }

    /// Posts webhooks to this address from now on; those that wait go first.
    pub fn post_webhooks_to(&self, url: impl Into<String>) {
        self.0.deliverer.post_to(url.into());
    }

    /// Returns what was sent to a person, oldest first.
    pub fn sent(&self, psid: &Psid) -> Vec<SentMessage> {
        self.0.threads.sent(psid)
    }

    /// Returns what was sent to a person and forgets it.
    pub fn take_sent(&self, psid: &Psid) -> Vec<SentMessage> {
        self.0.threads.take_sent(psid)
    }

    /// Returns the typing and read marks a person saw.
    pub fn actions(&self, psid: &Psid) -> Vec<SenderAction> {
        self.0.threads.actions(psid)
    }

    /// Returns the calls for a person that were not taken; none: those for nobody that is known.
    pub fn refused(&self, psid: Option<&Psid>) -> Vec<RefusedSend> {
        self.0.threads.refused(psid)
    }

    /// Forgets a thread.
    pub fn forget(&self, psid: &Psid) {
        self.0.threads.forget(psid);
    }
}

impl MessengerSimulator {
    /// Returns the handle that steers it.
    pub fn control(&self) -> Control {
        Control(Arc::clone(&self.core))
    }
}

/// `/control`: the same over HTTP, for scripts and for the bot in another process.
pub(super) fn routes(core: &Arc<Core>) -> Router {
    Router::new()
        .route("/control/faults", post(set_fault))
        .route("/control/faults", delete(clear_faults))
        .route("/control/usage", post(set_usage))
        .route("/control/thread", post(set_thread))
        .route("/control/act", post(act))
        .route("/control/sent", get(sent))
        .route("/control/refused", get(refused))
        .route("/control/webhooks", post(post_webhooks))
        .layer(axum::middleware::from_fn(page::guard))
        .with_state(Control(Arc::clone(core)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    fault: String,
    psid: Option<String>,
}

async fn set_fault(State(control): State<Control>, Json(order): Json<FaultOrder>) -> Response {
    match order.fault.parse::<SetFault>() {
        Ok(mut fault) => {
            fault.psid = order.psid.as_deref().map(Psid::from);
            control.fault(fault);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => bad(&error.to_string()),
    }
}

async fn clear_faults(State(control): State<Control>) -> StatusCode {
    control.clear_faults(None);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageOrder {
    percent: u32,
    #[serde(default)]
    regain_minutes: u32,
}

async fn set_usage(State(control): State<Control>, Json(order): Json<UsageOrder>) -> StatusCode {
    control.set_usage(order.percent, order.regain_minutes);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThreadOrder {
    psid: String,
    human: Option<bool>,
    blocked: Option<bool>,
    says: Option<String>,
}

async fn set_thread(State(control): State<Control>, Json(order): Json<ThreadOrder>) -> StatusCode {
    let psid = Psid(order.psid);
    match order.human {
        Some(true) => control.human_takes(&psid),
        Some(false) => control.human_returns(&psid),
        None => {}
    }
    if let Some(blocked) = order.blocked {
        control.block(&psid, blocked);
    }
    if let Some(text) = order.says {
        control.human_writes(&psid, &text);
    }
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct ActOrder {
    psid: String,
    act: Act,
}

async fn act(State(control): State<Control>, Json(order): Json<ActOrder>) -> Json<Value> {
    let done = control.act(&Psid(order.psid), &order.act);
    Json(json!({"mid": done.mid, "at_ms": done.at_ms}))
}

#[derive(Deserialize)]
struct Whose {
    psid: Option<String>,
}

async fn sent(State(control): State<Control>, Query(whose): Query<Whose>) -> Response {
    let Some(psid) = whose.psid else {
        return bad("psid is required");
    };
    let sent: Vec<Value> = control
        .sent(&Psid(psid))
        .into_iter()
        .map(|sent| json!({"at_ms": sent.at_ms, "mid": sent.mid, "body": text_or_json(&sent.json)}))
        .collect();
    Json(sent).into_response()
}

async fn refused(State(control): State<Control>, Query(whose): Query<Whose>) -> Json<Vec<Value>> {
    let psid = whose.psid.map(Psid);
    let refused = control.refused(psid.as_ref()).into_iter().map(|refused| {
        json!({
            "at_ms": refused.at_ms,
            "code": refused.refusal.as_ref().map(|refusal| refusal.code),
            "subcode": refused.refusal.as_ref().and_then(|refusal| refusal.subcode),
            "message": refused.refusal.as_ref().map(|refusal| refusal.message.as_str()),
            "fault": refused.fault,
            "body": text_or_json(&refused.json),
        })
    });
    Json(refused.collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Target {
    url: String,
}

async fn post_webhooks(State(control): State<Control>, Json(target): Json<Target>) -> StatusCode {
    control.post_webhooks_to(target.url);
    StatusCode::NO_CONTENT
}

/// Returns a body as JSON, or as text where it is none.
pub(super) fn text_or_json(body: &[u8]) -> Value {
    serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

fn bad(words: &str) -> Response {
    Reply::with(
        StatusCode::BAD_REQUEST,
        "application/json",
        json!({"error": words}).to_string(),
    )
    .into_response()
}
