//! The seam to the classifier: whatever can rank the catalogue's intents for a message.

/// What a classifier says about a message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Classified {
    /// Intents, as positions in the catalogue, with their probability, best first. Unlikely ones may be left out.
    pub ranked: Vec<(usize, f32)>,
    /// How sure it is that the message is about anything in the catalogue, from 0 to 1.
    pub in_scope: f32,
}

/// Ranks intents. Implementations are deterministic and do no I/O.
pub trait Classify: Send + Sync {
    /// Ranks the intents for a message in normal form.
    fn classify(&self, form: &str) -> Classified;
}
