//! Starting, and refusing to start.

use std::process::Command;

/// The bot never runs on half a catalogue: one broken file and nothing starts (exit code 2).
#[test]
fn a_broken_catalogue_starts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let intents = folder.path().join("intents");
    let ours = concat!(env!("CARGO_MANIFEST_DIR"), "/intents");
    std::fs::create_dir(&intents).unwrap();
    for entry in std::fs::read_dir(ours).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, intents.join(path.file_name().unwrap())).unwrap();
    }
    let broken = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/fixtures/intents_failing/placeholders_differ.toml"
    );
    std::fs::copy(broken, intents.join("placeholders_differ.toml")).unwrap();
    let config = folder.path().join("bursar.toml");
    std::fs::write(
        &config,
        format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nadmin_listen = \"127.0.0.1:0\"\npublic_url = \"http://127.0.0.1\"\n\
             [messenger]\napp_id = \"1\"\napp_secrets = [\"secret\"]\nverify_token = \"verify\"\n\
             page_access_token = \"token\"\ngraph_base_url = \"http://127.0.0.1:9\"\ngraph_version = \"v26.0\"\n\
             [store]\nurl = \"sqlite:{store}\"\nmaster_key = \"{key}\"\n\
             [bank]\nkind = \"simulator\"\n[intents]\ndir = \"{intents}\"\n",
            store = folder.path().join("store.db").display(),
            key = "0".repeat(64),
            intents = intents.display(),
        ),
    )
    .unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bursar"))
        .args(["serve", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(output.stdout.is_empty());
    assert!(
        errors.contains(
            "placeholders_differ.toml:12: `{amount}` of reply `answer` is missing in `es`"
        ),
        "{errors}"
    );
}
