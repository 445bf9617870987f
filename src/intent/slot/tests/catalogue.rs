//! The built-in catalogue and the grammar know the same intents, slots and values.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::intent::slot::fill::INTENTS;
use crate::intent::slot::{SlotContext, fill};
use crate::intent::{Language, SlotValue};

/// The files of the catalogue that are intents, parsed.
fn intents() -> BTreeMap<String, toml::Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("intents");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .map(|path| {
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            (
                name,
                toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(),
            )
        })
        .filter(|(name, _): &(String, toml::Value)| !name.starts_with('_'))
        .collect()
}

fn slots(intent: &toml::Value) -> BTreeSet<&str> {
    let table = intent.get("slots").and_then(toml::Value::as_table);
    table
        .into_iter()
        .flat_map(|table| table.keys().map(String::as_str))
        .collect()
}

#[test]
fn the_catalogue_has_the_slots_that_are_filled() {
    let catalogue = intents();
    for (name, known) in INTENTS {
        let declared = slots(
            catalogue
                .get(*name)
                .unwrap_or_else(|| panic!("{name} is no intent")),
        );
        assert_eq!(
            known.iter().copied().collect::<BTreeSet<_>>(),
            declared,
            "{name}"
        );
    }
    for (name, intent) in &catalogue {
        let known = INTENTS.iter().any(|(known, _)| known == name);
        assert!(
            known || slots(intent).is_empty(),
            "{name} has slots that nothing fills"
        );
    }
}

#[test]
fn every_example_gets_values_that_the_catalogue_allows() {
    for (name, intent) in intents() {
        for (code, language) in [("en", Language::En), ("es", Language::Es)] {
            let examples = intent
                .get("examples")
                .and_then(|examples| examples.get(code));
            for example in examples
                .and_then(toml::Value::as_array)
                .into_iter()
                .flatten()
            {
                let example = example.as_str().unwrap();
                for (slot, value) in fill(&name, example, language, &SlotContext::default()).iter()
                {
                    let allowed = intent["slots"][slot]
                        .get("values")
                        .and_then(toml::Value::as_array);
                    let fits = allowed.is_none_or(|values| {
                        values
                            .iter()
                            .any(|allowed| value == &SlotValue::from(allowed.as_str().unwrap()))
                    });
                    assert!(fits, "{name}: {slot}={value:?} in {example:?}");
                }
            }
        }
    }
}
