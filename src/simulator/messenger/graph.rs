//! The Graph API's edges that a Messenger bot uses.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use futures::stream;
use serde_json::{Value, json};

use super::auth::{self, Parameters};
use super::fault::Fault;
use super::media;
use super::reply::{Reply, ordered};
use super::threads::{Owner, Taken, WINDOW_MS};
use super::wire::{self, Refusal};
use super::{Core, Page};
use crate::message::Psid;
use crate::simulator::listener::Cut;

pub(super) fn routes(core: &Arc<Core>) -> Router {
    Router::new()
        .route("/{version}/{object}", any(object))
        .route("/{version}/{object}/{edge}", any(edge))
        .layer(DefaultBodyLimit::max(media::LARGEST + 64 * 1024))
        .with_state(Arc::clone(core))
}

/// A call whose token was right.
struct Call<'a> {
    core: &'a Arc<Core>,
    page: &'a Page,
    object: &'a str,
    method: &'a Method,
    headers: &'a HeaderMap,
    parameters: Parameters,
    body: Bytes,
}

async fn object(
    State(core): State<Arc<Core>>,
    Path((version, object)): Path<(String, String)>,
    parts: Parts,
    body: Bytes,
) -> Response {
    answer(&core, &version, &object, "", &parts, body).await
}

async fn edge(
    State(core): State<Arc<Core>>,
    Path((version, object, edge)): Path<(String, String, String)>,
    parts: Parts,
    body: Bytes,
) -> Response {
    answer(&core, &version, &object, &edge, &parts, body).await
}

async fn answer(
    core: &Arc<Core>,
    version: &str,
    object: &str,
    edge: &str,
    parts: &Parts,
    body: Bytes,
) -> Response {
    let mut parameters = Parameters::read(parts.uri.query());
    let form = header(&parts.headers, CONTENT_TYPE.as_str())
        .starts_with("application/x-www-form-urlencoded");
    if form && let Ok(form) = std::str::from_utf8(&body) {
        parameters.add(form);
    }
    let page = match known_version(version).and_then(|()| {
        auth::page(
            &core.options.pages,
            &core.options.app_secret,
            core.options.require_proof,
            &parts.headers,
            &parameters,
        )
    }) {
        Ok(page) => page,
        Err(refusal) => {
            // The bot's mistake, worth showing to whoever watches.
            if edge == "messages" {
                core.refuse(None, &body, Some(refusal.clone()), None);
            }
            return core.desk.refuse(&refusal).into_response();
        }
    };
    let call = Call {
        core,
        page,
        object,
        method: &parts.method,
        headers: &parts.headers,
        parameters,
        body,
    };
    if edge == "messages" && call.method == Method::POST {
        return match call.on_page() {
            Ok(()) => call.messages().await,
            Err(refusal) => core.desk.refuse(&refusal).into_response(),
        };
    }
    let mut reply = match call.other(edge) {
        Ok(reply) => reply,
        Err(refusal) => core.desk.refuse(&refusal),
    };
    core.desk.usage(page.id.as_str(), &mut reply);
    reply.into_response()
}

