//! The command line: one file a command, each writing to the writer it is given.

pub mod intents;
pub mod understand;
