//! What to do about an answer that is no success (platform 4.2): code and subcode decide, the HTTP status only
//! where there is no code we know.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::channel::SendError;

use super::usage;

/// What Graph said was wrong, without its words: they may quote what was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GraphError {
    /// Graph's code.
    pub(super) code: i64,
    /// Its subcode.
    pub(super) subcode: Option<i64>,
    /// Names the call in Meta's logs.
    pub(super) trace: Option<String>,
    /// Graph says itself that another try may help.
    transient: bool,
}

impl GraphError {
    /// Reads an error body; `None` for what is none, such as a gateway's HTML.
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let error = body.get("error")?;
        let number = |name: &str| {
            let value = error.get(name)?;
            value
                .as_i64()
                .or_else(|| value.as_str().and_then(|text| text.parse().ok()))
        };
        Some(Self {
            code: number("code")?,
            subcode: number("error_subcode"),
            trace: error
                .get("fbtrace_id")
                .and_then(Value::as_str)
                // It goes into the log, so it has to look like one.
                .filter(|trace| trace.len() <= 64 && trace.bytes().all(|b| b.is_ascii_graphic()))
                .map(str::to_owned),
            transient: error
                .get("is_transient")
                .and_then(Value::as_bool)
                .unwrap_or(false),
        })
    }
}

/// Classifies an answer that is no success. `error` is what its body said, if anything.
pub(super) fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    error: Option<&GraphError>,
) -> SendError {
    let after = retry_after(headers);
    let Some(error) = error else {
        return match status.as_u16() {
            429 => SendError::Limited {
                code: None,
                after: after.or_else(|| usage::regain(headers)),
            },
            // Not Graph's own voice but something before it, which may have passed the message on.
            code => SendError::Retry {
                code: None,
                after,
                maybe_sent: code >= 500 || (200..300).contains(&code),
            },
        };
    };
    let code = Some(error.code);
    match class(error.code, error.subcode) {
        Some(Class::Retry) => SendError::Retry {
            code,
            after,
            maybe_sent: false,
        },
        Some(Class::Limited) => SendError::Limited {
            code,
            after: after.or_else(|| usage::regain(headers)),
        },
        Some(Class::Window) => SendError::WindowClosed,
        Some(Class::Gone) => SendError::RecipientGone,
        Some(Class::Configuration) => SendError::Configuration {
            code: error.code,
            subcode: error.subcode,
        },
        Some(Class::Policy) => SendError::Policy { code: error.code },
        Some(Class::NotOwner) => SendError::NotOwner,
        Some(Class::Rejected) => SendError::Rejected { code },
        Some(Class::Drop) => SendError::Drop,
        None if error.transient => SendError::Retry {
            code,
            after,
            maybe_sent: false,
        },
        None => match status.as_u16() {
            429 => SendError::Limited {
                code,
                after: after.or_else(|| usage::regain(headers)),
            },
            401 => SendError::Configuration {
                code: error.code,
                subcode: error.subcode,
            },
            500.. => SendError::Retry {
                code,
                after,
                maybe_sent: false,
            },
            _ => SendError::Rejected { code },
        },
    }
}

/// The classes of the table, by what somebody does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// R.
    Retry,
    /// L.
    Limited,
    /// W.
    Window,
    /// U.
    Gone,
    /// C.
    Configuration,
    /// P.
    Policy,
    /// Another app controls the thread.
    NotOwner,
    /// B.
    Rejected,
    /// Out already, or not needed.
    Drop,
}

