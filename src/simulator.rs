//! The local world: what stands in for the bank and for Meta where there is neither.
//!
//! Every hop in it is the production hop: real HTTP, real signatures, the real adapter and sender.

pub mod bank;
mod listener;
pub mod messenger;
pub mod world;
