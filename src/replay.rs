//! Replay: conversations as files, run through the production path (design 8.6).
//!
//! Signed webhooks go through the real router into a real store; turns, bank commands and sends run over it
//! step by step; the bank answers over real HTTP, and what the Graph stand-in received is compared with what
//! the file says. Time stands still until the file moves it, so the same file gives the same bytes.

mod backstage;
pub mod fixture;
pub mod record;
pub mod report;
pub mod run;
pub mod shown;
mod stage;
#[cfg(test)]
mod tests;
mod update;

pub use fixture::{Fixture, FixtureError, read};
pub use report::{Difference, Failure, Verdict};
pub use run::{Options, Replay, Summary};
