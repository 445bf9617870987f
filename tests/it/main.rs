//! End to end: the real binary as a process, other servers, simulated parties over real HTTP.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test says what went wrong by failing"
)]

mod apart;
mod cases;
mod contract;
mod faults;
mod heldout;
mod kill;
mod process;
mod quiet;
mod replay;
mod start;
mod steps;
mod view;
