use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;
use crate::channel::messenger::signature::{AppSecrets, HEADER, sign};
use crate::message::{Attachment, InboundKind};

const PAGE: &str = "104900000000001";

fn signed(body: &[u8]) -> SignedBody {
    let secrets = AppSecrets::new(&["app-secret".into()]);
    let mut headers = axum::http::HeaderMap::new();
    headers.insert(HEADER, sign("app-secret", body).parse().unwrap());
    secrets
        .verify(&headers, bytes::Bytes::copy_from_slice(body))
        .unwrap()
}

fn parsed(body: impl AsRef<[u8]>) -> Parsed {
    parse(&signed(body.as_ref())).unwrap()
}

/// Wraps elements of `messaging[]` into a request.
fn request(elements: &[&str]) -> String {
    format!(
        r#"{{"object":"page","entry":[{{"id":"{PAGE}","time":1,"messaging":[{}]}}]}}"#,
        elements.join(",")
    )
}

fn text_event(mid: &str, text: &str) -> String {
    format!(
        r#"{{"sender":{{"id":"PSID-0001"}},"recipient":{{"id":"{PAGE}"}},"timestamp":1763769600001,"message":{{"mid":"{mid}","text":"{text}"}}}}"#
    )
}

fn texts(parsed: &Parsed) -> Vec<&str> {
    parsed
        .events
        .iter()
        .filter_map(|event| match &event.kind {
            InboundKind::Message { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/webhooks/messenger")
}

/// What a fixture is expected to become: one line an event, then what was skipped.
fn shown(parsed: &Parsed) -> String {
    let mut out = String::new();
    for event in &parsed.events {
        out.push_str(&serde_json::to_string(event).unwrap());
        out.push('\n');
    }
    for (what, count) in parsed.skipped.counts() {
        writeln!(out, "skipped {what} {count}").unwrap();
    }
    out
}

/// Set `UPDATE_FIXTURES=1` to write the expectations anew, and review the difference.
#[test]
fn every_fixture_is_read_as_written_beside_it() {
    let update = std::env::var_os("UPDATE_FIXTURES").is_some();
    let mut wrong = Vec::new();
    let mut count = 0;
    for file in fs::read_dir(fixtures()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "expected") {
            assert!(
                path.with_extension("json").exists(),
                "{} is used by nothing",
                path.display()
            );
            continue;
        }
        assert!(
            path.extension().is_some_and(|kind| kind == "json"),
            "{}",
            path.display()
        );
        count += 1;
        let got = shown(&parsed(fs::read(&path).unwrap()));
        let expected = path.with_extension("expected");
        if update {
            fs::write(&expected, &got).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != got {
            wrong.push(format!("{}:\n{got}", path.display()));
        }
    }
    assert!(count > 50, "only {count} fixtures found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kind_of_event_has_a_fixture() {
    let mut seen = std::collections::BTreeSet::new();
    for file in fs::read_dir(fixtures()).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|kind| kind == "json") {
            for event in parsed(fs::read(&path).unwrap()).events {
                seen.insert(event.kind.name());
            }
        }
    }
    let all = [
        "account_linking",
        "delivery",
        "echo",
        "feedback",
        "message",
        "message_edit",
        "optin",
        "policy_enforcement",
        "postback",
        "reaction",
        "read",
        "referral",
        "thread_control",
        "unknown",
        "unsent",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}

#[test]
fn an_echo_belongs_to_the_person_it_was_sent_to() {
    let parsed = parsed(fs::read(fixtures().join("echo.json")).unwrap());
    let event = &parsed.events[0];
    assert_eq!(event.psid.as_str(), "PSID-0001");
    assert_eq!(event.page.as_str(), PAGE);
    let InboundKind::Echo {
        app_id, metadata, ..
    } = &event.kind
    else {
        panic!("not an echo");
    };
    assert_eq!(app_id.as_deref(), Some("1234567890123456"));
    assert_eq!(metadata.as_deref().map(str::len), Some(32));
}

#[test]
fn all_events_of_all_entries_are_read_in_order() {
    let events: Vec<String> = (0..1000)
        .map(|at| text_event(&format!("m_{at}"), &format!("t{at}")))
        .collect();
    let refs: Vec<&str> = events.iter().map(String::as_str).collect();
    let parsed = parsed(request(&refs));
    assert_eq!(parsed.events.len(), 1000);
    let expected: Vec<String> = (0..1000).map(|at| format!("t{at}")).collect();
    assert_eq!(texts(&parsed), expected);
}

#[test]
fn an_event_that_makes_no_sense_does_not_lose_its_neighbours() {
    let good = text_event("m_1", "before");
    let also = text_event("m_2", "after");
    let deep = format!(
        r#"{{"message":{}1{}}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    for bad in [
        "null",
        "7",
        "[]",
        "\"text\"",
        "{}",
        r#"{"message":null}"#,
        r#"{"message":7,"sender":[],"recipient":"x","timestamp":{}}"#,
        r#"{"sender":{"id":{}},"message":{"mid":[],"text":{},"attachments":{"type":1}}}"#,
        r#"{"message":{"text":1e999999,"seq":-1e-999999}}"#,
        deep.as_str(),
    ] {
        let parsed = parsed(request(&[&good, bad, &also]));
        let texts = texts(&parsed);
        assert_eq!(texts.first(), Some(&"before"), "{bad:.60}");
        assert_eq!(texts.last(), Some(&"after"), "{bad:.60}");
    }
}

#[test]
fn events_without_a_person_are_nothing_a_conversation_knows() {
    let parsed = parsed(request(&[
        r#"{"recipient":{"id":"1"},"timestamp":1,"message":{"mid":"m_1","text":"hi"}}"#,
    ]));
    assert_eq!(parsed.events[0].kind, InboundKind::Unknown);
}

#[test]
fn an_event_without_a_timestamp_has_time_zero_never_the_entrys() {
    let parsed = parsed(fs::read(fixtures().join("feedback-screen.json")).unwrap());
    assert_eq!(parsed.events[0].at_ms, 0);
}

#[test]
fn the_page_is_the_one_written_to_else_the_entrys() {
    let named = r#"{"sender":{"id":"2"},"recipient":{"id":"77"},"message":{"mid":"m"}}"#;
    let unnamed = r#"{"sender":{"id":"2"},"message":{"mid":"m"}}"#;
    let parsed = parsed(request(&[named, unnamed]));
    assert_eq!(parsed.events[0].page.as_str(), "77");
    assert_eq!(parsed.events[1].page.as_str(), PAGE);
}

#[test]
fn a_link_status_nobody_knows_neither_links_nor_unlinks() {
    let parsed = parsed(request(&[
        r#"{"sender":{"id":"2"},"account_linking":{"status":"pending","authorization_code":"x"}}"#,
    ]));
    assert_eq!(parsed.events[0].kind, InboundKind::Unknown);
}

#[test]
fn a_like_is_told_from_other_stickers() {
    for (name, expected) in [
        ("attachment-like", Attachment::ThumbsUp),
        ("attachment-like-before-2026-08", Attachment::ThumbsUp),
        ("attachment-sticker", Attachment::Sticker),
        ("attachment-image", Attachment::Image),
    ] {
        let parsed = parsed(fs::read(fixtures().join(name).with_extension("json")).unwrap());
        let InboundKind::Message { attachments, .. } = &parsed.events[0].kind else {
            panic!("not a message");
        };
        assert_eq!(attachments, &[expected], "{name}");
    }
}

#[test]
fn invalid_utf8_is_read_with_replacement_characters() {
    let mut body = request(&[&text_event("m_1", "sal?do")]).into_bytes();
    let at = body.iter().position(|byte| *byte == b'?').unwrap();
    body[at] = 0xff;
    assert_eq!(texts(&parsed(body)), ["sal\u{fffd}do"]);
}

#[test]
fn a_foreign_object_is_passed_over_whatever_it_holds() {
    for body in [
        r#"{"object":"instagram","entry":[{"messaging":[{"message":{"mid":"m"}}]}]}"#,
        r#"{"object":"whatsapp_business_account","entry":[]}"#,
        r#"{"object":"user"}"#,
        r#"{"object":null,"entry":null}"#,
        r#"{"entry":[]}"#,
        "{}",
    ] {
        let parsed = parsed(body);
        assert!(parsed.events.is_empty());
        assert!(parsed.skipped.foreign_object, "{body}");
    }
}

#[test]
fn entries_of_every_odd_shape_are_passed_over() {
    let body = format!(
        r#"{{"object":"page","entry":[null,7,[],{{}},{{"messaging":null}},{{"messaging":{{}}}},{{"messaging":[]}},
        {{"standby":"x","changes":7}},{{"id":"{PAGE}","messaging":[{}]}}]}}"#,
        text_event("m_1", "still here")
    );
    let parsed = parsed(body);
    assert_eq!(texts(&parsed), ["still here"]);
    assert_eq!(parsed.skipped.unreadable, 3);
    assert_eq!(parsed.skipped.empty_entries, 5);
}

