//! bursar: a self-hosted Messenger bot that answers banking queries.

pub mod app;
pub mod assembly;
pub mod bank;
pub mod channel;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
pub mod conversation;
pub mod http;
pub mod inbox;
pub mod intent;
pub mod message;
pub mod money;
pub mod operate;
pub mod outbox;
pub mod redact;
pub mod replay;
pub mod reply;
#[cfg(test)]
mod requirements;
pub mod serve;
pub mod simulator;
pub mod store;
pub mod suggest;
pub mod telemetry;
pub mod work;
