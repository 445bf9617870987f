//! The phrases for days, periods, times of day and schedules, in English and Spanish.
//!
//! To teach a phrase, add a row: patterns (see [`super::grammar`]) parted by `;`, and what they
//! mean. Rows of [`POINTS`] and [`SPANS`] must not use `{point}` or `{span}`; those of
//! [`PERIODS`] are made of them. Accents do not matter.

use super::grammar::{Captures, Rule};
use super::lexicon::Unit;
use super::schedule::{DayPart, Schedule};
use super::when::{Edge, Point, Span, When};

fn ago(captures: &Captures, sign: i16) -> Option<Point> {
    by(captures.n(0)?, captures.unit(0)?, sign)
}

/// So many units from today.
fn by(count: u32, unit: Unit, sign: i16) -> Option<Point> {
    let count = i16::try_from(count).ok()?.checked_mul(sign)?;
    Some(match unit {
        Unit::Hour => Point::Days(0),
        Unit::Day => Point::Days(count),
        Unit::Week => Point::Days(count.checked_mul(7)?),
        Unit::Fortnight => Point::Days(count.checked_mul(14)?),
        Unit::Month => Point::Months(count),
        Unit::Quarter => Point::Months(count.checked_mul(3)?),
        Unit::Year => Point::Years(count),
    })
}

/// The last so many units, as days or months.
fn last(count: u32, unit: Unit) -> Option<Span> {
    let days = |each: u32| {
        u16::try_from(count.checked_mul(each)?)
            .ok()
            .map(Span::LastDays)
    };
    let months = |each: u32| {
        u16::try_from(count.checked_mul(each)?)
            .ok()
            .map(Span::LastMonths)
    };
    match unit {
        Unit::Hour => u16::try_from(count.div_ceil(24)).ok().map(Span::LastDays),
        Unit::Day => days(1),
        Unit::Week => days(7),
        Unit::Fortnight => days(14),
        Unit::Month => months(1),
        Unit::Quarter => months(3),
        Unit::Year => months(12),
    }
}

fn next(count: u32, unit: Unit) -> Option<Span> {
    match last(count, unit)? {
        Span::LastDays(days) => Some(Span::NextDays(days)),
        Span::LastMonths(months) => Some(Span::NextMonths(months)),
        _ => None,
    }
}

/// A calendar unit so many on.
fn calendar(unit: Unit, by: i16) -> Option<Span> {
    match unit {
        Unit::Week => Some(Span::Week(by)),
        Unit::Month => Some(Span::Month(by)),
        Unit::Quarter => Some(Span::Quarter(by)),
        Unit::Year => Some(Span::Year(by)),
        Unit::Hour | Unit::Day | Unit::Fortnight => None,
    }
}

/// The last one of a unit, in days where it is counted back from today.
fn rolling(unit: Unit) -> Option<Span> {
    match unit {
        Unit::Month => Some(Span::LastDays(30)),
        Unit::Quarter => Some(Span::LastMonths(3)),
        Unit::Year => Some(Span::LastMonths(12)),
        _ => last(1, unit),
    }
}

fn few(unit: Unit) -> Option<Span> {
    match unit {
        Unit::Day => Some(Span::LastDays(7)),
        _ => last(3, unit),
    }
}

fn month_day(captures: &Captures) -> Option<Point> {
    Some(Point::MonthDay(
        captures.month(0)?,
        captures.day(0)?,
        captures.year(0),
    ))
}

fn figures(captures: &Captures) -> Option<Point> {
    let (year, month, day) = captures.figures(0)?;
    Some(Point::MonthDay(month, day, (year != 0).then_some(year)))
}

fn weekday_in(captures: &Captures) -> Option<Point> {
    let weeks = match captures.unit(0)? {
        Unit::Week => 1,
        Unit::Fortnight => 2,
        _ => return None,
    };
    let count = i16::try_from(captures.n(0).unwrap_or(1)).ok()?;
    Some(Point::WeekdayIn(captures.weekday(0)?, weeks * count))
}

fn weekday_of(captures: &Captures, week: i16) -> Option<Point> {
    (captures.unit(0)? == Unit::Week).then_some(Point::WeekdayIn(captures.weekday(0)?, week))
}

