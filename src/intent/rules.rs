//! Patterns: regular expressions over the normal form, behind a prefilter.
//!
//! A hundred intents bring a thousand patterns, and running them all would take longer than everything else together.
//! So each must contain literals of which at least one is in every text it matches; one Aho-Corasick pass finds the
//! literals of a message, and only the patterns behind them are tried. An expression is compiled when its literal is met
//! for the first time: most never are, and compiling all would be half of the start.

use std::ops::Range;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};
use thiserror::Error;

use super::Language;
use super::by_text::{ByText, Gathered};
use super::catalogue::Catalogue;

/// A pattern anchored at both ends that stands for no more texts than this is looked up instead of run.
const WHOLE_TEXTS_MAX: usize = 512;
/// A literal must have so many letters or digits: shorter ones are in every other message.
pub const LITERAL_MIN: usize = 3;
/// A pattern with more literals than this is better written as several.
const LITERALS_MAX: usize = 64;
/// Compiled size of one pattern at most, in bytes; counted repetitions can explode.
const SIZE_MAX: usize = 1 << 20;

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    /// It is no regular expression.
    #[error("the pattern does not compile: {0}")]
    Syntax(String),
    /// Some text without any usable literal would match.
    #[error("no text of {LITERAL_MIN} or more letters is in everything the pattern matches")]
    NoLiteral,
}

/// One pattern of an intent.
#[derive(Debug)]
pub struct Pattern {
    /// The intent, as its position in the catalogue.
    pub intent: usize,
    /// The language it was written for.
    pub language: Language,
    /// The expression.
    pub source: String,
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// Returns the part of a normal form that the pattern matches.
    pub fn find(&self, text: &str) -> Option<Range<usize>> {
        let regex = self.regex.get_or_init(|| compile(&self.source).ok());
        regex
            .as_ref()?
            .find(text.as_bytes())
            .map(|found| found.range())
    }
}

/// A pattern that matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternMatch {
    /// The pattern, as its position in [`Rules::patterns`].
    pub pattern: usize,
    /// The intent, as its position in the catalogue.
    pub intent: usize,
    /// What it covers of the normal form.
    pub span: Range<usize>,
    /// Whether that is all of it.
    pub whole: bool,
}

/// All patterns of a catalogue.
#[derive(Debug)]
pub struct Rules {
    patterns: Vec<Pattern>,
    prefilter: Option<AhoCorasick>,
    /// For each literal of the prefilter, the patterns behind it.
    behind: Vec<Vec<u32>>,
    /// The texts that are all a pattern stands for.
    whole: ByText<u32>,
}

