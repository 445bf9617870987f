//! Webhook bodies as Meta sends them (platform section 2), for the chat page and `replay`.

use serde_json::{Value, json};

/// Wraps events of one page into a webhook body, escaped as Meta escapes it: non-ASCII as `\uXXXX`,
/// slashes as `\/` (platform 1.2).
pub fn body(page: &str, at_ms: i64, events: &[Value]) -> Vec<u8> {
    wrap(page, at_ms, "messaging", events)
}

/// The same for events that belong to another app's thread (platform 2.12).
pub fn standby_body(page: &str, at_ms: i64, events: &[Value]) -> Vec<u8> {
    wrap(page, at_ms, "standby", events)
}

fn wrap(page: &str, at_ms: i64, list: &str, events: &[Value]) -> Vec<u8> {
    let mut entry = json!({"id": page, "time": at_ms});
    if let Some(entry) = entry.as_object_mut() {
        entry.insert(list.to_owned(), Value::Array(events.to_vec()));
    }
    escape(&json!({"object": "page", "entry": [entry]}).to_string())
}

fn escape(text: &str) -> Vec<u8> {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '/' => out.push_str("\\/"),
            c if c.is_ascii() => out.push(c),
            c => {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units).iter() {
                    out.push_str("\\u");
                    for shift in [12, 8, 4, 0] {
                        let digit = u32::from(*unit >> shift) & 0xf;
                        out.extend(char::from_digit(digit, 16));
                    }
                }
            }
        }
    }
    out.into_bytes()
}

/// Who, to whom, when.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The person.
    pub psid: &'a str,
    /// The Page.
    pub page: &'a str,
    /// Event time, ms.
    pub at_ms: i64,
}

impl Envelope<'_> {
    fn event(&self, kind: &str, value: Value) -> Value {
        let mut event = json!({
            "sender": {"id": self.psid},
            "recipient": {"id": self.page},
            "timestamp": self.at_ms,
        });
        if let Some(event) = event.as_object_mut() {
            event.insert(kind.to_owned(), value);
        }
        event
    }

    /// A text message.
    pub fn text(&self, mid: &str, text: &str) -> Value {
        self.event("message", json!({"mid": mid, "text": text}))
    }

    /// A tapped quick reply.
    pub fn quick_reply(&self, mid: &str, title: &str, payload: &str) -> Value {
        self.event(
            "message",
            json!({"mid": mid, "text": title, "quick_reply": {"payload": payload}}),
        )
    }

    /// A tapped button.
    pub fn postback(&self, mid: &str, title: &str, payload: &str) -> Value {
        self.event(
            "postback",
            json!({"mid": mid, "title": title, "payload": payload}),
        )
    }

    /// A medium: `image`, `video`, `audio`, `file`.
    pub fn attachment(&self, mid: &str, kind: &str) -> Value {
        self.event(
            "message",
            json!({"mid": mid, "attachments": [
                {"type": kind, "payload": {"url": "https://cdn.example/medium"}}
            ]}),
        )
    }

    /// A sticker; the like button is one.
    pub fn sticker(&self, mid: &str, sticker_id: u64) -> Value {
        self.event(
            "message",
            json!({"mid": mid, "attachments": [{"type": "sticker", "payload": {
                "url": "https://cdn.example/sticker", "sticker_id": sticker_id
            }}]}),
        )
    }

    /// A changed message.
    pub fn edit(&self, mid: &str, text: &str, number: u32) -> Value {
        self.event(
            "message_edit",
            json!({"mid": mid, "text": text, "num_edit": number}),
        )
    }

    /// A reaction to a message.
    pub fn reaction(&self, mid: &str, reaction: &str) -> Value {
        self.event(
            "reaction",
            json!({"mid": mid, "action": "react", "reaction": reaction, "emoji": "\u{1F44D}"}),
        )
    }

    /// Our own message, as it comes back.
    pub fn echo(&self, mid: &str, app_id: &str, metadata: Option<&str>, text: &str) -> Value {
        let mut message = json!({
            "mid": mid, "is_echo": true, "app_id": app_id, "text": text
        });
        if let (Some(message), Some(metadata)) = (message.as_object_mut(), metadata) {
            message.insert("metadata".to_owned(), metadata.into());
        }
        json!({
            "sender": {"id": self.page},
            "recipient": {"id": self.psid},
            "timestamp": self.at_ms,
            "message": message,
        })
    }

    /// Everything up to the watermark was delivered.
    pub fn delivery(&self, watermark_ms: i64) -> Value {
        self.event("delivery", json!({"watermark": watermark_ms}))
    }

    /// Everything up to the watermark was read.
    pub fn read(&self, watermark_ms: i64) -> Value {
        self.event("read", json!({"watermark": watermark_ms}))
    }

    /// The log-in button was used and the link page sent the person back with its code.
    pub fn linked(&self, code: &str) -> Value {
        self.event(
            "account_linking",
            json!({"status": "linked", "authorization_code": code}),
        )
    }

    /// The log-out button was used.
    pub fn unlinked(&self) -> Value {
        self.event("account_linking", json!({"status": "unlinked"}))
    }

    /// Control of the thread goes to an app.
    pub fn control(&self, kind: &str, new_owner: &str) -> Value {
        self.event(
            kind,
            json!({"previous_owner_app_id": null, "new_owner_app_id": new_owner}),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The form of the reference's test vector (platform 1.2).
    #[test]
    fn bodies_are_escaped_as_meta_escapes_them() {
        let event = json!({"text": "äöå / \u{1F44D} \u{7}"});
        let body = String::from_utf8(body("1", 1, &[event])).unwrap();
        assert_eq!(
            body,
            "{\"object\":\"page\",\"entry\":[{\"id\":\"1\",\"time\":1,\"messaging\":[{\"text\":\
             \"\\u00e4\\u00f6\\u00e5 \\/ \\ud83d\\udc4d \\u0007\"}]}]}"
        );
    }
}
