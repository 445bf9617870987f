//! The fixture format (design 8.6): a conversation as a text file, readable as a dialogue.
//!
//! This file reads it. Every line keeps its number, so that a failure can point at it and `--update` can
//! rewrite it. An unknown key or mark is an error with its line, never skipped.

use std::path::{Path, PathBuf};

use crate::suggest::did_you_mean;

/// A fixture.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its file.
    pub path: PathBuf,
    /// Its lines as written, for reports and updates.
    pub source: Vec<String>,
    /// The keys before the first turn.
    pub header: Header,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// The keys before the first turn.
#[derive(Debug, Clone)]
pub struct Header {
    /// Scenario in `fixtures/banks/`.
    pub bank: String,
    /// Where time begins.
    pub clock: jiff::Timestamp,
    /// The customer's zone.
    pub zone: String,
    /// The Page's locale.
    pub locale: String,
    /// Whether the customer is linked.
    pub linked: bool,
    /// Whether the disclosure was given just before.
    pub greeted: bool,
    /// Words to choose fixtures by.
    pub tags: Vec<String>,
    /// Settings of the configuration, `section.key` and value.
    pub settings: Vec<(String, String)>,
}

/// One line and what it means.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its line, from 1.
    pub line: usize,
    /// The last line that belongs to it.
    pub last_line: usize,
    /// What it is.
    pub kind: StepKind,
}

/// What a line means.
#[derive(Debug, Clone)]
pub enum StepKind {
    /// `>`: the customer does something.
    Customer {
        /// The wordings; one unless written as `{a | b}`.
        wordings: Vec<Said>,
        /// How it is delivered.
        delivery: Delivery,
    },
    /// `<`: the bot says something.
    Bot(Expected),
    /// `+`: time passes, ms.
    Pass(i64),
    /// `@`: the wall clock moves to a civil time in the fixture's zone.
    At(jiff::civil::DateTime),
    /// `!`: something happens outside.
    Outside(String),
    /// `?`: an assertion on what happened since the customer last did something.
    Assert {
        /// Whether the assertion began with `not`.
        negated: bool,
        /// The words.
        text: String,
    },
}

/// What the customer does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// Writes.
    Text(String),
    /// Taps the button or quick reply of this title.
    Tap(String),
    /// Sends a medium: `image`, `audio`, …
    Medium(String),
    /// A sticker.
    Sticker,
    /// The like button.
    ThumbsUp,
    /// Edits the last message.
    Edit(String),
    /// Reacts to the last message.
    Reaction(String),
    /// Posts a whole webhook body from a file.
    Raw(String),
}

/// How an event is delivered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The same event so many times (1 when not said).
    pub times: usize,
    /// So many events in one POST.
    pub batch: usize,
    /// Its time is so much earlier, ms.
    pub late_ms: i64,
    /// It belongs to another app's thread.
    pub standby: bool,
    /// It is an echo.
    pub echo: bool,
    /// It is signed wrongly: 401, and nothing happens.
    pub bad_signature: bool,
}

/// What the bot must say.
#[derive(Debug, Clone)]
pub enum Expected {
    /// `<`: exactly these lines.
    Exactly(Vec<String>),
    /// `<~`: the message matches.
    Matches(Box<regex::Regex>),
    /// `<*`: any one message.
    Any,
    /// `<0`: nothing is said.
    Nothing,
}

/// What is wrong with a fixture, with its place.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}:{line}: {problem}", .path.display())]
pub struct FixtureError {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong, and what to do.
    pub problem: String,
}

const KEYS: [&str; 9] = [
    "bank", "clock", "zone", "locale", "linked", "greeted", "tags", "include", "set",
];

impl Default for Header {
    fn default() -> Self {
        Self {
            bank: "everyday".to_owned(),
            clock: jiff::Timestamp::from_second(1_795_362_060)
                .unwrap_or(jiff::Timestamp::UNIX_EPOCH),
            zone: "America/New_York".to_owned(),
            locale: "en_US".to_owned(),
            linked: true,
            greeted: true,
            tags: Vec::new(),
            settings: Vec::new(),
        }
    }
}

/// Reads a fixture and what it includes.
pub fn read(path: &Path) -> Result<Fixture, FixtureError> {
    let text = std::fs::read_to_string(path).map_err(|error| FixtureError {
        path: path.to_owned(),
        line: 1,
        problem: format!("cannot be read: {error}"),
    })?;
    parse(path, &text)
}

