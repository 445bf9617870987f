//! Faults, worlds, tokens.