impl Rules {
    /// Prepares the patterns of a catalogue. One that cannot be used is left out: the catalogue's check reports it.
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut patterns = Vec::new();
        let mut literals: Vec<(String, u32)> = Vec::new();
        let mut whole = Gathered::default();
        for (at, intent) in catalogue.intents().iter().enumerate() {
            for language in Language::ALL {
                for source in intent.patterns.get(language) {
                    let (Ok(need), Ok(number)) =
                        (need_of(&source.value), u32::try_from(patterns.len()))
                    else {
                        continue;
                    };
                    match need {
                        Need::Literals(texts) => {
                            literals.extend(texts.into_iter().map(|literal| (literal, number)));
                        }
                        Need::Whole(texts) => {
                            for text in texts {
                                whole.add(&text, number);
                            }
                        }
                    }
                    patterns.push(Pattern {
                        intent: at,
                        language,
                        source: source.value.clone(),
                        regex: OnceLock::new(),
                    });
                }
            }
        }
        literals.sort();
        let mut unique: Vec<String> = Vec::new();
        let mut behind: Vec<Vec<u32>> = Vec::new();
        for (literal, number) in literals {
            match behind.last_mut() {
                Some(last) if unique.last() == Some(&literal) => last.push(number),
                _ => {
                    unique.push(literal);
                    behind.push(vec![number]);
                }
            }
        }
        let prefilter = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&unique)
            .ok()
            .filter(|_| !unique.is_empty());
        Self {
            patterns,
            prefilter,
            behind,
            whole: whole.finish(),
        }
    }

    /// Returns all patterns.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Finds the patterns that match a normal form, in the catalogue's order.
    pub fn find(&self, text: &str) -> Vec<PatternMatch> {
        let mut candidates: Vec<u32> = Vec::new();
        if let Some(prefilter) = &self.prefilter {
            for literal in prefilter.find_overlapping_iter(text) {
                if let Some(patterns) = self.behind.get(literal.pattern().as_usize()) {
                    candidates.extend_from_slice(patterns);
                }
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let whole = self.whole.all(text).iter().copied();
        let mut found: Vec<PatternMatch> = whole
            .filter_map(|number| self.matched(number, 0..text.len(), text))
            .chain(candidates.into_iter().filter_map(|number| {
                let span = self.patterns.get(number as usize)?.find(text)?;
                self.matched(number, span, text)
            }))
            .collect();
        found.sort_by_key(|found| found.pattern);
        found.dedup_by_key(|found| found.pattern);
        found
    }

    fn matched(&self, number: u32, span: Range<usize>, text: &str) -> Option<PatternMatch> {
        let pattern = number as usize;
        let intent = self.patterns.get(pattern)?.intent;
        let whole = span == (0..text.len());
        Some(PatternMatch {
            pattern,
            intent,
            span,
            whole,
        })
    }
}

/// Checks one pattern as the catalogue's lint does.
pub fn check(source: &str) -> Result<(), PatternError> {
    compile(source)?;
    need_of(source).map(drop)
}

/// What a message must hold before a pattern is tried.
#[derive(Debug)]
enum Need {
    /// It must be one of these, and then the pattern matches: it is only another way of writing a list.
    Whole(Vec<String>),
    /// It must hold one of these.
    Literals(Vec<String>),
}

fn need_of(source: &str) -> Result<Need, PatternError> {
    let hir = parse(source)?;
    if let HirKind::Concat(parts) = hir.kind()
        && let [first, middle @ .., last] = parts.as_slice()
        && matches!(first.kind(), HirKind::Look(Look::Start))
        && matches!(last.kind(), HirKind::Look(Look::End))
        && let Some(texts) = exact_run(middle, WHOLE_TEXTS_MAX)
    {
        return Ok(Need::Whole(texts));
    }
    literals_of(&hir).map(Need::Literals)
}

fn parse(source: &str) -> Result<Hir, PatternError> {
    ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .build()
        .parse(source)
        .map_err(|error| PatternError::Syntax(last_line(&error.to_string())))
}

/// The normal form is nearly all ASCII, so the expressions are over bytes: smaller, and `\b` costs nothing.
fn compile(source: &str) -> Result<Regex, PatternError> {
    RegexBuilder::new(source)
        .unicode(false)
        .size_limit(SIZE_MAX)
        .build()
        .map_err(|error| PatternError::Syntax(last_line(&error.to_string())))
}

/// Errors of the regex crate draw the expression over several lines; the last one says what is wrong.
fn last_line(error: &str) -> String {
    let line = error
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or(error)
        .trim();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Returns texts of which at least one is in everything the pattern matches.
fn literals_of(hir: &Hir) -> Result<Vec<String>, PatternError> {
    let found = required(hir).filter(|found| found.strength() >= LITERAL_MIN);
    let mut texts = found.ok_or(PatternError::NoLiteral)?.0;
    texts.sort();
    texts.dedup();
    Ok(texts)
}

/// A set of literals of which one is in every match.
#[derive(Clone, Debug)]
struct Required(Vec<String>);

impl Required {
    /// The letters of the weakest literal; spaces say little.
    fn strength(&self) -> usize {
        let letters = |text: &String| text.chars().filter(|c| *c != ' ').count();
        self.0.iter().map(letters).min().unwrap_or(0)
    }
}

fn required(hir: &Hir) -> Option<Required> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = String::from_utf8(literal.0.to_vec()).ok()?;
            Some(Required(vec![text]))
        }
        HirKind::Class(class) => small_class(class).map(Required),
        HirKind::Capture(capture) => required(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => required(&repetition.sub),
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(required(branch)?.0);
            }
            (all.len() <= LITERALS_MAX).then_some(Required(all))
        }
        HirKind::Concat(parts) => strongest(parts),
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) => None,
    }
}