/// Parses a fixture's text; included files are looked for beside `path`.
pub fn parse(path: &Path, text: &str) -> Result<Fixture, FixtureError> {
    let mut parser = Parser {
        path,
        header: Header::default(),
        steps: Vec::new(),
        in_header: true,
        included: 0,
    };
    for (at, line) in text.lines().enumerate() {
        parser.line(at + 1, line)?;
    }
    if parser.steps.is_empty() {
        return Err(parser.error(1, "holds no conversation: write `> …` and `< …`"));
    }
    Ok(Fixture {
        path: path.to_owned(),
        source: text.lines().map(str::to_owned).collect(),
        header: parser.header,
        steps: parser.steps,
    })
}

struct Parser<'a> {
    path: &'a Path,
    header: Header,
    steps: Vec<Step>,
    in_header: bool,
    included: u8,
}

impl Parser<'_> {
    fn error(&self, line: usize, problem: impl Into<String>) -> FixtureError {
        FixtureError {
            path: self.path.to_owned(),
            line,
            problem: problem.into(),
        }
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), FixtureError> {
        let indented = line.starts_with([' ', '\t']);
        let content = line.trim_end();
        if content.trim().is_empty() || (!indented && content.starts_with('#')) {
            return Ok(());
        }
        if indented {
            return self.continuation(number, content.trim_start());
        }
        let mark = content.chars().next().unwrap_or(' ');
        if !matches!(mark, '>' | '<' | '+' | '@' | '!' | '?') {
            return if self.in_header {
                self.key(number, content)
            } else {
                Err(self.error(
                    number,
                    format!("`{content}` begins with none of > < + @ ! ? #"),
                ))
            };
        }
        self.in_header = false;
        let kind = match mark {
            '>' => self.customer(number, content.get(1..).unwrap_or_default())?,
            '<' => self.bot(number, content.get(1..).unwrap_or_default())?,
            '+' => StepKind::Pass(self.duration(number, content.get(1..).unwrap_or_default())?),
            '@' => {
                let text = content.get(1..).unwrap_or_default().trim();
                StepKind::At(text.parse().map_err(|_| {
                    self.error(
                        number,
                        format!("`{text}` is no time such as 2026-11-01T09:00"),
                    )
                })?)
            }
            '!' => StepKind::Outside(content.get(1..).unwrap_or_default().trim().to_owned()),
            _ => {
                let text = content.get(1..).unwrap_or_default().trim();
                let (negated, text) = match text.strip_prefix("not ") {
                    Some(rest) => (true, rest),
                    None => (false, text),
                };
                StepKind::Assert {
                    negated,
                    text: text.to_owned(),
                }
            }
        };
        self.steps.push(Step {
            line: number,
            last_line: number,
            kind,
        });
        Ok(())
    }

    fn continuation(&mut self, number: usize, content: &str) -> Result<(), FixtureError> {
        match self.steps.last_mut() {
            Some(Step {
                kind: StepKind::Bot(Expected::Exactly(lines)),
                last_line,
                ..
            }) => {
                lines.push(content.to_owned());
                *last_line = number;
                Ok(())
            }
            _ => Err(self.error(number, "an indented line continues a `<` line only")),
        }
    }

    fn key(&mut self, number: usize, content: &str) -> Result<(), FixtureError> {
        let Some((key, value)) = content.split_once(':') else {
            return Err(self.error(number, format!("`{content}` is no `key: value`")));
        };
        let (key, value) = (key.trim(), value.trim());
        let flag = |parser: &Self| match value {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(parser.error(number, format!("{key}: `{value}` is neither yes nor no"))),
        };
        match key {
            "bank" => value.clone_into(&mut self.header.bank),
            "clock" => {
                self.header.clock = value.parse().map_err(|_| {
                    self.error(
                        number,
                        format!("clock: `{value}` is no time such as 2026-11-22T10:41:00-05:00"),
                    )
                })?;
            }
            "zone" => value.clone_into(&mut self.header.zone),
            "locale" => value.clone_into(&mut self.header.locale),
            "linked" => self.header.linked = flag(self)?,
            "greeted" => self.header.greeted = flag(self)?,
            "tags" => self.header.tags.extend(
                value
                    .split([',', ' '])
                    .filter(|t| !t.is_empty())
                    .map(str::to_owned),
            ),
            "include" => self.include(number, value)?,
            "set" => match value.split_once('=') {
                Some((name, value)) => self.setting(number, name.trim(), value.trim())?,
                None => return Err(self.error(number, "set: write `set: section.key = value`")),
            },
            _ if key.contains('.') => self.setting(number, key, value)?,
            _ => {
                let suggestion = did_you_mean(key, KEYS.iter().copied())
                    .unwrap_or_else(|| format!("there are {}", KEYS.join(", ")));
                return Err(self.error(number, format!("unknown key `{key}`; {suggestion}")));
            }
        }
        Ok(())
    }

    /// Takes in a setting of the configuration; one that nobody knows would be a fixture that tests something else.
    fn setting(&mut self, number: usize, name: &str, value: &str) -> Result<(), FixtureError> {
        /// Lists are files in production; a fixture can only do without them.
        const LISTS: [&str; 2] = ["bank.fees", "people.places"];

        let (section, key) = name.split_once('.').unwrap_or((name, ""));
        let known = crate::config::keys(section);
        if !known.contains(&key) && !LISTS.contains(&name) {
            let suggestion = did_you_mean(key, known.iter().copied())
                .unwrap_or_else(|| "see docs/configuration.md".to_owned());
            return Err(self.error(number, format!("unknown setting `{name}`; {suggestion}")));
        }
        self.header
            .settings
            .push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    fn include(&mut self, number: usize, file: &str) -> Result<(), FixtureError> {
        self.included += 1;
        if self.included > 8 {
            return Err(self.error(number, "include: too deep; does a file include itself?"));
        }
        let path = self.path.parent().unwrap_or(Path::new(".")).join(file);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            self.error(
                number,
                format!("include: cannot read {}: {error}", path.display()),
            )
        })?;
        let was = self.in_header;
        for line in text.lines() {
            // Lines of an included file are reported at the line that includes them.
            self.line(number, line)?;
        }
        self.in_header = was && self.steps.is_empty();
        Ok(())
    }

    fn customer(&self, number: usize, rest: &str) -> Result<StepKind, FixtureError> {
        let mut delivery = Delivery {
            times: 1,
            batch: 1,
            ..Delivery::default()
        };
        let mut rest = rest;
        // `>{x3} text` says how; `> {a | b}` lists wordings.
        while let Some(inner) = rest.strip_prefix('{') {
            let Some((how, after)) = inner.split_once('}') else {
                return Err(self.error(number, "`{` is never closed"));
            };
            self.delivery(number, how, &mut delivery)?;
            rest = after;
        }
        let text = rest.trim();
        let wordings = match text
            .strip_prefix('{')
            .and_then(|text| text.strip_suffix('}'))
        {
            Some(list) => list
                .split('|')
                .map(|wording| self.said(number, wording.trim()))
                .collect::<Result<Vec<_>, _>>()?,
            None => vec![self.said(number, text)?],
        };
        Ok(StepKind::Customer { wordings, delivery })
    }

    fn delivery(
        &self,
        number: usize,
        how: &str,
        delivery: &mut Delivery,
    ) -> Result<(), FixtureError> {
        let how = how.trim();
        let count = |text: &str| {
            text.trim()
                .parse::<usize>()
                .ok()
                .filter(|count| (1..=1000).contains(count))
                .ok_or_else(|| self.error(number, format!("`{how}` needs a number of 1 to 1000")))
        };
        if let Some(times) = how.strip_prefix('x') {
            delivery.times = count(times)?;
        } else if let Some(size) = how.strip_prefix("batch") {
            delivery.batch = count(size)?;
        } else if let Some(late) = how.strip_prefix("late") {
            delivery.late_ms = self.duration(number, late)?;
        } else {
            match how {
                "standby" => delivery.standby = true,
                "echo" => delivery.echo = true,
                "bad signature" => delivery.bad_signature = true,
                _ => {
                    return Err(self.error(
                        number,
                        format!(
                            "unknown delivery `{{{how}}}`; one of x3, batch 5, late 10m, standby, echo, bad signature"
                        ),
                    ));
                }
            }
        }
        Ok(())
    }

    fn said(&self, number: usize, text: &str) -> Result<Said, FixtureError> {
        if let Some(title) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
            return Ok(Said::Tap(title.to_owned()));
        }
        if let Some(file) = text.strip_prefix("raw ") {
            return Ok(Said::Raw(file.trim().to_owned()));
        }
        if let Some(event) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
            let (name, value) = event.split_once(':').unwrap_or((event, ""));
            return match name.trim() {
                "image" | "audio" | "video" | "file" | "location" => {
                    Ok(Said::Medium(name.trim().to_owned()))
                }
                "voice" => Ok(Said::Medium("audio".to_owned())),
                "sticker" => Ok(Said::Sticker),
                "thumbs up" | "like" => Ok(Said::ThumbsUp),
                "edit" => Ok(Said::Edit(value.trim().to_owned())),
                "reaction" | "react" => Ok(Said::Reaction(if value.trim().is_empty() {
                    "like".to_owned()
                } else {
                    value.trim().to_owned()
                })),
                _ => Err(self.error(number, format!("unknown event `({event})`"))),
            };
        }
        if text.is_empty() {
            return Err(self.error(number, "`>` with nothing after it"));
        }
        Ok(Said::Text(text.replace("\\n", "\n")))
    }

    fn bot(&self, number: usize, rest: &str) -> Result<StepKind, FixtureError> {
        let expected = match rest.chars().next() {
            Some('~') => {
                let pattern = rest.get(1..).unwrap_or_default().trim();
                let regex = regex::Regex::new(&format!("(?s){pattern}"))
                    .map_err(|error| self.error(number, format!("no regex: {error}")))?;
                Expected::Matches(Box::new(regex))
            }
            Some('*') => Expected::Any,
            Some('0') if rest.trim() == "0" => Expected::Nothing,
            _ => Expected::Exactly(vec![rest.trim().to_owned()]),
        };
        Ok(StepKind::Bot(expected))
    }

    /// Reads `25h`, `10m`, `2h 30m`, `1d`.
    fn duration(&self, number: usize, text: &str) -> Result<i64, FixtureError> {
        let bad = || self.error(number, format!("`{}` is no time such as 25h", text.trim()));
        let mut total: i64 = 0;
        let mut digits = String::new();
        let mut units = 0;
        let mut characters = text.trim().chars().peekable();
        while let Some(c) = characters.next() {
            match c {
                '0'..='9' => digits.push(c),
                ' ' => {}
                _ => {
                    let mut unit = c.to_string();
                    while let Some(next) = characters.next_if(char::is_ascii_alphabetic) {
                        unit.push(next);
                    }
                    let ms = match unit.as_str() {
                        "ms" => 1,
                        "s" => 1_000,
                        "m" | "min" => 60_000,
                        "h" => 3_600_000,
                        "d" => 86_400_000,
                        _ => return Err(bad()),
                    };
                    let count: i64 = digits.parse().map_err(|_| bad())?;
                    total = total.saturating_add(count.saturating_mul(ms));
                    digits.clear();
                    units += 1;
                }
            }
        }
        if units == 0 || !digits.is_empty() {
            return Err(bad());
        }
        Ok(total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(text: &str) -> Result<Fixture, FixtureError> {
        parse(Path::new("x.txt"), text)
    }

    #[test]
    fn reads_the_example_of_the_design() {
        let fixture = parsed(
            "# two accounts\nbank: everyday\nclock: 2026-11-22T10:41:00-05:00\nzone: America/New_York\nlocale: en_US\n\n> how much is in checking\n< Checking: $1\n  [See charges] [Savings]\n> [See charges]\n<*\n+ 2h\n! bank down\n> bal\n<~ ^I can't\n? intent balance\n? not case\n",
        )
        .unwrap();
        assert_eq!(fixture.steps.len(), 10);
        assert!(matches!(
            &fixture.steps[1].kind,
            StepKind::Bot(Expected::Exactly(lines)) if lines.len() == 2
        ));
        assert!(matches!(fixture.steps[4].kind, StepKind::Pass(7_200_000)));
        assert!(matches!(
            &fixture.steps[9].kind,
            StepKind::Assert { negated: true, text } if text == "case"
        ));
    }

    #[test]
    fn reads_deliveries_and_wordings() {
        let fixture = parsed(">{x3}{late 10m} hi\n> {a | b | [c]}\n").unwrap();
        let StepKind::Customer { delivery, .. } = &fixture.steps[0].kind else {
            panic!()
        };
        assert_eq!((delivery.times, delivery.late_ms), (3, 600_000));
        let StepKind::Customer { wordings, .. } = &fixture.steps[1].kind else {
            panic!()
        };
        assert_eq!(wordings[2], Said::Tap("c".to_owned()));
    }

    #[test]
    fn refuses_unknown_keys_with_a_suggestion() {
        let error = parsed("bnak: everyday\n> hi\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "x.txt:1: unknown key `bnak`; did you mean `bank`?"
        );
        assert!(parsed("> hi\nnonsense\n").is_err());
        assert!(parsed("bank: everyday\n").is_err());
        assert!(parsed("+ soon\n").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "([><+@!?#]?[ -~]{0,20}\n){0,6}") {
            drop(parsed(&text));
        }
    }
}