fn known_version(version: &str) -> Result<(), Refusal> {
    let known = version
        .strip_prefix('v')
        .and_then(|version| version.split_once('.'))
        .is_some_and(|(major, minor)| major.parse::<u8>().is_ok() && minor.parse::<u8>().is_ok());
    if known {
        return Ok(());
    }
    Err(Refusal {
        code: 2500,
        subcode: None,
        message: "Unknown path components".to_owned(),
    })
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

impl Call<'_> {
    fn on_page(&self) -> Result<(), Refusal> {
        if self.object == "me" || self.object == self.page.id.as_str() {
            return Ok(());
        }
        Err(Refusal {
            code: 100,
            subcode: Some(33),
            message: "Unsupported request. Object does not exist or cannot be loaded due to \
                      missing permissions"
                .to_owned(),
        })
    }

    fn other(&self, edge: &str) -> Result<Reply, Refusal> {
        if edge.is_empty() && *self.method == Method::GET && self.on_page().is_err() {
            // A person's profile: without the permission an empty object (platform 8.1).
            return Ok(Reply::json(&json!({})));
        }
        self.on_page()?;
        match (edge, self.method.as_str()) {
            ("", "GET") => self.me(),
            ("message_attachments", "POST") => self.upload(),
            ("pass_thread_control", "POST") => self.pass(),
            ("take_thread_control", "POST") => self.own(Owner::Ours),
            ("release_thread_control", "POST") => self.own(Owner::Nobody),
            ("request_thread_control" | "extend_thread_control", "POST") => {
                self.recipient()?;
                Ok(Reply::success())
            }
            ("thread_owner", "GET") => self.thread_owner(),
            ("messenger_profile", method) => self.profile(method),
            ("subscribed_apps", method) => self.subscribed(method),
            ("unlink_accounts", "POST") => self.unlink(),
            _ => Err(Refusal {
                code: 100,
                subcode: None,
                message: format!("(#100) Unsupported {} request", self.method),
            }),
        }
    }

    async fn messages(&self) -> Response {
        let core = self.core;
        let parsed = wire::read(&self.body).and_then(|send| self.attached(send));
        let psid = match &parsed {
            Ok(send) => send.recipient.id.as_deref().map(Psid::from),
            Err(_) => recipient_of(&self.body),
        };
        let action = parsed
            .as_ref()
            .is_ok_and(|send| send.sender_action.is_some());
        let fault = core.strike(psid.as_ref(), action);
        if let Some(fault) = fault.filter(|fault| !fault.sends()) {
            return self.fail(fault, psid).await;
        }
        if let Some(Fault::Slow(wait)) = fault {
            tokio::time::sleep(wait).await;
        }
        let taken = parsed.and_then(|send| core.threads.take(&self.page.id, &send, &self.body));
        let mut reply = match taken {
            Ok(Taken::Message(sent)) => {
                let reply = Reply::json(&json!({
                    "recipient_id": sent.psid.as_str(),
                    "message_id": sent.mid.as_str(),
                }));
                core.took(&sent);
                reply
            }
            Ok(Taken::Action { psid, action }) => {
                let reply = Reply::json(&json!({"recipient_id": psid.as_str()}));
                core.acted_on(&psid, &action);
                reply
            }
            Err(refusal) => {
                let reply = core.desk.refuse(&refusal);
                core.refuse(psid, &self.body, Some(refusal), None);
                reply
            }
        };
        core.desk.usage(self.page.id.as_str(), &mut reply);
        match fault {
            Some(Fault::ClosesMidBody) => half(reply),
            Some(Fault::Swallows) => cut(),
            _ => reply.into_response(),
        }
    }

    /// Answers a fault that lets nothing through.
    async fn fail(&self, fault: Fault, psid: Option<Psid>) -> Response {
        let refusal = match fault {
            Fault::Error { code, subcode, .. } => Some(ordered(code, subcode)),
            _ => None,
        };
        self.core
            .refuse(psid, &self.body, refusal.clone(), Some(fault.to_string()));
        let mut reply = match fault {
            Fault::Hangs => std::future::pending().await,
            Fault::Html => Reply::html(),
            Fault::Status {
                status,
                retry_after,
            } => Reply::bare(status, retry_after),
            Fault::Error { retry_after, .. } => match &refusal {
                Some(refusal) => self.core.desk.refuse(refusal).retry_after(retry_after),
                None => return cut(),
            },
            _ => return cut(),
        };
        self.core.desk.usage(self.page.id.as_str(), &mut reply);
        reply.into_response()
    }

    /// Checks that attachments named by id are ours.
    fn attached(&self, send: wire::Send) -> Result<wire::Send, Refusal> {
        let payload: Option<Value> = send
            .message
            .as_ref()
            .and_then(|message| message.attachment.as_ref())
            .and_then(|attachment| serde_json::from_str(attachment.payload.get()).ok());
        let id = payload.as_ref().and_then(|payload| {
            payload
                .get("attachment_id")
                .or_else(|| payload.pointer("/elements/0/attachment_id"))
                .and_then(Value::as_str)
        });
        match id {
            Some(id) if self.core.media.get(id).is_none() => Err(Refusal {
                code: 100,
                subcode: Some(2_018_074),
                message: "(#100) The attachment id is not one of this page".to_owned(),
            }),
            _ => Ok(send),
        }
    }

    fn upload(&self) -> Result<Reply, Refusal> {
        let content_type = header(self.headers, CONTENT_TYPE.as_str());
        let id = self.core.media.upload(content_type, &self.body)?;
        Ok(Reply::json(&json!({"attachment_id": id})))
    }

    fn me(&self) -> Result<Reply, Refusal> {
        let mut me = json!({"id": self.page.id.as_str()});
        if let Some(token) = self.parameters.get("account_linking_token") {
            let psid = self.core.links.psid(token).ok_or_else(|| Refusal {
                code: 10_303,
                subcode: None,
                message: "(#10303) Invalid account_linking_token".to_owned(),
            })?;
            if let Some(me) = me.as_object_mut() {
                me.insert("recipient".to_owned(), psid.as_str().into());
            }
        }
        let fields = self.parameters.get("fields").unwrap_or_default();
        if let Some(me) = me.as_object_mut() {
            for field in fields.split(',') {
                match field {
                    "name" => {
                        me.insert("name".to_owned(), "Simulated Page".into());
                    }
                    "messaging_feature_status" => {
                        let status = json!({"hop_v2": true, "msgr_multi_app": false});
                        me.insert("messaging_feature_status".to_owned(), status);
                    }
                    _ => {}
                }
            }
        }
        Ok(Reply::json(&me))
    }

    /// Returns the person a call about a thread names: in a JSON body, or as a parameter.
    fn recipient(&self) -> Result<Psid, Refusal> {
        let psid = recipient_of(&self.body)
            .or_else(|| {
                let given = self.parameters.get("recipient")?;
                recipient_of(format!("{{\"recipient\":{given}}}").as_bytes())
                    .or_else(|| Some(Psid::from(given)))
            })
            .ok_or_else(|| Refusal::parameter("(#100) The parameter recipient is required"))?;
        if self.core.threads.is_known(&psid) {
            return Ok(psid);
        }
        Err(Refusal {
            code: 100,
            subcode: Some(2_018_001),
            message: "(#100) No matching user found".to_owned(),
        })
    }

    fn own(&self, owner: Owner) -> Result<Reply, Refusal> {
        let psid = self.recipient()?;
        self.core.set_owner(&psid, owner);
        Ok(Reply::success())
    }

    fn pass(&self) -> Result<Reply, Refusal> {
        let psid = self.recipient()?;
        if let Owner::Other(_) = self.core.threads.owner(&psid) {
            return Err(ordered(2_018_300, None));
        }
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let target = match body.get("target_app_id") {
            Some(Value::String(id)) => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => self
                .parameters
                .get("target_app_id")
                .ok_or_else(|| Refusal::parameter("(#100) target_app_id is required"))?
                .to_owned(),
        };
        let owner = if target == self.core.options.app_id {
            Owner::Ours
        } else {
            Owner::Other(target)
        };
        self.core.set_owner(&psid, owner);
        Ok(Reply::success())
    }

    fn thread_owner(&self) -> Result<Reply, Refusal> {
        let psid = self.recipient()?;
        let app = match self.core.threads.owner(&psid) {
            Owner::Nobody => return Ok(Reply::json(&json!({"data": []}))),
            Owner::Ours => self.core.options.app_id.clone(),
            Owner::Other(app) => app,
        };
        let last = self.core.threads.last_action_ms(&psid).unwrap_or(0);
        let expiration = last.saturating_add(WINDOW_MS) / 1000;
        Ok(Reply::json(&json!({
            "data": [{"thread_owner": {"app_id": app, "expiration": expiration}}]
        })))
    }

    fn profile(&self, method: &str) -> Result<Reply, Refusal> {
        let mut profile = self.core.profile();
        match method {
            "POST" => profile.set(&self.body)?,
            "DELETE" => profile.delete(&self.body)?,
            "GET" => return Ok(Reply::json(&profile.get(self.parameters.get("fields")))),
            _ => return Err(Refusal::parameter("(#100) Unsupported request")),
        }
        drop(profile);
        self.core.profile_changed();
        Ok(Reply::json(&json!({"result": "success"})))
    }

    fn subscribed(&self, method: &str) -> Result<Reply, Refusal> {
        match method {
            "POST" => {
                let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
                let fields: Vec<String> = match body.get("subscribed_fields") {
                    Some(Value::Array(fields)) => fields
                        .iter()
                        .filter_map(|field| field.as_str().map(str::to_owned))
                        .collect(),
                    Some(Value::String(fields)) => split(fields),
                    _ => split(self.parameters.get("subscribed_fields").unwrap_or_default()),
                };
                self.core.subscribe(fields)?;
                Ok(Reply::success())
            }
            "DELETE" => {
                self.core.unsubscribe();
                Ok(Reply::success())
            }
            "GET" => {
                let fields = self.core.subscribed_fields();
                if fields.is_empty() {
                    return Ok(Reply::json(&json!({"data": []})));
                }
                Ok(Reply::json(&json!({"data": [{
                    "id": self.core.options.app_id,
                    "name": "bursar",
                    "category": "Business",
                    "subscribed_fields": fields,
                }]})))
            }
            _ => Err(Refusal::parameter("(#100) Unsupported request")),
        }
    }

    fn unlink(&self) -> Result<Reply, Refusal> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let psid = body
            .get("psid")
            .and_then(Value::as_str)
            .map(Psid::from)
            .filter(|psid| self.core.threads.is_known(psid))
            .ok_or_else(|| Refusal::parameter("(#100) The parameter psid is required"))?;
        self.core.links.forget(&psid);
        Ok(Reply::json(&json!({"result": "unlink account success"})))
    }
}

fn split(fields: &str) -> Vec<String> {
    fields
        .split(',')
        .map(str::trim)
        .filter(|field| !field.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Returns `recipient.id` of a body that need not be right otherwise.
fn recipient_of(body: &[u8]) -> Option<Psid> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body.pointer("/recipient/id")?.as_str().map(Psid::from)
}

fn cut() -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(Cut);
    response
}

/// Announces the whole answer and breaks off after half of it.
fn half(reply: Reply) -> Response {
    let length = reply.body.len();
    let first = reply.body.slice(..length / 2);
    let mut response = reply.into_response();
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(length));
    let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "closed on purpose");
    *response.body_mut() = Body::from_stream(stream::iter([Ok(first), Err(broken)]));
    response
}
