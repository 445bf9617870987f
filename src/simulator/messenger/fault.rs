//! What can go wrong at the Graph stand-in, switched on and off while it runs.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::message::Psid;

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Answers Graph's error body; nothing is sent.
    Error {
        /// Graph's code.
        code: i64,
        /// Its subcode.
        subcode: Option<i64>,
        /// A `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// Answers a bare status without JSON; nothing is sent.
    Status {
        /// The status.
        status: u16,
        /// A `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// Answers correctly, but only after this time.
    Slow(Duration),
    /// Takes the request and never answers; nothing is sent.
    Hangs,
    /// Closes the connection without a byte; nothing is sent.
    Refuses,
    /// Sends the message, but the answer ends in the middle.
    ClosesMidBody,
    /// Sends the message and closes the connection without an answer.
    Swallows,
    /// Answers 200 with a web page; nothing is sent.
    Html,
}

impl Fault {
    /// An error code alone.
    pub const fn code(code: i64) -> Self {
        Self::Error {
            code,
            subcode: None,
            retry_after: None,
        }
    }

    /// Whether the message goes out all the same.
    pub(super) const fn sends(self) -> bool {
        matches!(self, Self::Slow(_) | Self::ClosesMidBody | Self::Swallows)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = |f: &mut fmt::Formatter<'_>, seconds: Option<u64>| match seconds {
            Some(seconds) => write!(f, " retry {seconds}"),
            None => Ok(()),
        };
        match *self {
            Self::Error {
                code,
                subcode,
                retry_after,
            } => {
                write!(f, "{code}")?;
                if let Some(subcode) = subcode {
                    write!(f, "/{subcode}")?;
                }
                after(f, retry_after)
            }
            Self::Status {
                status,
                retry_after,
            } => {
                write!(f, "http {status}")?;
                after(f, retry_after)
            }
            Self::Slow(wait) => write!(f, "slow {}ms", wait.as_millis()),
            Self::Hangs => f.write_str("hangs"),
            Self::Refuses => f.write_str("refuses"),
            Self::ClosesMidBody => f.write_str("closes"),
            Self::Swallows => f.write_str("swallows"),
            Self::Html => f.write_str("html"),
        }
    }
}

/// A fault, whom it strikes and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFault {
    /// What goes wrong.
    pub fault: Fault,
    /// How many sends it strikes; none: all of them until it is cleared.
    pub times: Option<u32>,
    /// Only sends to this person.
    pub psid: Option<Psid>,
    /// Whether typing and read marks fail too; otherwise only messages do.
    pub actions_too: bool,
}

impl SetFault {
    /// The same for one person only.
    #[must_use]
    pub fn for_person(mut self, psid: Psid) -> Self {
        self.psid = Some(psid);
        self
    }

    /// The same for the next `times` sends only.
    #[must_use]
    pub const fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

impl From<Fault> for SetFault {
    fn from(fault: Fault) -> Self {
        Self {
            fault,
            times: None,
            psid: None,
            actions_too: false,
        }
    }
}

/// Words that name no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no fault; there are: CODE, CODE/SUBCODE, `http STATUS` (each with `retry SECONDS`), \
     `slow 3s`, hangs, refuses, closes, swallows, html; each may end in xN"
)]
pub struct FaultError(String);

/// Reads `613`, `10/2018278`, `613 retry 30 x2`, `http 503 x1`, `slow 3s`, `swallows x1`.
impl FromStr for SetFault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = || FaultError(text.to_owned());
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let mut times = None;
        if let Some(count) = words.last().and_then(|word| word.strip_prefix('x')) {
            times = Some(count.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?);
            words.pop();
        }
        let fault = read_fault(&words).ok_or_else(wrong)?;
        Ok(Self {
            times,
            ..fault.into()
        })
    }
}

fn read_fault(words: &[&str]) -> Option<Fault> {
    let (words, retry_after) = match words {
        [rest @ .., "retry", seconds] => (rest, Some(seconds.trim_end_matches('s').parse().ok()?)),
        all => (all, None),
    };
    let fault = match words {
        ["http", status] => Fault::Status {
            status: status.parse().ok().filter(|s| (100..=599).contains(s))?,
            retry_after,
        },
        [code] if code.starts_with(|c: char| c.is_ascii_digit()) => {
            let (code, subcode) = match code.split_once('/') {
                Some((code, subcode)) => (code, Some(subcode.parse().ok()?)),
                None => (*code, None),
            };
            Fault::Error {
                code: code.parse().ok()?,
                subcode,
                retry_after,
            }
        }
        _ if retry_after.is_some() => return None,
        ["slow", wait] => Fault::Slow(duration(wait)?),
        ["hangs"] => Fault::Hangs,
        ["refuses"] => Fault::Refuses,
        ["closes"] => Fault::ClosesMidBody,
        ["swallows"] => Fault::Swallows,
        ["html"] => Fault::Html,
        _ => return None,
    };
    Some(fault)
}

