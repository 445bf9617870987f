//! What the Graph stand-in takes: the Send API's shapes and limits, as strict as the reference allows
//! (platform section 3). Written apart from the sender's own builder, so that one checks the other.

use serde::Deserialize;
use serde_json::value::RawValue;

/// Why a request is refused: Graph's code, subcode and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Graph's code.
    pub code: i64,
    /// Its subcode.
    pub subcode: Option<i64>,
    /// In words, naming the field and never its value.
    pub message: String,
}

impl Refusal {
    /// An invalid parameter.
    pub fn parameter(message: impl Into<String>) -> Self {
        Self {
            code: 100,
            subcode: None,
            message: message.into(),
        }
    }
}

/// The body of a Send API call.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    /// To whom.
    pub recipient: Recipient,
    /// Under which rule.
    pub messaging_type: Option<String>,
    /// The message.
    pub message: Option<Message>,
    /// Typing and read marks; never together with a message.
    pub sender_action: Option<String>,
    /// With `MESSAGE_TAG`.
    pub tag: Option<String>,
    /// Kind of push.
    pub notification_type: Option<String>,
    /// Quotes a message.
    pub reply_to: Option<serde_json::Value>,
}

/// To whom: exactly one of these; the bot uses the first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipient {
    /// A PSID.
    pub id: Option<String>,
    /// From the checkbox plugin.
    pub user_ref: Option<String>,
}

/// A message.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Less than 2000 characters.
    pub text: Option<String>,
    /// A template or medium.
    pub attachment: Option<Attachment>,
    /// At most 13.
    #[serde(default)]
    pub quick_replies: Vec<QuickReply>,
    /// Less than 1000 characters; comes back in the echo.
    pub metadata: Option<String>,
}

/// A quick reply.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuickReply {
    /// `text`.
    pub content_type: String,
    /// At most 20 characters.
    pub title: Option<String>,
    /// At most 1000 characters.
    pub payload: Option<String>,
    /// An icon.
    pub image_url: Option<String>,
}

/// A template or medium.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// `template`, `image`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Depends on the type.
    pub payload: Box<RawValue>,
}

