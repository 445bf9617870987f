//! The small pattern language of the tables, and its matcher.
//!
//! A pattern is words and classes parted by spaces:
//!
//! | Written | Matches |
//! | --- | --- |
//! | `last` | that word, whatever its case and accents |
//! | `last\|past\|previous` | one of them |
//! | `(the)`, `(so far)`, `(in\|on)` | the same or nothing |
//! | `..` | up to four words, but no punctuation |
//! | `^`, `$` | the beginning and the end of the message, punctuation apart |
//! | `{n}` | a whole number in digits or words |
//! | `{unit}` | day, week, month ... |
//! | `{day}` | a day of the month: 15, 15th, fifteenth |
//! | `{nth}` | an ordinal: 15th, fifteenth |
//! | `{th}` | an ordinal that can only be a day of the month |
//! | `{t}` | a number of a time of day |
//! | `{month}`, `{month!}` | a month; one that is no other word |
//! | `{weekday}`, `{weekday!}` | the same for weekdays |
//! | `{year}` | 1990 to 2099 |
//! | `{numdate}` | 15/03/2022, 2022-03-15 |
//! | `{point}`, `{span}` | a day or a period by another rule |
//!
//! The longest match wins, among equals the rule that stands first.

use std::sync::LazyLock;

use super::lexicon::{Lexicon, Numeral, Unit};
use super::number;
use super::schedule::Schedule;
use super::token::{Kind, Text, Token};
use super::vocabulary::Vocabulary;
use super::when::{Point, Span, When};
use super::when_rules::{PERIODS, POINTS, SCHEDULES, SPANS, TIMES};

/// Every table, compiled.
pub(super) struct Grammar {
    pub(super) lexicon: Lexicon,
    pub(super) points: Rules<Point>,
    pub(super) spans: Rules<Span>,
    pub(super) periods: Rules<When>,
    pub(super) schedules: Rules<Schedule>,
    pub(super) times: Rules<()>,
    pub(super) vocabulary: Vocabulary,
}

static GRAMMAR: LazyLock<Grammar> = LazyLock::new(|| {
    let mut lexicon = Lexicon::new();
    Grammar {
        points: Rules::new(&mut lexicon, POINTS),
        spans: Rules::new(&mut lexicon, SPANS),
        periods: Rules::new(&mut lexicon, PERIODS),
        schedules: Rules::new(&mut lexicon, SCHEDULES),
        times: Rules::new(&mut lexicon, TIMES),
        vocabulary: Vocabulary::new(&mut lexicon),
        lexicon,
    }
});

/// Returns the compiled tables; the first call compiles them.
pub(super) fn grammar() -> &'static Grammar {
    &GRAMMAR
}

/// Makes the meaning of what a pattern captured.
pub(super) type Make<T> = fn(&Captures) -> Option<T>;

/// A row of a table: patterns parted by `;`, and what they mean.
pub(super) type Rule<T> = (&'static str, Make<T>);

/// What a pattern captured, in order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Captures {
    values: [Option<Capture>; 6],
    len: usize,
}

#[derive(Debug, Clone, Copy)]
enum Capture {
    Number(u32),
    Unit(Unit),
    Day(u8),
    Month(u8),
    Weekday(u8),
    Year(i16),
    Date(i16, u8, u8),
    Point(Point),
    Span(Span),
}

macro_rules! getter {
    ($name:ident, $variant:ident, $type:ty) => {
        /// The n-th capture of this class, from 0.
        pub(super) fn $name(&self, nth: usize) -> Option<$type> {
            self.values
                .iter()
                .take(self.len)
                .flatten()
                .filter_map(|value| match value {
                    Capture::$variant(value) => Some(*value),
                    _ => None,
                })
                .nth(nth)
        }
    };
}

