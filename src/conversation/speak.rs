//! Saying: from a skill's variant and values to messages for the outbox, and the offer their buttons make.

use sha2::{Digest, Sha256};

use crate::intent::catalogue::Catalogue;
use crate::message::{Button, OutboundMessage};
use crate::reply::render::{RenderError, fill};
use crate::reply::value::{Origin, Place, Value, Values};
use crate::store::OutboxId;

use super::effect::Spoken;
use super::input::TurnId;
use super::offer::{Offer, OfferOption, Role};
use super::policy::Policy;
use super::request::{CHANGING, Request};
use super::skill::{Ask, Line, Say, Shape};

/// Messenger takes less than 2000 characters and does not say how it counts; this many UTF-16 units are
/// safe however it does (`messenger-platform.md` 3.8).
pub const TEXT_UNITS: usize = 1900;

/// A button title is at most 20 characters (3.8); longer names of accounts are cut.
pub const TITLE_CHARS: usize = 20;

/// Derives the id of a turn's n-th message.
pub fn row_id(turn: TurnId, ordinal: u32) -> OutboxId {
    OutboxId(derive(turn, "send", ordinal))
}

/// Derives 16 bytes from a turn: the same turn makes the same keys.
pub fn derive(turn: TurnId, what: &str, ordinal: u32) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(turn.0);
    hash.update(what.as_bytes());
    hash.update(ordinal.to_be_bytes());
    let digest = hash.finalize();
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    id
}

/// What a button of the catalogue does where the skill binds nothing: an intent's name, or one of these.
pub fn shortcut(id: &str, catalogue: &Catalogue) -> Option<Request> {
    let request = match id {
        "see_charges" | "more_charges" => Request::new("transactions"),
        "stop_card" => Request::new("card_freeze"),
        "lost_card" => Request::new("card_lost_stolen"),
        "something_else" | "start_again" => Request::new("help"),
        "not_mine" => Request::new("dispute"),
        "savings" => Request::new("balance").slot("account", "savings"),
        "language_en" => Request::new("change_language").slot("language", "en"),
        "language_es" => Request::new("change_language").slot("language", "es"),
        _ if catalogue.intent(id).is_some() => Request::new(id),
        _ => return None,
    };
    Some(request)
}

/// Renders what is said in one turn.
#[derive(Debug, Clone, Copy)]
pub struct Speaker<'a> {
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// For `{bank}`, `{phone}`, `{hours}` and addresses.
    pub policy: &'a Policy,
    /// Locale, zone, present.
    pub place: &'a Place,
    /// The turn.
    pub turn: TurnId,
}

