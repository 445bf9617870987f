//! Several requests in one message: where it may be cut, and in which order the parts are served.

pub mod answers;
pub mod follow;

use std::ops::Range;

use super::clauses::Break;
use super::utterance::Utterance;
use super::{IntentName, Slots};

/// Words that join two requests, in both languages; longer phrases first.
const JOINERS: [&[&str]; 34] = [
    &["while", "youre", "at", "it"],
    &["one", "more", "thing"],
    &["as", "well", "as"],
    &["after", "that"],
    &["along", "with"],
    &["asi", "como"],
    &["by", "the", "way"],
    &["de", "paso"],
    &["followed", "by"],
    &["otra", "cosa"],
    &["por", "cierto"],
    &["por", "ultimo"],
    &["ademas", "de", "eso"],
    &["y", "saber"],
    &["if", "so"],
    &["if", "yes"],
    &["ademas"],
    &["ah"],
    &["ahora"],
    &["also"],
    &["and"],
    &["besides"],
    &["btw"],
    &["despues"],
    &["e"],
    &["finally"],
    &["luego"],
    &["n"],
    &["now"],
    &["oh"],
    &["plus"],
    &["tambien"],
    &["then"],
    &["y"],
];

/// Words that set one half of a story against the other.
const CONTRASTS: [&str; 6] = ["but", "pero", "although", "though", "aunque", "yet"];

/// Cuts tried at most: beyond, a message is a story and not a list of requests.
pub const CUTS_MAX: usize = 6;

/// A place where a message may be cut in two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where the first part ends, as a position of a word.
    pub end: usize,
    /// Where the second begins: after the joining words.
    pub start: usize,
    /// What parts the two.
    pub at: Break,
}

impl Cut {
    /// A cut before a word, where nothing parts the two.
    pub const fn without_mark(at: usize) -> Self {
        Self {
            end: at,
            start: at,
            at: Break::None,
        }
    }
}

/// Returns where the words that join two requests end, of those that begin at a word.
pub fn joined(utterance: &Utterance, words: &Range<usize>, from: usize) -> usize {
    let mut at = from;
    loop {
        let joiner = JOINERS.iter().find(|joiner| {
            at + joiner.len() <= words.end
                && joiner
                    .iter()
                    .zip(at..)
                    .all(|(word, at)| *word == utterance.word(at))
        });
        match joiner {
            Some(joiner) => at += joiner.len(),
            None => return at,
        }
    }
}

/// Returns where some words may be cut, the strongest breaks first.
pub fn cuts(utterance: &Utterance, words: &Range<usize>) -> Vec<Cut> {
    let mut found: Vec<Cut> = Vec::new();
    let mut at = words.start + 1;
    while at < words.end {
        let before = utterance
            .clauses()
            .words()
            .get(at)
            .map_or(Break::None, |word| word.before);
        let start = joined(utterance, words, at);
        // "… but then" contrasts within one story.
        let contrasts =
            CONTRASTS.contains(&utterance.word(at - 1)) || CONTRASTS.contains(&utterance.word(at));
        let joined = start > at;
        if (joined || before > Break::None) && start < words.end && !contrasts {
            let strength = if joined {
                before.max(Break::Soft)
            } else {
                before
            };
            found.push(Cut {
                end: at,
                start,
                at: strength,
            });
        }
        at = start.max(at + 1);
    }
    found.sort_by_key(|cut| std::cmp::Reverse(cut.at));
    found.truncate(CUTS_MAX);
    found
}

/// Intents served before all others: first what stops harm, then what records it (requirement 5.1 rule 14).
const FIRST: [&str; 9] = [
    "crisis",
    "card_lost_stolen",
    "card_freeze",
    "report_fraud",
    "dispute",
    "lost_device",
    "human",
    "stop_messages",
    "data_delete",
];

/// Returns the rank in which an intent is served; the same rank keeps the order of the message.
pub fn rank(intent: &IntentName) -> usize {
    FIRST
        .iter()
        .position(|first| *intent == **first)
        .unwrap_or(FIRST.len())
}

/// Whether an intent is served before all others: it stops harm, or somebody asks to be heard or let alone.
pub fn comes_first(intent: &IntentName) -> bool {
    rank(intent) < FIRST.len()
}