/// Single days.
pub(super) const POINTS: &[Rule<Point>] = &[
    // English
    (
        "today|tonight|tonite|tonights; 2 day; (earlier|later) today; this morning|afternoon|evening|night|am; today morning|afternoon|evening|night",
        |_| Some(Point::Days(0)),
    ),
    (
        "tomorrow|tomorow|tommorow|tommorrow|tmrw|tmr|tmw|tomoro|mañana; 2 moro|morrow; (the) tomorrow morning|afternoon|evening|night; the next day",
        |_| Some(Point::Days(1)),
    ),
    (
        "yesterday|yesturday|yesterdays|yday|ystrday|ystd|yest|ayer|anoche; yesterday morning|afternoon|evening|night; last night|evening; the day before; yesterdays",
        |_| Some(Point::Days(-1)),
    ),
    (
        "(the) day before yesterday; day b 4 yesterday; anteayer|antier|antesdeayer; antes de ayer; ante ayer; anteanoche; the other day",
        |_| Some(Point::Days(-2)),
    ),
    (
        "(the) day after tomorrow; overmorrow; pasado mañana",
        |_| Some(Point::Days(2)),
    ),
    (
        "(a) {n} (of) {unit} ago|back|before; {n} {unit} earlier",
        |c| ago(c, -1),
    ),
    ("a|an|one {unit} ago|back", |c| by(1, c.unit(0)?, -1)),
    (
        "(a) few {unit} ago|back; some {unit} ago; several {unit} ago; hace unos|unas {unit}; hace pocos|pocas {unit}",
        |c| by(3, c.unit(0)?, -1),
    ),
    (
        "in (a) {n} (of) {unit}; {n} {unit} from now|today; within {n} {unit}; {n} {unit} later",
        |c| ago(c, 1),
    ),
    (
        "in|within a|an|one {unit}; a|an|one {unit} from now|today; a {unit} today",
        |c| by(1, c.unit(0)?, 1),
    ),
    (
        "{weekday!}; on|for|by (the) {weekday}; this (coming) {weekday}; coming {weekday}; {weekday!} morning|afternoon|evening|night",
        |c| Some(Point::Weekday(c.weekday(0)?)),
    ),
    (
        "last {weekday}; this past {weekday}; (the) past {weekday}; previous {weekday}; {weekday} just gone; last {weekday} night|morning|evening|afternoon",
        |c| Some(Point::LastWeekday(c.weekday(0)?)),
    ),
    ("next {weekday}; {weekday} next", |c| {
        Some(Point::WeekdayIn(c.weekday(0)?, 1))
    }),
    (
        "(on) {weekday} in (a) {n} {unit}; {weekday} in a {unit}; a {unit} on|this {weekday}; {weekday} {unit}",
        weekday_in,
    ),
    (
        "(on) {weekday} (of) last|past|previous {unit}; last {unit} (on) {weekday}",
        |c| weekday_of(c, -1),
    ),
    (
        "(on) {weekday} (of) next {unit}; next {unit} (on) {weekday}",
        |c| weekday_of(c, 1),
    ),
    (
        "(on) {weekday} (of) this {unit}; this {unit} (on) {weekday}",
        |c| weekday_of(c, 0),
    ),
    ("{weekday} before last", |c| {
        Some(Point::WeekdayIn(c.weekday(0)?, -2))
    }),
    (
        "(on) (the) {nth} of (the) (this) month; on the {nth}; the {th}; {nth} this month; on {day}; (on) {th}; on the {day}; day {day}; the night|morning of the {nth}; last|this|next {th}",
        |c| Some(Point::Day(c.day(0)?)),
    ),
    (
        "{month} (,) (the) {day}; {month} (,) (the) {day} (,) (of) {year}; {month} (the) {day} (,) (on) {weekday}; {month} (the) {day} {year} on {weekday}; {weekday} (,) {month} (the) {day}; {weekday} (,) {month} (the) {day} (,) {year}",
        month_day,
    ),
    (
        "(the) {day} (of) {month}; (the) {day} (of) {month} (,) {year}; (the) {day} (of) {month} of {year}; {weekday} (,) (the) {day} (of) {month}; {weekday} (,) (the) {day} (of) {month} {year}; (the) {day} - {month}; {day} - {month} - {year}",
        month_day,
    ),
    (
        "{numdate}; on|el|dia {numdate}; {weekday} (,) {numdate}",
        figures,
    ),
    (
        "(the) end of (the) (this) {unit}; {unit} end; end of this {unit}; eom",
        |c| Some(Point::End(calendar(c.unit(0).unwrap_or(Unit::Month), 0)?)),
    ),
    ("(the) end of next {unit}", |c| {
        Some(Point::End(calendar(c.unit(0)?, 1)?))
    }),
    ("(the) end of last {unit}", |c| {
        Some(Point::End(calendar(c.unit(0)?, -1)?))
    }),
    (
        "(the) end of {month} (,) ({year}); finales|final|fines|fin de {month}; last day of {month}; late {month}",
        |c| Some(Point::End(Span::Named(c.month(0)?, c.year(0)))),
    ),
    (
        "(the) beginning|start|first of {month}; principios|principio|inicio|inicios|comienzos de {month}; early {month}",
        |c| Some(Point::Start(Span::Named(c.month(0)?, c.year(0)))),
    ),
    (
        "(the) beginning|start of (the) (this) {unit}; principio|principios|inicio|inicios|comienzo|comienzos de|del {unit}; principio|principios|inicio|inicios de este|esta {unit}; (the) top of the {unit}",
        |c| Some(Point::Start(calendar(c.unit(0)?, 0)?)),
    ),
    (
        "(the) beginning|start|first of next {unit}; principio|principios|inicio|inicios|primero del|de (la) proximo|proxima {unit}",
        |c| Some(Point::Start(calendar(c.unit(0)?, 1)?)),
    ),
    ("(the) beginning|start|first of last {unit}", |c| {
        Some(Point::Start(calendar(c.unit(0)?, -1)?))
    }),
    (
        "(the) last day of (the) (this) {unit}; ultimo dia del|de {unit}",
        |c| Some(Point::End(calendar(c.unit(0)?, 0)?)),
    ),
    (
        "(the) middle of (the) month; mid month; a mediados de mes; mediados de mes",
        |_| Some(Point::Day(15)),
    ),
    (
        "(el) dia primero; el primero de|del mes|mes; (on) the first of (the) month",
        |_| Some(Point::Day(1)),
    ),
    ("payday|paydays; pay day; dia de pago", |_| {
        Some(Point::Payday)
    }),
    // Spanish
    (
        "hoy; (el) dia de hoy; esta mañana|tarde|noche; hoy por la|en mañana|tarde|noche; hoy mismo",
        |_| Some(Point::Days(0)),
    ),
    (
        "ayer por la mañana|tarde|noche; ayer en la noche|mañana|tarde; la noche de ayer; el dia de ayer",
        |_| Some(Point::Days(-1)),
    ),
    (
        "mañana por la mañana|tarde|noche; mañana en la mañana|tarde|noche; mañana mismo; el dia de mañana; mañana temprano; al dia siguiente",
        |_| Some(Point::Days(1)),
    ),
    (
        "hace {n} {unit}; {n} {unit} atras; hace como {n} {unit}; hace mas de {n} {unit}; hace casi {n} {unit}",
        |c| ago(c, -1),
    ),
    ("hace un|una {unit}; una|un {unit} atras", |c| {
        by(1, c.unit(0)?, -1)
    }),
    ("hace un par de {unit}", |c| by(2, c.unit(0)?, -1)),
    ("en|dentro {n} {unit}; dentro de {n} {unit}", |c| ago(c, 1)),
    ("en|dentro un|una {unit}; dentro de un|una {unit}", |c| {
        by(1, c.unit(0)?, 1)
    }),
    (
        "el|este|esta|para|los {weekday}; {weekday} por la mañana|tarde|noche; el dia {weekday}",
        |c| Some(Point::Weekday(c.weekday(0)?)),
    ),
    (
        "(el) {weekday} pasado|anterior|ultimo; (el) pasado|ultimo {weekday}",
        |c| Some(Point::LastWeekday(c.weekday(0)?)),
    ),
    (
        "(el) {weekday} que viene|entra; (el) {weekday} proximo|siguiente|entrante; (el) proximo|siguiente {weekday}",
        |c| Some(Point::WeekdayIn(c.weekday(0)?, 1)),
    ),
    (
        "(el) {weekday} de la {unit} pasada; (el) {weekday} de la pasada {unit}",
        |c| weekday_of(c, -1),
    ),
    (
        "(el) {weekday} de la proxima {unit}; (el) {weekday} de la {unit} que viene",
        |c| weekday_of(c, 1),
    ),
    ("(el) {weekday} de esta {unit}", |c| weekday_of(c, 0)),
    ("(el) {weekday} en {n} {unit}", weekday_in),
    (
        "el (dia) {day}; dia {day}; el {day} de este mes; el proximo {day}; el pasado {day}; el {day} del mes; el {day} de cada",
        |c| Some(Point::Day(c.day(0)?)),
    ),
    (
        "(el) (dia) {day} de {month}; (el) (dia) {day} de {month} de|del {year}; {weekday} (,) {day} de {month}; (el) {weekday} {day} de {month}; (el) {day} {month}; (el) {day} {month} {year}; (el) {day} de {month} {year}; {day} / {month}; {day} / {month} / {year}",
        month_day,
    ),
    ("(el) {weekday} {day}", |c| Some(Point::Day(c.day(0)?))),
    (
        "(el|al) fin|final|finales de {unit}; (el) fin|final del {unit}; (el) fin de este|esta {unit}; (el) final de este|esta {unit}; a fin de {unit}; a finales de {unit}",
        |c| match c.unit(0)? {
            // "El fin de semana" is a weekend.
            Unit::Week => None,
            unit => Some(Point::End(calendar(unit, 0)?)),
        },
    ),
    (
        "(el) fin|final del proximo {unit}; (el) fin|final del {unit} que viene; finales del proximo {unit}",
        |c| Some(Point::End(calendar(c.unit(0)?, 1)?)),
    ),
];

