use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::message::{Button as Tap, Card, Receipt as Slip, ReceiptLine};
use crate::simulator::messenger::wire as judge;

fn built(written: &OutboundMessage) -> Result<String, LimitError> {
    let psid = Psid::from("PSID-0001");
    let prepared = message(&psid, Occasion::Response, "out-1", written)?;
    Ok(match prepared {
        Prepared::One(body) | Prepared::Picture { words: body, .. } => {
            serde_json::to_string(&body).unwrap()
        }
    })
}

fn value(written: &OutboundMessage) -> Value {
    serde_json::from_str(&built(written).unwrap()).unwrap()
}

fn text(text: &str, quick_replies: Vec<Tap>) -> OutboundMessage {
    OutboundMessage::Text {
        text: text.to_owned(),
        quick_replies,
    }
}

fn tap(title: &str) -> Tap {
    Tap::Postback {
        title: title.to_owned(),
        payload: "v1:x".to_owned(),
    }
}

fn buttons(text: &str, buttons: Vec<Tap>) -> OutboundMessage {
    OutboundMessage::Buttons {
        text: text.to_owned(),
        buttons,
    }
}

fn slip() -> Slip {
    Slip {
        order_number: "TX-1".to_owned(),
        recipient_name: "A. Customer".to_owned(),
        merchant_name: Some("Example Bank".to_owned()),
        currency: "EUR".to_owned(),
        payment_method: "Card ••42".to_owned(),
        at_seconds: Some(1_763_769_600),
        lines: vec![ReceiptLine {
            title: "Coffee".to_owned(),
            subtitle: None,
            price: "3.50".to_owned(),
        }],
        total: "3.50".to_owned(),
    }
}

#[test]
fn a_text_with_quick_replies_has_the_references_form() {
    let body = value(&text("What would you like to see?", vec![tap("Balance")]));
    assert_eq!(
        body,
        json!({
            "recipient": {"id": "PSID-0001"},
            "messaging_type": "RESPONSE",
            "message": {
                "text": "What would you like to see?",
                "quick_replies": [
                    {"content_type": "text", "title": "Balance", "payload": "v1:x"}
                ],
                "metadata": "out-1"
            }
        })
    );
}

#[test]
fn messages_on_our_own_initiative_say_so() {
    let psid = Psid::from("PSID-0001");
    let written = text("Your card was stopped.", vec![]);
    let Prepared::One(body) = message(&psid, Occasion::Update, "m", &written).unwrap() else {
        panic!("not one call");
    };
    assert_eq!(
        serde_json::to_value(&body).unwrap()["messaging_type"],
        "UPDATE"
    );
}

#[test]
fn log_in_and_log_out_buttons_have_no_titles() {
    let body = value(&buttons(
        "Please connect your account first.",
        vec![
            Tap::LogIn {
                url: "https://bank.example/messenger/link".to_owned(),
            },
            Tap::LogOut,
        ],
    ));
    assert_eq!(
        body["message"]["attachment"],
        json!({"type": "template", "payload": {
            "template_type": "button",
            "text": "Please connect your account first.",
            "buttons": [
                {"type": "account_link", "url": "https://bank.example/messenger/link"},
                {"type": "account_unlink"}
            ]
        }})
    );
}

#[test]
fn links_open_full_height_and_cannot_be_passed_on() {
    let body = value(&buttons(
        "More on your page.",
        vec![
            Tap::Url {
                title: "Open".to_owned(),
                url: "http://127.0.0.1:8080/view/x".to_owned(),
            },
            Tap::Phone {
                title: "Call".to_owned(),
                number: "+15550100".to_owned(),
            },
        ],
    ));
    assert_eq!(
        body["message"]["attachment"]["payload"]["buttons"],
        json!([
            {"type": "web_url", "title": "Open", "url": "http://127.0.0.1:8080/view/x",
             "webview_height_ratio": "full", "webview_share_button": "hide"},
            {"type": "phone_number", "title": "Call", "payload": "+15550100"}
        ])
    );
}

