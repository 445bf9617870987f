//! The `bursar` binary: parse, run, and say why not.

use std::process::ExitCode;

use bursar::cli;
use clap::Parser as _;

fn main() -> ExitCode {
    cli::run(cli::Cli::parse())
}