fn duration(text: &str) -> Option<Duration> {
    if let Some(ms) = text.strip_suffix("ms") {
        return ms.parse().ok().map(Duration::from_millis);
    }
    text.strip_suffix('s')
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs)
}

/// The faults that are switched on, first come first served.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<SetFault>);

impl Faults {
    pub(super) fn set(&mut self, fault: SetFault) {
        self.0.push(fault);
    }

    pub(super) fn clear(&mut self, psid: Option<&Psid>) {
        match psid {
            Some(psid) => self.0.retain(|fault| fault.psid.as_ref() != Some(psid)),
            None => self.0.clear(),
        }
    }

    /// Returns what goes wrong with a send, and counts it.
    pub(super) fn strike(&mut self, psid: Option<&Psid>, action: bool) -> Option<Fault> {
        let at = self.0.iter().position(|fault| {
            (fault.psid.is_none() || fault.psid.as_ref() == psid) && (!action || fault.actions_too)
        })?;
        let entry = self.0.get_mut(at)?;
        let fault = entry.fault;
        match &mut entry.times {
            Some(times) if *times > 1 => *times -= 1,
            Some(_) => drop(self.0.remove(at)),
            None => {}
        }
        Some(fault)
    }

    /// Returns what is switched on, in words.
    pub(super) fn in_words(&self) -> Vec<String> {
        self.0
            .iter()
            .map(|set| match set.times {
                Some(times) => format!("{} x{times}", set.fault),
                None => set.fault.to_string(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_replay_and_the_page_write() {
        let read = |text: &str| text.parse::<SetFault>().unwrap();
        assert_eq!(read("613"), Fault::code(613).into());
        assert_eq!(
            read("10/2018278 x3"),
            SetFault::from(Fault::Error {
                code: 10,
                subcode: Some(2_018_278),
                retry_after: None
            })
            .times(3)
        );
        assert_eq!(
            read("http 429 retry 30 x1"),
            SetFault::from(Fault::Status {
                status: 429,
                retry_after: Some(30)
            })
            .times(1)
        );
        assert_eq!(read("slow 3s"), Fault::Slow(Duration::from_secs(3)).into());
        assert_eq!(
            read("slow 20ms"),
            Fault::Slow(Duration::from_millis(20)).into()
        );
    }

    #[test]
    fn says_what_there_is_when_it_reads_something_else() {
        for text in [
            "",
            "x2",
            "graph",
            "613 x0",
            "slow",
            "hangs retry 3",
            "http 9",
            "613/",
        ] {
            let error = text.parse::<SetFault>().unwrap_err().to_string();
            assert!(error.contains("swallows"), "{text}: {error}");
        }
    }

    #[test]
    fn strikes_as_often_as_told_and_whom_it_was_told() {
        let mut faults = Faults::default();
        let rosa = Psid::from("rosa");
        faults.set(
            SetFault::from(Fault::code(613))
                .times(2)
                .for_person(rosa.clone()),
        );
        assert_eq!(faults.strike(Some(&Psid::from("jun")), false), None);
        assert_eq!(faults.strike(Some(&rosa), true), None, "typing is spared");
        assert_eq!(faults.strike(Some(&rosa), false), Some(Fault::code(613)));
        assert_eq!(faults.in_words(), ["613 x1"]);
        assert_eq!(faults.strike(Some(&rosa), false), Some(Fault::code(613)));
        assert_eq!(faults.strike(Some(&rosa), false), None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            drop(text.parse::<SetFault>());
        }

        #[test]
        fn what_is_shown_is_read_back(code in 0_i64..3_000_000, subcode in proptest::option::of(0_i64..3_000_000), retry_after in proptest::option::of(0_u64..900)) {
            let fault = Fault::Error { code, subcode, retry_after };
            prop_assert_eq!(fault.to_string().parse::<SetFault>().unwrap(), fault.into());
        }
    }
}
