//! What happens outside the conversation: at the bank, at Graph, among the staff, to the process.

use std::path::Path;
use std::time::Duration;

use crate::simulator::bank::{Fault, SetFault};
use crate::simulator::messenger;

use super::{Played, Player, TYPING_MS};

impl Player<'_> {
    pub(super) async fn outside(&mut self, line: usize, what: &str) -> Played {
        let (whom, how) = what.split_once(' ').unwrap_or((what, ""));
        match (whom, how) {
            ("bank", how) => self.bank(line, how)?,
            ("graph", how) => {
                let words = how.to_owned();
                let messenger = self.shared.messenger.control();
                let set = words
                    .parse::<messenger::SetFault>()
                    .map_err(|error| self.bad(line, &format!("graph {how}: {error}")))?;
                if how == "up" || how == "back" {
                    messenger.clear_faults(Some(&self.stage.psid));
                } else {
                    messenger.fault(set.for_person(self.stage.psid.clone()));
                }
            }
            ("human", "takes" | "returns") => {
                let messenger = self.shared.messenger.control();
                if how == "takes" {
                    messenger.human_takes(&self.stage.psid);
                } else {
                    messenger.human_returns(&self.stage.psid);
                }
                self.stage.pass(TYPING_MS);
                for webhook in self.shared.messenger.take_webhooks_of(&self.stage.psid) {
                    self.stage
                        .post(webhook.body.to_vec(), &webhook.signature)
                        .await
                        .map_err(|error| self.bad(line, &format!("{error:#}")))?;
                }
            }
            ("staff", how) => {
                let mut words = how.splitn(3, ' ');
                let act = (words.next(), words.next().map(str::parse), words.next());
                let cases = self.stage.desk();
                let done = match act {
                    (Some("note"), Some(Ok(number)), Some(text)) => cases.note(number, text).await,
                    (Some("close"), Some(Ok(number)), text) => cases.close(number, text).await,
                    _ => {
                        let why = "write `staff note 1 TEXT` or `staff close 1 [TEXT]`";
                        return Err(self.bad(line, why));
                    }
                };
                done.map_err(|error| self.bad(line, &error.to_string()))?;
            }
            ("crash", _) => {
                self.stage
                    .crash(self.shared)
                    .map_err(|error| self.bad(line, &format!("{error:#}")))?;
                self.seen.clear();
            }
            _ => {
                return Err(self.bad(
                    line,
                    &format!(
                        "`{what}` is none of bank …, graph …, human takes, human returns, staff …, crash"
                    ),
                ));
            }
        }
        self.settle(line).await
    }

    /// Makes something of the bank's happen, or go wrong.
    fn bank(&self, line: usize, how: &str) -> Played {
        let control = self.shared.bank.control();
        let subject = self.stage.subject.clone();
        let fault = |fault: SetFault| {
            control
                .set_fault(&subject, fault)
                .map_err(|error| self.bad(line, &error.to_string()))
        };
        match how {
            "up" | "back" => {
                self.stage.watcher.set_latency(Duration::ZERO);
                control
                    .clear_faults(&subject)
                    .map_err(|error| self.bad(line, &error.to_string()))?;
            }
            "down" => fault(Fault::Down.into())?,
            how if how.starts_with("slow") => {
                let seconds: f64 = how
                    .trim_start_matches("slow")
                    .trim()
                    .trim_end_matches('s')
                    .parse()
                    .map_err(|_| self.bad(line, "write `bank slow 3s`"))?;
                self.stage
                    .watcher
                    .set_latency(Duration::from_secs_f64(seconds.clamp(0.0, 3600.0)));
            }
            how if how.starts_with("answers ") => {
                // `answers [STATUS] FILE [on OPERATION]`
                let how = how.trim_start_matches("answers ").trim();
                let (how, operation) = match how.split_once(" on ") {
                    Some((how, operation)) => (how, Some(operation.trim().to_owned())),
                    None => (how, None),
                };
                let (status, file) = match how.split_once(' ') {
                    Some((status, file)) => (status.parse().ok(), file),
                    None => (Some(200), how),
                };
                let Some(status) = status else {
                    let why = "write `bank answers FILE`, `bank answers 409 FILE`, and `on OPERATION` after it if wanted";
                    return Err(self.bad(line, why));
                };
                let path = self
                    .fixture
                    .path
                    .parent()
                    .unwrap_or(Path::new("."))
                    .join(file);
                let body = std::fs::read(&path)
                    .map_err(|error| self.bad(line, &format!("{}: {error}", path.display())))?;
                let answers = Fault::Answers {
                    status,
                    body: body.into(),
                };
                fault(SetFault {
                    operation,
                    ..answers.into()
                })?;
            }
            how if how.starts_with("decides ") => {
                let (dispute, won) = match how.split(' ').collect::<Vec<_>>().as_slice() {
                    [_, dispute, "for", "the", "customer"] => (*dispute, true),
                    [_, dispute, "against", "the", "customer"] => (*dispute, false),
                    _ => {
                        let why = "write `bank decides D20931 for the customer`, or against";
                        return Err(self.bad(line, why));
                    }
                };
                control
                    .decide_dispute(&subject, dispute, won)
                    .map_err(|error| self.bad(line, &error.to_string()))?;
            }
            how => {
                let set: SetFault = how
                    .parse()
                    .map_err(|error| self.bad(line, &format!("bank {how}: {error}")))?;
                fault(set)?;
            }
        }
        Ok(())
    }
}
