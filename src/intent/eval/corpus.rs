//! Reading labelled messages, choosing few of them, and spoiling them with slips.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::intent::model::Random;

/// Seeds of the two choices made by chance; fixed, so that figures can be compared.
const SHOTS_SEED: u64 = 20_240_607;
const SLIPS_SEED: u64 = 7;

/// Shortest word that gets a slip.
const SHORTEST: usize = 3;

/// Why a data set could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// The file is missing, unreadable or malformed; `source` says where.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        source: csv::Error,
    },
    /// There is a header and nothing else.
    #[error("{} holds no messages", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
}

/// One labelled message.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) category: String,
}

/// Reads a CSV file with header `text,category`.
pub(super) fn read(path: &Path) -> Result<Vec<Row>, CorpusError> {
    let unreadable = |source| CorpusError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let mut reader = csv::Reader::from_path(path).map_err(unreadable)?;
    let rows: Vec<Row> = reader
        .deserialize()
        .collect::<Result<_, _>>()
        .map_err(unreadable)?;
    if rows.is_empty() {
        return Err(CorpusError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(rows)
}

/// Chooses so many rows of each category, by a fixed seed, and keeps their order.
pub(super) fn few(rows: &[Row], shots: usize) -> Vec<Row> {
    let mut order: Vec<usize> = (0..rows.len()).collect();
    Random::new(SHOTS_SEED).shuffle(&mut order);
    let mut taken: HashMap<&str, usize> = HashMap::new();
    let mut chosen: Vec<(usize, &Row)> = order
        .into_iter()
        .filter_map(|at| rows.get(at).map(|row| (at, row)))
        .filter(|(_, row)| {
            let taken = taken.entry(&row.category).or_default();
            *taken += 1;
            *taken <= shots
        })
        .collect();
    chosen.sort_unstable_by_key(|(at, _)| *at);
    chosen.into_iter().map(|(_, row)| row.clone()).collect()
}

/// Spoils one word of each message with one slip: a letter put in, left out, mistaken, or swapped with the next.
pub(super) fn with_slips(rows: &[Row]) -> Vec<Row> {
    let mut random = Random::new(SLIPS_SEED);
    let spoil = |row: &Row| Row {
        text: with_slip(&row.text, &mut random),
        category: row.category.clone(),
    };
    rows.iter().map(spoil).collect()
}

fn with_slip(text: &str, random: &mut Random) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut words: Vec<std::ops::Range<usize>> = Vec::new();
    let mut start = 0;
    for (at, letter) in letters.iter().copied().chain([' ']).enumerate() {
        if letter.is_alphabetic() {
            continue;
        }
        if at - start >= SHORTEST {
            words.push(start..at);
        }
        start = at + 1;
    }
    let Some(word) = words.get(random.below(words.len())) else {
        return text.to_owned();
    };
    let at = word.start + random.below(word.len());
    let (head, tail) = letters.split_at_checked(at).unwrap_or_default();
    let Some((letter, after)) = tail.split_first() else {
        return text.to_owned();
    };
    let any = char::from(b'a' + u8::try_from(random.below(26)).unwrap_or_default());
    let middle: Vec<char> = match random.below(4) {
        0 => vec![any, *letter],
        1 => Vec::new(),
        2 => vec![any],
        _ => match (after.first(), head.last()) {
            (Some(next), _) if next.is_alphabetic() => {
                let rest = after.iter().skip(1);
                return head.iter().chain([next, letter]).chain(rest).collect();
            }
            (_, Some(before)) => {
                let start = head.iter().take(head.len() - 1);
                return start.chain([letter, before]).chain(after).collect();
            }
            _ => vec![*letter],
        },
    };
    head.iter().chain(&middle).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn rows(number: usize) -> Vec<Row> {
        (0..number)
            .map(|n| Row {
                text: format!("message number {n}"),
                category: format!("c{}", n % 3),
            })
            .collect()
    }

    #[test]
    fn reads_quotes_and_line_breaks() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "text,category\n\"a, \"\"b\"\"\nc\",one\nplain,two\n").unwrap();
        let rows = read(file.path()).unwrap();
        assert_eq!(
            rows[0],
            Row {
                text: "a, \"b\"\nc".into(),
                category: "one".into()
            }
        );
        assert_eq!(rows[1].category, "two");
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        assert!(matches!(
            read(Path::new("no/such/file.csv")),
            Err(CorpusError::Unreadable { .. })
        ));
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "text,category").unwrap();
        assert!(matches!(read(file.path()), Err(CorpusError::Empty { .. })));
        writeln!(file, "only one field").unwrap();
        assert!(matches!(
            read(file.path()),
            Err(CorpusError::Unreadable { .. })
        ));
    }

    #[test]
    fn takes_the_same_few_of_each_category() {
        let few_rows = few(&rows(100), 5);
        assert_eq!(few_rows.len(), 15);
        assert_eq!(few_rows, few(&rows(100), 5));
        assert_eq!(few(&rows(4), 5).len(), 4);
    }

    #[test]
    fn a_slip_is_one_edit() {
        let rows = rows(300);
        let spoilt = with_slips(&rows);
        for (row, spoilt) in rows.iter().zip(&spoilt) {
            assert!(
                strsim::osa_distance(&row.text, &spoilt.text) <= 1,
                "{}",
                spoilt.text
            );
        }
        assert!(
            rows.iter()
                .zip(&spoilt)
                .filter(|(a, b)| a.text != b.text)
                .count()
                > 250
        );
        assert_eq!(with_slip("no 12 a", &mut Random::new(1)), "no 12 a");
        assert_eq!(with_slip("", &mut Random::new(1)), "");
    }
}
