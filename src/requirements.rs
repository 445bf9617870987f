//! The table of requirements in `docs/requirements.md`: every one is there, and what it cites exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How many requirements each group has.
const GROUPS: [(char, usize); 9] = [
    ('A', 14),
    ('B', 9),
    ('C', 10),
    ('D', 12),
    ('E', 11),
    ('F', 7),
    ('G', 8),
    ('H', 8),
    ('I', 7),
];

/// Groups in which nothing may be left to come.
const WHOLE: &str = "ABCGI";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns every row: requirement, and what is cited for it.
fn rows() -> Vec<(String, Vec<String>)> {
    let page = std::fs::read_to_string(root().join("docs/requirements.md")).unwrap();
    let mut rows = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let mut cells = line.trim_matches('|').split('|');
        let id = cells.next().unwrap_or_default().trim();
        let group = id.chars().next().unwrap_or_default();
        if !GROUPS.iter().any(|(known, _)| *known == group)
            || !id[1..].starts_with(|c: char| c.is_ascii_digit())
        {
            continue;
        }
        let cited = cells.nth(1).unwrap_or_default();
        let cited = cited.split('`').skip(1).step_by(2).map(str::to_owned);
        rows.push((id.to_owned(), cited.collect()));
    }
    rows
}

#[test]
fn every_requirement_has_its_row() {
    let rows = rows();
    let ids: Vec<&str> = rows.iter().map(|(id, _)| id.as_str()).collect();
    let expected: Vec<String> = GROUPS
        .iter()
        .flat_map(|(group, count)| (1..=*count).map(move |number| format!("{group}{number}")))
        .collect();
    assert_eq!(ids, expected);
    for (id, cited) in &rows {
        let whole = id.starts_with(|group| WHOLE.contains(group));
        assert!(!whole || !cited.is_empty(), "{id} cites nothing");
    }
}

#[test]
fn everything_cited_exists() {
    let tests = tests();
    let mut missing = Vec::new();
    for (id, cited) in rows() {
        for name in cited {
            let there = if name.starts_with("fixtures/") {
                root().join(&name).exists()
            } else {
                name.rsplit_once("::").is_some_and(|(module, test)| {
                    // Test modules inside a file have no file of their own.
                    tests
                        .get(test)
                        .is_some_and(|files| files.iter().any(|file| module.starts_with(file)))
                })
            };
            if !there {
                missing.push(format!("{id}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Finds every test: its name, and the modules of the files it stands in.
fn tests() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut open: Vec<PathBuf> = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let contract = module(&path).starts_with("store::contract");
                for name in test_names(&text, contract) {
                    found.entry(name).or_default().insert(module(&path));
                }
            }
        }
    }
    found
}

/// Names a file's module as `cargo test` prints it.
fn module(path: &Path) -> String {
    let inside = path
        .strip_prefix(root().join("src"))
        .or_else(|_| path.strip_prefix(root().join("tests")))
        .unwrap();
    inside
        .with_extension("")
        .to_string_lossy()
        .replace('/', "::")
}

/// Returns the functions that follow a test attribute; all of a file of the store's contract, which a macro makes
/// tests of.
fn test_names(text: &str, contract: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut armed = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            armed = true;
        }
        let declared = match line.split_once("fn ") {
            Some((before, rest)) if before.is_empty() || before.ends_with(' ') => Some(rest),
            _ => None,
        };
        if let Some((name, _)) = declared.and_then(|rest| rest.split_once(['(', '<'])) {
            if armed || contract {
                names.push(name.to_owned());
            }
            armed = false;
        }
    }
    names
}
