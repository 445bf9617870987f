//! The local world: the parties bursar talks to, played by servers of our own.

pub mod bank;
