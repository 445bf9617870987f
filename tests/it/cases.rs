//! `bursar cases` beside a server that runs: what staff see, what they write, and that nothing personal is listed.

use std::process::{Command, Output};

use bursar::message::Psid;

use crate::process::World;

fn cases(world: &World, args: &[&str]) -> Output {
    let config = world.folder.path().join("bursar.toml");
    Command::new(env!("CARGO_BIN_EXE_bursar"))
        .arg("cases")
        .args(args)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn staff_see_write_to_and_close_a_case_while_the_bot_runs() {
    let world = World::start().await;
    let psid = Psid::from("PSID-5550177");
    let process = world.spawn("serve.log");
    for (at, words) in [
        "hello",
        "i didnt make the zelcorp charge, my card is 4111111111111111",
    ]
    .into_iter()
    .enumerate()
    {
        world.say(&process, &psid, words).await;
        world.until(words, || world.texts(&psid).len() > at).await;
    }

    let list = printed(&cases(&world, &["list"]));
    assert!(list.contains("     1  open    dispute "), "{list}");
    assert_eq!(list.lines().count(), 1, "{list}");
    for personal in ["zelcorp", "PSID", "4111"] {
        assert!(
            !list.to_lowercase().contains(personal),
            "{personal}: {list}"
        );
    }
    let shown = printed(&cases(&world, &["show", "1"]));
    assert!(shown.starts_with("Case 1: dispute (open)\n"), "{shown}");
    for part in [
        "First words",
        "didnt make the zelcorp charge",
        "merchant: Zelcorp",
        "amount: ",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(!shown.contains("4111"), "{shown}");

    assert_eq!(
        cases(
            &world,
            &["note", "1", "called", "back,", "card 4111 1111 1111 1111"]
        )
        .status
        .code(),
        Some(0)
    );
    assert_eq!(
        cases(&world, &["close", "1", "--note", "paid back"])
            .status
            .code(),
        Some(0)
    );
    world
        .until("the case is closed", || {
            printed(&cases(&world, &["list", "--all"])).contains("     1  closed  dispute ")
        })
        .await;
    let shown = printed(&cases(&world, &["show", "1"]));
    assert!(shown.contains("called back,"), "{shown}");
    assert!(shown.contains("paid back"), "{shown}");
    assert!(shown.contains("didnt make the zelcorp charge"), "{shown}");
    assert!(!shown.contains("4111"), "{shown}");
    assert_eq!(printed(&cases(&world, &["list"])), "No case is open.\n");

    let json: serde_json::Value =
        serde_json::from_slice(&cases(&world, &["list", "--all", "--json"]).stdout).unwrap();
    assert_eq!(
        (&json["number"], &json["status"]),
        (&1.into(), &"closed".into())
    );
    let whole: serde_json::Value =
        serde_json::from_slice(&cases(&world, &["show", "1", "--json"]).stdout).unwrap();
    assert_eq!(whole["case"]["notes"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_said_with_what_to_do() {
    let world = World::start().await;
    // Nothing has run yet: looking makes no database.
    let none = cases(&world, &["list"]);
    assert_eq!(none.status.code(), Some(2));
    let said = String::from_utf8_lossy(&none.stderr).into_owned();
    assert!(said.contains("bursar serve"), "{said}");

    let process = world.spawn("serve.log");
    let psid = Psid::from("PSID-5550178");
    world.say(&process, &psid, "hello").await;
    world
        .until("hello", || !world.texts(&psid).is_empty())
        .await;
    assert_eq!(printed(&cases(&world, &["list"])), "No case is open.\n");
    for args in [&["show", "7"][..], &["close", "7"], &["note", "7", "x"]] {
        let missing = cases(&world, args);
        assert_eq!(missing.status.code(), Some(2), "{args:?}");
        let said = String::from_utf8_lossy(&missing.stderr).into_owned();
        assert!(said.contains("there is no case 7"), "{said}");
    }
    assert_eq!(
        cases(&world, &["note", "1"]).status.code(),
        Some(2),
        "no text"
    );
}