impl Captures {
    getter!(n, Number, u32);
    getter!(unit, Unit, Unit);
    getter!(day, Day, u8);
    getter!(month, Month, u8);
    getter!(weekday, Weekday, u8);
    getter!(year, Year, i16);
    getter!(point, Point, Point);
    getter!(span, Span, Span);

    /// A date written in figures: year (0 where not written), month, day.
    pub(super) fn figures(&self, nth: usize) -> Option<(i16, u8, u8)> {
        self.values
            .iter()
            .take(self.len)
            .flatten()
            .filter_map(|value| match value {
                Capture::Date(year, month, day) => Some((*year, *month, *day)),
                _ => None,
            })
            .nth(nth)
    }

    fn push(&mut self, value: Capture) {
        if let Some(slot) = self.values.get_mut(self.len) {
            *slot = Some(value);
            self.len += 1;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Number,
    Unit,
    Day,
    Nth,
    Th,
    Time,
    Month { sure: bool },
    Weekday { sure: bool },
    Year,
    Figures,
    Point,
    Span,
}

#[derive(Debug, Clone)]
enum Element {
    Words(Box<[u16]>),
    Class(Class),
    Optional(Box<[Element]>),
    Gap,
    Start,
    End,
}

/// What a text holds of what patterns need. Most patterns need something that most texts have nothing of, and are passed over at
/// once.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Holds {
    /// A bit for each kind of class.
    classes: u8,
    /// One of 64 bits for each word.
    words: u64,
}

impl Holds {
    const NUMBER: u8 = 1;
    const UNIT: u8 = 2;
    const MONTH: u8 = 4;
    const WEEKDAY: u8 = 8;

    /// Adds a token of a text.
    pub(super) fn add(&mut self, token: &Token) {
        let entry = token.entry;
        let numeral = entry.number.is_some_and(|n| n != Numeral::Article);
        for (kind, is) in [
            (
                Self::NUMBER,
                token.kind == Kind::Number || numeral || entry.ordinal > 0,
            ),
            (Self::UNIT, entry.unit.is_some()),
            (Self::MONTH, entry.month > 0),
            (Self::WEEKDAY, entry.weekday > 0),
        ] {
            self.classes |= if is { kind } else { 0 };
        }
        self.words |= Self::word(entry.id);
    }

    const fn word(id: u16) -> u64 {
        1 << (id % 64)
    }
}

/// What a pattern needs of a text: each of these classes, and of each set of words one.
#[derive(Debug, Clone, Default)]
struct Needs {
    classes: u8,
    words: Box<[u64]>,
}

impl Needs {
    fn of(elements: &[Element]) -> Self {
        let classes = elements.iter().fold(0, |needed, element| match element {
            Element::Class(class) => needed | class.needs(),
            _ => needed,
        });
        let words = elements.iter().filter_map(|element| match element {
            Element::Words(words) => Some(words.iter().fold(0, |all, id| all | Holds::word(*id))),
            _ => None,
        });
        Self {
            classes,
            words: words.collect(),
        }
    }

    fn met_by(&self, text: Holds) -> bool {
        self.classes & !text.classes == 0 && self.words.iter().all(|one| one & text.words != 0)
    }
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    elements: Box<[Element]>,
    needs: Needs,
}

impl Pattern {
    fn of(elements: Vec<Element>) -> Pattern {
        Pattern {
            needs: Needs::of(&elements),
            elements: elements.into(),
        }
    }

    pub(super) fn new(lexicon: &mut Lexicon, pattern: &str) -> Pattern {
        let mut elements = Vec::new();
        let mut rest = pattern.trim();
        while !rest.is_empty() {
            let (element, after) = if let Some(inner) = rest.strip_prefix('(') {
                let (inside, after) = inner.split_once(')').unwrap_or((inner, ""));
                (
                    Element::Optional(Pattern::new(lexicon, inside).elements),
                    after,
                )
            } else {
                let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
                (Pattern::element(lexicon, word), after)
            };
            elements.push(element);
            rest = after.trim_start();
        }
        Pattern::of(elements)
    }