/// Of all the runs of neighbours whose texts are known exactly, and all the parts, the set with the longest literals.
fn strongest(parts: &[Hir]) -> Option<Required> {
    let mut best: Option<Required> = None;
    let mut offer = |candidate: Option<Required>| {
        if let Some(candidate) = candidate {
            let better = best.as_ref().is_none_or(|best| {
                (candidate.strength(), std::cmp::Reverse(candidate.0.len()))
                    > (best.strength(), std::cmp::Reverse(best.0.len()))
            });
            if better {
                best = Some(candidate);
            }
        }
    };
    let mut run: Option<Vec<String>> = None;
    for part in parts {
        if let HirKind::Look(_) = part.kind() {
            continue;
        }
        if let Some(texts) = exact(part, LITERALS_MAX) {
            let joined = run
                .take()
                .map_or_else(|| texts.clone(), |run| cross(&run, &texts));
            if joined.len() <= LITERALS_MAX {
                run = Some(joined);
            } else {
                offer(Some(Required(texts.clone())));
                run = Some(texts);
            }
            offer(run.clone().map(Required));
        } else {
            run = None;
            offer(required(part));
        }
    }
    best
}

/// Returns every text a part matches, `None` where they are more than `most`.
fn exact(hir: &Hir, most: usize) -> Option<Vec<String>> {
    let texts = match hir.kind() {
        HirKind::Empty => vec![String::new()],
        HirKind::Literal(literal) => vec![String::from_utf8(literal.0.to_vec()).ok()?],
        HirKind::Class(class) => small_class(class)?,
        HirKind::Capture(capture) => exact(&capture.sub, most)?,
        HirKind::Alternation(branches) => {
            let mut all = Vec::new();
            for branch in branches {
                all.extend(exact(branch, most)?);
            }
            all
        }
        HirKind::Concat(parts) => exact_run(parts, most)?,
        HirKind::Repetition(repetition) => {
            let mut texts = exact(&repetition.sub, most)?;
            match (repetition.min, repetition.max) {
                (1, Some(1)) => {}
                // An optional part: with and without.
                (0, Some(1)) => texts.push(String::new()),
                _ => return None,
            }
            texts
        }
        HirKind::Look(_) => return None,
    };
    (texts.len() <= most).then_some(texts)
}

fn exact_run(parts: &[Hir], most: usize) -> Option<Vec<String>> {
    let mut all = vec![String::new()];
    for part in parts {
        all = cross(&all, &exact(part, most)?);
        if all.len() > most {
            return None;
        }
    }
    Some(all)
}

fn cross(first: &[String], second: &[String]) -> Vec<String> {
    first
        .iter()
        .flat_map(|a| second.iter().map(move |b| format!("{a}{b}")))
        .collect()
}