/// The table of platform 4.2; `None` for a code that is not in it.
#[expect(
    clippy::match_same_arms,
    reason = "one arm a line of the table, in the table's order"
)]
const fn class(code: i64, subcode: Option<i64>) -> Option<Class> {
    Some(match (code, subcode) {
        // Reported although the message went out.
        (1, Some(1_357_046)) => Class::Drop,
        (1, _) => Class::Retry,
        (2, Some(2_018_344)) => Class::Configuration,
        (2, _) => Class::Retry,
        (3, _) => Class::Rejected,
        (4, Some(2_018_354)) => Class::Drop,
        (4, _) => Class::Limited,
        (9, Some(2_018_352)) => Class::Limited,
        (10, Some(2_018_278 | 2_018_065 | 2_534_022)) => Class::Window,
        (10, Some(2_018_108 | 1_893_015)) => Class::Gone,
        (10, Some(1_893_063 | 1_404_170)) => Class::Policy,
        (10, Some(2_018_336)) => Class::Drop,
        (10, _) => Class::Configuration,
        (17 | 32, _) => Class::Limited,
        (100, Some(2_018_001)) => Class::Gone,
        (100, Some(2_018_164)) => Class::Configuration,
        (100, Some(2_534_037)) => Class::NotOwner,
        (100, _) => Class::Rejected,
        (102 | 190, _) => Class::Configuration,
        (200, Some(1_545_041)) => Class::Gone,
        (200..=299, _) => Class::Configuration,
        (341, _) => Class::Limited,
        (368, _) => Class::Policy,
        (506, _) => Class::Drop,
        (551, _) => Class::Gone,
        (613, Some(2_018_338)) => Class::Policy,
        (613, Some(1_893_016)) => Class::Drop,
        (613, _) => Class::Limited,
        (803, _) => Class::Rejected,
        (1200, _) => Class::Retry,
        // As a code of its own it means another thing than as a subcode.
        (1_545_041, _) => Class::Window,
        (2_018_218 | 2_018_247, _) => Class::Rejected,
        (2_018_300, _) => Class::NotOwner,
        (2_018_321, _) => Class::Retry,
        (2022, _) => Class::Policy,
        (10_303, _) => Class::Rejected,
        (80_006, _) => Class::Limited,
        (9_000_001, _) => Class::Drop,
        _ => return None,
    })
}