    /// The words and signs of a text, as the tokens of a message are cut.
    pub(super) fn of_text(lexicon: &mut Lexicon, text: &str) -> Pattern {
        let plain = plain(text);
        let class = |c: char| {
            if c.is_alphabetic() || c == '\'' {
                0
            } else {
                1 + u8::from(c.is_ascii_digit())
            }
        };
        let mut elements = Vec::new();
        for word in plain.split_whitespace() {
            let mut rest = word;
            while let Some(first) = rest.chars().next() {
                let end = match class(first) {
                    1 => first.len_utf8(),
                    kind => rest.find(|c| class(c) != kind).unwrap_or(rest.len()),
                };
                let (token, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
                elements.push(Element::Words([lexicon.intern(token)].into()));
                rest = after;
            }
        }
        Pattern::of(elements)
    }

    fn element(lexicon: &mut Lexicon, word: &str) -> Element {
        let class = match word {
            ".." => return Element::Gap,
            "^" => return Element::Start,
            "$" => return Element::End,
            "{n}" => Class::Number,
            "{unit}" => Class::Unit,
            "{day}" => Class::Day,
            "{nth}" => Class::Nth,
            "{th}" => Class::Th,
            "{t}" => Class::Time,
            "{month}" => Class::Month { sure: false },
            "{month!}" => Class::Month { sure: true },
            "{weekday}" => Class::Weekday { sure: false },
            "{weekday!}" => Class::Weekday { sure: true },
            "{year}" => Class::Year,
            "{numdate}" => Class::Figures,
            "{point}" => Class::Point,
            "{span}" => Class::Span,
            _ => {
                let words = word.split('|').map(|word| lexicon.intern(&plain(word)));
                return Element::Words(words.collect());
            }
        };
        Element::Class(class)
    }

    /// Matches at a token; returns where the match ends.
    pub(super) fn matches(&self, context: &Context<'_>, at: usize) -> Option<(usize, Captures)> {
        if !self.needs.met_by(context.text.holds) {
            return None;
        }
        let mut captures = Captures::default();
        let end = run(&self.elements, context, at, &mut captures)?;
        (end > at).then_some((end, captures))
    }

    /// Calls back for each word id that a match can begin with; `None` for a class.
    fn firsts(&self, found: &mut impl FnMut(Option<u16>)) {
        firsts(&self.elements, found);
    }

    /// The ids it can begin with; `None` where it can begin with a class or a gap.
    pub(super) fn first_words(&self) -> Option<Vec<u16>> {
        let mut words = Some(Vec::new());
        self.firsts(&mut |first| match (first, &mut words) {
            (Some(id), Some(words)) => words.push(id),
            _ => words = None,
        });
        words
    }
}

fn firsts(elements: &[Element], found: &mut impl FnMut(Option<u16>)) {
    for element in elements {
        match element {
            Element::Words(words) => words.iter().for_each(|id| found(Some(*id))),
            Element::Class(_) | Element::Gap => found(None),
            Element::Optional(inner) => {
                firsts(inner, found);
                continue;
            }
            Element::Start | Element::End => continue,
        }
        return;
    }
}

/// Without accents, as tokens are.
pub(super) fn plain(word: &str) -> String {
    use unicode_normalization::UnicodeNormalization as _;
    word.nfd()
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .collect::<String>()
        .to_lowercase()
}

/// What patterns are matched against.
pub(super) struct Context<'a> {
    pub(super) text: &'a Text<'a>,
    /// 03/04 is the third of April.
    pub(super) day_first: bool,
}

fn run(
    elements: &[Element],
    context: &Context<'_>,
    at: usize,
    captures: &mut Captures,
) -> Option<usize> {
    let Some((first, rest)) = elements.split_first() else {
        return Some(at);
    };
    match first {
        Element::Words(words) => {
            let token = context.text.tokens.get(at)?;
            (token.entry.id != 0 && words.contains(&token.entry.id)).then_some(())?;
            run(rest, context, at + 1, captures)
        }
        Element::Class(class) => {
            let before = *captures;
            let (capture, end) = class.read(context, at)?;
            captures.push(capture);
            let result = run(rest, context, end, captures);
            if result.is_none() {
                *captures = before;
            }
            result
        }
        Element::Optional(inner) => {
            let before = *captures;
            if let Some(end) = run(inner, context, at, captures)
                && let Some(end) = run(rest, context, end, captures)
            {
                return Some(end);
            }
            *captures = before;
            run(rest, context, at, captures)
        }
        Element::Start => {
            let before = context.text.tokens.get(..at)?;
            let first = before
                .iter()
                .all(|token| !matches!(token.kind, Kind::Word | Kind::Number));
            first.then(|| run(rest, context, at, captures)).flatten()
        }
        Element::End => {
            let after = context.text.tokens.get(at..)?;
            let last = after
                .iter()
                .all(|token| !matches!(token.kind, Kind::Word | Kind::Number));
            last.then(|| run(rest, context, at, captures)).flatten()
        }
        Element::Gap => {
            const LONGEST_GAP: usize = 4;
            for end in at..=at + LONGEST_GAP {
                if let Some(found) = run(rest, context, end, captures) {
                    return Some(found);
                }
                let token = context.text.tokens.get(end)?;
                if !matches!(token.kind, Kind::Word | Kind::Number) {
                    return None;
                }
            }
            None
        }
    }
}

impl Class {
    /// What a text must hold for it to be read anywhere.
    const fn needs(self) -> u8 {
        match self {
            Class::Number
            | Class::Day
            | Class::Nth
            | Class::Th
            | Class::Time
            | Class::Year
            | Class::Figures => Holds::NUMBER,
            Class::Unit => Holds::UNIT,
            Class::Month { .. } => Holds::MONTH,
            Class::Weekday { .. } => Holds::WEEKDAY,
            Class::Point | Class::Span => 0,
        }
    }