#[derive(Deserialize)]
struct Kind {
    template_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ButtonTemplate {
    #[serde(rename = "template_type")]
    _kind: String,
    text: String,
    buttons: Vec<Button>,
    #[serde(rename = "sharable")]
    _sharable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GenericTemplate {
    #[serde(rename = "template_type")]
    _kind: String,
    elements: Vec<Element>,
    #[serde(rename = "sharable")]
    _sharable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Element {
    title: String,
    subtitle: Option<String>,
    image_url: Option<String>,
    default_action: Option<serde_json::Value>,
    #[serde(default)]
    buttons: Vec<Button>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Button {
    #[serde(rename = "type")]
    kind: String,
    title: Option<String>,
    payload: Option<String>,
    url: Option<String>,
    #[serde(rename = "webview_height_ratio")]
    _height: Option<String>,
    #[serde(rename = "webview_share_button")]
    _share: Option<String>,
    #[serde(rename = "messenger_extensions")]
    _extensions: Option<bool>,
    #[serde(rename = "fallback_url")]
    _fallback: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReceiptTemplate {
    #[serde(rename = "template_type")]
    _kind: String,
    recipient_name: String,
    order_number: String,
    currency: String,
    payment_method: String,
    summary: Summary,
    #[serde(rename = "merchant_name")]
    _merchant: Option<String>,
    #[serde(rename = "order_url")]
    _url: Option<String>,
    timestamp: Option<String>,
    #[serde(default)]
    elements: Vec<Line>,
    #[serde(rename = "address")]
    _address: Option<serde_json::Value>,
    #[serde(rename = "adjustments")]
    _adjustments: Option<serde_json::Value>,
    #[serde(rename = "sharable")]
    _sharable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Summary {
    total_cost: serde_json::Number,
    #[serde(rename = "subtotal")]
    _subtotal: Option<serde_json::Number>,
    #[serde(rename = "shipping_cost")]
    _shipping: Option<serde_json::Number>,
    #[serde(rename = "total_tax")]
    _tax: Option<serde_json::Number>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    title: String,
    price: serde_json::Number,
    #[serde(rename = "subtitle")]
    _subtitle: Option<String>,
    #[serde(rename = "quantity")]
    _quantity: Option<serde_json::Number>,
    #[serde(rename = "currency")]
    _currency: Option<String>,
    #[serde(rename = "image_url")]
    _image: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MediaTemplate {
    #[serde(rename = "template_type")]
    _kind: String,
    elements: Vec<Medium>,
    #[serde(rename = "sharable")]
    _sharable: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Medium {
    media_type: String,
    attachment_id: Option<String>,
    url: Option<String>,
    #[serde(default)]
    buttons: Vec<Button>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MediaAttachment {
    attachment_id: Option<String>,
    url: Option<String>,
    #[serde(rename = "is_reusable")]
    _reusable: Option<bool>,
}

/// Reads and checks a body.
pub fn read(body: &[u8]) -> Result<Send, Refusal> {
    let send: Send = serde_json::from_slice(body)
        .map_err(|error| Refusal::parameter(format!("(#100) {error}")))?;
    check(&send)?;
    Ok(send)
}

fn check(send: &Send) -> Result<(), Refusal> {
    if send.recipient.id.is_some() == send.recipient.user_ref.is_some() {
        return Err(Refusal::parameter(
            "(#100) recipient must have exactly one id",
        ));
    }
    match (&send.message, &send.sender_action) {
        (Some(_), Some(_)) => Err(Refusal {
            code: 100,
            subcode: Some(2_018_014),
            message: "(#100) message and sender_action together".to_owned(),
        }),
        (None, None) => Err(Refusal::parameter("(#100) no message")),
        (None, Some(action)) => one_of(
            "sender_action",
            action,
            &["typing_on", "typing_off", "mark_seen", "react", "unreact"],
        ),
        (Some(message), None) => {
            let kind = send
                .messaging_type
                .as_deref()
                .ok_or_else(|| Refusal::parameter("(#100) messaging_type is required"))?;
            one_of(
                "messaging_type",
                kind,
                &["RESPONSE", "UPDATE", "MESSAGE_TAG", "UTILITY"],
            )?;
            if let Some(tag) = &send.tag {
                // The others are dead since 2026-04-27 (platform section 0).
                one_of("tag", tag, &["HUMAN_AGENT"])?;
            }
            check_message(message)
        }
    }
}

fn check_message(message: &Message) -> Result<(), Refusal> {
    if message
        .metadata
        .as_ref()
        .is_some_and(|metadata| metadata.chars().count() >= 1000)
    {
        return Err(too_long("message.metadata"));
    }
    match (&message.text, &message.attachment) {
        (Some(text), None) => {
            if text.trim().is_empty() {
                return Err(Refusal {
                    code: 100,
                    subcode: Some(2_018_032),
                    message: "(#100) message.text is empty".to_owned(),
                });
            }
            // However it counts: UTF-16 units are the most.
            if text.encode_utf16().count() >= 2000 {
                return Err(too_long("message.text"));
            }
        }
        (None, Some(attachment)) => check_attachment(attachment)?,
        _ => {
            return Err(Refusal::parameter(
                "(#100) message must have exactly one of text and attachment",
            ));
        }
    }
    if message.quick_replies.len() > 13 {
        return Err(Refusal::parameter(
            "(#100) message.quick_replies: at most 13",
        ));
    }
    for reply in &message.quick_replies {
        one_of("content_type", &reply.content_type, &["text"])?;
        let title = reply.title.as_deref().unwrap_or_default();
        limit("quick_replies.title", title, 20)?;
        limit(
            "quick_replies.payload",
            reply.payload.as_deref().unwrap_or_default(),
            1000,
        )?;
    }
    Ok(())
}

fn check_attachment(attachment: &Attachment) -> Result<(), Refusal> {
    let raw = attachment.payload.get();
    match attachment.kind.as_str() {
        "template" => {
            let kind: Kind = parse(raw)?;
            match kind.template_type.as_deref() {
                Some("button") => {
                    let template: ButtonTemplate = parse(raw)?;
                    limit("button.text", &template.text, 640)?;
                    buttons(&template.buttons, 1)
                }
                Some("generic") => {
                    let template: GenericTemplate = parse(raw)?;
                    count("generic.elements", template.elements.len(), 10)?;
                    template.elements.iter().try_for_each(element)
                }
                Some("receipt") => receipt(&parse::<ReceiptTemplate>(raw)?),
                Some("media") => {
                    let template: MediaTemplate = parse(raw)?;
                    count("media.elements", template.elements.len(), 1)?;
                    template.elements.iter().try_for_each(medium)
                }
                _ => Err(Refusal::parameter("(#100) unknown template_type")),
            }
        }
        "image" | "video" | "audio" | "file" => {
            let media: MediaAttachment = parse(raw)?;
            if media.attachment_id.is_some() == media.url.is_some() {
                return Err(Refusal::parameter(
                    "(#100) attachment must have exactly one of attachment_id and url",
                ));
            }
            Ok(())
        }
        _ => Err(Refusal::parameter("(#100) unknown attachment type")),
    }
}

fn parse<'de, T: Deserialize<'de>>(raw: &'de str) -> Result<T, Refusal> {
    serde_json::from_str(raw).map_err(|error| Refusal::parameter(format!("(#100) {error}")))
}

fn element(element: &Element) -> Result<(), Refusal> {
    limit("element.title", &element.title, 80)?;
    if let Some(subtitle) = &element.subtitle {
        limit("element.subtitle", subtitle, 80)?;
    }
    if element.subtitle.is_none()
        && element.image_url.is_none()
        && element.default_action.is_none()
        && element.buttons.is_empty()
    {
        return Err(Refusal::parameter(
            "(#100) element needs a property beside its title",
        ));
    }
    buttons(&element.buttons, 0)
}

fn medium(medium: &Medium) -> Result<(), Refusal> {
    one_of("media_type", &medium.media_type, &["image", "video"])?;
    if medium.attachment_id.is_some() == medium.url.is_some() {
        return Err(Refusal::parameter(
            "(#100) media must have exactly one of attachment_id and url",
        ));
    }
    buttons(&medium.buttons, 0)
}

fn receipt(template: &ReceiptTemplate) -> Result<(), Refusal> {
    for (name, value) in [
        ("recipient_name", &template.recipient_name),
        ("order_number", &template.order_number),
        ("payment_method", &template.payment_method),
    ] {
        limit(name, value, 300)?;
    }
    if template.currency.len() != 3 {
        return Err(Refusal::parameter("(#100) currency is not ISO 4217"));
    }
    if template
        .timestamp
        .as_ref()
        .is_some_and(|at| at.parse::<i64>().is_err())
    {
        return Err(Refusal::parameter("(#100) timestamp is not seconds"));
    }
    count("receipt.elements", template.elements.len().max(1), 100)?;
    for line in &template.elements {
        limit("receipt.element.title", &line.title, 300)?;
        if line.price.as_f64().is_none() {
            return Err(Refusal::parameter("(#100) price is not a number"));
        }
    }
    if template.summary.total_cost.as_f64().is_none() {
        return Err(Refusal::parameter("(#100) total_cost is not a number"));
    }
    Ok(())
}

fn buttons(buttons: &[Button], least: usize) -> Result<(), Refusal> {
    if buttons.len() < least || buttons.len() > 3 {
        return Err(Refusal::parameter("(#100) buttons: one to three"));
    }
    for button in buttons {
        let title = button.title.as_deref();
        match button.kind.as_str() {
            "postback" | "phone_number" => {
                limit("button.title", title.unwrap_or_default(), 20)?;
                limit(
                    "button.payload",
                    button.payload.as_deref().unwrap_or_default(),
                    1000,
                )?;
            }
            "web_url" => {
                limit("button.title", title.unwrap_or_default(), 20)?;
                limit(
                    "button.url",
                    button.url.as_deref().unwrap_or_default(),
                    2000,
                )?;
            }
            "account_link" => {
                if title.is_some() {
                    return Err(Refusal::parameter("(#100) account_link has no title"));
                }
                limit(
                    "button.url",
                    button.url.as_deref().unwrap_or_default(),
                    2000,
                )?;
            }
            "account_unlink" => {
                if title.is_some() || button.url.is_some() || button.payload.is_some() {
                    return Err(Refusal::parameter("(#100) account_unlink has no fields"));
                }
            }
            _ => return Err(Refusal::parameter("(#100) unknown button type")),
        }
    }
    Ok(())
}

fn limit(field: &str, value: &str, most: usize) -> Result<(), Refusal> {
    if value.trim().is_empty() {
        return Err(Refusal::parameter(format!("(#100) {field} is empty")));
    }
    if value.chars().count() > most {
        return Err(too_long(field));
    }
    Ok(())
}

fn too_long(field: &str) -> Refusal {
    Refusal::parameter(format!("(#100) {field} is too long"))
}

fn count(field: &str, found: usize, most: usize) -> Result<(), Refusal> {
    if found == 0 || found > most {
        return Err(Refusal::parameter(format!("(#100) {field}: one to {most}")));
    }
    Ok(())
}

fn one_of(field: &str, value: &str, allowed: &[&str]) -> Result<(), Refusal> {
    if allowed.contains(&value) {
        Ok(())
    } else {
        Err(Refusal::parameter(format!("(#100) {field} is not allowed")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(body: &serde_json::Value) -> Refusal {
        read(body.to_string().as_bytes()).unwrap_err()
    }

    #[test]
    fn takes_what_the_reference_shows() {
        let body = serde_json::json!({
            "recipient": {"id": "PSID"},
            "messaging_type": "RESPONSE",
            "message": {"text": "What would you like to see?", "quick_replies": [
                {"content_type": "text", "title": "Balance", "payload": "v1:balance"}
            ]}
        });
        assert!(read(body.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn refuses_what_graph_would_refuse() {
        let base = |message: serde_json::Value| {
            serde_json::json!({
                "recipient": {"id": "P"}, "messaging_type": "RESPONSE", "message": message
            })
        };
        for message in [
            serde_json::json!({"text": ""}),
            serde_json::json!({"text": "x".repeat(2000)}),
            serde_json::json!({"text": "a", "unknown": 1}),
            serde_json::json!({"text": "a", "quick_replies": [
                {"content_type": "text", "title": "x".repeat(21), "payload": "p"}]}),
            serde_json::json!({"attachment": {"type": "template", "payload": {
                "template_type": "button", "text": "t", "buttons": []}}}),
            serde_json::json!({"attachment": {"type": "template", "payload": {
                "template_type": "generic", "elements": [{"title": "only a title"}]}}}),
        ] {
            assert_eq!(refused(&base(message.clone())).code, 100, "{message}");
        }
        let mut tagged = base(serde_json::json!({"text": "a"}));
        tagged["messaging_type"] = "MESSAGE_TAG".into();
        tagged["tag"] = "ACCOUNT_UPDATE".into();
        assert_eq!(refused(&tagged).code, 100);
    }

    #[test]
    fn message_and_action_together_have_their_own_code() {
        let body = serde_json::json!({
            "recipient": {"id": "P"}, "messaging_type": "RESPONSE",
            "message": {"text": "a"}, "sender_action": "typing_on"
        });
        assert_eq!(refused(&body).subcode, Some(2_018_014));
    }
}
