//! `bursar chat`: the local world in the terminal. Reads lines from standard input, prints replies plainly;
//! a line that is the title or the number of a button taps it.

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_trait::async_trait;
use clap::Args;
use tokio::sync::mpsc;

use crate::app::{TurnSeen, Witness};
use crate::config::LogFormat;
use crate::message::{Mid, Psid};
use crate::replay::shown::{Tap, Tappable, shown};
use crate::simulator::messenger::{Act, Control, Owner};
use crate::simulator::world::{World, WorldOptions};

use super::{Failure, Outcome};

/// A turn takes no longer than this: the bank's budget and room.
const LONGEST_TURN: Duration = Duration::from_secs(20);

/// What follows a turn (sends, bank commands and their reports) is waited for so long.
const LONGEST_REST: Duration = Duration::from_secs(15);

/// How often it is looked whether all came to rest.
const LOOK: Duration = Duration::from_millis(5);

/// With which bank and when.
#[derive(Debug, Args)]
pub struct ChatArgs {
    /// The simulated bank's scenario
    #[arg(long, value_name = "SCENARIO", default_value = "everyday")]
    bank: String,
    /// When it is there at the start, for example 2026-11-22T10:41:00-05:00
    #[arg(long, value_name = "RFC3339")]
    clock: Option<jiff::Timestamp>,
}

/// Runs the command.
pub fn run(args: &ChatArgs, out: &mut dyn Write) -> Outcome {
    let filter = std::env::var("BURSAR_LOG").unwrap_or_else(|_| "error".to_owned());
    crate::telemetry::init(LogFormat::Pretty, &filter)
        .map_err(|error| Failure::Usage(error.into()))?;
    let options = WorldOptions {
        port: 0,
        scenario: args.bank.clone(),
        state: None,
        starts: args.clock,
    };
    let runtime = super::runtime()?;
    let ended = runtime.block_on(converse(&options, out));
    runtime.shutdown_background();
    ended.map_err(Failure::Runtime)
}

/// Hears which messages were answered.
struct Heard(mpsc::UnboundedSender<Option<Mid>>);

#[async_trait]
impl Witness for Heard {
    fn turn(&self, seen: TurnSeen) {
        // Nobody listens any more once the chat ends.
        drop(self.0.send(seen.mid));
    }
}

async fn converse(options: &WorldOptions, out: &mut dyn Write) -> anyhow::Result<()> {
    let (sender, turns) = mpsc::unbounded_channel();
    let world = World::start(options, Some(Arc::new(Heard(sender)))).await?;
    let control = world.messenger().control();
    let person = control.add_person(None, true);
    let look = Look::of(io::stdin().is_terminal() && io::stdout().is_terminal());
    let mut chat = Chat {
        world: &world,
        control,
        person,
        turns,
        buttons: Vec::new(),
    };
    if look.prompts {
        writeln!(
            out,
            "Write as a customer would; Ctrl-D ends it. The money is simulated, so moving it is on here."
        )?;
    }
    // Lines are read beside the runtime: the bot goes on while nobody writes.
    let (line, mut lines) = mpsc::channel(1);
    std::thread::spawn(move || {
        // A byte that is no text must not end the conversation.
        let lines = io::stdin().lock().split(b'\n');
        for read in lines.map(|line| line.map(|line| String::from_utf8_lossy(&line).into_owned())) {
            if line.blocking_send(read).is_err() {
                return;
            }
        }
    });
    loop {
        if look.prompts {
            write!(out, "{}you>{} ", look.strong, look.plain)?;
            out.flush()?;
        }
        let Some(read) = lines.recv().await else {
            break;
        };
        let read = read.context("cannot read standard input")?;
        if read.trim().is_empty() {
            continue;
        }
        for text in chat.turn(read.trim()).await? {
            writeln!(out, "{}{text}{}", look.reply, look.plain)?;
        }
        out.flush()?;
    }
    let stop = world.server().stopper();
    stop.cancel();
    world.run().await
}

/// How it looks: colours only at a terminal whose user did not refuse them.
struct Look {
    prompts: bool,
    strong: &'static str,
    reply: &'static str,
    plain: &'static str,
}

impl Look {
    fn of(terminal: bool) -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colours = terminal && !refused;
        Self {
            prompts: terminal,
            strong: if colours { "\u{1b}[1m" } else { "" },
            reply: if colours { "\u{1b}[36m" } else { "" },
            plain: if colours { "\u{1b}[0m" } else { "" },
        }
    }
}

