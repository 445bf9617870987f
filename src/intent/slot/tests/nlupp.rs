//! Measures dates and amounts on the public NLU++ banking data, where it is at hand.
//!
//! The folder is named by `BURSAR_NLU_DIR`, or is `../shared/nlu` beside the crate. Without it the
//! test says loudly that it measured nothing.

use std::path::PathBuf;

use jiff::civil::{Date, date};

use crate::intent::Language;
use crate::intent::slot::calendar::{Lean, resolve};
use crate::intent::slot::{Edge, SlotContext, When, amounts, whens};

/// The data's reference time is Tuesday, 15 March 2022, 9:00, and its dates are British.
const TODAY: Date = date(2022, 3, 15);

const BRITISH: SlotContext<'static> = SlotContext {
    accounts: &[],
    payees: &[],
    merchants: &[],
    day_first: Some(true),
    home_currency: None,
};

/// Gold values that are not what the words say, with the reason.
const WRONG_GOLD: &[(&str, &str, &str)] = &[
    (
        "last week",
        "2022-02-07",
        "the week before is that of 7 March",
    ),
    (
        "Friday",
        "2022-03-18",
        "the message says \"last Friday\"; the span lost its \"last\"",
    ),
];

fn read(file: &str) -> Option<Vec<Vec<String>>> {
    let folder = std::env::var_os("BURSAR_NLU_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/nlu"),
        PathBuf::from,
    );
    let path = folder.join("nlupp").join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!(
            "\n*** NOT MEASURED: no NLU++ data at {} (set BURSAR_NLU_DIR) ***\n",
            path.display()
        );
        return None;
    };
    Some(
        text.lines()
            .skip(1)
            .map(|line| line.split('\t').map(str::to_owned).collect())
            .collect(),
    )
}

/// The day of a span: the first of what it names, except where a period ends with it.
fn day(when: When, slot: &str) -> Option<Date> {
    let when = match when {
        When::Since(edge) | When::Until(edge) => match edge {
            Edge::Point(point) => When::Point(point),
            Edge::Span(span) => When::Span(span),
        },
        When::Range(first, last) => {
            let edge = if slot == "date_to" { last } else { first };
            match edge {
                Edge::Point(point) => When::Point(point),
                Edge::Span(span) => When::Span(span),
            }
        }
        when => when,
    };
    resolve(when, TODAY, Lean::Ahead).map(|range| range.first)
}

#[test]
fn dates_of_nlupp_are_exact() {
    let Some(rows) = read("dates_dev.tsv") else {
        return;
    };
    let (mut exact, mut in_message, mut odd) = (0, 0, 0);
    let mut missed = Vec::new();
    for row in &rows {
        let [slot, span, gold, text] = row.as_slice() else {
            panic!("{row:?}")
        };
        let gold: Date = gold.parse().unwrap();
        let alone = whens(span, Language::En, &BRITISH)
            .first()
            .and_then(|found| day(found.value, slot));
        let is_odd = WRONG_GOLD
            .iter()
            .any(|(words, value, _)| words == span && gold.to_string() == *value);
        odd += u32::from(is_odd);
        exact += u32::from(alone == Some(gold));
        if alone != Some(gold) && !is_odd {
            missed.push(format!("{span:?}: {gold}, got {alone:?}"));
        }
        let at = text.find(span.as_str()).unwrap_or_default();
        let found = whens(text, Language::En, &BRITISH)
            .into_iter()
            .find(|found| found.span.start < at + span.len() && at < found.span.end);
        let in_text = found.and_then(|found| day(found.value, slot));
        in_message += u32::from(in_text == Some(gold));
        if in_text != Some(gold) && !is_odd {
            eprintln!("in message: {slot} {span:?} {gold}, got {in_text:?}: {text}");
        }
    }
    let share =
        |count: u32| 100.0 * f64::from(count) / f64::from(u32::try_from(rows.len()).unwrap());
    eprintln!(
        "NLU++ dates: {:.1} % of {} spans exact, {:.1} % in the whole message; {odd} gold values are wrong\n{}",
        share(exact),
        rows.len(),
        share(in_message),
        missed.join("\n"),
    );
    assert!(share(exact) >= 95.0);
}

#[test]
fn amounts_of_nlupp_are_exact() {
    let Some(rows) = read("amounts_dev.tsv") else {
        return;
    };
    let mut exact = 0;
    for row in &rows {
        let [span, gold, text] = row.as_slice() else {
            panic!("{row:?}")
        };
        let gold: serde_json::Value = serde_json::from_str(gold).unwrap();
        let value = format!("{:.2}", gold["amount"].as_f64().unwrap());
        let currency = gold["currency"]
            .as_str()
            .filter(|code| *code != "ambiguous");
        let at = text.find(span.as_str()).unwrap();
        let found = amounts(text, Language::En, &BRITISH)
            .into_iter()
            .find(|found| found.span.start < at + span.len() && at < found.span.end)
            .map(|found| found.value);
        let got = found.map(|amount| {
            (
                amount.to_text(),
                amount.currency.map(|currency| currency.code),
            )
        });
        if got == Some((value, currency)) {
            exact += 1;
        } else {
            eprintln!("{span:?}: got {got:?}: {text}");
        }
    }
    let share = 100.0 * f64::from(exact) / f64::from(u32::try_from(rows.len()).unwrap());
    eprintln!(
        "NLU++ amounts: {share:.1} % of {} exact in the whole message, currency too",
        rows.len()
    );
    assert!(share >= 99.5);
}
