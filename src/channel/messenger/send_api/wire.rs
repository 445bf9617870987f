//! The Send API's bodies (platform section 3). A body that breaks a limit cannot be made: every field that has
//! one is of a type that checks it.

mod limit;

pub use limit::LimitError;

use serde::Serialize;

use crate::channel::Occasion;
use crate::message::{self, OutboundMessage, Psid};
use limit::{Amount, Currency, Few, Field, Number, Url, Words};

/// A button's or quick reply's title.
type Title<'a> = Words<'a, 20>;

/// What comes back on a tap.
type Payload<'a> = Words<'a, 1000>;

/// The line under a card's title, and the title.
type CardText<'a> = Words<'a, 80>;

/// Free text of a receipt. The reference gives no limit; longer is no name of anything.
type Label<'a> = Words<'a, 300>;

/// To whom.
#[derive(Debug, Serialize)]
pub struct Recipient<'a> {
    id: &'a str,
}

/// The body of a message.
#[derive(Debug, Serialize)]
pub struct Send<'a> {
    recipient: Recipient<'a>,
    messaging_type: &'static str,
    message: Message<'a>,
}

/// The body of a sender action; never together with a message (error 100/2018014).
#[derive(Debug, Serialize)]
pub struct Action<'a> {
    recipient: Recipient<'a>,
    sender_action: &'static str,
}

/// The body of a thread control call. `metadata` holds nothing: it is another app's to read.
#[derive(Debug, Serialize)]
pub struct PassThread<'a> {
    recipient: Recipient<'a>,
    target_app_id: &'a str,
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<limit::MessageText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Attachment<'a>>,
    #[serde(skip_serializing_if = "Few::is_empty")]
    quick_replies: Few<QuickReply<'a>, 0, 13>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Words<'a, 999>>,
}

#[derive(Debug, Serialize)]
struct QuickReply<'a> {
    content_type: &'static str,
    title: Title<'a>,
    payload: Payload<'a>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
enum Attachment<'a> {
    Template(Template<'a>),
    Image(Media<'a>),
}

#[derive(Debug, Serialize)]
struct Media<'a> {
    attachment_id: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(tag = "template_type", rename_all = "snake_case")]
enum Template<'a> {
    Button {
        text: Words<'a, 640>,
        buttons: Few<Button<'a>, 1, 3>,
    },
    Generic {
        elements: Few<Element<'a>, 1, 10>,
    },
    Receipt(Box<Receipt<'a>>),
}

#[derive(Debug, Serialize)]
struct Element<'a> {
    title: CardText<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtitle: Option<CardText<'a>>,
    #[serde(skip_serializing_if = "Few::is_empty")]
    buttons: Few<Button<'a>, 0, 3>,
}

#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Button<'a> {
    Postback {
        title: Title<'a>,
        payload: Payload<'a>,
    },
    WebUrl {
        title: Title<'a>,
        url: Url<'a>,
        webview_height_ratio: &'static str,
        webview_share_button: &'static str,
    },
    PhoneNumber {
        title: Title<'a>,
        payload: Number<'a>,
    },
    AccountLink {
        url: Url<'a>,
    },
    AccountUnlink {},
}

#[derive(Debug, Serialize)]
struct Receipt<'a> {
    recipient_name: Label<'a>,
    order_number: Label<'a>,
    currency: Currency<'a>,
    payment_method: Label<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_name: Option<Label<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Few::is_empty")]
    elements: Few<Line<'a>, 0, 100>,
    summary: Summary,
}

#[derive(Debug, Serialize)]
struct Line<'a> {
    title: Label<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtitle: Option<Label<'a>>,
    quantity: u32,
    price: Amount,
    currency: Currency<'a>,
}

#[derive(Debug, Serialize)]
struct Summary {
    total_cost: Amount,
}

