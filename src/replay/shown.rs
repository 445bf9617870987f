//! A Send API call as a fixture shows it: words, then buttons as `[title]`, cards and receipts as lines.

use serde_json::Value;

/// A button that can be tapped, with what it sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tappable {
    /// The words on it.
    pub title: String,
    /// What a tap does.
    pub does: Tap,
}

/// What a tap does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tap {
    /// Comes back as a quick reply.
    QuickReply(String),
    /// Comes back as a postback.
    Postback(String),
    /// Opens a page.
    Url(String),
    /// Calls a number, logs in or out: nothing comes back by itself.
    Nothing,
}

/// A message as a fixture shows it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shown {
    /// Its lines.
    pub lines: Vec<String>,
    /// Its buttons.
    pub buttons: Vec<Tappable>,
    /// `RESPONSE`, `UPDATE`, …
    pub messaging_type: String,
}

impl Shown {
    /// Returns it as one text, for `<~`.
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

/// Shows a Send API body; `None` for a sender action.
pub fn shown(body: &Value) -> Option<Shown> {
    let message = body.get("message")?;
    let mut shown = Shown {
        messaging_type: text(body, "messaging_type"),
        ..Shown::default()
    };
    if let Some(words) = message.get("text").and_then(Value::as_str) {
        words_of(words, &mut shown);
    }
    if let Some(attachment) = message.get("attachment") {
        attachment_of(attachment, &mut shown);
    }
    for reply in list(message, "quick_replies") {
        shown.buttons.push(Tappable {
            title: text(reply, "title"),
            does: Tap::QuickReply(text(reply, "payload")),
        });
    }
    buttons_line(&mut shown);
    Some(shown)
}

fn words_of(words: &str, shown: &mut Shown) {
    shown
        .lines
        .extend(words.lines().map(|line| line.trim_end().to_owned()));
}

fn attachment_of(attachment: &Value, shown: &mut Shown) {
    let Some(payload) = attachment.get("payload") else {
        return;
    };
    match payload.get("template_type").and_then(Value::as_str) {
        Some("button") => {
            words_of(&text(payload, "text"), shown);
            buttons(payload, shown);
        }
        Some("generic") => {
            for element in list(payload, "elements") {
                let subtitle = text(element, "subtitle");
                shown.lines.push(if subtitle.is_empty() {
                    format!("* {}", text(element, "title"))
                } else {
                    format!("* {} | {subtitle}", text(element, "title"))
                });
                buttons(element, shown);
            }
        }
        Some("receipt") => receipt(payload, shown),
        Some("media") => shown.lines.push("(media)".to_owned()),
        _ => shown.lines.push(format!("({})", text(attachment, "type"))),
    }
}

fn receipt(payload: &Value, shown: &mut Shown) {
    shown.lines.push(format!(
        "(receipt) {} {}",
        text(payload, "merchant_name"),
        text(payload, "payment_method")
    ));
    for line in list(payload, "elements") {
        shown.lines.push(format!(
            "- {} {}",
            text(line, "title"),
            scalar(line, "price")
        ));
    }
    let total = payload
        .get("summary")
        .map(|summary| scalar(summary, "total_cost"))
        .unwrap_or_default();
    shown
        .lines
        .push(format!("= {total} {}", text(payload, "currency")));
}

fn buttons(holder: &Value, shown: &mut Shown) {
    for button in list(holder, "buttons") {
        let (title, does) = match text(button, "type").as_str() {
            "postback" => (
                text(button, "title"),
                Tap::Postback(text(button, "payload")),
            ),
            "web_url" => (text(button, "title"), Tap::Url(text(button, "url"))),
            "account_link" => ("Log in".to_owned(), Tap::Url(text(button, "url"))),
            "account_unlink" => ("Log out".to_owned(), Tap::Nothing),
            _ => (text(button, "title"), Tap::Nothing),
        };
        shown.buttons.push(Tappable { title, does });
    }
}

fn buttons_line(shown: &mut Shown) {
    if shown.buttons.is_empty() {
        return;
    }
    let line = shown
        .buttons
        .iter()
        .map(|button| format!("[{}]", button.title))
        .collect::<Vec<_>>()
        .join(" ");
    shown.lines.push(line);
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

fn scalar(value: &Value, key: &str) -> String {
    value.get(key).map(Value::to_string).unwrap_or_default()
}

/// Compares what was expected with what was said; captures (`$name`) are filled from what was said and
/// must agree where they stand again.
pub fn matches_exactly(
    expected: &[String],
    got: &[String],
    captures: &mut std::collections::BTreeMap<String, String>,
) -> bool {
    let (expected, got) = (unwrapped(expected), unwrapped(got));
    if expected == got {
        return true;
    }
    if !expected.contains('$') {
        return false;
    }
    let mut pattern = String::from("(?s)^");
    let mut names = Vec::new();
    let mut rest = expected.as_str();
    while let Some(at) = rest.find('$') {
        let (before, after) = rest.split_at(at);
        pattern.push_str(&regex::escape(before));
        let after = after.get(1..).unwrap_or_default();
        let length = after
            .char_indices()
            .take_while(|(at, c)| {
                c.is_ascii_lowercase() || (*at > 0 && (c.is_ascii_digit() || *c == '_'))
            })
            .count();
        let name = after.get(..length).unwrap_or_default();
        rest = after.get(length..).unwrap_or_default();
        if name.is_empty() {
            pattern.push_str("\\$");
        } else if let Some(known) = captures.get(name) {
            pattern.push_str(&regex::escape(known));
        } else {
            // The regex crate has no back references: a second place is compared below.
            pattern.push_str("(\\S+?)");
            names.push(name.to_owned());
        }
    }
    pattern.push_str(&regex::escape(rest));
    pattern.push('$');
    let Ok(regex) = regex::Regex::new(&pattern) else {
        return false;
    };
    let Some(found) = regex.captures(&got) else {
        return false;
    };
    let mut new = captures.clone();
    for (at, name) in names.iter().enumerate() {
        let Some(value) = found.get(at + 1) else {
            return false;
        };
        match new.get(name) {
            Some(known) if known != value.as_str() => return false,
            Some(_) => {}
            None => {
                new.insert(name.clone(), value.as_str().to_owned());
            }
        }
    }
    *captures = new;
    true
}

/// Joins lines; no-break spaces compare as spaces, since nobody can see them in a file.
fn unwrapped(lines: &[String]) -> String {
    lines.join("\n").replace('\u{a0}', " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn shows_words_and_quick_replies() {
        let body = serde_json::json!({
            "messaging_type": "RESPONSE",
            "message": {"text": "Checking: $1", "quick_replies": [
                {"content_type": "text", "title": "See charges", "payload": "v1:transactions"},
                {"content_type": "text", "title": "Savings", "payload": "v1:balance?account=savings"}
            ]}
        });
        let shown = shown(&body).unwrap();
        assert_eq!(shown.lines, ["Checking: $1", "[See charges] [Savings]"]);
    }

    #[test]
    fn sender_actions_are_not_messages() {
        assert_eq!(
            shown(&serde_json::json!({"sender_action": "typing_on"})),
            None
        );
    }

    #[test]
    fn captures_fill_once_and_must_agree() {
        let mut captures = BTreeMap::new();
        let line = |text: &str| vec![text.to_owned()];
        assert!(matches_exactly(
            &line("Case $case."),
            &line("Case 20931."),
            &mut captures
        ));
        assert_eq!(captures["case"], "20931");
        assert!(matches_exactly(
            &line("$case it is"),
            &line("20931 it is"),
            &mut captures
        ));
        assert!(!matches_exactly(
            &line("$case it is"),
            &line("20932 it is"),
            &mut captures
        ));
        assert!(matches_exactly(
            &line("$412.10"),
            &line("$412.10"),
            &mut captures
        ));
    }
}
