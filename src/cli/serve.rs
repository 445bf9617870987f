//! `bursar serve`: production.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::serve::{Hooks, Server};

use super::{Failure, Outcome};

/// Which configuration.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Runs the command.
pub fn run(args: &ServeArgs, out: &mut dyn Write) -> Outcome {
    let config = Config::load(&args.config, std::env::vars())?;
    crate::telemetry::init(config.telemetry.format, &config.telemetry.filter)
        .map_err(|error| Failure::Usage(error.into()))?;
    let runtime = super::runtime()?;
    let ended = runtime.block_on(async {
        let server = Server::start(&config, Arc::new(SystemClock), Hooks::default()).await?;
        writeln!(
            out,
            "bursar serves on http://{} (admin on http://{})",
            server.public(),
            server.admin()
        )
        .and_then(|()| out.flush())
        .context("cannot write")?;
        tracing::info!(listen = %server.public(), admin = %server.admin(), "serving");
        let stop = server.stopper();
        tokio::select! {
            ended = stopped_by_signal(&stop) => {
                ended?;
                Ok(())
            }
            ended = server_until(server, stop.clone()) => ended,
        }
    });
    // Whatever a second signal cut off is not waited for.
    runtime.shutdown_background();
    ended.map_err(Failure::from)
}

async fn server_until(server: Server, stop: CancellationToken) -> anyhow::Result<()> {
    let ended = server.run().await;
    drop(stop);
    ended
}

/// The first signal drains, the second stops at once. Resolves only at the second.
pub(super) async fn stopped_by_signal(stop: &CancellationToken) -> anyhow::Result<()> {
    signal().await?;
    tracing::info!("stopping: finishing leased work; a second signal stops at once");
    stop.cancel();
    signal().await?;
    tracing::warn!("stopped at once");
    Ok(())
}

/// Waits for SIGINT or SIGTERM.
async fn signal() -> anyhow::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.context("cannot listen for signals"),
        _ = terminate.recv() => Ok(()),
    }
}
