//! The stand-in over real HTTP: what it takes, what it refuses and how, what it posts.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::clock::{Clock as _, ManualClock};

const HOUR_MS: i64 = 60 * 60 * 1000;

struct Rig {
    simulator: MessengerSimulator,
    clock: Arc<ManualClock>,
    client: reqwest::Client,
    rosa: Psid,
}

impl Rig {
    async fn start() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let at = "2026-11-22T10:41:00-05:00".parse().unwrap();
        let clock = Arc::new(ManualClock::new(at));
        let shared: SharedClock = Arc::clone(&clock) as SharedClock;
        Self {
            simulator: MessengerSimulator::start(options, shared).await.unwrap(),
            clock,
            client: deliver::client().unwrap(),
            rosa: Psid::from("psid-rosa"),
        }
    }

    /// Rosa wrote just now.
    async fn in_conversation() -> Self {
        let rig = Self::start().await;
        rig.writes("balance");
        drop(rig.simulator.take_webhooks());
        rig
    }

    fn writes(&self, text: &str) -> Done {
        let act = Act::Write {
            text: text.to_owned(),
        };
        self.simulator.control().act(&self.rosa, &act)
    }

    fn at(&self, edge: &str) -> String {
        format!("{}/v26.0/{edge}", self.simulator.url())
    }

    async fn post(&self, edge: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .client
            .post(self.at(edge))
            .bearer_auth("page-token")
            .json(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap())
    }

    async fn say(&self, text: &str) -> (u16, Value) {
        self.post("me/messages", &self.words(text)).await
    }

    fn words(&self, text: &str) -> Value {
        json!({
            "recipient": {"id": self.rosa.as_str()},
            "messaging_type": "RESPONSE",
            "message": {"text": text, "metadata": "row-1"},
        })
    }

    /// Sends and returns Graph's code and subcode.
    async fn refused(&self, text: &str) -> (i64, Option<i64>) {
        let (status, body) = self.say(text).await;
        assert_ne!(status, 200, "{body}");
        let error = &body["error"];
        assert!(
            error["fbtrace_id"].is_string() && error["type"].is_string(),
            "{body}"
        );
        (
            error["code"].as_i64().unwrap(),
            error["error_subcode"].as_i64(),
        )
    }
}

#[tokio::test]
async fn takes_a_message_and_remembers_it_byte_for_byte() {
    let rig = Rig::in_conversation().await;
    let (status, body) = rig.say("Checking ••1234: $412.10").await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["recipient_id"], "psid-rosa");
    let sent = rig.simulator.sent(&rig.rosa);
    assert_eq!(sent.len(), 1);
    assert_eq!(body["message_id"], sent[0].mid.as_str());
    assert_eq!(
        sent[0].json,
        rig.words("Checking ••1234: $412.10").to_string()
    );
    assert_eq!(sent[0].at_ms, rig.clock.now_ms());
    assert_eq!(*rig.simulator.sent_total().borrow(), 1);
    assert_eq!(rig.simulator.take_sent(&rig.rosa).len(), 1);
    assert!(rig.simulator.sent(&rig.rosa).is_empty());
}