    fn read(self, context: &Context<'_>, at: usize) -> Option<(Capture, usize)> {
        let text = context.text;
        let token = text.tokens.get(at)?;
        let entry = token.entry;
        let one = |capture| Some((capture, at + 1));
        match self {
            Class::Number => {
                let (value, end) = number::count(text, at)?;
                Some((Capture::Number(value), end))
            }
            Class::Unit => one(Capture::Unit(entry.unit?)),
            Class::Day => {
                let (day, end) = number::day_of_month(text, at)?;
                Some((Capture::Day(day), end))
            }
            Class::Nth => {
                let (day, end) = number::ordinal(text, at)?;
                Some((Capture::Day(day), end))
            }
            Class::Th => {
                let (day, end) = number::bare_ordinal(text, at)?;
                Some((Capture::Day(day), end))
            }
            Class::Time => {
                let value = token.number.filter(|value| *value < 60)?;
                one(Capture::Number(u32::try_from(value).ok()?))
            }
            Class::Month { sure } => {
                (entry.month > 0 && !(sure && entry.doubtful && (at == 0 || !token.capital)))
                    .then_some(())?;
                Some((Capture::Month(entry.month), skip_dot(text, at + 1)))
            }
            Class::Weekday { sure } => {
                (entry.weekday > 0 && !(sure && entry.doubtful && (at == 0 || !token.capital)))
                    .then_some(())?;
                Some((Capture::Weekday(entry.weekday), skip_dot(text, at + 1)))
            }
            Class::Year => one(Capture::Year(number::year(text, at)?)),
            Class::Figures => {
                let ((year, month, day), end) = number::figures(text, at, context.day_first)?;
                Some((Capture::Date(year, month, day), end))
            }
            Class::Point => {
                let (point, end) = grammar().points.longest(context, at)?;
                Some((Capture::Point(point), end))
            }
            Class::Span => {
                let (span, end) = grammar().spans.longest(context, at)?;
                Some((Capture::Span(span), end))
            }
        }
    }
}

/// The dot of an abbreviation ("nov. 3").
fn skip_dot(text: &Text<'_>, at: usize) -> usize {
    let dot = text.sign_at(at) == Some('.') && text.tokens.get(at).is_some_and(|token| token.glued);
    let goes_on = text
        .tokens
        .get(at + 1)
        .is_some_and(|next| !matches!(next.kind, Kind::Break));
    if dot && goes_on && text.word_at(at.saturating_sub(1)).len() <= 4 {
        at + 1
    } else {
        at
    }
}

/// A compiled table, indexed by the first word of its patterns.
pub(super) struct Rules<T: 'static> {
    compiled: Vec<(Pattern, Make<T>)>,
    /// For each word id, the rules that can begin with it.
    by_word: Vec<Box<[u16]>>,
    /// The rules that can begin with a class.
    by_class: Box<[u16]>,
}

