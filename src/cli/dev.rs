//! `bursar dev`: the whole local world, with a chat page. No configuration, no network.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use crate::config::LogFormat;
use crate::simulator::world::{World, WorldOptions};

use super::{Failure, Outcome, serve};

/// Where and with what.
#[derive(Debug, Args)]
pub struct DevArgs {
    /// The chat page's port
    #[arg(long, default_value_t = 8400)]
    port: u16,
    /// Keeps state here instead of in a temporary folder
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The simulated bank's scenario
    #[arg(long, value_name = "SCENARIO", default_value = "everyday")]
    bank: String,
}

/// Runs the command.
pub fn run(args: &DevArgs, out: &mut dyn Write) -> Outcome {
    let filter = std::env::var("BURSAR_LOG").unwrap_or_else(|_| "warn".to_owned());
    crate::telemetry::init(LogFormat::Pretty, &filter)
        .map_err(|error| Failure::Usage(error.into()))?;
    let options = WorldOptions {
        port: args.port,
        scenario: args.bank.clone(),
        state: args.state.clone(),
        starts: None,
    };
    let runtime = super::runtime()?;
    let ended = runtime.block_on(async {
        let world = World::start(&options, None).await?;
        writeln!(
            out,
            "Chat with the bot: {}\n  bot    http://{}\n  admin  http://{}\n  state  {}\n\
             The money is simulated, so moving it is on here; `serve` has it off until [actions] says otherwise.\n\
             Ctrl-C ends it.",
            world.messenger().url(),
            world.server().public(),
            world.server().admin(),
            world.state().display(),
        )
        .and_then(|()| out.flush())
        .context("cannot write")?;
        let stop = world.server().stopper();
        tokio::select! {
            ended = serve::stopped_by_signal(&stop) => ended,
            ended = world.run() => ended,
        }
    });
    runtime.shutdown_background();
    ended.map_err(Failure::Runtime)
}
