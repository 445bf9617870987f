//! A page that shows full numbers once: by the link out of the chat, in a browser's requests.

use bursar::message::Psid;

use crate::process::{Process, World, read};

async fn link(world: &World, process: &Process, psid: &Psid, text: &str) -> String {
    let before = world.graph.sent(psid).len();
    world.say(process, psid, text).await;
    world
        .until(text, || world.graph.sent(psid).len() > before)
        .await;
    let sent = world.graph.sent(psid);
    let body: serde_json::Value = serde_json::from_slice(&sent.last().unwrap().json).unwrap();
    let url = body
        .pointer("/message/attachment/payload/buttons/0/url")
        .and_then(serde_json::Value::as_str)
        .unwrap_or_else(|| panic!("no link in {body}"));
    let path = url.split_once("/view/").unwrap().1;
    format!("{}/view/{path}", process.url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_shows_the_numbers_once_and_they_stay_nowhere() {
    let world = World::start().await;
    let psid = Psid::from("PSID-0001");
    let process = world.spawn("serve.log");
    world.say(&process, &psid, "hello").await;
    world
        .until("the greeting", || !world.texts(&psid).is_empty())
        .await;
    let url = link(
        &world,
        &process,
        &psid,
        "whats the account number of my savings",
    )
    .await;
    let client = &world.client;
    // A chat that previews the link, and a browser that opens it, see no number and spend nothing.
    for _ in 0..2 {
        assert!(
            client
                .head(&url)
                .send()
                .await
                .unwrap()
                .status()
                .is_success()
        );
        let page = client.get(&url).send().await.unwrap();
        assert_eq!(page.status(), 200);
        assert!(!page.text().await.unwrap().contains("5678"));
    }
    let page = client
        .post(&url)
        .header("accept-language", "es-MX")
        .send()
        .await
        .unwrap();
    assert_eq!(page.status(), 200);
    let header = |name: &str| page.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(header("cache-control"), "no-store");
    assert_eq!(header("referrer-policy"), "no-referrer");
    assert!(header("content-security-policy").starts_with("default-src 'none'"));
    let words = page.text().await.unwrap();
    assert!(words.contains("Número de cuenta"), "{words}");
    let number = regex::Regex::new(r"\d{6}5678").unwrap();
    let number = number.find(&words).unwrap().as_str().to_owned();

    // Twice is once too often, and nobody else's guess opens anything.
    assert_eq!(client.post(&url).send().await.unwrap().status(), 410);
    let wrong = format!("{}/view/{}", process.url, "0".repeat(32));
    assert_eq!(client.post(&wrong).send().await.unwrap().status(), 410);
    for odd in ["x", "..%2f..", &"0".repeat(5_000)] {
        let url = format!("{}/view/{odd}", process.url);
        assert_eq!(
            client.post(&url).send().await.unwrap().status(),
            410,
            "{odd}"
        );
    }
    world.until("rest", || world.settled()).await;
    let token = url.rsplit_once('/').unwrap().1;
    let log = read(&process.log);
    assert!(!log.contains(&number) && !log.contains(token), "the log");
    let texts = world.texts(&psid).concat();
    assert!(!texts.contains(&number), "the chat");
    for name in ["bursar.db", "bursar.db-wal"] {
        let file = std::fs::read(world.folder.path().join(name)).unwrap_or_default();
        let holds = |text: &str| {
            file.windows(text.len())
                .any(|bytes| bytes == text.as_bytes())
        };
        assert!(!holds(&number) && !holds(token), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_taps_at_once_one_sees_it() {
    let world = World::start().await;
    let psid = Psid::from("PSID-0002");
    let process = world.spawn("serve.log");
    world.say(&process, &psid, "hello").await;
    world
        .until("the greeting", || !world.texts(&psid).is_empty())
        .await;
    let url = link(
        &world,
        &process,
        &psid,
        "i need my latest savings statement",
    )
    .await;
    let client = &world.client;
    let taps = (0..8).map(|_| client.post(&url).send());
    let mut seen = 0;
    for answer in futures::future::join_all(taps).await {
        let answer = answer.unwrap();
        match answer.status().as_u16() {
            200 => {
                seen += 1;
                let header = |name: &str| answer.headers()[name].to_str().unwrap();
                assert_eq!(header("content-type"), "application/pdf");
                assert_eq!(header("cache-control"), "no-store");
                assert_eq!(header("referrer-policy"), "no-referrer");
                assert_eq!(header("x-frame-options"), "DENY");
                assert_eq!(header("content-security-policy"), "frame-ancestors 'none'");
                let name = header("content-disposition");
                assert!(name.starts_with("inline; filename=\"statement-"), "{name}");
                assert!(answer.bytes().await.unwrap().starts_with(b"%PDF-"));
            }
            status => assert_eq!(status, 410),
        }
    }
    assert_eq!(seen, 1);
}