/// Intents that can be asked for twice in one message, and what tells the two apart.
const TOLD_APART: [(&str, ToldApart); 24] = [
    ("account_details", ToldApart::by(&["field"])),
    ("alert_set", ToldApart::by(&["kind"])),
    ("balance", ToldApart::by(&["account", "card"])),
    ("bill_due", ToldApart::by(&["product", "field"])),
    ("card_freeze", ToldApart::by(&["card"])),
    ("card_status", ToldApart::by(&["card"])),
    ("card_unfreeze", ToldApart::by(&["card"])),
    ("dispute", ToldApart::by(&["merchant"]).with(&["amount"])),
    ("interest_rate", ToldApart::by(&["product"])),
    ("loan_info", ToldApart::by(&["product"])),
    ("pay_bill", ToldApart::by(&["biller"])),
    ("pay_card", ToldApart::by(&["card"])),
    ("pay_person", ToldApart::by(&["payee"]).with(&["amount"])),
    ("payee_add", ToldApart::by(&["payee"])),
    ("payee_remove", ToldApart::by(&["payee"])),
    ("payment_cancel", ToldApart::by(&["payee"])),
    ("recurring_stop", ToldApart::by(&["merchant"])),
    ("refund_status", ToldApart::by(&["merchant"])),
    ("request_money", ToldApart::by(&["payer"]).with(&["amount"])),
    (
        "spending",
        ToldApart::by(&["merchant"]).asked(&["category", "period"]),
    ),
    ("statement", ToldApart::by(&["period"])),
    ("transaction_explain", ToldApart::by(&["merchant"])),
    (
        "transactions",
        ToldApart::by(&["merchant"]).asked(&["category", "period"]),
    ),
    (
        "transfer_own",
        ToldApart::by(&["from", "to"]).with(&["amount"]),
    ),
];

/// What makes two requests of the same intent out of one.
#[derive(Clone, Copy, Debug)]
pub struct ToldApart {
    /// Both parts say one of these, and not the same.
    by: &'static [&'static str],
    /// The same, where the second part asks anew: "groceries and rent" are a sum, "how much on groceries and how much on
    /// rent" are two.
    asked: &'static [&'static str],
    /// Both parts say each of these.
    with: &'static [&'static str],
}

impl ToldApart {
    const fn by(by: &'static [&'static str]) -> Self {
        Self {
            by,
            asked: &[],
            with: &[],
        }
    }

    const fn asked(mut self, asked: &'static [&'static str]) -> Self {
        self.asked = asked;
        self
    }

    const fn with(mut self, with: &'static [&'static str]) -> Self {
        self.with = with;
        self
    }

    /// Whether slots hold anything that tells a request apart.
    pub fn is_told(self, slots: &Slots) -> bool {
        let mut names = self.by.iter().chain(self.asked).chain(self.with);
        names.any(|name| slots.contains(name))
    }

    /// Adds what is shared by all parts to the slots of one.
    pub fn share(self, mut slots: Slots, shared: &Slots) -> Slots {
        for name in self.with {
            if let (false, Some(value)) = (slots.contains(name), shared.get(name)) {
                slots.insert(*name, value.clone());
            }
        }
        slots
    }
}

/// Words that say that something holds for each part.
const EACH: [&str; 4] = ["each", "apiece", "cada", "both"];

/// Whether a word is one that a name follows, and no request.
pub fn is_article(word: &str) -> bool {
    const ARTICLES: [&str; 12] = [
        "the", "that", "thats", "its", "la", "el", "los", "las", "esa", "ese", "una", "un",
    ];
    ARTICLES.contains(&word)
}

/// Whether words say that what is said once holds for all.
pub fn says_each(words: &[&str]) -> bool {
    words.iter().any(|word| EACH.contains(word))
}

/// Returns what tells two requests of an intent apart; `None` where a message holds only one.
pub fn told_apart_by(intent: &IntentName) -> Option<ToldApart> {
    TOLD_APART
        .iter()
        .find(|(name, _)| *intent == **name)
        .map(|(_, told_by)| *told_by)
}

/// Whether the slots of two parts, each with words of its own for what is wanted, are those of two requests.
pub fn differ(told_by: ToldApart, first: &Slots, second: &Slots) -> bool {
    differ_in_name(told_by, first, second)
        || (say_all(told_by, first, second) && differ_by(told_by.asked, first, second))
}

