//! The headers in which Graph says how much of our allowance is used (platform 4.3). Their values are JSON; what
//! cannot be read is unknown, never an error.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

const APP: &str = "x-app-usage";
const BUSINESS: &str = "x-business-use-case-usage";

/// Returns the fullest of our allowances, in percent.
pub(super) fn percent(headers: &HeaderMap) -> Option<u32> {
    let of = |usage: &Value| {
        ["call_count", "total_time", "total_cputime"]
            .iter()
            .filter_map(|name| usage.get(name).and_then(whole))
            .max()
    };
    let app = json(headers, APP).and_then(|usage| of(&usage));
    let business = json(headers, BUSINESS).and_then(|usage| cases(&usage).filter_map(of).max());
    app.max(business)
        .map(|percent| u32::try_from(percent).unwrap_or(u32::MAX))
}

/// Returns how long Graph wants to be left alone. It counts in minutes.
pub(super) fn regain(headers: &HeaderMap) -> Option<Duration> {
    let usage = json(headers, BUSINESS)?;
    let minutes = cases(&usage)
        .filter_map(|case| case.get("estimated_time_to_regain_access").and_then(whole))
        .max()
        .filter(|minutes| *minutes > 0)?;
    Some(Duration::from_secs(minutes.checked_mul(60)?))
}

/// Goes through `{"<id>": [{…}, …], …}`.
fn cases(usage: &Value) -> impl Iterator<Item = &Value> {
    usage
        .as_object()
        .into_iter()
        .flat_map(serde_json::Map::values)
        .filter_map(Value::as_array)
        .flatten()
}

fn whole(value: &Value) -> Option<u64> {
    // Percentages are whole numbers; one with a fraction is cut, in text.
    value
        .as_u64()
        .or_else(|| value.to_string().split('.').next()?.parse().ok())
}

fn json(headers: &HeaderMap, name: &str) -> Option<Value> {
    serde_json::from_slice(headers.get(name)?.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    const APP_USAGE: &str = r#"{"call_count":28,"total_time":25,"total_cputime":25}"#;
    const BUSINESS_USAGE: &str = r#"{"1":[{"type":"messenger","call_count":95,"total_cputime":20,"total_time":20,"estimated_time_to_regain_access":19}]}"#;

    #[test]
    fn the_fullest_allowance_counts() {
        assert_eq!(percent(&headers(&[(APP, APP_USAGE)])), Some(28));
        let both = headers(&[(APP, APP_USAGE), (BUSINESS, BUSINESS_USAGE)]);
        assert_eq!(percent(&both), Some(95));
        assert_eq!(regain(&both), Some(Duration::from_mins(19)));
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        assert_eq!(percent(&HeaderMap::new()), None);
        for value in [
            "",
            "{",
            "[]",
            "7",
            "null",
            r#"{"1":{}}"#,
            r#"{"call_count":"many"}"#,
        ] {
            let odd = headers(&[(APP, value), (BUSINESS, value)]);
            assert_eq!(percent(&odd), None, "{value}");
            assert_eq!(regain(&odd), None, "{value}");
        }
    }

    #[test]
    fn fractions_and_enormous_numbers_are_no_trouble() {
        let odd = headers(&[(APP, r#"{"call_count":79.9,"total_time":99999999999999}"#)]);
        assert_eq!(percent(&odd), Some(u32::MAX));
        let odd = headers(&[(
            BUSINESS,
            r#"{"1":[{"estimated_time_to_regain_access":18446744073709551615}]}"#,
        )]);
        assert_eq!(regain(&odd), None);
        let none_left = headers(&[(BUSINESS, r#"{"1":[{"estimated_time_to_regain_access":0}]}"#)]);
        assert_eq!(regain(&none_left), None);
    }
}
