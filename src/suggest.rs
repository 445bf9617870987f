//! Suggestions for mistyped names: in configuration, catalogue files and fixtures.

use strsim::damerau_levenshtein;

/// Returns "did you mean `x`?" for the candidate nearest to `word`, `None` where none is near.
pub fn did_you_mean<'c>(
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<String> {
    // A third of the letters may be wrong: beyond that a suggestion is a guess.
    let most = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            *distance <= most || (word.len() > 3 && candidate.starts_with(word))
        })
        .min()
        .map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_what_is_near() {
        let known = ["examples", "patterns", "replies"];
        assert_eq!(
            did_you_mean("exmaples", known).as_deref(),
            Some("did you mean `examples`?")
        );
        assert_eq!(did_you_mean("colour", known), None);
    }
}
