//! `bursar intents check`, `list` and `explain`: the catalogue, looked at from outside.

use std::io::{self, Write};

use crate::intent::Language;
use crate::intent::catalogue::{Catalogue, CatalogueError, SkillFacts};
use crate::intent::matcher::{Context, Matcher};

/// Writes every problem of a loaded (or broken) catalogue. Returns whether there was none.
pub fn check(
    loaded: &Result<Catalogue, CatalogueError>,
    skills: &[SkillFacts<'_>],
    mut out: impl Write,
) -> io::Result<bool> {
    let problems = match loaded {
        Ok(catalogue) => catalogue.lint(skills),
        Err(CatalogueError::Broken(problems)) => problems.clone(),
        Err(error) => {
            writeln!(out, "{error}")?;
            return Ok(false);
        }
    };
    for problem in &problems {
        writeln!(out, "{problem}")?;
    }
    match loaded {
        Ok(catalogue) if problems.is_empty() => {
            let count = |language: Language| {
                catalogue
                    .intents()
                    .iter()
                    .map(|intent| intent.examples.get(language).len())
                    .sum::<usize>()
            };
            writeln!(
                out,
                "{} intents, {} examples in English and {} in Spanish: no problems",
                catalogue.intents().len(),
                count(Language::En),
                count(Language::Es),
            )?;
        }
        _ => writeln!(out, "{} problems", problems.len())?,
    }
    Ok(problems.is_empty())
}

/// Writes one line an intent: name, access, what it does, how many examples it has.
pub fn list(catalogue: &Catalogue, language: Language, mut out: impl Write) -> io::Result<()> {
    for intent in catalogue.intents() {
        let examples: usize = Language::ALL
            .into_iter()
            .map(|language| intent.examples.get(language).len())
            .sum();
        writeln!(
            out,
            "{:<22} {:<10} {:>4}  {}",
            intent.name.as_str(),
            intent.access.name(),
            examples,
            intent.description.get(language),
        )?;
    }
    Ok(())
}

/// Writes what each stage of the matcher made of a message.
pub fn explain(matcher: &Matcher, text: &str, mut out: impl Write) -> io::Result<()> {
    let (_, trace) = matcher.explain(text, &Context::default());
    write!(out, "{trace}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::intent::catalogue::SourceFile;

    #[test]
    fn check_prints_every_problem_and_fails() {
        let files = [SourceFile::new("x.toml", "acess = 'linked'")];
        let loaded = Catalogue::from_files(&files).map_err(CatalogueError::Broken);
        let mut out = Vec::new();
        assert!(!check(&loaded, &[], &mut out).unwrap());
        let text = String::from_utf8(out).unwrap();
        assert!(
            text.contains("x.toml:1: unknown key `acess`; did you mean `access`?"),
            "{text}"
        );
        assert!(text.contains("`replies` is missing"), "{text}");
        assert!(text.ends_with(" problems\n"), "{text}");
    }

    #[test]
    fn explain_names_the_stages() {
        let matcher = Matcher::new(Arc::new(Catalogue::built_in().unwrap())).unwrap();
        let mut out = Vec::new();
        explain(&matcher, "i lost my card", &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for stage in ["redact", "normalize", "language", "safety", "decide"] {
            assert!(text.contains(stage), "{stage} in {text}");
        }
        assert!(text.contains("act: card_lost_stolen"), "{text}");
    }
}