/// Periods.
pub(super) const SPANS: &[Rule<Span>] = &[
    // English
    (
        "this|current {unit}; (the) current {unit}; so far this {unit}; (all) this {unit}; (the) {unit} so far; this {unit} so far",
        |c| calendar(c.unit(0)?, 0),
    ),
    (
        "last|lst|previous|prior {unit}; the previous|prior {unit}; the {unit} before; {unit} gone; {unit} just gone",
        |c| match c.unit(0)? {
            Unit::Fortnight => Some(Span::LastDays(14)),
            Unit::Hour => Some(Span::LastDays(1)),
            unit => calendar(unit, -1),
        },
    ),
    (
        "next|coming|following|upcoming {unit}; the next|coming|following {unit}",
        |c| match c.unit(0)? {
            Unit::Fortnight => Some(Span::NextDays(14)),
            unit => calendar(unit, 1),
        },
    ),
    ("(the) {unit} before last", |c| calendar(c.unit(0)?, -2)),
    ("(the) {unit} after next", |c| calendar(c.unit(0)?, 2)),
    ("month to date; mtd", |_| Some(Span::Month(0))),
    ("year to date; ytd; since new year; since new years", |_| {
        Some(Span::Year(0))
    }),
    ("week to date; the week; the whole week; all week", |_| {
        Some(Span::Week(0))
    }),
    ("the month; the whole month; all month", |_| {
        Some(Span::Month(0))
    }),
    ("all year; the whole year", |_| Some(Span::Year(0))),
    (
        "past {unit}; (in|over|for|during|within) the past|last {unit}; this past {unit}; these past {unit}; (in|over|during|within) last {unit} or so",
        |c| rolling(c.unit(0)?),
    ),
    (
        "(the) last|past|previous|recent|lst (the) (a) {n} (of) {unit}; these last|past {n} {unit}; this past|last {n} {unit}",
        |c| last(c.n(0)?, c.unit(0)?),
    ),
    (
        "(the) last|past (a) few|several {unit}; (the) past several {unit}",
        |c| few(c.unit(0)?),
    ),
    (
        "(the) next|coming|following {n} {unit}; (the) next couple of {unit}",
        |c| next(c.n(0).unwrap_or(2), c.unit(0)?),
    ),
    ("(the) next few {unit}", |c| {
        next(if c.unit(0)? == Unit::Day { 7 } else { 3 }, c.unit(0)?)
    }),
    (
        "last {month}; this past {month}; this {month}; next {month}; in|during|for|of|all|throughout {month}; the month of {month}; {month!}; month of {month}",
        |c| Some(Span::Named(c.month(0)?, None)),
    ),
    (
        "(in|during|for|of) {month} (,) (of) {year}; (en|de) {month} de|del {year}",
        |c| Some(Span::Named(c.month(0)?, Some(c.year(0)?))),
    ),
    (
        "in|during|for|of|all|throughout|en|durante|from {year}; (the) year {year}; (el) año {year}",
        |c| Some(Span::Numbered(c.year(0)?)),
    ),
    (
        "(this|the) weekend|wknd|wkend; this past weekend; over the weekend; weekend; (el|este) fin de semana; finde; el finde; este finde",
        |_| Some(Span::Weekend(0)),
    ),
    (
        "last|previous|past weekend|wknd; (el) fin de semana pasado; (el) pasado fin de semana; (el) finde pasado",
        |_| Some(Span::Weekend(-1)),
    ),
    (
        "next weekend|wknd; (el) proximo fin de semana; fin de semana que viene; (el) finde que viene",
        |_| Some(Span::Weekend(1)),
    ),
    // Spanish
    (
        "este|esta|estos {unit}; en lo que va de|del (la|el) {unit}; lo que va de|del (la|el) {unit}; en lo que llevamos de {unit}; el presente {unit}; la presente {unit}; {unit} actual; el {unit} actual; {unit} en curso; {unit} corriente",
        |c| match c.unit(0)? {
            Unit::Fortnight => Some(Span::LastDays(15)),
            unit => calendar(unit, 0),
        },
    ),
    (
        "(el|la|en) {unit} pasado|pasada|anterior; (el|la) pasado|pasada {unit}; (el|la) anterior {unit}",
        |c| match c.unit(0)? {
            Unit::Fortnight => Some(Span::LastDays(15)),
            unit => calendar(unit, -1),
        },
    ),
    (
        "(el|la) proximo|proxima|siguiente {unit}; (el|la) {unit} que viene|entra; (el|la) {unit} entrante|proximo|proxima|siguiente",
        |c| calendar(c.unit(0)?, 1),
    ),
    (
        "(el|la) {unit} antepasado|antepasada; (el|la) {unit} antes del pasado",
        |c| calendar(c.unit(0)?, -2),
    ),
    (
        "(el|la) ultimo|ultima {unit}; (en|durante) el|la ultimo|ultima {unit}",
        |c| rolling(c.unit(0)?),
    ),
    (
        "(los|las) ultimos|ultimas|pasados|pasadas {n} {unit}; (los|las) {n} ultimos|ultimas {unit}; estos|estas ultimos|ultimas {n} {unit}; (los|las) {n} {unit} pasados|pasadas|anteriores",
        |c| last(c.n(0)?, c.unit(0)?),
    ),
    (
        "(los|las|estos|estas) ultimos|ultimas {unit}; estos|estas {unit}",
        |c| few(c.unit(0)?),
    ),
    ("(los|las) proximos|proximas|siguientes {n} {unit}", |c| {
        next(c.n(0)?, c.unit(0)?)
    }),
    (
        "en|durante|para {month}; de {month!}; (en|de|del|durante|para) (el) mes de {month}; {month} pasado; (el) pasado {month}; este {month}; proximo {month}; todo {month}",
        |c| Some(Span::Named(c.month(0)?, None)),
    ),
    ("todo el mes", |_| Some(Span::Month(0))),
    ("toda la semana", |_| Some(Span::Week(0))),
    ("todo el año", |_| Some(Span::Year(0))),
];

