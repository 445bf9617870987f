//! Branches and cash machines, from a file the operator keeps. The chat has no map and does not know where the
//! customer is, so a place is found by its ZIP code or its city, and nothing is said about distance.

use std::str::FromStr;

use jiff::civil::Date;
use serde::Deserialize;

use crate::intent::Language;
use crate::intent::normalize::normalize;

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlaceKind {
    /// A cash machine.
    Atm,
    /// A branch.
    Branch,
}

/// A sentence part in each language.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InBoth {
    en: String,
    es: String,
}

impl InBoth {
    /// Returns it in a language.
    pub fn get(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Es => &self.es,
        }
    }
}

/// One branch or cash machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// What it is.
    pub kind: PlaceKind,
    /// What it is called.
    pub name: String,
    /// Street and number.
    pub address: String,
    /// The city.
    pub city: String,
    /// The ZIP or postal code.
    pub zip: String,
    /// When it is open, in words.
    pub hours: InBoth,
}

/// All of them, as of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    /// When the list was last checked.
    pub version: Date,
    /// The list.
    pub sites: Vec<Site>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: toml::value::Datetime,
    place: Vec<Site>,
}

impl FromStr for Places {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let version = file
            .version
            .date
            .and_then(|day| day.to_string().parse().ok())
            .ok_or("`version` is no day such as 2026-11-22")?;
        Ok(Self {
            version,
            sites: file.place,
        })
    }
}

impl Places {
    /// The list of the simulated bank.
    pub fn sample() -> Self {
        include_str!("../../fixtures/places/sample.toml")
            .parse()
            .unwrap_or(Self {
                version: Date::ZERO,
                sites: Vec::new(),
            })
    }

    /// Finds what is at a place the customer named: its ZIP code, or its city in any spelling of case and
    /// accents. Where a ZIP code has nothing, its first three digits are an area that may.
    pub fn at(&self, place: &str, kind: Option<PlaceKind>) -> Vec<&Site> {
        let wanted = normalize(place).text;
        let of_kind = || {
            self.sites
                .iter()
                .filter(|site| kind.is_none_or(|kind| site.kind == kind))
        };
        let exactly: Vec<&Site> = of_kind()
            .filter(|site| site.zip == wanted || holds(&wanted, &normalize(&site.city).text))
            .collect();
        let area = wanted
            .get(..3)
            .filter(|_| wanted.len() == 5 && wanted.bytes().all(|b| b.is_ascii_digit()));
        match area {
            Some(area) if exactly.is_empty() => of_kind()
                .filter(|site| site.zip.starts_with(area))
                .collect(),
            _ => exactly,
        }
    }
}

/// Tells whether a city's name stands in the customer's words, whole.
fn holds(words: &str, city: &str) -> bool {
    !city.is_empty() && format!(" {words} ").contains(&format!(" {city} "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(place: &str, kind: Option<PlaceKind>) -> Vec<String> {
        Places::sample()
            .at(place, kind)
            .iter()
            .map(|site| site.name.clone())
            .collect()
    }

    #[test]
    fn zip_codes_and_cities_are_found() {
        assert_eq!(names("01103", None), ["Market Street", "Union Station"]);
        assert_eq!(
            names("SPRINGFIELD", Some(PlaceKind::Atm)),
            ["Union Station", "River Mall"]
        );
        assert_eq!(
            names("downtown chicago", Some(PlaceKind::Branch)),
            ["Harbor Square"]
        );
    }

    #[test]
    fn a_code_with_nothing_falls_back_to_its_area_and_a_strange_city_to_nothing() {
        assert_eq!(names("01199", Some(PlaceKind::Branch)), ["Market Street"]);
        assert!(names("paris", None).is_empty());
        assert!(names("90210", None).is_empty());
        assert!(names("", None).is_empty());
    }

    #[test]
    fn a_file_with_an_unknown_key_is_refused() {
        let wrong = "version = 2026-11-22\n[[place]]\nkind = \"kiosk\"";
        assert!(wrong.parse::<Places>().is_err());
        assert!("version = 1".parse::<Places>().is_err());
    }
}