#[test]
fn a_receipts_amounts_are_numbers_digit_for_digit() {
    let written = built(&OutboundMessage::Receipt(slip())).unwrap();
    // Compared as text: parsing would make 3.50 and 3.5 the same.
    assert!(
        written.contains(r#""elements":[{"title":"Coffee","quantity":1,"price":3.50,"currency":"EUR"}],"summary":{"total_cost":3.50}"#),
        "{written}"
    );
    assert!(written.contains(r#""timestamp":"1763769600""#));
    let large = Slip {
        total: "90071992547409.93".to_owned(),
        ..slip()
    };
    let written = built(&OutboundMessage::Receipt(large)).unwrap();
    assert!(written.contains(r#""total_cost":90071992547409.93"#));
}

#[test]
fn amounts_that_are_no_decimal_numbers_are_refused() {
    for total in [
        "", ".", "3.", ".5", "1,50", "1e3", "NaN", "+1", "--1", "007", "1 000", "$3", "0x1",
    ] {
        let written = OutboundMessage::Receipt(Slip {
            total: total.to_owned(),
            ..slip()
        });
        assert_eq!(
            built(&written),
            Err(LimitError::Number("receipt.total_cost")),
            "{total}"
        );
    }
    for total in ["0", "0.00", "-3.50", "12"] {
        let written = OutboundMessage::Receipt(Slip {
            total: total.to_owned(),
            ..slip()
        });
        assert!(built(&written).is_ok(), "{total}");
    }
}

#[test]
fn texts_are_counted_in_utf16_units() {
    assert!(built(&text(&"x".repeat(1900), vec![])).is_ok());
    assert!(built(&text(&"x".repeat(1901), vec![])).is_err());
    assert!(built(&text(&"😀".repeat(950), vec![])).is_ok());
    assert!(built(&text(&"😀".repeat(951), vec![])).is_err());
}

#[test]
fn what_breaks_a_limit_cannot_be_built() {
    let card = |title: &str, subtitle: Option<&str>, count: usize| Card {
        title: title.to_owned(),
        subtitle: subtitle.map(str::to_owned),
        buttons: vec![tap("Open"); count],
    };
    let cards = |cards| OutboundMessage::Cards { cards };
    let url = |url: &str| {
        buttons(
            "t",
            vec![Tap::Url {
                title: "Open".to_owned(),
                url: url.to_owned(),
            }],
        )
    };
    let phone = |number: &str| {
        buttons(
            "t",
            vec![Tap::Phone {
                title: "Call".to_owned(),
                number: number.to_owned(),
            }],
        )
    };
    let long_payload = Tap::Postback {
        title: "a".to_owned(),
        payload: "x".repeat(1001),
    };
    for (what, written) in [
        ("empty text", text(" \n", vec![])),
        ("14 quick replies", text("t", vec![tap("a"); 14])),
        ("long title", text("t", vec![tap(&"x".repeat(21))])),
        ("empty title", text("t", vec![tap("")])),
        ("long payload", text("t", vec![long_payload])),
        ("log-out as quick reply", text("t", vec![Tap::LogOut])),
        ("no buttons", buttons("t", vec![])),
        ("four buttons", buttons("t", vec![tap("a"); 4])),
        (
            "long button text",
            buttons(&"x".repeat(641), vec![tap("a")]),
        ),
        ("no cards", cards(vec![])),
        ("eleven cards", cards(vec![card("t", Some("s"), 1); 11])),
        (
            "long card title",
            cards(vec![card(&"x".repeat(81), Some("s"), 0)]),
        ),
        (
            "long subtitle",
            cards(vec![card("t", Some(&"x".repeat(81)), 0)]),
        ),
        ("title alone", cards(vec![card("t", None, 0)])),
        ("four on a card", cards(vec![card("t", None, 4)])),
        ("plain http", url("http://bank.example/x")),
        ("script", url("javascript:alert(1)")),
        ("no address", url("bank.example")),
        ("loopback by name", url("http://127.0.0.1.bank.example/")),
        (
            "long address",
            url(&format!("https://bank.example/{}", "x".repeat(2000))),
        ),
        ("phone without plus", phone("15550100")),
        ("phone with words", phone("+1 555 0100")),
        (
            "currency in words",
            OutboundMessage::Receipt(Slip {
                currency: "eur".to_owned(),
                ..slip()
            }),
        ),
        (
            "101 lines",
            OutboundMessage::Receipt(Slip {
                lines: vec![slip().lines.remove(0); 101],
                ..slip()
            }),
        ),
    ] {
        assert!(built(&written).is_err(), "{what}");
    }
    let nobody = Psid::from("");
    let hi = text("hi", vec![]);
    assert!(message(&nobody, Occasion::Response, "m", &hi).is_err());
    let long = "x".repeat(1000);
    assert!(message(&Psid::from("1"), Occasion::Response, &long, &hi).is_err());
}

#[test]
fn errors_name_the_field_and_never_its_value() {
    let secret = "4111111111111111 ".repeat(50);
    let error = built(&buttons(&secret, vec![tap("a")])).unwrap_err();
    assert_eq!(error.to_string(), "button.text is longer than 640");
}

#[test]
fn pictures_and_thread_control_and_actions_have_their_forms() {
    let psid = Psid::from("PSID-0001");
    let written = OutboundMessage::Image {
        png_base64: String::new(),
        alt: "Rent: $10.00".to_owned(),
        quick_replies: Vec::new(),
    };
    let Prepared::Picture { mut words, .. } =
        message(&psid, Occasion::Response, "row", &written).unwrap()
    else {
        panic!("a picture is prepared as one");
    };
    assert_eq!(
        serde_json::to_value(picture(&mut words, &psid, Occasion::Response, "77").unwrap())
            .unwrap(),
        json!({"recipient": {"id": "PSID-0001"}, "messaging_type": "RESPONSE",
               "message": {"attachment": {"type": "image", "payload": {"attachment_id": "77"}}}})
    );
    assert_eq!(
        serde_json::to_value(action(&psid, "typing_on").unwrap()).unwrap(),
        json!({"recipient": {"id": "PSID-0001"}, "sender_action": "typing_on"})
    );
    assert_eq!(
        serde_json::to_value(pass_thread(&psid, "263902037430900").unwrap()).unwrap(),
        json!({"recipient": {"id": "PSID-0001"}, "target_app_id": "263902037430900"})
    );
}

fn words(most: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Zé•€😀 ]{1,24}",
        1 => Just("x".repeat(most)),
        1 => Just("x".repeat(most + 1)),
        1 => Just(String::new()),
    ]
}

fn any_button() -> impl Strategy<Value = Tap> {
    prop_oneof![
        (words(20), words(1000)).prop_map(|(title, payload)| Tap::Postback { title, payload }),
        (
            words(20),
            "(https|http)://(bank.example|localhost)/[a-z]{0,8}"
        )
            .prop_map(|(title, url)| Tap::Url { title, url }),
        (words(20), "\\+[0-9]{3,17}").prop_map(|(title, number)| Tap::Phone { title, number }),
        Just(Tap::LogIn {
            url: "https://bank.example/link".to_owned()
        }),
        Just(Tap::LogOut),
    ]
}

fn any_message() -> impl Strategy<Value = OutboundMessage> {
    let buttons = |most| proptest::collection::vec(any_button(), 0..most);
    let card = (words(80), proptest::option::of(words(80)), buttons(5)).prop_map(
        |(title, subtitle, buttons)| Card {
            title,
            subtitle,
            buttons,
        },
    );
    let line =
        (words(300), "-?[0-9]{1,5}(\\.[0-9]{0,2})?").prop_map(|(title, price)| ReceiptLine {
            title,
            subtitle: None,
            price,
        });
    prop_oneof![
        (words(1900), buttons(15)).prop_map(|(text, quick_replies)| OutboundMessage::Text {
            text,
            quick_replies
        }),
        (words(640), buttons(5))
            .prop_map(|(text, buttons)| OutboundMessage::Buttons { text, buttons }),
        proptest::collection::vec(card, 0..12).prop_map(|cards| OutboundMessage::Cards { cards }),
        (
            words(300),
            "[A-Z]{2,4}",
            proptest::collection::vec(line, 0..4)
        )
            .prop_map(|(name, currency, lines)| {
                OutboundMessage::Receipt(Slip {
                    recipient_name: name,
                    currency,
                    lines,
                    ..slip()
                })
            }),
        words(1900).prop_map(|alt| OutboundMessage::Image {
            png_base64: String::new(),
            alt,
            quick_replies: Vec::new(),
        }),
    ]
}

proptest! {
    /// The Graph stand-in judges by a reading of the reference of its own.
    #[test]
    fn whatever_can_be_built_is_taken_by_the_stand_in(written in any_message()) {
        if let Ok(body) = built(&written) {
            let taken = judge::read(body.as_bytes());
            prop_assert!(taken.is_ok(), "{:?}: {body}", taken.err());
        }
    }
}
