//! `bursar serve` as a process of its own, between a simulated bank and a Graph stand-in in the test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bursar::clock::{SharedClock, SystemClock};
use bursar::message::Psid;
use bursar::simulator::bank::{self, BankSimulator, Scenarios};
use bursar::simulator::messenger::{self, Act, MessengerSimulator};

/// Nothing here takes longer, even on a busy machine: after a restart an echo is waited for for a minute.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct World {
    pub(crate) bank: BankSimulator,
    pub(crate) graph: MessengerSimulator,
    pub(crate) folder: tempfile::TempDir,
    config: PathBuf,
    pub(crate) client: reqwest::Client,
}

pub(crate) struct Process {
    child: Child,
    pub(crate) url: String,
    admin: String,
    pub(crate) log: PathBuf,
}

impl World {
    /// Webhooks are posted by the test, which looks at each answer.
    pub(crate) async fn start() -> Self {
        Self::with_webhooks(messenger::Webhooks::Kept).await
    }

    pub(crate) async fn with_webhooks(webhooks: messenger::Webhooks) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let bank = BankSimulator::start(
            Scenarios::built_in(),
            Arc::clone(&clock),
            bank::Options {
                recorded_calls: 200,
                ..bank::Options::default()
            },
        )
        .await
        .unwrap();
        let options = messenger::Options {
            webhooks,
            ..messenger::Options::default()
        };
        let graph = MessengerSimulator::start(options, clock).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("bursar.toml");
        std::fs::write(&config, configuration(&graph, &bank)).unwrap();
        bursar::bank::http::install_crypto_provider();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self {
            bank,
            graph,
            folder,
            config,
            client,
        }
    }

    pub(crate) fn spawn(&self, name: &str) -> Process {
        let log = self.folder.path().join(name);
        let mut child = Command::new(env!("CARGO_BIN_EXE_bursar"))
            .arg("serve")
            .arg("--config")
            .arg(&self.config)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let mut urls = line
            .split_whitespace()
            .map(|word| word.trim_end_matches(')'))
            .filter(|word| word.starts_with("http://"));
        let (Some(url), Some(admin)) = (urls.next(), urls.next()) else {
            panic!("no addresses in {line:?}; see {}", read(&log));
        };
        Process {
            child,
            url: url.to_owned(),
            admin: admin.to_owned(),
            log,
        }
    }

    /// Lets the stand-in post its webhooks to a process: echoes too, in order, and again until they are taken.
    pub(crate) fn receive_at(&self, process: &Process) {
        let url = format!("{}/webhooks/messenger", process.url);
        self.graph.control().post_webhooks_to(url);
    }

    /// Returns a connection to the process's database.
    pub(crate) fn database(&self) -> rusqlite::Connection {
        let path = self.folder.path().join("bursar.db");
        let database = rusqlite::Connection::open(path).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
        database
    }

    /// Tells whether all that came in was answered, and the process knows that all it said went out.
    pub(crate) fn settled(&self) -> bool {
        self.rows("inbox") == 0 && self.rows("outbox") == 0
    }

    /// Counts the rows of a table of the process's database; what follows the table's name may filter them.
    pub(crate) fn rows(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        self.database()
            .query_row(&sql, [], |row| row.get(0))
            .unwrap()
    }

    /// Lets a person do something and posts the webhook; panics unless it is answered 200.
    pub(crate) async fn act(&self, process: &Process, psid: &Psid, act: &Act) {
        let done = self.graph.control().act(psid, act);
        let webhook = done.webhook.expect("the app is subscribed to it");
        let status = self
            .post(process, webhook.body.to_vec(), &webhook.signature)
            .await;
        assert_eq!(status, 200);
    }

    pub(crate) async fn post(&self, process: &Process, body: Vec<u8>, signature: &str) -> u16 {
        self.client
            .post(format!("{}/webhooks/messenger", process.url))
            .header("x-hub-signature-256", signature)
            .header("content-type", "application/json")
            .body(body)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    }

    /// Asks the admin listener; returns status and body.
    pub(crate) async fn get(&self, process: &Process, path: &str) -> (u16, String) {
        let url = format!("{}{path}", process.admin);
        let answer = self.client.get(url).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub(crate) async fn say(&self, process: &Process, psid: &Psid, text: &str) {
        let text = text.to_owned();
        self.act(process, psid, &Act::Write { text }).await;
    }

    /// Returns the words sent to a person so far.
    pub(crate) fn texts(&self, psid: &Psid) -> Vec<String> {
        self.graph
            .sent(psid)
            .iter()
            .filter_map(|sent| {
                let body: serde_json::Value = serde_json::from_slice(&sent.json).unwrap();
                let text = body
                    .pointer("/message/text")
                    .or(body.pointer("/message/attachment/payload/text"))?;
                Some(text.as_str()?.to_owned())
            })
            .collect()
    }

    /// Waits until something holds, looking again whenever the stand-in took a message.
    pub(crate) async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let mut total = self.graph.sent_total();
        let waited = tokio::time::timeout(PATIENCE, async {
            while !holds() {
                // A change of the bank's side tells nobody: look again after a moment as well.
                let changed =
                    tokio::time::timeout(Duration::from_millis(50), total.changed()).await;
                drop(changed);
            }
        });
        assert!(waited.await.is_ok(), "waited in vain for: {what}");
    }

    /// Returns the tap on a quick reply or button of the last message.
    pub(crate) fn tap(&self, psid: &Psid, title: &str) -> Act {
        let sent = self.graph.sent(psid);
        let body: serde_json::Value = serde_json::from_slice(&sent.last().unwrap().json).unwrap();
        let find = |pointer: &str| {
            let all = body.pointer(pointer)?.as_array()?;
            let found = all.iter().find(|one| one["title"] == title)?;
            Some(found["payload"].as_str()?.to_owned())
        };
        let title = title.to_owned();
        if let Some(payload) = find("/message/quick_replies") {
            return Act::QuickReply { title, payload };
        }
        let payload = find("/message/attachment/payload/buttons")
            .unwrap_or_else(|| panic!("no [{title}] in {body}"));
        Act::Postback { title, payload }
    }

    /// Returns the bank customer a person is linked to.
    pub(crate) fn subject(psid: &Psid) -> String {
        bursar::assembly::LinkToScenario::new("everyday")
            .subject_of(&"100000000000001".into(), psid)
            .0
    }
}

impl Process {
    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for its end.
    pub(crate) async fn wait(&mut self) -> std::process::ExitStatus {
        let ended = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    return status;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        ended.await.expect("the process ends")
    }

    /// kill -9.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub(crate) fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

fn configuration(graph: &MessengerSimulator, bank: &BankSimulator) -> String {
    format!(
        r#"
[server]
listen = "127.0.0.1:0"
admin_listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:8080"
[messenger]
app_id = "200000000000001"
app_secrets = ["app-secret"]
verify_token = "verify"
page_access_token = "page-token"
graph_base_url = "{}"
[store]
url = "sqlite:bursar.db"
master_key = "{}"
[bank]
kind = "simulator"
base_url = "{}"
[actions]
pay = true
[limits]
step_up_first = false
[telemetry]
filter = "debug"
"#,
        graph.url(),
        "42".repeat(32),
        bank.url()
    )
}