impl Speaker<'_> {
    /// Renders a message from its `ordinal` on; returns its parts and the offer its buttons make.
    pub fn speak(
        &self,
        say: &Say,
        ask: Option<&Ask>,
        ordinal: u32,
        at_ms: i64,
    ) -> Result<(Vec<Spoken>, Option<Offer>), RenderError> {
        let mut text = self.line(&say.intent, &say.lead)?;
        for line in say.items.iter().chain(&say.tail) {
            text.push('\n');
            text.push_str(&self.line(&say.intent, line)?);
        }
        let options = self.options(say, ask)?;
        let parts = split(&text);
        let last = u32::try_from(parts.len().saturating_sub(1)).unwrap_or(0);
        let row = row_id(self.turn, ordinal.saturating_add(last));
        // A question in words has an answer too, though it has no buttons.
        let offer = (!options.is_empty() || ask.is_some()).then(|| Offer {
            id: hex::encode(derive(self.turn, "offer", ordinal)),
            row,
            at_ms,
            expecting: ask.map(|ask| ask.expecting),
            base: ask.map(|ask| ask.base.clone()),
            resumes: ask.is_some_and(|ask| ask.resumes),
            options,
        });
        let mut spoken = Vec::with_capacity(parts.len());
        let count = parts.len();
        for (at, part) in parts.into_iter().enumerate() {
            let ordinal = ordinal.saturating_add(u32::try_from(at).unwrap_or(0));
            let message = if at + 1 == count {
                self.shape(part, say, offer.as_ref())?
            } else {
                OutboundMessage::Text {
                    text: part,
                    quick_replies: Vec::new(),
                }
            };
            spoken.push(self.spoken(say, message, ordinal));
        }
        if let Shape::Receipt(receipt) = &say.shape {
            let ordinal = ordinal.saturating_add(u32::try_from(count).unwrap_or(1));
            spoken.push(self.spoken(say, OutboundMessage::Receipt(receipt.clone()), ordinal));
        }
        Ok((spoken, offer))
    }

    fn spoken(&self, say: &Say, message: OutboundMessage, ordinal: u32) -> Spoken {
        let mut values = say.lead.values.clone();
        for (at, line) in say.items.iter().chain(&say.tail).enumerate() {
            for (name, shown) in line.values.iter() {
                values = values.with(
                    &format!("{at}.{name}"),
                    shown.value.clone(),
                    shown.origin.clone(),
                );
            }
        }
        Spoken {
            row: row_id(self.turn, ordinal),
            class: say.class,
            message,
            intent: say.intent.clone(),
            variant: say.lead.variant.to_owned(),
            values,
        }
    }

    fn shape(
        &self,
        text: String,
        say: &Say,
        offer: Option<&Offer>,
    ) -> Result<OutboundMessage, RenderError> {
        let buttons = buttons(offer);
        Ok(match &say.shape {
            Shape::Link { title, path } => {
                let title = self.line(
                    &say.intent,
                    &Line {
                        variant: title,
                        values: Values::new(),
                    },
                )?;
                let base = self.policy.public_url.as_deref().unwrap_or_default();
                let mut all = vec![Button::Url {
                    title: cut_title(&title),
                    url: format!("{}{path}", base.trim_end_matches('/')),
                }];
                // The button template takes three (3.9).
                all.extend(buttons.into_iter().take(2));
                OutboundMessage::Buttons { text, buttons: all }
            }
            Shape::Picture { png_base64 } => OutboundMessage::Image {
                png_base64: png_base64.clone(),
                alt: text,
                quick_replies: buttons,
            },
            Shape::Words | Shape::Receipt(_) => OutboundMessage::Text {
                text,
                quick_replies: buttons,
            },
        })
    }

    fn options(&self, say: &Say, ask: Option<&Ask>) -> Result<Vec<OfferOption>, RenderError> {
        let language = self.place.locale.language;
        let mut options: Vec<OfferOption> = ask
            .map(|ask| ask.options.as_slice())
            .unwrap_or_default()
            .iter()
            .map(|(title, role, request)| OfferOption {
                title: cut_title(title),
                role: *role,
                request: request.clone(),
            })
            .collect();
        let lines = std::iter::once(&say.lead).chain(&say.tail);
        for line in lines {
            let Some(variant) = self.catalogue.reply(&say.intent, language, line.variant) else {
                continue;
            };
            for button in &variant.buttons {
                if say.without.contains(&button.id.as_str()) {
                    continue;
                }
                let bound = say.on.iter().find(|(id, _, _)| *id == button.id);
                let (role, request) = match bound {
                    Some((_, role, request)) => (*role, request.clone()),
                    None => match shortcut(&button.id, self.catalogue) {
                        Some(request) => (Role::Plain, request),
                        // A button nothing stands behind is not shown; a test finds it.
                        None => continue,
                    },
                };
                let values = self.with_config(&line.values);
                let title = fill(&button.title, &values, self.place)
                    .map_err(|name| self.no_value(&say.intent, line.variant, name))?;
                options.push(OfferOption {
                    title: cut_title(&title),
                    role,
                    request,
                });
            }
        }
        // What answers the question comes first; to change it is an answer too.
        options.sort_by_key(|option| {
            option.role == Role::Plain && option.request.bound(CHANGING).is_none()
        });
        for (title, request) in &say.asides {
            if options
                .iter()
                .all(|option| option.request.intent != request.intent)
            {
                options.push(OfferOption {
                    title: cut_title(title),
                    role: Role::Aside,
                    request: request.clone(),
                });
            }
        }
        // Messenger takes 13 quick replies (3.8).
        options.truncate(13);
        Ok(options)
    }

    /// Renders one variant.
    pub fn line(&self, intent: &str, line: &Line) -> Result<String, RenderError> {
        let variant = self
            .catalogue
            .reply(intent, self.place.locale.language, line.variant)
            .ok_or_else(|| RenderError::NoVariant {
                intent: intent.to_owned(),
                variant: line.variant.to_owned(),
            })?;
        fill(&variant.text, &self.with_config(&line.values), self.place)
            .map_err(|name| self.no_value(intent, line.variant, name))
    }

    #[expect(
        clippy::unused_self,
        reason = "reads as one of the speaker's own errors"
    )]
    fn no_value(&self, intent: &str, variant: &str, name: String) -> RenderError {
        RenderError::NoValue {
            intent: intent.to_owned(),
            variant: variant.to_owned(),
            name,
        }
    }

    /// Adds what every reply may name: the bank, its phone, its hours.
    fn with_config(&self, values: &Values) -> Values {
        let mut all = values.clone();
        let mut add = |name: &str, key: &str, value: Option<&str>, fallback: &str| {
            if all.get(name).is_some() {
                return;
            }
            let value = match value {
                Some(value) => value.to_owned(),
                None => self
                    .catalogue
                    .shared_reply(self.place.locale.language, fallback)
                    .map(|variant| variant.source.clone())
                    .unwrap_or_default(),
            };
            all = std::mem::take(&mut all).with(name, Value::word(value), Origin::config(key));
        };
        add("bank", "page.brand", Some(&self.policy.brand), "");
        add(
            "phone",
            "people.phone",
            self.policy.phone.as_deref(),
            "default_phone",
        );
        add(
            "hours",
            "people.hours",
            self.policy.hours_text.as_deref(),
            "default_hours",
        );
        all
    }
}