/// What is made of days and periods.
pub(super) const PERIODS: &[Rule<When>] = &[
    ("{point}", |c| Some(When::Point(c.point(0)?))),
    ("{span}", |c| Some(When::Span(c.span(0)?))),
    (
        "(ever) since|after (the) {point}; from {point} on|onwards|onward|forward; starting|beginning (on|from) {point}; {point} onwards; desde|despues (de|del) {point}; a partir de|del {point}; del {point} en adelante; desde {point} en adelante; {point} en adelante; since last {point}; effective {point}",
        |c| Some(When::Since(Edge::Point(c.point(0)?))),
    ),
    (
        "(ever) since|after (the) {span}; from {span} on|onwards|onward|forward; starting|beginning (on|in|from) {span}; {span} onwards; desde|despues (de|del) {span}; a partir de|del {span}; desde {span} en adelante",
        |c| Some(When::Since(Edge::Span(c.span(0)?))),
    ),
    (
        "until|till|til|before|by (the) {point}; up to|until|till {point}; no later than {point}; earlier than {point}; hasta|antes (de|del) {point}; hasta el {point}; para|pa {point}; a mas tardar {point}",
        |c| Some(When::Until(Edge::Point(c.point(0)?))),
    ),
    (
        "until|till|til|before|to (my) next paycheck|check|payday|pay; until|till|til|before i get paid|payed; until|till|til|before|to (my) payday|paycheck; hasta|antes (de) (que) cobre|cobro|cobrar; hasta|antes (de) que me paguen; hasta|antes|a (de) (la|mi) (proxima) nomina|quincena|paga; hasta que me depositen|cae|caiga (la) (nomina|quincena)",
        |_| Some(When::Until(Edge::Point(Point::Payday))),
    ),
    (
        "until|till|til|before|by (the) {span}; up to|until|till {span}; hasta|antes (de|del) {span}",
        |c| Some(When::Until(Edge::Span(c.span(0)?))),
    ),
    // The month is said once, with the first day or with the last.
    (
        "(from|between) (the) {day} to|until|till|til|and|through|thru|- (the) {day} (of|de) {month}; entre|desde|del|de (el) {day} y|al|a|hasta|- (el) {day} de {month}; {day} al|a {day} de {month}",
        |c| days(c, None),
    ),
    (
        "(from|between) (the) {day} to|until|till|til|and|through|thru|- (the) {day} (of|de) {month} (,) (of|de|del) {year}; del {day} al {day} de {month} de {year}",
        |c| days(c, c.year(0)),
    ),
    (
        "(from|between) {month} {day} to|until|till|til|and|through|thru|- (the) {day}; (from|between) {month} (the) {day} to|until|till|through|thru|and (the) {day}",
        |c| days(c, None),
    ),
    (
        "(from|between) {month} {day} to|until|till|til|and|through|thru|- (the) {day} (,) {year}",
        |c| days(c, c.year(0)),
    ),
    (
        "(from|between) (the) {point} to|until|till|til|and|through|thru|- (the) {point}; entre|desde|de|del {point} y|a|al|hasta|- {point}; {point} al|hasta|- {point}; entre el {point} y el {point}; desde el {point} hasta el {point}",
        |c| {
            Some(When::Range(
                Edge::Point(c.point(0)?),
                Edge::Point(c.point(1)?),
            ))
        },
    ),
    (
        "(from|between) {span} to|until|till|and|through|thru|- {span}; entre|desde|de {span} y|a|hasta|- {span}",
        |c| Some(When::Range(Edge::Span(c.span(0)?), Edge::Span(c.span(1)?))),
    ),
    (
        "(from|between) {point} to|until|till|and|through|thru|- {span}; entre|desde|de {point} y|a|hasta|- {span}",
        |c| {
            Some(When::Range(
                Edge::Point(c.point(0)?),
                Edge::Span(c.span(0)?),
            ))
        },
    ),
    (
        "(from|between) {span} to|until|till|and|through|thru|- {point}; entre|desde|de {span} y|a|hasta|- {point}",
        |c| {
            Some(When::Range(
                Edge::Span(c.span(0)?),
                Edge::Point(c.point(0)?),
            ))
        },
    ),
    (
        "(from|between) (the) {day} to|until|till|til|and|through|thru|- (the) {nth}; entre|desde|del (el) {day} y|al|hasta|a (el) {day}; (from|between) the {day} to|and|through|until the {day}",
        |c| {
            Some(When::Range(
                Edge::Point(Point::Day(c.day(0)?)),
                Edge::Point(Point::Day(c.day(1)?)),
            ))
        },
    ),
    (
        "(from|between) {month} to|until|till|through|thru|and|- {month}; entre|desde|de {month} y|a|hasta {month}",
        |c| {
            Some(When::Range(
                Edge::Span(Span::Named(c.month(0)?, None)),
                Edge::Span(Span::Named(c.month(1)?, None)),
            ))
        },
    ),
    (
        "(from|between) {month} to|until|till|through|thru|and|- {month} (of|de) {year}; entre|desde|de {month} y|a|hasta {month} de {year}",
        |c| {
            Some(When::Range(
                Edge::Span(Span::Named(c.month(0)?, c.year(0))),
                Edge::Span(Span::Named(c.month(1)?, c.year(0))),
            ))
        },
    ),
    (
        "since|after {year}; desde {year}; a partir de|del {year}",
        |c| Some(When::Since(Edge::Span(Span::Numbered(c.year(0)?)))),
    ),
    ("q 1; first quarter; primer trimestre", |_| Some(quarter(1))),
    ("q 2; second quarter; segundo trimestre", |_| {
        Some(quarter(4))
    }),
    ("q 3; third quarter; tercer trimestre", |_| Some(quarter(7))),
    ("q 4; fourth quarter; cuarto trimestre", |_| {
        Some(quarter(10))
    }),
    (
        "since {month}; desde {month}; a partir de {month}; after {month}",
        |c| Some(When::Since(Edge::Span(Span::Named(c.month(0)?, None)))),
    ),
    ("until|till|by|before {month}; hasta {month}", |c| {
        Some(When::Until(Edge::Span(Span::Named(c.month(0)?, None))))
    }),
];

