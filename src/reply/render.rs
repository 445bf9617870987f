//! Rendering: a variant's template and values to words.

use crate::intent::template::{Count, Part, Template};

use super::locale;
use super::value::{Place, Value, Values};

/// Why a reply could not be rendered: a mistake of the skill or the catalogue, found by fixtures.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// The catalogue has no such variant.
    #[error("intent `{intent}` has no reply `{variant}`")]
    NoVariant {
        /// The intent.
        intent: String,
        /// The variant.
        variant: String,
    },
    /// The skill gave no such value.
    #[error("reply `{variant}` of `{intent}` needs a value `{name}`")]
    NoValue {
        /// The intent.
        intent: String,
        /// The variant.
        variant: String,
        /// The placeholder.
        name: String,
    },
}

/// Fills a template. `Err` names the placeholder that has no value.
pub fn fill(template: &Template, values: &Values, place: &Place) -> Result<String, String> {
    let mut out = String::new();
    write(template.parts(), values, place, None, &mut out)?;
    Ok(out)
}

fn write(
    parts: &[Part],
    values: &Values,
    place: &Place,
    number: Option<u64>,
    out: &mut String,
) -> Result<(), String> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Value(name) => {
                let shown = values.get(name).ok_or_else(|| name.clone())?;
                out.push_str(&shown.value.show(place));
            }
            Part::Number => {
                if let Some(number) = number {
                    out.push_str(&Value::Count(number).show(place));
                }
            }
            Part::Plural { name, arms } => {
                let Some(Value::Count(count)) = values.get(name).map(|shown| &shown.value) else {
                    return Err(name.clone());
                };
                let category = locale::plural(*count, place.locale);
                let arm = arms
                    .iter()
                    .find(|(label, _)| *label == Count::Exactly(*count))
                    .or_else(|| {
                        arms.iter()
                            .find(|(label, _)| *label == Count::One && category == "one")
                    })
                    .or_else(|| arms.iter().find(|(label, _)| *label == Count::Other));
                if let Some((_, parts)) = arm {
                    write(parts, values, place, Some(*count), out)?;
                }
            }
            Part::Select { name, arms } => {
                let word = match values.get(name).map(|shown| &shown.value) {
                    Some(Value::Key(word) | Value::Text(word)) => word.as_str(),
                    _ => return Err(name.clone()),
                };
                let arm = arms
                    .iter()
                    .find(|(label, _)| label == word)
                    .or_else(|| arms.iter().find(|(label, _)| label == "other"));
                if let Some((_, parts)) = arm {
                    write(parts, values, place, number, out)?;
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::locale::Locale;
    use crate::reply::value::Origin;

    fn place(locale: &str) -> Place {
        Place {
            locale: locale.parse::<Locale>().unwrap(),
            zone: jiff::tz::TimeZone::get("America/New_York").unwrap(),
            now: "2026-11-22T15:41:00Z".parse().unwrap(),
            hide_amounts: false,
        }
    }

    fn filled(template: &str, values: &Values) -> Result<String, String> {
        fill(&Template::parse(template).unwrap(), values, &place("en_US"))
    }

    #[test]
    fn plurals_and_selects_pick_their_arm() {
        let values = Values::new()
            .with("n", Value::Count(1), Origin::rule("count"))
            .with("kind", Value::key("debit"), Origin::Customer);
        assert_eq!(
            filled("{n, plural, one {# charge} other {# charges}}", &values).unwrap(),
            "1 charge"
        );
        assert_eq!(
            filled(
                "{kind, select, debit {your debit card} other {your card}}",
                &values
            )
            .unwrap(),
            "your debit card"
        );
    }

    #[test]
    fn a_missing_value_is_named() {
        assert_eq!(filled("{amount}", &Values::new()), Err("amount".to_owned()));
    }

    #[test]
    fn a_moment_is_in_the_customers_zone() {
        let values = Values::new().with(
            "at",
            Value::Moment("2026-11-22T15:41:00Z".parse().unwrap()),
            Origin::bank("account.as_of"),
        );
        assert_eq!(filled("({at})", &values).unwrap(), "(Nov 22, 10:41)");
    }
}
