//! What understanding a message costs: `cargo bench --bench understand`.
//!
//! First the whole matcher with the full catalogue over the messages of `fixtures/understanding`, on one core:
//! each message's best of several runs (the cost of the code) and a single warm run (what a customer waits),
//! then the same by stage, allocations a message, and how the classifier grows with the number of intents.
//! Options after `--`: `--rounds N` (20), `--growth` (also trains models of 25 to 200 synthetic intents).

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench ends at the first thing that is wrong and prints what it found"
)]

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bursar::intent::catalogue::Catalogue;
use bursar::intent::matcher::{Context, Matcher};
use bursar::intent::model::{Example, Hyper, Model, Scratch};
use bursar::intent::normalize::normalize;
use bursar::intent::scorecard::{self, Row};
use bursar::redact::redact;
use divan::counter::ItemsCount;

#[global_allocator]
static ALLOCATIONS: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    let rows = rows();
    let matcher = matcher();
    let understand = |row: &Row| {
        let history: Vec<&str> = row.history.iter().map(String::as_str).collect();
        let context = Context {
            language: None,
            expecting: row.expecting,
            history: &history,
        };
        black_box(matcher.understand(&row.text, &context));
    };
    println!("{} messages, 1 thread", rows.len());
    report("the whole matcher", &rows, understand);
    let plain: Vec<Row> = rows
        .iter()
        .filter(|row| row.history.is_empty() && row.expecting.is_none())
        .cloned()
        .collect();
    report("  without history", &plain, understand);
    report("  redacting", &rows, |row| {
        black_box(redact(&row.text));
    });
    report("  normalising", &rows, |row| {
        black_box(normalize(&row.text));
    });
    if std::env::args().any(|given| given == "--growth") {
        growth(&rows);
    }
    divan::main();
}

fn matcher() -> Matcher {
    Matcher::new(Arc::new(Catalogue::built_in().unwrap())).unwrap()
}

fn rows() -> Vec<Row> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/understanding");
    let tables = scorecard::tables(&folder).unwrap();
    tables.into_values().flatten().collect()
}

fn rounds() -> usize {
    let mut given = std::env::args().skip_while(|given| given != "--rounds");
    given.nth(1).map_or(20, |rounds| rounds.parse().unwrap())
}

/// Prints the median and the 99th percentile over messages.
fn report(name: &str, rows: &[Row], run: impl Fn(&Row)) {
    let time = |row: &Row| {
        let began = Instant::now();
        run(row);
        began.elapsed()
    };
    rows.iter().for_each(&run);
    let (mut best, mut single) = (Vec::new(), Vec::new());
    for row in rows {
        best.push((0..rounds()).map(|_| time(row)).min().unwrap());
    }
    for row in rows {
        single.push(time(row));
    }
    let at = |times: &mut Vec<Duration>, share: usize| {
        times.sort_unstable();
        let time: &Duration = times.get((times.len() - 1) * share / 100).unwrap();
        time.as_secs_f64() * 1e6
    };
    println!(
        "{name:24} best of {}: p50 {:6.1} us, p99 {:6.1} us; single: p50 {:6.1} us, p99 {:6.1} us",
        rounds(),
        at(&mut best, 50),
        at(&mut best, 99),
        at(&mut single, 50),
        at(&mut single, 99),
    );
}

/// Trains on made-up intents, each with words of its own and words that all share.
fn growth(rows: &[Row]) {
    let forms: Vec<String> = rows
        .iter()
        .map(|row| normalize(&row.text).text)
        .filter(|form| !form.is_empty())
        .collect();
    for intents in [25_usize, 50, 100, 200] {
        let texts: Vec<(String, String)> = (0..intents)
            .flat_map(|intent| {
                let forms = &forms;
                (0..40).map(move |at| {
                    let form = forms.get((intent * 40 + at * 7) % forms.len()).unwrap();
                    (format!("{form} topic{intent}"), format!("intent_{intent}"))
                })
            })
            .collect();
        let examples: Vec<Example<'_>> = texts
            .iter()
            .map(|(text, label)| Example { text, label })
            .collect();
        let model = Model::train(&examples, &Hyper::default());
        let mut scratch = Scratch::default();
        let began = Instant::now();
        for form in &forms {
            black_box(model.classify(form, &mut scratch));
        }
        let each =
            began.elapsed().as_secs_f64() * 1e6 / f64::from(u32::try_from(forms.len()).unwrap());
        println!("{intents:4} intents: {each:6.1} us a message");
    }
}

/// Time and allocations of typical messages.
#[divan::bench(args = [
    "whats my balance",
    "how much did i spend at whole foods last month",
    "i dont recognize a charge for 89.99 from ZELCORP on the 14th",
    "pasa doscientos de ahorros a cheques cada viernes",
    "freeze my card and then show me my last five transactions please",
])]
fn understanding(bencher: divan::Bencher<'_, '_>, text: &str) {
    let matcher = matcher();
    bencher
        .counter(ItemsCount::new(1_usize))
        .bench_local(|| matcher.understand(text, &Context::default()));
}
