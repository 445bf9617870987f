//! Types that hold only what Graph takes.

use std::net::IpAddr;

use serde::Serialize;
use serde_json::value::RawValue;

/// What Graph would refuse. Names the field, never its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Nothing in it but white space.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// More characters than allowed.
    #[error("{field} is longer than {most}")]
    TooLong {
        /// Which.
        field: &'static str,
        /// The limit.
        most: usize,
    },
    /// Too few or too many of something.
    #[error("{field}: {least} to {most}, not {found}")]
    Count {
        /// Of what.
        field: &'static str,
        /// How many there are.
        found: usize,
        /// The least.
        least: usize,
        /// The most.
        most: usize,
    },
    /// Not `https`, nor loopback.
    #[error("{0} is not an https address")]
    Address(&'static str),
    /// Not a number of the form asked for.
    #[error("{0} is not a number")]
    Number(&'static str),
    /// A kind of button that cannot stand there.
    #[error("{0} holds a button of another kind")]
    Kind(&'static str),
}

/// The name of a field, for errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field(pub(super) &'static str);

/// Between 1 and `MOST` characters.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(super) struct Words<'a, const MOST: usize>(&'a str);

impl<'a, const MOST: usize> Words<'a, MOST> {
    pub(super) fn new(field: Field, text: &'a str) -> Result<Self, LimitError> {
        if text.trim().is_empty() {
            return Err(LimitError::Empty(field.0));
        }
        if text.chars().count() > MOST {
            return Err(LimitError::TooLong {
                field: field.0,
                most: MOST,
            });
        }
        Ok(Self(text))
    }
}

/// The text of a message. Graph takes less than 2000 characters and does not say how it counts; this many
/// UTF-16 units are safe however it does (platform 3.8).
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(super) struct MessageText<'a>(&'a str);

impl<'a> MessageText<'a> {
    const MOST_UNITS: usize = 1900;

    pub(super) fn new(text: &'a str) -> Result<Self, LimitError> {
        if text.trim().is_empty() {
            return Err(LimitError::Empty("text"));
        }
        if text.encode_utf16().count() > Self::MOST_UNITS {
            return Err(LimitError::TooLong {
                field: "text",
                most: Self::MOST_UNITS,
            });
        }
        Ok(Self(text))
    }
}

/// Between `LEAST` and `MOST` of something.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Few<T, const LEAST: usize, const MOST: usize>(Vec<T>);

impl<T, const LEAST: usize, const MOST: usize> Few<T, LEAST, MOST> {
    pub(super) fn new(
        field: Field,
        all: impl ExactSizeIterator<Item = Result<T, LimitError>>,
    ) -> Result<Self, LimitError> {
        let found = all.len();
        if !(LEAST..=MOST).contains(&found) {
            return Err(LimitError::Count {
                field: field.0,
                found,
                least: LEAST,
                most: MOST,
            });
        }
        all.collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T, const MOST: usize> Few<T, 0, MOST> {
    pub(super) const fn none() -> Self {
        Self(Vec::new())
    }
}

/// An address a button may open: `https`, or plain `http` on loopback (design 8.2).
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(super) struct Url<'a>(&'a str);

impl<'a> Url<'a> {
    /// The reference gives no limit; browsers share this one.
    const MOST: usize = 2000;

    pub(super) fn new(field: Field, url: &'a str) -> Result<Self, LimitError> {
        if url.len() > Self::MOST {
            return Err(LimitError::TooLong {
                field: field.0,
                most: Self::MOST,
            });
        }
        let parsed = reqwest::Url::parse(url).map_err(|_| LimitError::Address(field.0))?;
        let host = parsed.host_str().unwrap_or_default();
        let loopback = host == "localhost"
            || host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .is_ok_and(|ip| ip.is_loopback());
        match parsed.scheme() {
            "https" => Ok(Self(url)),
            "http" if loopback => Ok(Self(url)),
            _ => Err(LimitError::Address(field.0)),
        }
    }
}

/// A telephone number: `+`, country, number.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(super) struct Number<'a>(&'a str);

impl<'a> Number<'a> {
    pub(super) fn new(field: Field, number: &'a str) -> Result<Self, LimitError> {
        let digits = number.strip_prefix('+').unwrap_or_default();
        // E.164: at most 15 digits.
        if !(4..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(LimitError::Number(field.0));
        }
        Ok(Self(number))
    }
}

/// An ISO 4217 code.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(super) struct Currency<'a>(&'a str);

impl<'a> Currency<'a> {
    pub(super) fn new(code: &'a str) -> Result<Self, LimitError> {
        if code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(Self(code))
        } else {
            Err(LimitError::Kind("receipt.currency"))
        }
    }
}

/// A JSON number made from decimal text, digit for digit: never through a binary float.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Amount(Box<RawValue>);

impl Amount {
    pub(super) fn new(field: Field, decimal: &str) -> Result<Self, LimitError> {
        let unsigned = decimal.strip_prefix('-').unwrap_or(decimal);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
        let digits =
            |text: &str| (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(LimitError::Number(field.0));
        }
        // JSON writes no leading zeros; RawValue refuses them.
        RawValue::from_string(decimal.to_owned())
            .map(Self)
            .map_err(|_| LimitError::Number(field.0))
    }
}
