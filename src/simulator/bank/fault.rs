//! What can go wrong at the simulated bank, switched on and off while it runs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;

/// A way to fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answers 503 as in maintenance.
    Down,
    /// Closes the connection without a byte, like a host that is gone.
    Refuses,
    /// Answers correctly, but only after this time.
    Slow(Duration),
    /// Takes the request and never answers.
    Hangs,
    /// Closes the connection in the middle of the body.
    ClosesMidBody,
    /// Answers 200 with a web page.
    Html,
    /// Answers 429; with a `Retry-After` in seconds if given.
    RateLimits(Option<u64>),
    /// Does what it was told and answers 500.
    FailsAfterDoing,
    /// One account cannot be read (its id), the others can: 206.
    Partial(String),
    /// Answers exactly this.
    Answers {
        /// The status.
        status: u16,
        /// The body.
        body: Bytes,
    },
    /// The customer took the consent back: every token is refused.
    ConsentRevoked,
}

impl Fault {
    /// Returns the name used in recorded calls.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Refuses => "refuses",
            Self::Slow(_) => "slow",
            Self::Hangs => "hangs",
            Self::ClosesMidBody => "closes",
            Self::Html => "html",
            Self::RateLimits(_) => "429",
            Self::FailsAfterDoing => "fails after doing",
            Self::Partial(_) => "partial",
            Self::Answers { .. } => "answers",
            Self::ConsentRevoked => "consent revoked",
        }
    }
}

/// A fault, where it applies and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFault {
    /// What goes wrong.
    pub fault: Fault,
    /// Only this operation (as in recorded calls), or all.
    pub operation: Option<String>,
    /// How often, or until it is cleared.
    pub times: Option<u32>,
}

impl From<Fault> for SetFault {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            operation: None,
            times: None,
        }
    }
}

/// A word that names no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no fault; there are: down, refuses, slow 3s, hangs, closes, html, 429, 429 30, \
     fails after doing, partial ACCOUNT, consent revoked; each may end in `on OPERATION` and `xN`"
)]
pub struct FaultError(String);

/// Reads `down`, `slow 3s`, `429 30 x2`, `fails after doing on transfer_create`.
impl FromStr for SetFault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let error = || FaultError(text.to_owned());
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let mut times = None;
        if let Some(count) = words.last().and_then(|word| word.strip_prefix('x'))
            && let Ok(count) = count.parse()
        {
            times = Some(count);
            words.pop();
        }
        let mut operation = None;
        if let [.., "on", name] = words.as_slice() {
            operation = Some((*name).to_owned());
            words.truncate(words.len().saturating_sub(2));
        }
        let fault = match words.as_slice() {
            ["down"] => Fault::Down,
            ["refuses"] => Fault::Refuses,
            ["slow", time] => Fault::Slow(duration(time).ok_or_else(error)?),
            ["hangs"] => Fault::Hangs,
            ["closes"] => Fault::ClosesMidBody,
            ["html"] => Fault::Html,
            ["429"] => Fault::RateLimits(None),
            ["429", seconds] => Fault::RateLimits(Some(seconds.parse().map_err(|_| error())?)),
            ["fails", "after", "doing"] => Fault::FailsAfterDoing,
            ["partial", account] => Fault::Partial((*account).to_owned()),
            ["consent", "revoked"] => Fault::ConsentRevoked,
            _ => return Err(error()),
        };
        Ok(Self {
            fault,
            operation,
            times,
        })
    }
}

/// Reads `3s` and `250ms`.
fn duration(text: &str) -> Option<Duration> {
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().ok().map(Duration::from_millis);
    }
    let seconds = text.strip_suffix('s').unwrap_or(text);
    seconds.parse().ok().map(Duration::from_secs)
}

impl fmt::Display for SetFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.fault.name())
    }
}

/// The faults of one world.
#[derive(Debug, Clone, Default)]
pub struct Faults(Vec<SetFault>);

impl Faults {
    /// Adds one.
    pub fn set(&mut self, fault: SetFault) {
        self.0.push(fault);
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Tells whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns what goes wrong with this operation now, and counts it.
    pub fn strike(&mut self, operation: &str) -> Option<Fault> {
        let at = self.0.iter().position(|set| {
            set.operation
                .as_deref()
                .is_none_or(|only| only == operation)
        })?;
        let set = self.0.get_mut(at)?;
        let fault = set.fault.clone();
        if let Some(times) = &mut set.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.0.remove(at);
            }
        }
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_faults_as_people_write_them() {
        let read = |text: &str| text.parse::<SetFault>().unwrap();
        assert_eq!(read("down"), Fault::Down.into());
        assert_eq!(read("slow 3s"), Fault::Slow(Duration::from_secs(3)).into());
        assert_eq!(
            read("slow 250ms x2"),
            SetFault {
                fault: Fault::Slow(Duration::from_millis(250)),
                operation: None,
                times: Some(2)
            }
        );
        assert_eq!(
            read("fails after doing on transfer_create x1"),
            SetFault {
                fault: Fault::FailsAfterDoing,
                operation: Some("transfer_create".into()),
                times: Some(1)
            }
        );
        assert_eq!(read("429 30"), Fault::RateLimits(Some(30)).into());
        for wrong in ["", "sleepy", "slow", "slow soon", "partial"] {
            assert!(wrong.parse::<SetFault>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn strikes_as_often_as_it_was_set() {
        let mut faults = Faults::default();
        faults.set("down on accounts x2".parse().unwrap());
        assert_eq!(faults.strike("cards"), None);
        assert_eq!(faults.strike("accounts"), Some(Fault::Down));
        assert_eq!(faults.strike("accounts"), Some(Fault::Down));
        assert_eq!(faults.strike("accounts"), None);
        assert!(faults.is_empty());
    }
}
