//! The forms of dates and periods: written, read back, and turned into days.

use jiff::Zoned;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use crate::intent::Language;
use crate::intent::slot::calendar::{DateRange, Lean, date as day, period, resolve};
use crate::intent::slot::{Edge, Point, SlotContext, Span, When, amounts, fill, whens};

/// The period that a phrase means, in the form of a slot.
fn read(text: &str, language: Language) -> String {
    whens(text, language, &SlotContext::default())
        .iter()
        .map(|found| found.value.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

fn assert_read(language: Language, cases: &[(&str, &str)]) {
    let wrong: Vec<_> = cases
        .iter()
        .map(|(text, expected)| (*text, *expected, read(text, language)))
        .filter(|(_, expected, got)| expected != got)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn english_phrases_have_their_forms() {
    assert_read(
        Language::En,
        &[
            ("today", "today"),
            ("last night", "yesterday"),
            ("the day before yesterday", "days_ago:2"),
            ("day after tomorrow", "in_days:2"),
            ("3 days ago", "days_ago:3"),
            ("a week ago", "days_ago:7"),
            ("two weeks ago", "days_ago:14"),
            ("6 months ago", "months_ago:6"),
            ("in 4 days", "in_days:4"),
            ("a week from today", "in_days:7"),
            ("on friday", "weekday:friday"),
            ("this thursday", "weekday:thursday"),
            ("next friday", "next:friday"),
            ("last friday", "last:friday"),
            ("monday last week", "weekday:monday-1w"),
            ("thursday in two weeks", "weekday:thursday+2w"),
            ("friday week", "next:friday"),
            ("the 15th", "day:15"),
            ("on the fifteenth", "day:15"),
            ("march 3", "march_3"),
            ("march 3rd, 2022", "march_3_2022"),
            ("3 march 2022", "march_3_2022"),
            ("the 3rd of march", "march_3"),
            ("tuesday, march 3", "march_3"),
            ("nov. 3", "november_3"),
            ("2022-03-15", "march_15_2022"),
            ("3/15/22", "march_15_2022"),
            ("3/15", "march_15"),
            ("end of the month", "this_month"),
            ("end of next month", "end:next_month"),
            ("beginning of the month", "start:this_month"),
            ("first of next month", "start:next_month"),
            ("this week", "this_week"),
            ("last week", "last_week"),
            ("this past week", "last_days:7"),
            ("over the last month", "last_days:30"),
            ("last month", "last_month"),
            ("month to date", "this_month"),
            ("year to date", "this_year"),
            ("month before last", "month:-2"),
            ("last 3 months", "last_months:3"),
            ("past 30 days", "last_days:30"),
            ("the last two weeks", "last_days:14"),
            ("last couple of months", "last_months:2"),
            ("last year", "last_year"),
            ("in october", "month:october"),
            ("last october", "month:october"),
            ("october 2021", "month:october_2021"),
            ("in 2019", "year:2019"),
            ("since june", "since:month_june"),
            ("since monday", "since:weekday_monday"),
            ("since march 3", "since:march_3"),
            ("since yesterday", "since:yesterday"),
            ("since last week", "since:last_week"),
            ("nov 1 to 15", "range:nov_1..nov_15"),
            ("nov 1 - nov 15", "range:nov_1..nov_15"),
            (
                "between the 1st and the 15th of november",
                "range:nov_1..nov_15",
            ),
            ("from june to august", "range:jun_1..aug_31"),
            ("from the 1st to the 15th", "range:day_1..day_15"),
            ("from june 3 until today", "range:jun_3..today"),
            ("q3", "range:jul_1..sep_30"),
            ("until friday", "until:weekday_friday"),
            ("by the 15th", "until:day_15"),
            ("this weekend", "this_weekend"),
            ("last weekend", "last_weekend"),
            ("may i ask something", ""),
            ("i sat down in the sun", ""),
            ("the second charge", ""),
            ("my 2nd card", ""),
            ("march on", "month:march"),
            ("in may", "month:may"),
        ],
    );
}

#[test]
fn spanish_phrases_have_their_forms() {
    assert_read(
        Language::Es,
        &[
            ("hoy", "today"),
            ("esta mañana", "today"),
            ("anoche", "yesterday"),
            ("anteayer", "days_ago:2"),
            ("antes de ayer", "days_ago:2"),
            ("mañana por la mañana", "tomorrow"),
            ("pasado mañana", "in_days:2"),
            ("hace 3 días", "days_ago:3"),
            ("hace una semana", "days_ago:7"),
            ("hace dos meses", "months_ago:2"),
            ("dentro de 4 días", "in_days:4"),
            ("el viernes", "weekday:friday"),
            ("el viernes pasado", "last:friday"),
            ("el próximo viernes", "next:friday"),
            ("el viernes que viene", "next:friday"),
            ("el lunes de la semana pasada", "weekday:monday-1w"),
            ("el 15", "day:15"),
            ("el día quince", "day:15"),
            ("el 3 de marzo", "march_3"),
            ("3 de marzo de 2022", "march_3_2022"),
            ("el primero de mayo", "may_1"),
            ("15/03/2022", "march_15_2022"),
            ("fin de mes", "this_month"),
            ("a principios de mes", "start:this_month"),
            ("esta semana", "this_week"),
            ("la semana pasada", "last_week"),
            ("el mes pasado", "last_month"),
            ("el mes que viene", "next_month"),
            ("los últimos 3 meses", "last_months:3"),
            ("en los últimos 30 días", "last_days:30"),
            ("el último mes", "last_days:30"),
            ("en octubre", "month:october"),
            ("octubre de 2021", "month:october_2021"),
            ("desde junio", "since:month_june"),
            ("desde el lunes", "since:weekday_monday"),
            ("del 1 al 15 de noviembre", "range:nov_1..nov_15"),
            ("entre el 1 y el 15 de noviembre", "range:nov_1..nov_15"),
            ("de junio a agosto", "range:jun_1..aug_31"),
            ("del 1 al 15", "range:day_1..day_15"),
            ("hasta el viernes", "until:weekday_friday"),
            ("este fin de semana", "this_weekend"),
            ("el fin de semana pasado", "last_weekend"),
            ("en lo que va del año", "this_year"),
            ("el segundo cargo", ""),
        ],
    );
}

fn schedule(text: &str, language: Language) -> Option<String> {
    fill("transfer_own", text, language, &SlotContext::default())
        .text("schedule")
        .map(str::to_owned)
}

#[test]
fn schedules_have_their_forms() {
    for (text, form) in [
        ("every friday", "weekly:friday"),
        ("weekly on mondays", "weekly:monday"),
        ("every month on the 1st", "monthly:1"),
        ("on the 15th of every month", "monthly:15"),
        ("monthly", "monthly"),
        ("daily in the morning", "daily:morning"),
        ("every day", "daily"),
        ("every two weeks", "biweekly"),
        ("every other friday", "biweekly:friday"),
        ("first wednesday of each month", "monthly:first_wednesday"),
        ("25 a week", "weekly"),
    ] {
        assert_eq!(
            schedule(text, Language::En).as_deref(),
            Some(form),
            "{text}"
        );
    }
    for (text, form) in [
        ("cada viernes", "weekly:friday"),
        ("todos los lunes", "weekly:monday"),
        ("cada mes el 1", "monthly:1"),
        ("el 15 de cada mes", "monthly:15"),
        ("cada mañana", "daily:morning"),
        ("cada dos semanas", "biweekly"),
    ] {
        assert_eq!(
            schedule(text, Language::Es).as_deref(),
            Some(form),
            "{text}"
        );
    }
    assert_eq!(schedule("a week ago", Language::En), None);
}

/// Sunday, 22 November 2026.
fn now() -> Zoned {
    "2026-11-22T10:41:00-05:00[America/New_York]"
        .parse()
        .unwrap()
}

#[test]
fn periods_become_days_looking_back() {
    for (value, first, last) in [
        ("today", date(2026, 11, 22), date(2026, 11, 22)),
        ("this_week", date(2026, 11, 16), date(2026, 11, 22)),
        ("last_week", date(2026, 11, 9), date(2026, 11, 15)),
        ("this_month", date(2026, 11, 1), date(2026, 11, 30)),
        ("last_month", date(2026, 10, 1), date(2026, 10, 31)),
        ("last_days:30", date(2026, 10, 24), date(2026, 11, 22)),
        ("last_months:3", date(2026, 8, 22), date(2026, 11, 22)),
        ("month:october", date(2026, 10, 1), date(2026, 10, 31)),
        ("month:december", date(2025, 12, 1), date(2025, 12, 31)),
        ("weekday:saturday", date(2026, 11, 21), date(2026, 11, 21)),
        ("since:month_june", date(2026, 6, 1), date(2026, 11, 22)),
        ("range:nov_1..nov_15", date(2026, 11, 1), date(2026, 11, 15)),
        ("range:dec_20..jan_5", date(2025, 12, 20), date(2026, 1, 5)),
        ("day:30", date(2026, 10, 30), date(2026, 10, 30)),
        ("march_3", date(2026, 3, 3), date(2026, 3, 3)),
        ("february_29", date(2026, 2, 28), date(2026, 2, 28)),
        ("year:2019", date(2019, 1, 1), date(2019, 12, 31)),
        ("last_weekend", date(2026, 11, 14), date(2026, 11, 15)),
    ] {
        assert_eq!(
            period::resolve_back(value, &now()),
            Some(DateRange { first, last }),
            "{value}"
        );
    }
    for odd in [
        "",
        "friday",
        "month:smarch",
        "day:32",
        "payday",
        "range:nov_1",
        "since:",
        "%s",
        "last_days:x",
    ] {
        assert_eq!(period::resolve_back(odd, &now()), None, "{odd}");
    }
}

#[test]
fn dates_become_days_looking_ahead() {
    for (value, expected) in [
        ("today", date(2026, 11, 22)),
        ("tomorrow", date(2026, 11, 23)),
        ("weekday:friday", date(2026, 11, 27)),
        ("weekday:sunday", date(2026, 11, 29)),
        ("next:friday", date(2026, 11, 27)),
        ("day:15", date(2026, 12, 15)),
        ("day:22", date(2026, 11, 22)),
        ("day:31", date(2026, 12, 31)),
        ("march_3", date(2027, 3, 3)),
        ("november_6", date(2026, 11, 6)),
        ("this_month", date(2026, 11, 30)),
        ("next_month", date(2026, 12, 1)),
        ("in_days:4", date(2026, 11, 26)),
    ] {
        assert_eq!(day::resolve_ahead(value, &now()), Some(expected), "{value}");
    }
    assert_eq!(
        day::resolve_back("weekday:sunday", &now()),
        Some(date(2026, 11, 15))
    );
}

fn span() -> impl Strategy<Value = Span> {
    prop_oneof![
        (-3_i16..4).prop_map(Span::Week),
        (-3_i16..4).prop_map(Span::Weekend),
        (-3_i16..4).prop_map(Span::Month),
        (-3_i16..4).prop_map(Span::Quarter),
        (-3_i16..4).prop_map(Span::Year),
        (1_u8..13, proptest::option::of(1990_i16..2100))
            .prop_map(|(month, year)| Span::Named(month, year)),
        (1990_i16..2100).prop_map(Span::Numbered),
        (1_u16..400).prop_map(Span::LastDays),
        (1_u16..60).prop_map(Span::LastMonths),
        (1_u16..400).prop_map(Span::NextDays),
        (1_u16..60).prop_map(Span::NextMonths),
    ]
}

fn point() -> impl Strategy<Value = Point> {
    prop_oneof![
        (-400_i16..400).prop_map(Point::Days),
        (-60_i16..60)
            .prop_filter("0 is today", |by| *by != 0)
            .prop_map(Point::Months),
        (-20_i16..20)
            .prop_filter("0 is today", |by| *by != 0)
            .prop_map(Point::Years),
        (1_u8..32).prop_map(Point::Day),
        (1_u8..8).prop_map(Point::Weekday),
        (1_u8..8, -3_i16..4).prop_map(|(weekday, weeks)| Point::WeekdayIn(weekday, weeks)),
        (1_u8..8).prop_map(Point::LastWeekday),
        (1_u8..13, 1_u8..29, proptest::option::of(1990_i16..2100))
            .prop_map(|(month, day, year)| Point::MonthDay(month, day, year)),
        span().prop_map(Point::Start),
        Just(Point::Payday),
    ]
}

fn when() -> impl Strategy<Value = When> {
    let edge = || prop_oneof![point().prop_map(Edge::Point), span().prop_map(Edge::Span)];
    prop_oneof![
        point().prop_map(When::Point),
        span().prop_map(When::Span),
        edge().prop_map(When::Since),
        edge().prop_map(When::Until),
        (edge(), edge()).prop_map(|(first, last)| When::Range(first, last)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_value_that_was_written_reads_back(when in when()) {
        let written = when.to_string();
        let read: When = written.parse().map_err(|_| TestCaseError::fail(written.clone()))?;
        // A range of months is written in days, and stays so.
        prop_assert_eq!(read.to_string(), written);
        let today = date(2026, 11, 22);
        if !matches!(when, When::Range(..)) {
            prop_assert_eq!(resolve(read, today, Lean::Back), resolve(when, today, Lean::Back));
        }
    }

    #[test]
    fn days_never_end_before_they_begin(when in when(), day in 0_i32..4_000) {
        let today = Date::constant(2020, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        for lean in [Lean::Back, Lean::Ahead] {
            if let Some(range) = resolve(when, today, lean) {
                prop_assert!(range.first <= range.last);
            }
        }
    }

    #[test]
    fn an_amount_that_was_written_reads_back(units in 0_u64..10_000_000, cents in 0_u64..100) {
        prop_assume!(units > 0);
        let grouped = units.to_string().as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap().to_owned()).collect::<Vec<_>>();
        let expected = format!("{units}.{cents:02}");
        for text in [
            format!("${units}.{cents:02}"),
            format!("{}.{cents:02} dollars", grouped.join(",")),
            format!("{},{cents:02} €", grouped.join(".")),
        ] {
            let found = amounts(&text, Language::En, &SlotContext::default());
            prop_assert_eq!(found.len(), 1, "{}", &text);
            prop_assert_eq!(found[0].value.to_text(), expected.clone(), "{}", &text);
        }
    }

    #[test]
    fn spans_lie_in_the_message(text in r"(?:[a-zé]{1,8}|[0-9]{1,4}|the|last|june|[$€.,:'/-]| ){0,30}") {
        for found in whens(&text, Language::En, &SlotContext::default()) {
            prop_assert!(text.get(found.span.clone()).is_some_and(|slice| !slice.is_empty()));
        }
        for found in amounts(&text, Language::En, &SlotContext::default()) {
            prop_assert!(text.get(found.span.clone()).is_some_and(|slice| !slice.is_empty()));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(25))]

    #[test]
    fn any_text_is_survived(text in any::<String>(), spanish in any::<bool>()) {
        let language = if spanish { Language::Es } else { Language::En };
        for (intent, _) in crate::intent::slot::fill::INTENTS {
            let _slots = fill(intent, &text, language, &SlotContext::default());
        }
    }
}