/// The three months from the given one.
const fn quarter(first: u8) -> When {
    When::Range(
        Edge::Span(Span::Named(first, None)),
        Edge::Span(Span::Named(first + 2, None)),
    )
}

fn days(captures: &Captures, year: Option<i16>) -> Option<When> {
    let month = captures.month(0)?;
    let edge = |day| Edge::Point(Point::MonthDay(month, day, year));
    let (first, last) = (captures.day(0)?, captures.day(1)?);
    (first <= last).then_some(When::Range(edge(first), edge(last)))
}

/// What repeats.
pub(super) const SCHEDULES: &[Rule<Schedule>] = &[
    (
        "every|each (single) {weekday}; weekly (on) {weekday}; (on) {weekday} weekly; every week on {weekday}; cada {weekday}; todos|todas los|las {weekday}; los {weekday} de cada semana; semanal los|el {weekday}; semanalmente el|los {weekday}; {weekday} of every week",
        |c| Some(Schedule::Weekly(Some(c.weekday(0)?))),
    ),
    (
        "every|each week; weekly; once a week; a|per week; por semana; cada semana; semanal; semanalmente; una vez a|por la semana; todas las semanas",
        |_| Some(Schedule::Weekly(None)),
    ),
    (
        "every two|2|other weeks|week; biweekly; bi weekly; fortnightly; every fortnight; cada dos|2 semanas; quincenal; quincenalmente; cada quincena; cada 15 dias; twice a month",
        |_| Some(Schedule::Fortnightly(None)),
    ),
    (
        "every other {weekday}; every two|2 weeks on {weekday}; biweekly on {weekday}; cada dos|2 semanas el|los {weekday}",
        |c| Some(Schedule::Fortnightly(Some(c.weekday(0)?))),
    ),
    (
        "(on) (the) {day} of every|each (single) month; every month on (the) {day}; monthly (on) (the) {day}; each month on (the) {day}; every {nth} of (the) month; every month the {day}; on the {day} monthly; (el) (dia) {day} de cada mes; cada mes el (dia) {day}; cada dia {day}; todos los meses el (dia) {day}; mensual el (dia) {day}; mensualmente el (dia) {day}; todos los (dias) {day}; los (dias) {day} de cada mes; every {nth}",
        |c| Some(Schedule::Monthly(Some(c.day(0)?))),
    ),
    (
        "(the) first|beginning|start of every|each month; every first of the month; principio de cada mes; primero de cada mes; el primer dia de cada mes; a principios de cada mes",
        |_| Some(Schedule::Monthly(Some(1))),
    ),
    (
        "(the) last day of every|each month; (the) end of every|each month; fin de cada mes; a fin de cada mes; a finales de cada mes; el ultimo dia de cada mes",
        |_| Some(Schedule::Monthly(Some(31))),
    ),
    (
        "every|each month; monthly; once a month; a|per month; al|por mes; cada mes; mensual; mensualmente; todos los meses; una vez al mes",
        |_| Some(Schedule::Monthly(None)),
    ),
    (
        "(the) {nth} {weekday} of every|each|the month; (el) {nth} {weekday} de cada mes",
        |c| Some(Schedule::MonthlyWeekday(c.day(0)?, c.weekday(0)?)),
    ),
    (
        "every|each morning; daily in the morning|mornings; every day in the morning; (in) the mornings; cada mañana; todas las mañanas; diario por la mañana; cada dia por la mañana; todos los dias por|en la mañana; each day in the morning; every day at breakfast; daily at|@ {n} am; every day at|@ {n} am; diario en|por la|las mañana|mañanas; cada dia en la mañana; morning digest; daily morning",
        |_| Some(Schedule::Daily(Some(DayPart::Morning))),
    ),
    (
        "every|each afternoon; daily in the afternoon; todas las tardes; cada tarde; todos los dias por la tarde",
        |_| Some(Schedule::Daily(Some(DayPart::Afternoon))),
    ),
    (
        "every|each evening; daily in the evening; every day in the evening; daily at {n} pm; every day at {n} pm",
        |_| Some(Schedule::Daily(Some(DayPart::Evening))),
    ),
    (
        "every|each night; nightly; daily at night; every day at night; cada noche; todas las noches; todos los dias por la noche",
        |_| Some(Schedule::Daily(Some(DayPart::Night))),
    ),
    (
        "every|each|evry (single) day; daily; everyday; once a day; per day; cada dia; todos los dias; diario; diaria; diariamente; a diario; una vez al dia",
        |_| Some(Schedule::Daily(None)),
    ),
    (
        "every|each year; yearly; annually; once a year; cada año; anual; anualmente; todos los años",
        |_| Some(Schedule::Yearly),
    ),
];