/// The members of a class of at most four ASCII characters, such as `[sc]`.
fn small_class(class: &Class) -> Option<Vec<String>> {
    let ranges: Vec<(u8, u8)> = match class {
        Class::Bytes(class) => class
            .ranges()
            .iter()
            .map(|range| (range.start(), range.end()))
            .collect(),
        Class::Unicode(class) => class
            .ranges()
            .iter()
            .map(|range| {
                Some((
                    u8::try_from(range.start()).ok()?,
                    u8::try_from(range.end()).ok()?,
                ))
            })
            .collect::<Option<_>>()?,
    };
    let members: Vec<u8> = ranges
        .into_iter()
        .flat_map(|(start, end)| start..=end)
        .collect();
    let plain = members.len() <= 4 && members.iter().all(u8::is_ascii);
    plain.then(|| {
        members
            .into_iter()
            .map(|byte| char::from(byte).to_string())
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::intent::catalogue::SourceFile;

    fn literals(source: &str) -> Vec<String> {
        literals_of(&parse(source).unwrap()).unwrap()
    }

    #[test]
    fn finds_the_longest_literals_every_match_must_hold() {
        assert_eq!(
            literals("^(my )?(bal|balance)$"),
            ["bal", "balance", "my bal", "my balance"]
        );
        assert_eq!(literals(r"\bhow much .* saldos?\b"), ["how much "]);
        assert_eq!(literals(r"(lost|stolen) .{0,9}card"), ["card"]);
        assert_eq!(literals("[sc]aldo"), ["caldo", "saldo"]);
    }

    #[test]
    fn refuses_patterns_that_match_without_a_literal() {
        assert_eq!(check("^[a-z]+$"), Err(PatternError::NoLiteral));
        assert_eq!(check(r"\b(no|balance)\b"), Err(PatternError::NoLiteral));
        assert_eq!(check("(balance)?"), Err(PatternError::NoLiteral));
        assert!(matches!(check("(balance"), Err(PatternError::Syntax(_))));
        assert!(matches!(
            check("(?=x)balance"),
            Err(PatternError::Syntax(_))
        ));
    }

    #[test]
    fn a_closed_list_needs_no_literal() {
        assert_eq!(check("^(hi|yo|r u there)$"), Ok(()));
    }

    #[test]
    fn finds_by_prefilter_what_the_expressions_find_alone() {
        let files = [
            SourceFile::new(
                "balance.toml",
                intent_file(r"'^(my )?(bal|balance)$', '\bhow much .* checking$'"),
            ),
            SourceFile::new("freeze.toml", intent_file(r"'\bfreeze (my|the) card\b'")),
        ];
        let catalogue = Catalogue::from_files(&files).unwrap();
        let rules = Rules::new(&catalogue);
        for text in [
            "my bal",
            "balance",
            "balances",
            "how much in checking",
            "please freeze my card now",
            "",
        ] {
            let direct: Vec<usize> = (0..rules.patterns().len())
                .filter(|number| rules.patterns()[*number].find(text).is_some())
                .collect();
            let found: Vec<usize> = rules
                .find(text)
                .into_iter()
                .map(|found| found.pattern)
                .collect();
            assert_eq!(found, direct, "{text}");
        }
        assert!(rules.find("balance")[0].whole);
        assert!(!rules.find("please freeze my card now")[0].whole);
    }

    fn intent_file(patterns: &str) -> String {
        format!(
            "access = 'anonymous'\ndescription = 'test'\n[patterns]\nen = [{patterns}]\nes = []\n\
             [replies.en]\nanswer = 'Yes.'\n[replies.es]\nanswer = 'Si.'\n"
        )
    }

    proptest! {
        /// Whatever the expression, a text it matches holds one of the literals.
        #[test]
        fn a_match_always_holds_a_literal(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("card"), Just("(my |the )?"), Just("lost|stolen"), Just("[ab]"), Just("(freeze|lock)"),
                    Just(".*"), Just("pay(ment)?"), Just(" "), Just("x{1,2}"),
                ],
                1..6,
            ),
            text in "(card|my |the |lost|stolen|a|b|freeze|lock|z|pay|ment| |x){0,8}",
        ) {
            let source = parts.concat();
            if let (Ok(literals), Ok(regex)) = (literals_of(&parse(&source).unwrap()), compile(&source))
                && regex.is_match(text.as_bytes())
            {
                prop_assert!(literals.iter().any(|literal| text.contains(literal.as_str())), "{source} on {text}");
            }
        }
    }
}
