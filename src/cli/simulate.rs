//! `bursar simulate`: one simulator alone, on a port, for a bot in another process.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use tokio_util::sync::CancellationToken;

use crate::clock::SystemClock;
use crate::simulator::bank::{self, BankSimulator, Scenarios};
use crate::simulator::messenger::{self, Beside, MessengerSimulator, Webhooks};

use super::{Failure, Outcome, serve};

/// Which simulator.
#[derive(Debug, Subcommand)]
pub enum SimulateCommand {
    /// A bank that speaks FDX and OAuth 2
    Bank(BankArgs),
    /// Messenger: a Graph stand-in with a chat page
    Messenger(MessengerArgs),
}

/// How the bank runs.
#[derive(Debug, Args)]
pub struct BankArgs {
    /// Where it listens; 0 takes any
    #[arg(long, default_value_t = 8402)]
    port: u16,
    /// The scenario of subjects that name none
    #[arg(long, default_value = "everyday")]
    scenario: String,
}

/// How Messenger runs.
#[derive(Debug, Args)]
pub struct MessengerArgs {
    /// Where it listens; 0 takes any
    #[arg(long, default_value_t = 8401)]
    port: u16,
    /// Where the bot takes webhooks
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:8080/webhooks/messenger"
    )]
    webhook: String,
    /// The app secret that signs webhooks
    #[arg(long, default_value = "app-secret")]
    app_secret: String,
}

/// Runs the command.
pub fn run(command: &SimulateCommand, out: &mut dyn Write) -> Outcome {
    let runtime = super::runtime()?;
    let ended = runtime.block_on(async {
        let stop = CancellationToken::new();
        match command {
            SimulateCommand::Bank(args) => {
                let options = bank::Options {
                    listen: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
                    scenario: args.scenario.clone(),
                    recorded_calls: 200,
                    control_over_http: true,
                    ..bank::Options::default()
                };
                let clock = Arc::new(SystemClock);
                let bank = BankSimulator::start(Scenarios::built_in(), clock, options).await?;
                say(out, &format!("The simulated bank: {}", bank.url()))?;
                until_signal(&stop).await?;
                bank.stop().await;
            }
            SimulateCommand::Messenger(args) => {
                let options = messenger::Options {
                    listen: SocketAddr::from((Ipv4Addr::LOCALHOST, args.port)),
                    app_secret: args.app_secret.clone(),
                    webhooks: Webhooks::Posted(Some(args.webhook.clone())),
                    beside: Beside::ChatPage,
                    ..messenger::Options::default()
                };
                let token = options.pages.first().map(|page| page.token.clone());
                let messenger = MessengerSimulator::start(options, Arc::new(SystemClock)).await?;
                say(
                    out,
                    &format!(
                        "Simulated Messenger: {url}\n  webhooks to              {}\n  \
                         messenger.graph_base_url     {url}\n  \
                         messenger.page_access_token  {}",
                        args.webhook,
                        token.unwrap_or_default(),
                        url = messenger.url(),
                    ),
                )?;
                until_signal(&stop).await?;
                messenger.stop().await;
            }
        }
        anyhow::Ok(())
    });
    runtime.shutdown_background();
    ended.map_err(Failure::Runtime)
}

fn say(out: &mut dyn Write, words: &str) -> anyhow::Result<()> {
    writeln!(out, "{words}\nCtrl-C ends it.")
        .and_then(|()| out.flush())
        .context("cannot write")
}

async fn until_signal(stop: &CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        ended = serve::stopped_by_signal(stop) => ended,
        () = stop.cancelled() => Ok(()),
    }
}