struct Chat<'a> {
    world: &'a World,
    control: Control,
    person: Psid,
    turns: mpsc::UnboundedReceiver<Option<Mid>>,
    buttons: Vec<Tappable>,
}

impl Chat<'_> {
    /// Says or taps a line, waits until all that follows is done, and returns what the bot said.
    async fn turn(&mut self, line: &str) -> anyhow::Result<Vec<String>> {
        let act = match act_of(line, &self.buttons) {
            Ok(act) => act,
            Err(words) => return Ok(vec![words]),
        };
        let done = self.control.act(&self.person, &act);
        // While a person at the bank has the thread, the bot makes no turn of what comes.
        if !matches!(self.control.owner(&self.person), Owner::Other(_)) {
            let answered = async {
                while let Some(mid) = self.turns.recv().await {
                    if mid == done.mid {
                        return;
                    }
                }
            };
            if tokio::time::timeout(LONGEST_TURN, answered).await.is_err() {
                return Ok(vec!["(the bot did not answer)".to_owned()]);
            }
        }
        self.rest().await?;
        let mut texts = Vec::new();
        let sent = self.control.take_sent(&self.person);
        if !sent.is_empty() {
            self.buttons.clear();
        }
        for message in sent {
            let body: serde_json::Value = serde_json::from_slice(&message.json)?;
            if let Some(shown) = shown(&body) {
                texts.push(shown.text());
                self.buttons.extend(shown.buttons);
            }
        }
        Ok(texts)
    }

    /// Waits until nothing is left to run, to send or to tell the bank.
    async fn rest(&self) -> anyhow::Result<()> {
        let app = self.world.server().app();
        let started = Instant::now();
        let mut quiet = 0;
        while quiet < 2 && started.elapsed() < LONGEST_REST {
            let depths = app.store.depths(app.clock.now_ms()).await?;
            if depths.inbox + depths.outbox + depths.commands == 0 {
                quiet += 1;
            } else {
                quiet = 0;
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// Returns what a line does: taps a button by `[title]`, title or number, or else is written. The error is
/// a sentence for whoever wrote it.
fn act_of(line: &str, buttons: &[Tappable]) -> Result<Act, String> {
    let bracketed = line
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let title = bracketed.unwrap_or(line);
    let by_title = || {
        buttons
            .iter()
            .find(|button| button.title.to_lowercase() == title.to_lowercase())
    };
    let by_number = || buttons.get(title.parse::<usize>().ok()?.checked_sub(1)?);
    let Some(button) = by_title().or_else(by_number) else {
        return match bracketed {
            Some(title) => Err(format!("(there is no button [{title}])")),
            None => Ok(Act::Write {
                text: line.to_owned(),
            }),
        };
    };
    let title = button.title.clone();
    match &button.does {
        Tap::QuickReply(payload) => Ok(Act::QuickReply {
            title,
            payload: payload.clone(),
        }),
        Tap::Postback(payload) => Ok(Act::Postback {
            title,
            payload: payload.clone(),
        }),
        Tap::Url(url) => Err(format!("(opens {url})")),
        Tap::Nothing => Err("(this button leads out of the chat)".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buttons() -> Vec<Tappable> {
        vec![
            Tappable {
                title: "Savings".to_owned(),
                does: Tap::QuickReply("v1:savings".to_owned()),
            },
            Tappable {
                title: "Open the page".to_owned(),
                does: Tap::Url("https://bank.example/link".to_owned()),
            },
        ]
    }

    #[test]
    fn a_button_is_tapped_by_bracket_title_or_number() {
        for line in ["[Savings]", "savings", "1"] {
            let act = act_of(line, &buttons()).unwrap();
            assert!(matches!(act, Act::QuickReply { .. }), "{line}: {act:?}");
        }
    }

    #[test]
    fn everything_else_is_written() {
        for line in ["and savings?", "3", "0", "40.00"] {
            let act = act_of(line, &buttons()).unwrap();
            assert!(matches!(act, Act::Write { .. }), "{line}: {act:?}");
        }
    }

    #[test]
    fn a_button_that_is_not_there_or_leads_out_is_said() {
        assert_eq!(
            act_of("[Checking]", &buttons()).unwrap_err(),
            "(there is no button [Checking])"
        );
        assert_eq!(
            act_of("2", &buttons()).unwrap_err(),
            "(opens https://bank.example/link)"
        );
    }
}
