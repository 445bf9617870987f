//! A public corpus of hostile shop names: replies differ in the quoted, cleaned text and in nothing else
//! (requirement I1).

use std::fmt::Write as _;
use std::sync::LazyLock;

use super::world::Bank;
use super::{READING, Reply, Scene, lines};
use crate::conversation::request::Request;
use crate::reply::value::{Origin, Value};

/// The public corpus of hostile texts: one a line, escapes as in JSON.
fn hostile() -> Vec<String> {
    include_str!("../../../fixtures/understanding/hostile_texts.txt")
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| serde_json::from_str::<String>(&format!("\"{line}\"")).unwrap())
        .collect()
}

/// What a reply comes to once everything quoted is taken out.
fn without_quotes(reply: &Reply, scene: &Scene<'_>) -> String {
    let mut kept = format!("{}\n", reply.say.intent);
    for line in lines(&reply.say) {
        kept.push_str(line.variant);
        for (name, shown) in line.values.iter() {
            let quoted = matches!(
                &shown.origin,
                Origin::Bank { field, .. }
                    if matches!(field.as_str(), "transaction.merchant" | "transaction.description")
            ) && matches!(shown.value, Value::Text(_));
            let text = if quoted {
                "…".to_owned()
            } else {
                shown.value.show(&scene.place)
            };
            write!(kept, " {name}={text}").unwrap();
        }
        kept.push('\n');
    }
    write!(kept, "{} buttons", reply.titles.len()).unwrap();
    kept
}

#[test]
fn a_hostile_text_changes_nothing_but_the_quote() {
    let plain = Bank::of_one_shop("Corner Market");
    let plain_scene = Scene::new(&plain, "en_US", false);
    let bare: Vec<Request> = READING.iter().map(|name| Request::new(name)).collect();
    let expected: Vec<Vec<String>> = bare
        .iter()
        .map(|request| {
            plain_scene
                .reply(request)
                .iter()
                .map(|reply| without_quotes(reply, &plain_scene))
                .collect()
        })
        .collect();
    // Quotes are there to be compared: most skills name the shop somewhere.
    let quotes = expected
        .iter()
        .flatten()
        .filter(|reply| reply.contains("=…"))
        .count();
    assert!(quotes >= 6, "{quotes} replies quote");
    let corpus = hostile();
    assert!(corpus.len() >= 40, "{} texts", corpus.len());
    for text in corpus {
        let bank = Bank::of_one_shop(&text);
        let scene = Scene::new(&bank, "en_US", false);
        for (request, expected) in bare.iter().zip(&expected) {
            let said = scene.reply(request);
            assert!(!said.is_empty(), "{} says nothing", request.intent);
            let kept: Vec<String> = said
                .iter()
                .map(|reply| without_quotes(reply, &scene))
                .collect();
            assert_eq!(&kept, expected, "{text:?} changed {}", request.intent);
            for text in said
                .iter()
                .flat_map(|reply| reply.texts.iter().chain(&reply.titles))
            {
                assert!(is_harmless(text), "{}: {text:?}", request.intent);
            }
        }
    }
}

/// No control or direction character but line ends, and nothing a chat would make a link of.
fn is_harmless(text: &str) -> bool {
    static LINK: LazyLock<regex::Regex> = LazyLock::new(|| {
        regex::Regex::new(r"(?i)\w+://|\bwww\.\w|[a-z0-9]\.(com|net|org|io|example|me|ly)\b|\w@\w")
            .unwrap()
    });
    let control = text.chars().any(|c| {
        (c.is_control() && c != '\n')
            || matches!(u32::from(c), 0xAD | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF | 0xE0000..=0xE007F)
    });
    !control && !LINK.is_match(text)
}
