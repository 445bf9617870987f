//! One element of `messaging[]` or `standby[]` (platform section 2).

use crate::message::{
    Attachment, Channel, InboundEvent, InboundKind, Mid, PageId, Psid, ThreadControl,
};

use super::json::Json;

/// The like button's stickers, small to large (platform 2.2).
const THUMBS_UP: [&str; 3] = ["369239263222822", "369239343222814", "369239383222810"];

/// A message shows a handful of attachments; more are not told apart.
const ATTACHMENTS: usize = 32;

/// Reads what is under an event's key.
type Reader = fn(Json<'_>) -> InboundKind;

/// The keys that say what an event is, in the order in which they are looked for: an event has one.
const KINDS: [(&str, Reader); 17] = [
    ("message", message),
    ("postback", postback),
    ("message_edit", edit),
    ("reaction", reaction),
    ("delivery", delivery),
    ("read", read_mark),
    ("account_linking", account_linking),
    ("optin", optin),
    ("referral", referral),
    ("pass_thread_control", |control| {
        InboundKind::ThreadControl(ThreadControl::Passed {
            to_app: id_of(control, "new_owner_app_id"),
        })
    }),
    ("take_thread_control", |control| {
        InboundKind::ThreadControl(ThreadControl::Taken {
            by_app: id_of(control, "new_owner_app_id"),
        })
    }),
    ("request_thread_control", |control| {
        InboundKind::ThreadControl(ThreadControl::Requested {
            by_app: id_of(control, "requested_owner_app_id"),
        })
    }),
    ("policy_enforcement", policy),
    // The key of older deliveries (platform 2.13).
    ("policy-enforcement", policy),
    ("messaging_feedback", |_| InboundKind::Feedback),
    ("response_feedback", |_| InboundKind::Feedback),
    ("app_roles", |_| InboundKind::Unknown),
];

/// Reads an event; `None` when it is no object. `page` is the entry's id, for events that do not name
/// their Page.
pub(super) fn read(event: Json<'_>, page: Option<&str>, standby: bool) -> Option<InboundEvent> {
    let (mut sender, mut recipient, mut at_ms) = (None, None, 0);
    let mut found: Option<(usize, Json<'_>)> = None;
    let known = event.fields(|key, value| match key {
        b"sender" => sender = value.get("id").and_then(Json::id),
        b"recipient" => recipient = value.get("id").and_then(Json::id),
        b"timestamp" => at_ms = value.instant_ms().unwrap_or(0),
        _ => {
            let place = KINDS
                .iter()
                .position(|(name, _)| name.as_bytes() == key)
                .filter(|_| value.is_object());
            if let Some(place) = place
                && found.is_none_or(|(first, _)| place <= first)
            {
                found = Some((place, value));
            }
        }
    });
    if !known {
        return None;
    }
    let kind = found
        .and_then(|(place, value)| KINDS.get(place).map(|(_, read)| read(value)))
        .unwrap_or(InboundKind::Unknown);
    // What the Page sent has the two the other way round (platform 2.3).
    if matches!(kind, InboundKind::Echo { .. }) {
        std::mem::swap(&mut sender, &mut recipient);
    }
    let page = recipient.as_deref().or(page).unwrap_or_default();
    Some(InboundEvent {
        channel: Channel::Messenger,
        page: PageId::from(page),
        // Nobody can be answered without an id: such an event is nothing that a conversation knows. What
        // Meta says about the Page has no person in it.
        kind: if sender.is_some() || matches!(kind, InboundKind::PolicyEnforcement { .. }) {
            kind
        } else {
            InboundKind::Unknown
        },
        psid: Psid(sender.unwrap_or_default()),
        at_ms,
        standby,
    })
}

fn text_of(json: Json<'_>, name: &str) -> Option<String> {
    json.get(name).and_then(Json::text)
}

fn id_of(json: Json<'_>, name: &str) -> Option<String> {
    json.get(name).and_then(Json::id)
}

fn mid_of(json: Json<'_>) -> Option<Mid> {
    id_of(json, "mid").map(Mid)
}

fn message(message: Json<'_>) -> InboundKind {
    let (mut mid, mut text, mut quick_reply, mut reply_to) = (None, None, None, None);
    let (mut attachments, mut commands) = (None, None);
    let (mut app_id, mut metadata) = (None, None);
    let (mut echo, mut deleted) = (false, false);
    message.fields(|key, value| match key {
        b"mid" => mid = value.id().map(Mid),
        b"text" => text = value.text(),
        b"quick_reply" => quick_reply = id_of(value, "payload"),
        b"reply_to" => reply_to = mid_of(value),
        b"attachments" => attachments = Some(value),
        b"commands" => commands = Some(value),
        b"is_echo" => echo = value.is_true(),
        b"is_deleted" => deleted = value.is_true(),
        b"app_id" => app_id = value.id(),
        b"metadata" => metadata = value.text(),
        _ => {}
    });
    let mid = mid.unwrap_or_else(|| Mid(String::new()));
    if echo {
        return InboundKind::Echo {
            mid,
            app_id,
            metadata,
        };
    }
    if deleted {
        return InboundKind::Unsent { mid };
    }
    // A slash command may come without the words that name it.
    let text = text.or_else(|| {
        let commands = commands.map(Json::items).unwrap_or_default();
        text_of(*commands.first()?, "name")
    });
    InboundKind::Message {
        mid,
        text: text.unwrap_or_default(),
        quick_reply,
        reply_to,
        attachments: attachments
            .map(Json::items)
            .unwrap_or_default()
            .into_iter()
            .take(ATTACHMENTS)
            .map(attachment)
            .collect(),
    }
}

fn attachment(attachment: Json<'_>) -> Attachment {
    let kind = text_of(attachment, "type").unwrap_or_default();
    let sticker = || {
        attachment
            .get("payload")
            .and_then(|payload| id_of(payload, "sticker_id"))
    };
    let thumb = |id: &str| THUMBS_UP.contains(&id);
    match kind.as_str() {
        // Until 2026-08-30 a sticker came as an image with a sticker's id.
        "image" | "sticker" => match sticker() {
            Some(id) if thumb(&id) => Attachment::ThumbsUp,
            Some(_) => Attachment::Sticker,
            None if kind == "sticker" => Attachment::Sticker,
            None => Attachment::Image,
        },
        "video" => Attachment::Video,
        "audio" => Attachment::Audio,
        "file" => Attachment::File,
        "location" => Attachment::Location,
        "fallback" | "reel" | "ig_reel" | "post" | "ig_post" => Attachment::Link,
        _ => Attachment::Other,
    }
}

fn postback(postback: Json<'_>) -> InboundKind {
    InboundKind::Postback {
        mid: mid_of(postback),
        title: text_of(postback, "title").unwrap_or_default(),
        payload: id_of(postback, "payload").unwrap_or_default(),
        referral: postback
            .get("referral")
            .and_then(|referral| id_of(referral, "ref")),
    }
}

fn edit(edit: Json<'_>) -> InboundKind {
    InboundKind::Edit {
        mid: mid_of(edit).unwrap_or_else(|| Mid(String::new())),
        text: text_of(edit, "text").unwrap_or_default(),
        number: edit.get("num_edit").and_then(Json::count).unwrap_or(1),
    }
}

fn reaction(reaction: Json<'_>) -> InboundKind {
    let taken_back = text_of(reaction, "action").is_some_and(|action| action == "unreact");
    InboundKind::Reaction {
        mid: mid_of(reaction).unwrap_or_else(|| Mid(String::new())),
        reaction: (!taken_back).then(|| {
            text_of(reaction, "reaction")
                .or_else(|| text_of(reaction, "emoji"))
                .unwrap_or_else(|| "other".to_owned())
        }),
    }
}

fn watermark(json: Json<'_>) -> i64 {
    json.get("watermark")
        .and_then(Json::instant_ms)
        .unwrap_or(0)
}

fn delivery(delivery: Json<'_>) -> InboundKind {
    InboundKind::Delivery {
        watermark_ms: watermark(delivery),
    }
}

fn read_mark(read: Json<'_>) -> InboundKind {
    InboundKind::Read {
        watermark_ms: watermark(read),
    }
}

fn account_linking(linking: Json<'_>) -> InboundKind {
    match text_of(linking, "status").as_deref() {
        Some("linked") => InboundKind::AccountLinking {
            linked: true,
            code: id_of(linking, "authorization_code"),
        },
        Some("unlinked") => InboundKind::AccountLinking {
            linked: false,
            code: None,
        },
        // Neither word: guessing would link or unlink a customer.
        _ => InboundKind::Unknown,
    }
}

fn optin(optin: Json<'_>) -> InboundKind {
    InboundKind::Optin {
        kind: text_of(optin, "type"),
        payload: id_of(optin, "payload").or_else(|| id_of(optin, "ref")),
    }
}

fn referral(referral: Json<'_>) -> InboundKind {
    InboundKind::Referral {
        reference: id_of(referral, "ref"),
        source: text_of(referral, "source"),
    }
}

fn policy(policy: Json<'_>) -> InboundKind {
    InboundKind::PolicyEnforcement {
        action: text_of(policy, "action").unwrap_or_default(),
    }
}
