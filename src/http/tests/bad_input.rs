//! What other receivers get wrong, through the real router into the real store.

use std::fmt::Write as _;
use std::time::Instant;

use super::*;

async fn post_signed(world: &World, body: Vec<u8>) -> StatusCode {
    let request = Request::post(webhook::PATH)
        .header(HEADER, sign(SECRET, &body))
        .body(Body::from(body))
        .unwrap();
    ask(&world.public, request).await.status
}

async fn post_with(world: &World, body: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::post(webhook::PATH);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    ask(&world.public, request).await
}

fn sha1_of(body: &str) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn only_a_right_sha256_lets_an_event_in() {
    let world = world();
    let body = body("messaging", &[event("m_1", "balance")]);
    let right = sign(SECRET, body.as_bytes());
    let wrong = sign("another secret", body.as_bytes());
    let sha1 = sha1_of(&body);
    let upper = right.to_uppercase().replace("SHA256", "sha256");
    let loud = right.replace("sha256", "SHA256");
    let bare = right.replace("sha256=", "");
    let parsed: serde_json::Value = serde_json::from_str(&body).unwrap();
    let rewritten = sign(
        SECRET,
        serde_json::to_string_pretty(&parsed).unwrap().as_bytes(),
    );
    for headers in [
        vec![],
        vec![("x-hub-signature", sha1.as_str())],
        vec![("x-hub-signature", sha1.as_str()), (HEADER, wrong.as_str())],
        vec![(HEADER, sha1.as_str())],
        vec![(HEADER, wrong.as_str())],
        vec![(HEADER, right.as_str()), (HEADER, right.as_str())],
        vec![(HEADER, right.as_str()), (HEADER, wrong.as_str())],
        vec![(HEADER, upper.as_str())],
        vec![(HEADER, loud.as_str())],
        vec![(HEADER, bare.as_str())],
        vec![(HEADER, rewritten.as_str())],
    ] {
        let answer = post_with(&world, &body, &headers).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{headers:?}");
        assert_eq!(answer.body, "", "nothing is said about why");
    }
    assert_eq!(world.waiting().await, 0);
    let answer = post_with(&world, &body, &[(HEADER, &right)]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(world.waiting().await, 1);
}

#[tokio::test]
async fn text_is_signed_as_it_was_sent_not_as_it_reads() {
    let world = world();
    // Meta escapes what is not ASCII; whoever signs the decoded text signs something else.
    let escaped = body(
        "messaging",
        &[event("m_1", "cu\\u00e1nto tengo \\ud83d\\ude00")],
    );
    let decoded = escaped
        .replace("\\u00e1", "á")
        .replace("\\ud83d\\ude00", "😀");
    let of_decoded = sign(SECRET, decoded.as_bytes());
    let answer = post_with(&world, &escaped, &[(HEADER, &of_decoded)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.post(&escaped).await, StatusCode::OK);
    assert_eq!(world.waiting().await, 1);
}

#[tokio::test]
async fn ten_megabytes_are_refused_and_a_truncated_body_is_acknowledged() {
    let world = world();
    let huge = vec![b' '; 10 * 1024 * 1024];
    assert_eq!(
        post_signed(&world, huge).await,
        StatusCode::PAYLOAD_TOO_LARGE
    );
    let whole = body("messaging", &[event("m_1", "balance")]);
    let half = whole.as_bytes()[..whole.len() / 2].to_vec();
    assert_eq!(post_signed(&world, half).await, StatusCode::OK);
    assert_eq!(world.waiting().await, 0);
    assert_eq!(
        world.counted("bursar_events_total{kind=\"unparsable\",outcome=\"skipped\"}"),
        1
    );
}

#[tokio::test]
async fn invalid_utf8_and_lone_surrogates_lose_no_neighbour() {
    let world = world();
    let mut broken = body("messaging", &[event("m_1", "XX")]).into_bytes();
    let place = broken.windows(2).position(|two| two == b"XX").unwrap();
    broken[place] = 0xff;
    broken[place + 1] = 0xc3;
    assert_eq!(post_signed(&world, broken).await, StatusCode::OK);
    let lone = body(
        "messaging",
        &[
            event("m_2", "half \\ud83d of an emoji"),
            event("m_3", "balance"),
        ],
    );
    assert_eq!(world.post(&lone).await, StatusCode::OK);
    // The neighbour is there, whatever became of the others.
    assert!(world.waiting().await >= 1);
    let stored = world.lease().await.unwrap().inputs.len();
    assert!(stored >= 1);
}

#[tokio::test]
async fn bombs_are_answered_in_no_time() {
    let world = world();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let mut keys = String::from("{");
    for at in 0..100_000 {
        write!(keys, "\"{at}\":1,").unwrap();
    }
    keys.push_str("\"z\":1}");
    let number = "9".repeat(300_000);
    let exponent = "1e999999999".to_owned();
    for bomb in [deep, keys, number, exponent] {
        assert!(bomb.len() < 1024 * 1024, "within the limit");
        let with_event = format!(
            r#"{{"object":"page","entry":[{{"id":"{PAGE}","bomb":{bomb},"messaging":[{}]}}]}}"#,
            event("m_1", "balance")
        );
        let began = Instant::now();
        assert_eq!(world.post(&bomb).await, StatusCode::OK);
        assert_eq!(world.post(&with_event).await, StatusCode::OK);
        assert!(began.elapsed() < std::time::Duration::from_secs(5));
    }
    assert!(world.waiting().await <= 1, "the same event is there once");
    // The process still takes what makes sense.
    let after = body("messaging", &[event("m_2", "balance")]);
    assert_eq!(world.post(&after).await, StatusCode::OK);
    assert!(world.waiting().await >= 1);
}

#[tokio::test]
async fn ids_beyond_a_double_stay_apart() {
    let world = world();
    // Both are 9007199254740992 as a double.
    let numbers = ["9007199254740993", "9007199254740992"].map(|id| {
        event("m_1", "balance")
            .replace("\"PSID-0001\"", id)
            .replace("m_1", &format!("m_{id}"))
    });
    assert_eq!(
        world.post(&body("messaging", &numbers)).await,
        StatusCode::OK
    );
    assert_eq!(world.waiting().await, 2);
    let first = world.lease().await.unwrap();
    assert_eq!(first.inputs.len(), 1, "two people, two conversations");
}

#[tokio::test]
async fn a_batch_of_a_thousand_is_stored_whole() {
    let world = world();
    let events: Vec<_> = (0..1000)
        .map(|at| event(&format!("m_{at}"), "balance"))
        .collect();
    assert_eq!(
        world.post(&body("messaging", &events)).await,
        StatusCode::OK
    );
    assert_eq!(world.waiting().await, 1000);
}

#[tokio::test]
async fn a_foreign_object_and_empty_entries_are_acknowledged_at_once() {
    let world = world();
    let event = event("m_1", "balance");
    for odd in [
        format!(r#"{{"object":"instagram","entry":[{{"id":"1","messaging":[{event}]}}]}}"#),
        format!(r#"{{"object":null,"entry":[{{"id":"1","messaging":[{event}]}}]}}"#),
        r#"{"object":"page","entry":[]}"#.to_owned(),
        r#"{"object":"page","entry":[{}]}"#.to_owned(),
        r#"{"object":"page","entry":[null,7,"x"]}"#.to_owned(),
        r#"{"object":"page"}"#.to_owned(),
        r#"{"object":"page","entry":[{"id":"1","messaging":[]}]}"#.to_owned(),
        r#"{"object":"page","entry":[{"id":"1","messaging":[null,{}]}]}"#.to_owned(),
    ] {
        assert_eq!(world.post(&odd).await, StatusCode::OK, "{odd}");
    }
    assert_eq!(world.waiting().await, 0);
}