/// What is put together for one message of ours: a picture needs an upload first, and its words go before it.
#[derive(Debug)]
pub enum Prepared<'a> {
    /// One call.
    One(Send<'a>),
    /// The words, then the picture.
    Picture {
        /// What the picture shows.
        words: Send<'a>,
        /// Base64 of a PNG.
        png_base64: &'a str,
    },
}

/// Puts a message together.
pub fn message<'a>(
    psid: &'a Psid,
    occasion: Occasion,
    metadata: &'a str,
    message: &'a OutboundMessage,
) -> Result<Prepared<'a>, LimitError> {
    let body = match message {
        OutboundMessage::Text {
            text,
            quick_replies,
        } => Message {
            text: Some(limit::MessageText::new(text)?),
            attachment: None,
            quick_replies: Few::new(
                Field("quick_replies"),
                quick_replies.iter().map(quick_reply),
            )?,
            metadata: None,
        },
        OutboundMessage::Buttons { text, buttons } => template(Template::Button {
            text: Words::new(Field("button.text"), text)?,
            buttons: Few::new(Field("buttons"), buttons.iter().map(button))?,
        }),
        OutboundMessage::Cards { cards } => template(Template::Generic {
            elements: Few::new(Field("elements"), cards.iter().map(element))?,
        }),
        OutboundMessage::Receipt(written) => {
            template(Template::Receipt(Box::new(receipt(written)?)))
        }
        OutboundMessage::Image {
            alt, quick_replies, ..
        } => Message {
            text: Some(limit::MessageText::new(alt)?),
            attachment: None,
            quick_replies: Few::new(
                Field("quick_replies"),
                quick_replies.iter().map(quick_reply),
            )?,
            metadata: None,
        },
    };
    let send = Send {
        message: Message {
            metadata: Some(Words::new(Field("metadata"), metadata)?),
            ..body
        },
        ..envelope(psid, occasion)?
    };
    Ok(match message {
        OutboundMessage::Image { png_base64, .. } => Prepared::Picture {
            words: send,
            png_base64,
        },
        _ => Prepared::One(send),
    })
}

/// Puts a message together that shows an uploaded picture. It carries no metadata: the words before it do,
/// and one row has one echo. The quick replies of the words move under it, since Messenger shows only those
/// of the last message.
pub fn picture<'a, 'words: 'a>(
    words: &mut Send<'words>,
    psid: &'a Psid,
    occasion: Occasion,
    attachment_id: &'a str,
) -> Result<Send<'a>, LimitError> {
    Ok(Send {
        message: Message {
            attachment: Some(Attachment::Image(Media { attachment_id })),
            quick_replies: std::mem::replace(&mut words.message.quick_replies, Few::none()),
            ..bare()
        },
        ..envelope(psid, occasion)?
    })
}

/// Puts a sender action together: `typing_on`, `mark_seen`.
pub fn action<'a>(psid: &'a Psid, sender_action: &'static str) -> Result<Action<'a>, LimitError> {
    Ok(Action {
        recipient: recipient(psid)?,
        sender_action,
    })
}

/// Puts a call together that gives the thread to another app.
pub fn pass_thread<'a>(
    psid: &'a Psid,
    target_app_id: &'a str,
) -> Result<PassThread<'a>, LimitError> {
    Ok(PassThread {
        recipient: recipient(psid)?,
        target_app_id,
    })
}

fn recipient(psid: &Psid) -> Result<Recipient<'_>, LimitError> {
    if psid.as_str().is_empty() {
        return Err(LimitError::Empty("recipient.id"));
    }
    Ok(Recipient { id: psid.as_str() })
}

fn envelope(psid: &Psid, occasion: Occasion) -> Result<Send<'_>, LimitError> {
    Ok(Send {
        recipient: recipient(psid)?,
        messaging_type: match occasion {
            Occasion::Response => "RESPONSE",
            Occasion::Update => "UPDATE",
        },
        message: bare(),
    })
}