/// Whether the slots of two parts, the second without words for what is wanted, are those of two requests.
pub fn differ_in_name(told_by: ToldApart, first: &Slots, second: &Slots) -> bool {
    say_all(told_by, first, second) && differ_by(told_by.by, first, second)
}

fn say_all(told_by: ToldApart, first: &Slots, second: &Slots) -> bool {
    let mut all = told_by.with.iter();
    all.all(|name| first.contains(name) && second.contains(name))
}

fn differ_by(names: &[&str], first: &Slots, second: &Slots) -> bool {
    names.iter().any(|name| {
        first
            .get(name)
            .zip(second.get(name))
            .is_some_and(|(first, second)| first != second)
    })
}

/// Intents that only accompany others: dropped where anything else was asked for.
const COURTESIES: [&str; 13] = [
    "greeting",
    "goodbye",
    "thanks",
    "smalltalk",
    "affirm",
    "deny",
    "frustration",
    "unknown",
    "out_of_scope",
    "bot_identity",
    "help",
    "repeat",
    "sensitive_data",
];

/// What doing one thing takes care of by itself.
const INCLUDED: [(&str, &[&str]); 5] = [
    ("bereavement", &["link_account"]),
    (
        "card_lost_stolen",
        &["card_freeze", "card_replace", "card_status"],
    ),
    ("dispute", &["transaction_explain"]),
    ("lost_device", &["logout", "unlink_account"]),
    ("report_fraud", &["verify_message", "fraud_alert_reply"]),
];

/// Whether a request is taken care of by another one of the same message. In danger nothing else matters.
pub fn is_included(intent: &IntentName, others: &[IntentName]) -> bool {
    others.iter().any(|other| {
        (*other == *"crisis" && *intent != *"crisis")
            || INCLUDED
                .iter()
                .any(|(whole, parts)| *other == **whole && parts.contains(&intent.as_str()))
    })
}

/// Whether two alarms may be about the same words: who wants a card stopped because of a charge wants both, and a call.
pub fn stand_together(one: &IntentName, other: &IntentName) -> bool {
    const FREEZE: &str = "card_freeze";
    const BESIDE: [&str; 3] = ["dispute", "report_fraud", "human"];
    (*one == *FREEZE && BESIDE.contains(&other.as_str()))
        || (*other == *FREEZE && BESIDE.contains(&one.as_str()))
}

/// Whether an intent only accompanies others.
pub fn is_courtesy(intent: &IntentName) -> bool {
    COURTESIES.contains(&intent.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<(String, String)> {
        let utterance = Utterance::new(text);
        cuts(&utterance, &(0..utterance.len()))
            .into_iter()
            .map(|cut| {
                (
                    utterance.form_of(0..cut.end).to_owned(),
                    utterance.form_of(cut.start..utterance.len()).to_owned(),
                )
            })
            .collect()
    }

    fn pair(first: &str, second: &str) -> (String, String) {
        (first.to_owned(), second.to_owned())
    }

    #[test]
    fn cuts_at_sentences_before_joining_words() {
        assert_eq!(
            parts("freeze it and also tell me. whats my balance"),
            [
                pair("freeze it and also tell me", "whats my balance"),
                pair("freeze it", "tell me whats my balance"),
            ]
        );
        assert_eq!(parts("and"), []);
        assert_eq!(parts("bloquea y dime"), [pair("bloquea", "dime")]);
    }

    #[test]
    fn two_payments_are_two_only_with_an_amount_each() {
        let slots = |pairs: &[(&str, &str)]| -> Slots { pairs.iter().copied().collect() };
        let told_by = told_apart_by(&"pay_person".into()).unwrap();
        let mom = slots(&[("payee", "mom"), ("amount", "40.00")]);
        let jake = slots(&[("payee", "jake"), ("amount", "40.00")]);
        assert!(differ(told_by, &mom, &jake));
        assert!(!differ(told_by, &mom, &mom));
        assert!(!differ(told_by, &mom, &slots(&[("payee", "jake")])));
        assert!(told_apart_by(&"card_replace".into()).is_none());
    }

    #[test]
    fn freezing_comes_before_disputing_before_the_rest() {
        let mut names = ["balance", "dispute", "card_freeze"].map(IntentName::from);
        names.sort_by_key(rank);
        assert_eq!(
            names,
            ["card_freeze", "dispute", "balance"].map(IntentName::from)
        );
    }
}
