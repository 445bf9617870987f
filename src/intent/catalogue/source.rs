//! Where intent files come from: the binary, or a directory that overrides it.

use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use include_dir::{Dir, include_dir};

/// The catalogue that ships with the binary.
static BUILT_IN: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/intents");

/// One file of a catalogue.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// The file's name, `balance.toml`.
    pub name: Arc<str>,
    /// What is in it.
    pub text: String,
}

impl SourceFile {
    /// Returns a file with this name and content.
    pub fn new(name: &str, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
        }
    }

    /// Returns the intent's name: the file's without its ending.
    pub(super) fn stem(&self) -> &str {
        self.name.strip_suffix(".toml").unwrap_or(&self.name)
    }
}

/// Returns the files built into the binary, by name.
pub(super) fn built_in() -> Vec<SourceFile> {
    let mut files: Vec<SourceFile> = BUILT_IN
        .files()
        .filter_map(|file| {
            let name = file.path().to_str().filter(|name| is_intent_file(name))?;
            Some(SourceFile::new(name, file.contents_utf8()?))
        })
        .collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Reads the files of a directory, by name. What is no `.toml` file is left alone.
pub(super) fn directory(path: &Path) -> io::Result<Vec<SourceFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| is_intent_file(name)) else {
            continue;
        };
        files.push(SourceFile::new(name, fs::read_to_string(entry.path())?));
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

fn is_intent_file(name: &str) -> bool {
    // Editors leave `.#balance.toml` behind.
    Path::new(name)
        .extension()
        .is_some_and(|ending| ending == "toml")
        && !name.starts_with('.')
}
