//! The chat page's calls over real HTTP. How it looks and behaves is tested in a browser.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::clock::{ManualClock, SharedClock};
use crate::simulator::messenger::{Beside, MessengerSimulator, Options};

struct Rig {
    simulator: MessengerSimulator,
    client: reqwest::Client,
}

impl Rig {
    async fn start() -> Self {
        let at = "2026-11-22T10:41:00-05:00".parse().unwrap();
        let clock: SharedClock = Arc::new(ManualClock::new(at));
        let options = Options {
            beside: Beside::ChatPage,
            ..Options::default()
        };
        Self {
            simulator: MessengerSimulator::start(options, clock).await.unwrap(),
            client: super::super::deliver::client().unwrap(),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.url())
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let request = self.client.post(self.url(path)).json(&body);
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn newcomer(&self) -> String {
        let (_, made) = self.post("/chat/people", json!({"linked": false})).await;
        made["psid"].as_str().unwrap().to_owned()
    }

    async fn state(&self) -> Value {
        self.get("/chat/state").await.json().await.unwrap()
    }
}

#[tokio::test]
async fn every_file_of_the_page_is_served_and_may_load_nothing_from_elsewhere() {
    let rig = Rig::start().await;
    for (name, kind, text) in FILES {
        let path = if name.is_empty() {
            "/".to_owned()
        } else {
            format!("/page/{name}")
        };
        let answer = rig.get(&path).await;
        assert_eq!(answer.status(), 200, "{path}");
        assert_eq!(answer.headers()["content-type"], kind);
        let policy = answer.headers()["content-security-policy"]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(
            !text.contains("innerHTML") && !text.contains("insertAdjacentHTML"),
            "{name}"
        );
        assert_eq!(answer.text().await.unwrap(), text);
    }
    assert_eq!(rig.get("/page/secret.js").await.status(), 404);
}

#[tokio::test]
async fn other_sites_and_names_that_point_here_are_refused() {
    let rig = Rig::start().await;
    let order = json!({"fault": "613"});
    let answer = async |name: &str, value: &str| {
        let request = rig.client.post(rig.url("/control/faults")).json(&order);
        let answer = request.header(name, value).send().await.unwrap();
        answer.status().as_u16()
    };
    assert_eq!(answer("origin", "https://attacker.example").await, 403);
    assert_eq!(answer("origin", "null").await, 403);
    assert_eq!(answer("host", "attacker.example").await, 403);
    assert_eq!(answer("host", "127.0.0.1.attacker.example").await, 403);
    assert_eq!(answer("origin", rig.simulator.url()).await, 204);
    // A form of another site cannot say that it sends JSON.
    let form = rig
        .client
        .post(rig.url("/chat/people"))
        .body("{}")
        .header("content-type", "text/plain");
    assert_eq!(form.send().await.unwrap().status(), 415);
}

#[tokio::test]
async fn a_person_writes_and_sees_what_came_of_it() {
    let rig = Rig::start().await;
    let psid = rig.newcomer().await;
    let write = json!({"psid": psid, "act": {"do": "write", "text": "<script>alert(1)</script>"}});
    let (status, done) = rig.post("/chat/act", write).await;
    assert_eq!(status, 200);
    let state = rig.state().await;
    assert_eq!(state["people"][0]["linked"], false);
    let entry = &state["threads"][&psid][0];
    assert_eq!(entry["id"], done["mid"]);
    assert_eq!(entry["act"]["text"], "<script>alert(1)</script>");
    let webhook = entry["webhook"].as_str().unwrap();
    assert!(
        webhook.contains(r"<\/script>"),
        "as Meta escapes it: {webhook}"
    );
    let stranger = json!({"psid": "nobody", "act": {"do": "thumbs_up"}});
    assert_eq!(rig.post("/chat/act", stranger).await.0, 400);
}

#[tokio::test]
async fn a_page_that_lost_its_line_hears_what_it_missed() {
    let rig = Rig::start().await;
    let psid = rig.newcomer().await;
    let number = rig.state().await["number"].as_u64().unwrap();
    rig.simulator.control().human_takes(&Psid(psid));
    let mut feed = rig.get(&format!("/chat/feed?after={number}")).await;
    let mut heard = String::new();
    while !heard.contains("A person at the bank has the chat now.") {
        let chunk = feed.chunk().await.unwrap().unwrap();
        heard.push_str(std::str::from_utf8(&chunk).unwrap());
    }
    assert!(heard.contains(&format!("id: {}", number + 1)), "{heard}");
    let mut feed = rig.get("/chat/feed?after=999999").await;
    let chunk = feed.chunk().await.unwrap().unwrap();
    assert!(chunk.starts_with(b"id: "), "{chunk:?}");
    assert!(String::from_utf8_lossy(&chunk).contains("anew"));
}

#[tokio::test]
async fn pictures_are_pictures() {
    let rig = Rig::start().await;
    let upload = async |kind: &str| {
        let request = rig.client.post(rig.url("/chat/picture"));
        let request = request.header("content-type", kind).body("<svg/>");
        request.send().await.unwrap()
    };
    assert_eq!(upload("image/svg+xml").await.status(), 400);
    assert_eq!(upload("text/html").await.status(), 400);
    let made: Value = upload("image/png").await.json().await.unwrap();
    let path = format!("/chat/media/{}", made["picture"].as_str().unwrap());
    let answer = rig.get(&path).await;
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert_eq!(rig.get("/chat/media/77").await.status(), 404);
}

#[tokio::test]
async fn the_world_can_be_steered_from_the_page() {
    let rig = Rig::start().await;
    let psid = rig.newcomer().await;
    let order = async |order: Value| {
        let of = json!({"psid": psid, "order": order});
        rig.post("/chat/world", of).await
    };
    let (_, world) = order(json!({"fault": "613 x3"})).await;
    assert_eq!(world["faults"], json!(["613 x3"]));
    let (_, world) = order(json!({"fault": null})).await;
    assert_eq!(world["faults"], json!([]));
    let (_, world) = order(json!({"human": true})).await;
    assert_eq!(world["human"], true);
    let (_, world) = order(json!({"blocked": true})).await;
    assert_eq!(world["blocked"], true);
    assert_eq!(order(json!({"fault": "graph"})).await.0, 400);
    assert_eq!(
        order(json!({"advance": 60_000})).await.0,
        400,
        "nobody plays the clock"
    );
    let both = json!({"human": true, "blocked": true});
    assert_ne!(order(both).await.0, 200, "one order at a time");
}

/// Plays a link page: what it gets, and what comes of sending the person back.
#[tokio::test]
async fn the_log_in_button_leads_to_the_link_page_and_back() {
    let rig = Rig::start().await;
    let psid = rig.newcomer().await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let open = async |url: &str| {
        let path = rig.url("/chat/log-in");
        let request = client
            .get(path)
            .query(&[("psid", psid.as_str()), ("url", url)]);
        request.send().await.unwrap()
    };
    assert_eq!(open("javascript:alert(1)").await.status(), 400);
    let answer = open("http://127.0.0.1:9/link?a=b").await;
    assert_eq!(answer.status(), 303);
    let target = reqwest::Url::parse(answer.headers()["location"].to_str().unwrap()).unwrap();
    let parameter = |name: &str| {
        let mut pairs = target.query_pairs();
        pairs.find(|(key, _)| key == name).unwrap().1.into_owned()
    };
    assert_eq!(parameter("a"), "b");
    let token = parameter("account_linking_token");
    let me = rig
        .client
        .get(rig.url("/v26.0/me"))
        .bearer_auth("page-token");
    let me = me.query(&[("fields", "recipient"), ("account_linking_token", &token)]);
    let me: Value = me.send().await.unwrap().json().await.unwrap();
    assert_eq!(me["recipient"], psid.as_str());
    drop(rig.simulator.take_webhooks());
    let back = format!("{}?authorization_code=our-code", parameter("redirect_uri"));
    let words = rig
        .client
        .get(&back)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(words.starts_with("Signed in."), "{words}");
    let webhook = rig.simulator.take_webhooks().remove(0).body;
    let webhook: Value = serde_json::from_slice(&webhook).unwrap();
    let event = &webhook["entry"][0]["messaging"][0]["account_linking"];
    assert_eq!(event["authorization_code"], "our-code");
    let again = rig
        .client
        .get(&back)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        again.contains("out of date"),
        "a token is used once: {again}"
    );
}

#[test]
fn only_loopback_is_local() {
    for host in [
        "localhost:8400",
        "127.0.0.1",
        "127.1.2.3:80",
        "[::1]:8400",
        "localhost",
    ] {
        assert!(is_local_name(host), "{host}");
    }
    for host in [
        "localhost.attacker.example",
        "10.0.0.1",
        "",
        "127.0.0.1:x",
        "[::2]:80",
    ] {
        assert!(!is_local_name(host), "{host}");
    }
}