#[tokio::test]
async fn refuses_a_wrong_token_and_a_wrong_proof() {
    let rig = Rig::in_conversation().await;
    let send = async |token: &str, query: &str| {
        let answer = rig
            .client
            .post(format!("{}{query}", rig.at("me/messages")))
            .bearer_auth(token)
            .json(&rig.words("hi"))
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        (status, body["error"]["code"].as_i64())
    };
    assert_eq!(send("other-token", "").await, (401, Some(190)));
    let right = auth::hmac_hex("app-secret", b"page-token");
    assert_eq!(
        send("page-token", &format!("?appsecret_proof={right}")).await,
        (200, None)
    );
    let wrong = auth::hmac_hex("app-secret", b"other-token");
    assert_eq!(
        send("page-token", &format!("?appsecret_proof={wrong}")).await,
        (400, Some(100))
    );
    let answer = rig
        .client
        .post(rig.at("me/messages?access_token=page-token"))
        .json(&rig.words("hi"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200, "the token may be a parameter");
}

#[tokio::test]
async fn a_missing_proof_is_refused_where_it_is_required() {
    let rig = Rig::with(Options {
        require_proof: true,
        ..Options::default()
    })
    .await;
    rig.writes("hi");
    assert_eq!(rig.refused("hello").await, (100, None));
}

#[tokio::test]
async fn the_window_closes_a_day_after_the_last_act_of_the_person() {
    let rig = Rig::in_conversation().await;
    rig.clock.advance_ms(24 * HOUR_MS);
    assert_eq!(rig.say("still open").await.0, 200);
    rig.clock.advance_ms(1);
    assert_eq!(rig.refused("too late").await, (10, Some(2_018_278)));
    // Reading and logging out do not open it, a reaction does (platform 3.3).
    let control = rig.simulator.control();
    control.act(&rig.rosa, &Act::Read);
    control.act(&rig.rosa, &Act::Unlink);
    assert_eq!(rig.refused("too late").await, (10, Some(2_018_278)));
    let react = Act::React {
        mid: "m_1".to_owned(),
        reaction: "like".to_owned(),
    };
    control.act(&rig.rosa, &react);
    assert_eq!(rig.say("open again").await.0, 200);
    let refused = control.refused(Some(&rig.rosa));
    assert_eq!(refused.len(), 2);
    assert_eq!(refused[0].refusal.as_ref().unwrap().code, 10);
}

#[tokio::test]
async fn a_thread_can_have_a_time_of_its_own() {
    let rig = Rig::in_conversation().await;
    let control = rig.simulator.control();
    let now = rig.clock.now_ms();
    control.set_clock(&rig.rosa, now + 25 * HOUR_MS);
    assert_eq!(rig.refused("too late").await, (10, Some(2_018_278)));
    control.follow_clock(&rig.rosa, None);
    assert_eq!(rig.say("in time").await.0, 200);
}

#[tokio::test]
async fn people_who_never_wrote_or_who_blocked_the_page_are_not_reached() {
    let rig = Rig::start().await;
    assert_eq!(rig.refused("hello").await, (100, Some(2_018_001)));
    rig.writes("hi");
    assert_eq!(rig.say("hello").await.0, 200);
    rig.simulator.control().block(&rig.rosa, true);
    assert_eq!(rig.refused("hello?").await, (551, Some(1_545_041)));
    rig.simulator.control().block(&rig.rosa, false);
    assert_eq!(rig.say("hello").await.0, 200);
}

#[tokio::test]
async fn strangers_are_welcome_where_load_is_made() {
    let rig = Rig::with(Options {
        strangers: Strangers::Welcome,
        webhooks: Webhooks::Dropped,
        kept_per_thread: 0,
        ..Options::default()
    })
    .await;
    assert_eq!(rig.say("hello").await.0, 200);
    assert_eq!(*rig.simulator.sent_total().borrow(), 1);
    assert!(rig.simulator.sent(&rig.rosa).is_empty());
    assert!(rig.simulator.take_webhooks().is_empty());
}

#[tokio::test]
async fn what_breaks_the_limits_is_an_invalid_parameter() {
    let rig = Rig::in_conversation().await;
    assert_eq!(rig.refused(&"x".repeat(2000)).await, (100, None));
    assert_eq!(rig.refused("").await, (100, Some(2_018_032)));
    let (status, body) = rig.post("me/messages", &json!([1])).await;
    assert_eq!((status, &body["error"]["code"]), (400, &json!(100)));
    assert_eq!(rig.simulator.control().refused(None).len(), 1);
}

#[tokio::test]
async fn an_unknown_page_version_or_edge_is_refused() {
    let rig = Rig::in_conversation().await;
    let words = rig.words("hi");
    let code = |answer: (u16, Value)| answer.1["error"]["code"].clone();
    assert_eq!(code(rig.post("999/messages", &words).await), 100);
    assert_eq!(code(rig.post("me/mesages", &words).await), 100);
    let answer = rig
        .client
        .post(format!("{}/latest/me/messages", rig.simulator.url()))
        .bearer_auth("page-token")
        .json(&words)
        .send()
        .await
        .unwrap();
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["error"]["code"], 2500);
    let page = rig.simulator.core.options.pages[0].id.clone();
    let edge = format!("{}/messages", page.as_str());
    assert_eq!(rig.post(&edge, &words).await.0, 200);
}

