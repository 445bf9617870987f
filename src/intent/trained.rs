//! Finding the model of a catalogue: built in, kept from an earlier run, or trained now (design section 4).

use std::path::{Path, PathBuf};

use super::catalogue::Catalogue;
use super::classify::{self, Classifier};
use super::model::{FormatError, Model};

/// Returns the classifier of a catalogue. One that is not built in is trained once and kept in `cache` under the hash
/// of what it was trained on; a file there that cannot be read or written only costs time.
pub fn find(catalogue: &Catalogue, cache: Option<&Path>) -> Result<Classifier, FormatError> {
    let built_in = Classifier::built_in(catalogue)?;
    if built_in.is_of(catalogue) {
        return Ok(built_in);
    }
    let kept = cache.map(|folder| file(folder, catalogue));
    let read = kept
        .as_ref()
        .and_then(|kept| std::fs::read(kept).ok())
        .and_then(|bytes| Model::from_vec(bytes).ok())
        .map(|model| Classifier::new(model, catalogue))
        .filter(|classifier| classifier.is_of(catalogue));
    if let Some(classifier) = read {
        return Ok(classifier);
    }
    tracing::info!("training the model of this catalogue; it is kept for the next start");
    let model = classify::train_like_built_in(catalogue)?;
    if let Some(kept) = kept
        && let Err(error) = keep(&kept, &model.to_bytes())
    {
        tracing::warn!(error = %error, "cannot keep the trained model; the next start trains again");
    }
    Ok(Classifier::new(model, catalogue))
}

/// Returns the user's cache folder, if the environment names one.
pub fn cache_folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = named("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| named("HOME").map(|home| PathBuf::from(home).join(".cache")))?;
    Some(folder.join("bursar"))
}

fn file(folder: &Path, catalogue: &Catalogue) -> PathBuf {
    let hash = hex::encode(classify::fingerprint(catalogue));
    folder.join(format!("{hash}.model"))
}

/// Writes beside and renames: another process never reads half a model.
fn keep(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let beside = file.with_extension(format!("{}.part", std::process::id()));
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intent::catalogue::SourceFile;

    fn small() -> Catalogue {
        let file = |name: &str, words: [&str; 3]| {
            let text = format!(
                r#"access = "anonymous"
[description]
en = "say something"
es = "decir algo"
[examples]
en = {words:?}
es = {words:?}
[replies.en]
answer = "Yes."
[replies.es]
answer = "Sí."
"#
            );
            SourceFile::new(&format!("{name}.toml"), text)
        };
        Catalogue::from_files(&[
            file("tea", ["a cup of tea", "green tea", "tea please"]),
            file("milk", ["a glass of milk", "cold milk", "milk please"]),
        ])
        .unwrap()
    }

    #[test]
    fn the_built_in_model_is_of_the_built_in_catalogue() {
        let catalogue = Catalogue::built_in().unwrap();
        assert!(
            Classifier::built_in(&catalogue).unwrap().is_of(&catalogue),
            "the examples changed: run `cargo run --release -- intents train` and commit the model"
        );
    }

    #[test]
    fn another_catalogue_is_trained_once_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = small();
        let first = find(&catalogue, Some(folder.path())).unwrap();
        assert!(first.is_of(&catalogue));
        let kept = file(folder.path(), &catalogue);
        assert!(kept.is_file());
        // What is kept is what is used: a model of something else is not.
        std::fs::write(&kept, b"nonsense").unwrap();
        assert!(
            find(&catalogue, Some(folder.path()))
                .unwrap()
                .is_of(&catalogue)
        );
        assert!(Model::from_vec(std::fs::read(&kept).unwrap()).is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_written_only_costs_time() {
        let folder = tempfile::NamedTempFile::new().unwrap();
        assert!(find(&small(), Some(folder.path())).unwrap().is_of(&small()));
    }
}
