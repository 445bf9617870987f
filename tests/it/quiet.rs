//! Nothing personal in logs: a whole conversation with names, amounts and a card number, at debug level.

use bursar::message::Psid;

use crate::process::{World, read};

#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_psid_no_amount_no_words_of_the_customer() {
    let world = World::start().await;
    let psid = Psid::from("PSID-7351926840");
    let process = world.spawn("serve.log");
    for (text, parts) in [
        ("hello", 1),
        ("how much is in checking", 2),
        ("my card is 4111 1111 1111 1111", 3),
        ("i didnt make the zelcorp charge", 4),
    ] {
        world.say(&process, &psid, text).await;
        world
            .until(text, || world.texts(&psid).len() >= parts)
            .await;
    }
    let log = read(&process.log);
    assert!(log.contains("ran a turn"), "the log is there");
    for secret in [
        "PSID-7351926840",
        "4111",
        "zelcorp",
        "ZELCORP",
        "89.99",
        "page-token",
        "app-secret",
        "how much is in checking",
    ] {
        assert!(!log.contains(secret), "the log shows {secret}");
    }
    for text in world.texts(&psid) {
        for word in text.split_whitespace().filter(|word| word.starts_with('$')) {
            let amount = word.trim_matches(|c: char| !c.is_ascii_digit());
            assert!(!log.contains(amount), "the log shows an amount");
        }
    }
}