#[test]
fn what_is_no_json_object_is_unparsable() {
    for body in [
        &b""[..],
        b"x",
        b"[]",
        b"null",
        b"{\"object\":\"page\",\"entry\":[",
        b"{\"object\":\"page\"} x",
        b"\xff\xfe{",
    ] {
        assert!(
            parse(&signed(body)).is_err(),
            "{}",
            String::from_utf8_lossy(body)
        );
    }
}

#[test]
fn a_truncated_body_is_unparsable_at_every_length() {
    let body = fs::read(fixtures().join("batch.json")).unwrap();
    for end in 0..body.len() {
        assert!(parse(&signed(&body[..end])).is_err());
    }
}

#[test]
fn bombs_are_read_in_no_time_and_on_no_stack() {
    let deep = format!(
        r#"{{"object":"page","entry":{}{}}}"#,
        "[".repeat(250_000),
        "]".repeat(250_000)
    );
    let objects = format!(
        r#"{{"object":"page","x":{}1{}}}"#,
        r#"{"a":"#.repeat(150_000),
        "}".repeat(150_000)
    );
    let keys: Vec<String> = (0..100_000).map(|at| format!(r#""k{at}":{at}"#)).collect();
    let wide = request(&[&format!(
        r#"{{"sender":{{"id":"2"}},{},"message":{{"mid":"m","text":"found"}}}}"#,
        keys.join(",")
    )]);
    let numbers = format!(
        r#"{{"object":"page","time":1{},"entry":[]}}"#,
        "0".repeat(500_000)
    );
    for body in [&deep, &objects, &numbers] {
        assert!(parsed(body).events.is_empty());
    }
    assert_eq!(texts(&parsed(wide)), ["found"]);
}

#[test]
fn a_message_of_2000_emoji_is_whole() {
    let text = "\\ud83d\\ude00".repeat(2_000);
    let parsed = parsed(request(&[&text_event("m_1", &text)]));
    assert_eq!(texts(&parsed)[0].chars().count(), 2_000);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let words = prop_oneof![
        Just("page".to_owned()),
        Just("message".to_owned()),
        Just("text".to_owned()),
        Just("mid".to_owned()),
        Just("id".to_owned()),
        Just("sender".to_owned()),
        Just("postback".to_owned()),
        Just("timestamp".to_owned()),
        any::<String>(),
    ];
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        words.clone().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            proptest::collection::vec((words.clone(), inner), 0..6)
                .prop_map(|pairs| { serde_json::Value::Object(pairs.into_iter().collect()) }),
        ]
    })
}

proptest! {
    #[test]
    fn bytes_of_any_kind_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        drop(parse(&signed(&bytes)));
    }

    #[test]
    fn json_of_any_shape_in_an_events_place_keeps_the_neighbour(value in json()) {
        let parsed = parsed(request(&[&value.to_string(), &text_event("m_1", "neighbour")]));
        prop_assert_eq!(texts(&parsed).last().copied(), Some("neighbour"));
        prop_assert_eq!(parsed.events.len() as u64 + parsed.skipped.unreadable, 2);
    }

    #[test]
    fn json_of_any_shape_as_an_entry_never_panics(value in json()) {
        drop(parsed(format!(r#"{{"object":"page","entry":[{value}]}}"#)));
        drop(parsed(format!(r#"{{"object":"page","entry":{value}}}"#)));
    }

    #[test]
    fn a_text_arrives_as_it_was_written(text: String) {
        let written = serde_json::to_string(&text).unwrap();
        let event = text_event("m_1", "@").replace("\"@\"", &written);
        let parsed = parsed(request(&[&event]));
        prop_assert_eq!(texts(&parsed), [text.as_str()]);
    }
}