fn bare<'a>() -> Message<'a> {
    Message {
        text: None,
        attachment: None,
        quick_replies: Few::none(),
        metadata: None,
    }
}

fn template(template: Template<'_>) -> Message<'_> {
    Message {
        attachment: Some(Attachment::Template(template)),
        ..bare()
    }
}

fn quick_reply(button: &message::Button) -> Result<QuickReply<'_>, LimitError> {
    let message::Button::Postback { title, payload } = button else {
        return Err(LimitError::Kind("quick_replies"));
    };
    Ok(QuickReply {
        content_type: "text",
        title: Words::new(Field("quick_replies.title"), title)?,
        payload: Words::new(Field("quick_replies.payload"), payload)?,
    })
}

fn button(button: &message::Button) -> Result<Button<'_>, LimitError> {
    let title = |title| Words::new(Field("button.title"), title);
    Ok(match button {
        message::Button::Postback {
            title: words,
            payload,
        } => Button::Postback {
            title: title(words)?,
            payload: Words::new(Field("button.payload"), payload)?,
        },
        message::Button::Url { title: words, url } => Button::WebUrl {
            title: title(words)?,
            url: Url::new(Field("button.url"), url)?,
            webview_height_ratio: "full",
            // What a link of ours shows is the customer's own; nobody should pass it on by a tap.
            webview_share_button: "hide",
        },
        message::Button::Phone {
            title: words,
            number,
        } => Button::PhoneNumber {
            title: title(words)?,
            payload: Number::new(Field("button.payload"), number)?,
        },
        message::Button::LogIn { url } => Button::AccountLink {
            url: Url::new(Field("button.url"), url)?,
        },
        message::Button::LogOut => Button::AccountUnlink {},
    })
}

fn element(card: &message::Card) -> Result<Element<'_>, LimitError> {
    // An element with a title alone is refused (platform 3.10).
    if card.subtitle.is_none() && card.buttons.is_empty() {
        return Err(LimitError::Empty("element"));
    }
    Ok(Element {
        title: Words::new(Field("element.title"), &card.title)?,
        subtitle: card
            .subtitle
            .as_deref()
            .map(|subtitle| Words::new(Field("element.subtitle"), subtitle))
            .transpose()?,
        buttons: Few::new(Field("element.buttons"), card.buttons.iter().map(button))?,
    })
}

fn receipt(receipt: &message::Receipt) -> Result<Receipt<'_>, LimitError> {
    let currency = Currency::new(&receipt.currency)?;
    let line = |line| receipt_line(line, currency);
    Ok(Receipt {
        recipient_name: Words::new(Field("receipt.recipient_name"), &receipt.recipient_name)?,
        order_number: Words::new(Field("receipt.order_number"), &receipt.order_number)?,
        currency,
        payment_method: Words::new(Field("receipt.payment_method"), &receipt.payment_method)?,
        merchant_name: receipt
            .merchant_name
            .as_deref()
            .map(|name| Words::new(Field("receipt.merchant_name"), name))
            .transpose()?,
        timestamp: receipt.at_seconds.map(|seconds| seconds.to_string()),
        elements: Few::new(Field("receipt.elements"), receipt.lines.iter().map(line))?,
        summary: Summary {
            total_cost: Amount::new(Field("receipt.total_cost"), &receipt.total)?,
        },
    })
}

fn receipt_line<'a>(
    line: &'a message::ReceiptLine,
    currency: Currency<'a>,
) -> Result<Line<'a>, LimitError> {
    Ok(Line {
        title: Words::new(Field("receipt.title"), &line.title)?,
        subtitle: line
            .subtitle
            .as_deref()
            .map(|subtitle| Words::new(Field("receipt.subtitle"), subtitle))
            .transpose()?,
        quantity: 1,
        price: Amount::new(Field("receipt.price"), &line.price)?,
        currency,
    })
}

#[cfg(test)]
mod tests;
