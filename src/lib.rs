//! bursar: a self-hosted Messenger bot that answers banking queries.

pub mod bank;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod config;
pub mod conversation;
pub mod intent;
pub mod message;
pub mod money;
pub mod redact;
pub mod reply;
pub mod store;
pub mod telemetry;