/// Returns the buttons of an offer.
fn buttons(offer: Option<&Offer>) -> Vec<Button> {
    let Some(offer) = offer else {
        return Vec::new();
    };
    (0..offer.options.len())
        .filter_map(|at| {
            Some(Button::Postback {
                title: offer.options.get(at)?.title.clone(),
                payload: offer.payload(at)?,
            })
        })
        .collect()
}

/// Cuts a title to what a button takes. The last digits of an account or card stay, since they tell two of them apart.
fn cut_title(title: &str) -> String {
    if title.chars().count() <= TITLE_CHARS {
        return title.to_owned();
    }
    let (name, digits) = match title.rsplit_once(" ••") {
        Some((name, digits)) if digits.chars().count() <= 4 => (name, format!(" ••{digits}")),
        _ => (title, String::new()),
    };
    let room = TITLE_CHARS - 1 - digits.chars().count();
    let cut: String = name.chars().take(room).collect();
    format!("{}…{digits}", cut.trim_end())
}

/// Splits a text at line ends or spaces so that each part fits, never inside a grapheme.
fn split(text: &str) -> Vec<String> {
    use unicode_segmentation::UnicodeSegmentation;

    let units = |text: &str| text.encode_utf16().count();
    if units(text) <= TEXT_UNITS {
        return vec![text.to_owned()];
    }
    let mut parts = Vec::new();
    let mut part = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let size = units(grapheme);
        if used + size > TEXT_UNITS {
            let at = part
                .rfind('\n')
                .or_else(|| part.rfind(' '))
                .filter(|at| *at > 0)
                .unwrap_or(part.len());
            let rest = part.split_off(at);
            parts.push(std::mem::replace(&mut part, rest.trim_start().to_owned()));
            used = units(&part);
        }
        part.push_str(grapheme);
        used += size;
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_fit_and_lose_nothing_but_white_space(words in prop::collection::vec("[a-zñ😀]{1,30}", 1..400)) {
            let text = words.join(" ");
            let parts = split(&text);
            for part in &parts {
                prop_assert!(part.encode_utf16().count() <= TEXT_UNITS);
            }
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            prop_assert_eq!(squeezed(&parts.concat()), squeezed(&text));
        }
    }

    #[test]
    fn long_titles_are_cut_to_twenty_characters() {
        for (title, cut) in [
            ("Checking ••1234", "Checking ••1234"),
            ("Everyday Checking ••1234", "Everyday Che… ••1234"),
            ("Cuenta corriente ••2201", "Cuenta corri… ••2201"),
            ("A very long word on a button", "A very long word on…"),
        ] {
            assert_eq!(cut_title(title), cut);
            assert!(cut.chars().count() <= TITLE_CHARS);
        }
    }
}
