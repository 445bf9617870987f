//! Reads the word lists `words.txt` and `values.txt`, which are part of the binary.

/// Accounts, cards, categories, names of shops ...
const WORDS: &str = include_str!("words.txt");
/// The fixed values of slots, by intent.
const VALUES: &str = include_str!("values.txt");

/// A value and one of the patterns that mean it.
pub(super) type Row = (&'static str, &'static str);

/// The rows of a section of `words.txt`.
pub(super) fn rows(section: &str) -> Vec<Row> {
    sections(WORDS)
        .find(|(name, _)| *name == section)
        .map(|(_, body)| body.lines().flat_map(row).collect())
        .unwrap_or_default()
}

/// The items of a section of `words.txt` that is a plain list.
pub(super) fn list(section: &str) -> Vec<&'static str> {
    sections(WORDS)
        .find(|(name, _)| *name == section)
        .map(|(_, body)| items(body).collect())
        .unwrap_or_default()
}

/// Every section of `values.txt`: its intents, its slot and its rows.
pub(super) fn values() -> impl Iterator<Item = (Vec<&'static str>, &'static str, Vec<Row>)> {
    sections(VALUES).filter_map(|(name, body)| {
        let (intents, slot) = name.split_once(" . ")?;
        Some((
            intents.split(' ').collect(),
            slot,
            body.lines().flat_map(row).collect(),
        ))
    })
}

/// Sections with their names; comments lead the file only.
fn sections(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    text.split("\n[")
        .skip(1)
        .filter_map(|section| section.split_once("]\n"))
}

fn row(line: &'static str) -> impl Iterator<Item = Row> {
    let (value, patterns) = line.split_once(": ").unwrap_or_default();
    items(patterns).map(move |pattern| (value, pattern))
}

fn items(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split([';', '\n'])
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_row_or_a_list() {
        const LISTS: [&str; 7] = [
            "bills",
            "other_categories",
            "people",
            "counted",
            "function",
            "brands",
            "places",
        ];
        for (name, body) in sections(WORDS).chain(sections(VALUES)) {
            for line in body.lines().filter(|line| !line.is_empty()) {
                let is_row = line.split_once(": ").is_some_and(|(value, patterns)| {
                    !value.contains(' ') && !patterns.trim().is_empty()
                });
                assert!(is_row || LISTS.contains(&name), "[{name}] {line}");
            }
        }
        assert!(values().count() > 40 && rows("accounts").len() > 20 && list("places").len() > 100);
    }

    #[test]
    fn parentheses_of_patterns_are_balanced_and_flat() {
        for (_, body) in sections(WORDS).chain(sections(VALUES)) {
            for (_, pattern) in body.lines().flat_map(row) {
                let mut depth = 0_i32;
                for c in pattern.chars() {
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    assert!((0..=1).contains(&depth), "{pattern}");
                }
                assert_eq!(depth, 0, "{pattern}");
            }
        }
    }
}