impl<T> Rules<T> {
    fn new(lexicon: &mut Lexicon, table: &'static [Rule<T>]) -> Rules<T> {
        let mut rules = Vec::new();
        for (patterns, make) in table {
            for pattern in patterns.split(';') {
                rules.push((Pattern::new(lexicon, pattern), *make));
            }
        }
        let mut by_word = vec![Vec::new(); lexicon.size()];
        let mut by_class = Vec::new();
        for (at, (pattern, _)) in rules.iter().enumerate() {
            let at = u16::try_from(at).unwrap_or(u16::MAX);
            pattern.firsts(&mut |first| {
                let list = first.map_or(Some(&mut by_class), |id| by_word.get_mut(usize::from(id)));
                if let Some(list) = list
                    && list.last() != Some(&at)
                {
                    list.push(at);
                }
            });
        }
        Rules {
            compiled: rules,
            by_word: by_word.into_iter().map(Vec::into_boxed_slice).collect(),
            by_class: by_class.into(),
        }
    }

    /// The longest match that begins at a token.
    pub(super) fn longest(&self, context: &Context<'_>, at: usize) -> Option<(T, usize)> {
        let token = context.text.tokens.get(at)?;
        let entry = token.entry;
        let words: &[u16] = self
            .by_word
            .get(usize::from(entry.id))
            .map_or(&[], |rules| rules);
        // A class begins with a number, a month, a weekday, an ordinal or a unit.
        let classes = entry.month > 0
            || entry.weekday > 0
            || entry.ordinal > 0
            || entry.unit.is_some()
            || entry.number.is_some()
            || token.kind == Kind::Number
            || self.begins_with_rule(entry.id);
        let classes: &[u16] = if classes { &self.by_class } else { &[] };
        let mut best: Option<(T, usize)> = None;
        let mut best_rule = u16::MAX;
        for at_rule in words.iter().chain(classes) {
            let Some((pattern, make)) = self.compiled.get(usize::from(*at_rule)) else {
                continue;
            };
            let Some((end, captures)) = pattern.matches(context, at) else {
                continue;
            };
            let longer = best.as_ref().is_none_or(|(_, longest)| {
                end > *longest || (end == *longest && *at_rule < best_rule)
            });
            if longer && let Some(value) = make(&captures) {
                best = Some((value, end));
                best_rule = *at_rule;
            }
        }
        best
    }

    /// Whether a pattern that begins with `{point}` or `{span}` can begin with this word.
    fn begins_with_rule(&self, id: u16) -> bool {
        let grammar_has = |id: u16| {
            let at = usize::from(id);
            let grammar = grammar();
            grammar
                .points
                .by_word
                .get(at)
                .is_some_and(|rules| !rules.is_empty())
                || grammar
                    .spans
                    .by_word
                    .get(at)
                    .is_some_and(|rules| !rules.is_empty())
        };
        id != 0 && !self.by_class.is_empty() && grammar_has(id)
    }
}