#[tokio::test]
async fn what_is_sent_comes_back_as_echo_and_delivery() {
    let rig = Rig::in_conversation().await;
    rig.say("hello").await;
    let webhooks = rig.simulator.take_webhooks_of(&rig.rosa);
    assert_eq!(webhooks.len(), 2);
    assert!(rig.simulator.take_webhooks().is_empty());
    let echo: Value = serde_json::from_slice(&webhooks[0].body).unwrap();
    let event = &echo["entry"][0]["messaging"][0];
    assert_eq!(event["message"]["is_echo"], true);
    assert_eq!(event["message"]["metadata"], "row-1");
    assert_eq!(event["message"]["app_id"], "200000000000001");
    assert_eq!(event["recipient"]["id"], "psid-rosa");
    assert_eq!(webhooks[0].signature, rig.simulator.sign(&webhooks[0].body));
    let delivery: Value = serde_json::from_slice(&webhooks[1].body).unwrap();
    let watermark = &delivery["entry"][0]["messaging"][0]["delivery"]["watermark"];
    assert_eq!(watermark, rig.clock.now_ms());
}

#[tokio::test]
async fn only_what_the_app_subscribed_to_is_posted() {
    let rig = Rig::in_conversation().await;
    let (status, _) = rig
        .post(
            "me/subscribed_apps?subscribed_fields=messages,standby",
            &json!({}),
        )
        .await;
    assert_eq!(status, 200);
    rig.say("hello").await;
    assert!(rig.simulator.take_webhooks().is_empty());
    assert!(rig.writes("hi").webhook.is_some());
    let list = rig
        .client
        .get(rig.at("me/subscribed_apps"))
        .bearer_auth("page-token")
        .send()
        .await
        .unwrap();
    let list: Value = list.json().await.unwrap();
    assert_eq!(
        list["data"][0]["subscribed_fields"],
        json!(["messages", "standby"])
    );
    let (status, _) = rig
        .post(
            "me/subscribed_apps?subscribed_fields=messages,mesages",
            &json!({}),
        )
        .await;
    assert_eq!(status, 400);
}

#[tokio::test]
async fn while_a_person_has_the_thread_the_bot_only_listens() {
    let rig = Rig::in_conversation().await;
    let control = rig.simulator.control();
    let pass = json!({"recipient": {"id": "psid-rosa"}, "target_app_id": INBOX_APP});
    assert_eq!(rig.post("me/pass_thread_control", &pass).await.0, 200);
    assert_eq!(rig.refused("hello").await.0, 2_018_300);
    assert_eq!(control.owner(&rig.rosa), Owner::Other(INBOX_APP.to_owned()));
    let body = rig.writes("are you there").webhook.unwrap().body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body["entry"][0]["standby"][0]["message"]["text"],
        "are you there"
    );
    let tap = Act::Postback {
        title: "Balance".to_owned(),
        payload: "v1:balance".to_owned(),
    };
    let body = control.act(&rig.rosa, &tap).webhook.unwrap().body;
    assert!(!String::from_utf8_lossy(&body).contains("v1:balance"));
    drop(rig.simulator.take_webhooks());
    control.human_returns(&rig.rosa);
    let body = rig.simulator.take_webhooks().remove(0).body;
    let body: Value = serde_json::from_slice(&body).unwrap();
    let event = &body["entry"][0]["messaging"][0]["pass_thread_control"];
    assert_eq!(event["new_owner_app_id"], "200000000000001");
    assert_eq!(rig.say("a bot again").await.0, 200);
}

#[tokio::test]
async fn thread_owner_is_told() {
    let rig = Rig::in_conversation().await;
    let owner = async || -> Value {
        let answer = rig
            .client
            .get(rig.at("me/thread_owner?recipient=psid-rosa"))
            .bearer_auth("page-token")
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    };
    assert_eq!(owner().await, json!({"data": []}));
    let take = json!({"recipient": {"id": "psid-rosa"}});
    assert_eq!(rig.post("me/take_thread_control", &take).await.0, 200);
    assert_eq!(
        owner().await["data"][0]["thread_owner"]["app_id"],
        "200000000000001"
    );
    assert_eq!(rig.post("me/release_thread_control", &take).await.0, 200);
    assert_eq!(owner().await, json!({"data": []}));
    let nobody = json!({"recipient": {"id": "psid-nobody"}});
    assert_eq!(rig.post("me/take_thread_control", &nobody).await.0, 400);
}

