//! What a replay found, and how a failure is shown: file, line, the lines around it, expected and got, and
//! the kind of difference, so that a wording change and a routing change do not look alike.

use std::fmt;
use std::path::PathBuf;

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The message was understood otherwise.
    UnderstoodOtherwise,
    /// The bank was asked or told otherwise.
    OtherBankCalls,
    /// The words differ.
    OtherWords,
    /// A message that nobody expected.
    ExtraMessage,
    /// A message that did not come.
    MissingMessage,
    /// An assertion does not hold.
    AssertionFailed,
    /// The file asks for something that cannot be.
    BadStep,
}

impl Difference {
    /// Says it in words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::UnderstoodOtherwise => "understood otherwise",
            Self::OtherBankCalls => "other bank calls",
            Self::OtherWords => "other words",
            Self::ExtraMessage => "a message nobody expected",
            Self::MissingMessage => "a message is missing",
            Self::AssertionFailed => "an assertion does not hold",
            Self::BadStep => "this step cannot be done",
        }
    }
}

/// Where a conversation went otherwise than its file says.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What kind of difference.
    pub difference: Difference,
    /// What the file says.
    pub expected: String,
    /// What happened.
    pub got: String,
    /// What was understood in this turn, if anything was said.
    pub understood: Option<String>,
    /// The lines around, numbered.
    pub around: Vec<(usize, String)>,
    /// Which of several wordings.
    pub wording: Option<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}:{}: {}",
            self.path.display(),
            self.line,
            self.difference.words()
        )?;
        if let Some(wording) = &self.wording {
            writeln!(f, "  with the wording: {wording}")?;
        }
        for (number, line) in &self.around {
            let mark = if *number == self.line { '>' } else { ' ' };
            writeln!(f, "  {mark}{number:>4} | {line}")?;
        }
        writeln!(f, "  expected: {}", indented(&self.expected))?;
        writeln!(f, "       got: {}", indented(&self.got))?;
        if let Some(understood) = &self.understood {
            writeln!(f, "  understood: {understood}")?;
        }
        Ok(())
    }
}

fn indented(text: &str) -> String {
    text.lines().collect::<Vec<_>>().join("\n            ")
}

/// What became of one conversation (one wording of it).
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The file.
    pub path: PathBuf,
    /// Which of several wordings, in words.
    pub wording: Option<String>,
    /// The first difference; none when it went as written.
    pub failure: Option<Box<Failure>>,
    /// Turns of the customer.
    pub turns: usize,
    /// Intents that were served, for coverage.
    pub intents: Vec<String>,
    /// Bank queries and commands, for coverage.
    pub calls: Vec<String>,
    /// What was said after each bot or customer step, by line, for `--update`.
    pub heard: Vec<Heard>,
}

/// What the bot said at a place of the file.
#[derive(Debug, Clone)]
pub struct Heard {
    /// The line of the customer's or outside step it followed.
    pub after_line: usize,
    /// Each message as lines.
    pub messages: Vec<Vec<String>>,
}
