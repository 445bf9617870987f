//! What replay says about conversations that go otherwise than their file says.

use std::path::Path;
use std::sync::Arc;

use super::{Options, Replay, fixture};
use crate::intent::catalogue::Catalogue;
use crate::intent::matcher::Matcher;
use crate::simulator::bank::Scenarios;

/// Every file of `fixtures/conversations_failing` fails with the words beside it. Set `UPDATE_FIXTURES=1` to write
/// them anew, and review the difference.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failing_conversation_says_where_and_how_it_differs() {
    let catalogue = Arc::new(Catalogue::built_in().unwrap());
    let matcher = Arc::new(Matcher::new(Arc::clone(&catalogue)).unwrap());
    let replay = Replay::start(catalogue, matcher, Scenarios::built_in())
        .await
        .unwrap();
    // Relative, as the report prints it; tests run in the package's folder.
    let folder = Path::new("fixtures/conversations_failing");
    // How sure the matcher was changes with its training, and is not what is compared.
    let sure = regex::Regex::new(r"\([01]\.\d\d\)").unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "txt") {
            continue;
        }
        count += 1;
        let got: String = match fixture::read(&path) {
            Err(error) => format!("{error}\n"),
            Ok(fixture) => {
                let summary = replay
                    .run(
                        &[fixture],
                        &Options {
                            update: false,
                            jobs: 1,
                        },
                        |_| {},
                    )
                    .await
                    .unwrap();
                summary.failures().map(ToString::to_string).collect()
            }
        };
        let got = sure.replace_all(&got, "(sure)").into_owned();
        assert!(!got.is_empty(), "{} passes", path.display());
        let beside = path.with_extension("err");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&beside, &got).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(got, expected, "{}", path.display());
    }
    assert!(count >= 15, "{count} files");
}