#[tokio::test]
async fn sends_fail_as_ordered_and_then_work_again() {
    let rig = Rig::in_conversation().await;
    let control = rig.simulator.control();
    control.fault_in_words("613 retry 30 x2").unwrap();
    let answer = rig
        .client
        .post(rig.at("me/messages"))
        .bearer_auth("page-token")
        .json(&rig.words("one"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["retry-after"], "30");
    assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 613);
    let typing = json!({"recipient": {"id": "psid-rosa"}, "sender_action": "typing_on"});
    assert_eq!(rig.post("me/messages", &typing).await.0, 200);
    assert_eq!(control.actions(&rig.rosa)[0].action, "typing_on");
    assert_eq!(rig.refused("two").await, (613, None));
    assert_eq!(rig.say("three").await.0, 200);
    let refused = control.refused(Some(&rig.rosa));
    assert_eq!(refused[0].fault.as_deref(), Some("613 retry 30"));
    control.fault_in_words("http 503 x1").unwrap();
    let answer = rig
        .client
        .post(rig.at("me/messages"))
        .bearer_auth("page-token")
        .json(&rig.words("four"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    control.fault(Fault::Html);
    let answer = rig
        .client
        .post(rig.at("me/messages"))
        .bearer_auth("page-token")
        .json(&rig.words("five"))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    control.clear_faults(None);
    assert_eq!(rig.say("six").await.0, 200);
}

/// The cases in which the sender cannot know (design 2.3): the message is out, the answer is not.
#[tokio::test]
async fn a_swallowed_or_broken_answer_leaves_the_message_sent() {
    let rig = Rig::in_conversation().await;
    for (words, sent) in [("swallows x1", 1), ("closes x1", 2), ("refuses x1", 2)] {
        rig.simulator.control().fault_in_words(words).unwrap();
        let answer = rig
            .client
            .post(rig.at("me/messages"))
            .bearer_auth("page-token")
            .json(&rig.words("hello"))
            .send()
            .await;
        let whole = match answer {
            Ok(answer) => answer.bytes().await.is_ok(),
            Err(_) => false,
        };
        assert!(!whole, "{words}");
        assert_eq!(rig.simulator.sent(&rig.rosa).len(), sent, "{words}");
    }
}

#[tokio::test]
async fn a_hanging_call_sends_nothing() {
    let rig = Rig::in_conversation().await;
    rig.simulator.control().fault_in_words("hangs x1").unwrap();
    let answer = rig
        .client
        .post(rig.at("me/messages"))
        .bearer_auth("page-token")
        .timeout(Duration::from_millis(150))
        .json(&rig.words("hello"))
        .send()
        .await;
    assert!(answer.unwrap_err().is_timeout());
    assert!(rig.simulator.sent(&rig.rosa).is_empty());
}

#[tokio::test]
async fn usage_headers_tell_how_full_the_allowance_is() {
    let rig = Rig::in_conversation().await;
    rig.simulator.control().set_usage(95, 19);
    let answer = rig
        .client
        .post(rig.at("me/messages"))
        .bearer_auth("page-token")
        .json(&rig.words("hello"))
        .send()
        .await
        .unwrap();
    let usage: Value = serde_json::from_str(
        answer.headers()["x-business-use-case-usage"]
            .to_str()
            .unwrap(),
    )
    .unwrap();
    assert_eq!(usage["100000000000001"][0]["call_count"], 95);
    assert_eq!(
        usage["100000000000001"][0]["estimated_time_to_regain_access"],
        19
    );
    assert!(answer.headers().contains_key("x-app-usage"));
}

#[tokio::test]
async fn uploads_are_sendable_by_their_id_and_others_are_not() {
    let rig = Rig::in_conversation().await;
    let form = reqwest::multipart::Form::new()
        .text(
            "message",
            json!({"attachment": {"type": "image", "payload": {"is_reusable": true}}}).to_string(),
        )
        .part(
            "filedata",
            reqwest::multipart::Part::bytes(b"\x89PNG".to_vec())
                .file_name("chart.png")
                .mime_str("image/png")
                .unwrap(),
        );
    let answer = rig
        .client
        .post(rig.at("me/message_attachments"))
        .bearer_auth("page-token")
        .multipart(form)
        .send()
        .await
        .unwrap();
    let body: Value = answer.json().await.unwrap();
    let id = body["attachment_id"].as_str().unwrap();
    let message = |id: &str| {
        json!({
            "recipient": {"id": "psid-rosa"}, "messaging_type": "RESPONSE",
            "message": {"attachment": {"type": "image", "payload": {"attachment_id": id}}},
        })
    };
    assert_eq!(rig.post("me/messages", &message(id)).await.0, 200);
    let (_, body) = rig.post("me/messages", &message("31337")).await;
    assert_eq!(body["error"]["error_subcode"], 2_018_074);
}

#[tokio::test]
async fn the_profile_is_kept() {
    let rig = Rig::in_conversation().await;
    let started = json!({"get_started": {"payload": "GET_STARTED"}});
    let (status, body) = rig.post("me/messenger_profile", &started).await;
    assert_eq!((status, body), (200, json!({"result": "success"})));
    let (status, _) = rig
        .post("me/messenger_profile", &json!({"home_url": {}}))
        .await;
    assert_eq!(status, 400);
}

/// A bot that answers what it is told to, and remembers what it got.
async fn bot(
    answers: Vec<u16>,
) -> (
    String,
    tokio::sync::mpsc::UnboundedReceiver<(String, Bytes)>,
) {
    let (got, seen) = tokio::sync::mpsc::unbounded_channel();
    let answers = Arc::new(Mutex::new(answers.into_iter()));
    let router = Router::new().route(
        "/webhooks/messenger",
        axum::routing::post(
            move |headers: axum::http::HeaderMap, body: Bytes| async move {
                let signature = headers["x-hub-signature-256"].to_str().unwrap().to_owned();
                got.send((signature, body)).unwrap();
                let status = answers.lock().unwrap().next().unwrap_or(200);
                StatusCode::from_u16(status).unwrap()
            },
        ),
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "http://{}/webhooks/messenger",
        listener.local_addr().unwrap()
    );
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, seen)
}

#[tokio::test]
async fn webhooks_are_posted_signed_in_order_and_again_when_refused() {
    let rig = Rig::with(Options {
        webhooks: Webhooks::Posted(None),
        ..Options::default()
    })
    .await;
    rig.writes("uno");
    rig.writes("dos");
    let (url, mut seen) = bot(vec![503]).await;
    rig.simulator.control().post_webhooks_to(url);
    let mut texts = Vec::new();
    for _ in 0..3 {
        let (signature, body) = seen.recv().await.unwrap();
        assert_eq!(signature, rig.simulator.sign(&body));
        let body: Value = serde_json::from_slice(&body).unwrap();
        let event = &body["entry"][0]["messaging"][0];
        texts.push(event["message"]["text"].as_str().unwrap().to_owned());
    }
    assert_eq!(texts, ["uno", "uno", "dos"]);
}

#[tokio::test]
async fn scripts_steer_it_over_http() {
    let rig = Rig::with(Options {
        beside: Beside::Control,
        ..Options::default()
    })
    .await;
    let post = async |path: &str, body: Value| {
        let url = format!("{}/control/{path}", rig.simulator.url());
        let answer = rig.client.post(url).json(&body).send().await.unwrap();
        answer.status().as_u16()
    };
    let act = json!({"psid": "psid-rosa", "act": {"do": "write", "text": "hi"}});
    assert_eq!(post("act", act).await, 200);
    assert_eq!(post("faults", json!({"fault": "613 x1"})).await, 204);
    assert_eq!(post("faults", json!({"fault": "graph"})).await, 400);
    assert_eq!(rig.refused("hello").await, (613, None));
    assert_eq!(rig.say("hello").await.0, 200);
    assert_eq!(
        post("thread", json!({"psid": "psid-rosa", "human": true})).await,
        204
    );
    assert_eq!(rig.refused("hello").await.0, 2_018_300);
    let url = format!("{}/control/sent?psid=psid-rosa", rig.simulator.url());
    let sent: Value = rig
        .client
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert_eq!(sent[0]["body"]["message"]["text"], "hello");
}

#[tokio::test]
async fn steering_over_http_is_off_unless_asked_for() {
    let rig = Rig::start().await;
    let url = format!("{}/control/faults", rig.simulator.url());
    let answer = rig
        .client
        .post(url)
        .json(&json!({"fault": "613"}))
        .send()
        .await
        .unwrap();
    assert_ne!(answer.status(), 204);
    assert_eq!(rig.writes("hi").at_ms, rig.clock.now_ms());
    assert_eq!(rig.say("hello").await.0, 200);
}