/// Reads `Retry-After` in seconds. The form with a date would need Meta's clock and ours to agree.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get(reqwest::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(code: i64, subcode: Option<i64>) -> GraphError {
        GraphError {
            code,
            subcode,
            ..GraphError::default()
        }
    }

    fn name(status: u16, code: i64, subcode: Option<i64>) -> &'static str {
        let status = StatusCode::from_u16(status).unwrap();
        match classify(status, &HeaderMap::new(), Some(&body(code, subcode))) {
            SendError::Retry { .. } => "R",
            SendError::Limited { .. } => "L",
            SendError::WindowClosed => "W",
            SendError::RecipientGone => "U",
            SendError::Configuration { .. } => "C",
            SendError::Policy { .. } => "P",
            SendError::NotOwner => "owner",
            SendError::Rejected { .. } => "B",
            SendError::Drop => "drop",
        }
    }

    /// Every line of the reference's table, by its letter there.
    #[test]
    fn every_code_of_the_table_has_its_class() {
        let table: &[(i64, &[i64], &str)] = &[
            (1, &[0, 99], "R"),
            (1, &[1_357_046], "drop"),
            (2, &[0], "R"),
            (2, &[2_018_344], "C"),
            (3, &[0], "B"),
            (4, &[0, 2_018_022], "L"),
            (4, &[2_018_354], "drop"),
            (9, &[2_018_352], "L"),
            (10, &[0], "C"),
            (10, &[2_018_278, 2_018_065, 2_534_022], "W"),
            (10, &[2_018_108, 1_893_015], "U"),
            (10, &[1_893_063, 1_404_170], "P"),
            (10, &[2_018_336], "drop"),
            (17, &[0], "L"),
            (32, &[0], "L"),
            (100, &[0, 33], "B"),
            (100, &[2_018_001], "U"),
            (100, &[2_018_008, 2_018_047, 2_018_109, 2_018_294], "B"),
            (100, &[2_018_014, 2_018_032, 2_018_074, 2_018_416], "B"),
            (100, &[2_018_164], "C"),
            (100, &[2_534_037], "owner"),
            (102, &[0], "C"),
            (190, &[0, 458, 459, 460, 463, 464, 467, 492], "C"),
            (200, &[0, 2_018_021, 2_018_027, 2_018_028], "C"),
            (200, &[1_545_041], "U"),
            (230, &[0], "C"),
            (299, &[0], "C"),
            (341, &[0], "L"),
            (368, &[0], "P"),
            (506, &[0], "drop"),
            (551, &[0, 1_545_041], "U"),
            (613, &[0, 2_534_040], "L"),
            (613, &[2_018_338], "P"),
            (613, &[1_893_016], "drop"),
            (803, &[0], "B"),
            (1200, &[0], "R"),
            (1_545_041, &[0], "W"),
            (2_018_300, &[0], "owner"),
            (2_018_321, &[0], "R"),
            (2022, &[0], "P"),
            (80_006, &[0], "L"),
            (9_000_001, &[0], "drop"),
        ];
        for (code, subcodes, expected) in table {
            for subcode in *subcodes {
                let subcode = (*subcode != 0).then_some(*subcode);
                // Whatever the status: the code decides.
                for status in [400, 403, 500] {
                    assert_eq!(
                        name(status, *code, subcode),
                        *expected,
                        "{code} {subcode:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_unknown_code_goes_by_its_status() {
        for (status, expected) in [(400, "B"), (401, "C"), (404, "B"), (429, "L"), (503, "R")] {
            assert_eq!(name(status, 424_242, None), expected, "{status}");
        }
    }

    #[test]
    fn an_unknown_code_that_calls_itself_transient_is_tried_again() {
        let error = GraphError::read(br#"{"error":{"code":424242,"is_transient":true}}"#).unwrap();
        let class = classify(StatusCode::BAD_REQUEST, &HeaderMap::new(), Some(&error));
        assert!(matches!(
            class,
            SendError::Retry {
                code: Some(424_242),
                ..
            }
        ));
    }

    #[test]
    fn error_bodies_are_read_in_every_form_seen() {
        let usual = br#"{"error":{"message":"Invalid OAuth access token.","type":"OAuthException","code":190,"error_subcode":460,"fbtrace_id":"BLBz/WZt8dN"}}"#;
        let error = GraphError::read(usual).unwrap();
        assert_eq!((error.code, error.subcode), (190, Some(460)));
        assert_eq!(error.trace.as_deref(), Some("BLBz/WZt8dN"));
        let odd = br#"{"error":{"code":"613","error_data":{"a":[]},"error_subcode":null,"fbtrace_id":"a b\n"}}"#;
        let error = GraphError::read(odd).unwrap();
        assert_eq!((error.code, error.subcode, error.trace), (613, None, None));
        for none in [
            &b"<html>Bad gateway</html>"[..],
            b"",
            b"{}",
            b"[]",
            br#"{"error":"oops"}"#,
            br#"{"error":{"message":"x"}}"#,
        ] {
            assert_eq!(GraphError::read(none), None);
        }
    }

    #[test]
    fn an_answer_without_a_code_is_tried_again_and_may_have_gone_out() {
        for (status, maybe) in [
            (502, true),
            (504, true),
            (200, true),
            (404, false),
            (302, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                classify(status, &HeaderMap::new(), None),
                SendError::Retry {
                    code: None,
                    after: None,
                    maybe_sent: maybe
                },
                "{status}"
            );
        }
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "17".parse().unwrap());
        assert_eq!(
            classify(StatusCode::TOO_MANY_REQUESTS, &headers, None),
            SendError::Limited {
                code: None,
                after: Some(Duration::from_secs(17))
            }
        );
    }

    #[test]
    fn a_limit_lasts_as_long_as_the_header_says() {
        let mut headers = HeaderMap::new();
        headers.insert(
            "x-business-use-case-usage",
            r#"{"1":[{"type":"messenger","call_count":100,"estimated_time_to_regain_access":19}]}"#
                .parse()
                .unwrap(),
        );
        let limited = classify(StatusCode::BAD_REQUEST, &headers, Some(&body(613, None)));
        assert_eq!(
            limited,
            SendError::Limited {
                code: Some(613),
                after: Some(Duration::from_mins(19))
            }
        );
        headers.insert(
            "retry-after",
            "Wed, 21 Oct 2026 07:28:00 GMT".parse().unwrap(),
        );
        assert_eq!(
            classify(StatusCode::BAD_REQUEST, &headers, Some(&body(613, None))),
            limited
        );
    }
}
