//! Replies: named variants of the catalogue, filled with values that know where they come from.
//!
//! The skill chooses the variant and gives typed values; the catalogue says it in words; this module
//! joins the two. It decides nothing.

pub mod chart;
pub mod locale;
pub mod render;
pub mod value;

pub use render::RenderError;
pub use value::{Origin, Place, Shown, Value, Values};