/// Times of day: no slot holds them, but their numbers are no amounts.
pub(super) const TIMES: &[Rule<()>] = &[
    (
        "(at|@|by|around) {t} : {t}; (at) {t} : {t} am|pm|a|p; (at) {t} : {t} (in) (the) morning|afternoon|evening|night; (at) {t} : {t} a|p . m (.)",
        |_| Some(()),
    ),
    (
        "(at|@|by|around) {t} am|pm|oclock|o'clock|hrs; (at) {t} a|p . m (.); (at) {t} in the morning|evening|afternoon; at {t} morning|evening|afternoon|night",
        |_| Some(()),
    ),
    (
        "(at) {t} {t} am|pm|morning|afternoon|evening|night; (at) {t} {t} a|p . m (.); (at) {t} {t} in the morning|afternoon|evening",
        |_| Some(()),
    ),
    (
        "(at|by|around|after|from) {t} past {t}; at {t} to {t}; (at|by|after) half|quarter past|to {t}; (at) half|quarter past|to {t} am|pm|morning|afternoon|evening|night; (at) {t} past|to {t} am|pm|morning|afternoon|evening|night; (at) {t} past|to {t} a|p . m (.)",
        |_| Some(()),
    ),
    (
        "a la {t}; a las {t}; a las {t} : {t}; a las {t} y media|cuarto; a las {t} de la mañana|tarde|noche; a las {t} y {t}",
        |_| Some(()),
    ),
];
