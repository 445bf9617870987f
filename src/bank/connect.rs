//! From a configured bank to its ports.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use reqwest::Url;

use super::extension::Extension;
use super::fdx::{self, Fdx, movement};
use super::http::hosts::parse_base;
use super::http::{AddressError, BearerClient, CallObserver, ClientError, HttpClient, HttpLimits};
use super::token::SimulatorTokens;
use super::{Bank, BankId, TokenSource};
use crate::clock::SharedClock;

/// The simulator keeps an idempotency key so long.
const SIMULATOR_KEYS: Duration = Duration::from_hours(24);

/// The kinds of bank with what each needs.
pub enum Kind {
    /// The simulated bank.
    Simulator(SimulatorLink),
    /// A bank that speaks FDX.
    Fdx(FdxLink),
}

/// How the simulated bank is reached.
pub struct SimulatorLink {
    /// Its address, `http://127.0.0.1:PORT`.
    pub url: String,
    /// The zone of the scenario.
    pub zone: TimeZone,
    /// Wrapped objects (`/fdx/v5`) rather than flat ones (`/fdx/v6`).
    pub wrapped: bool,
    /// For the life of tokens.
    pub clock: SharedClock,
}

/// How a bank that speaks FDX is reached.
pub struct FdxLink {
    /// Its base, ending in `/fdx/v6` or the like.
    pub base_url: String,
    /// What differs from bank to bank.
    pub settings: fdx::Settings,
    /// Where tokens come from.
    pub tokens: Arc<dyn TokenSource>,
}

/// Why a bank could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Its address cannot be used.
    #[error("the address of the bank cannot be used")]
    Address(#[from] AddressError),
    /// No client.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Makes the ports of a configured bank. Nothing is sent.
pub fn connect(
    id: BankId,
    name: String,
    kind: Kind,
    limits: HttpLimits,
    observer: Arc<dyn CallObserver>,
) -> Result<Bank, ConnectError> {
    match kind {
        Kind::Simulator(link) => simulator(id, name, link, limits, observer),
        Kind::Fdx(link) => {
            let base = parse_base(&link.base_url)?;
            let http = Arc::new(HttpClient::new(id.clone(), &base, limits, observer)?);
            let zone = link.settings.zone.clone();
            let moves = link.settings.movement.is_some();
            let recurs = link.settings.movement.as_ref().is_some_and(|o| o.recurring);
            let fdx = Arc::new(Fdx::new(
                BearerClient::new(http, base, link.tokens),
                link.settings,
            ));
            Ok(Bank {
                id,
                name,
                zone,
                reading: Some(fdx.clone()),
                cards: None,
                disputes: None,
                standing_orders: recurs.then(|| fdx.clone() as Arc<dyn super::StandingOrders>),
                rates: None,
                card_services: None,
                rewards: None,
                // The page that shows them needs the bank's own login first (L2), which account linking brings.
                papers: None,
                alerts: None,
                payments: moves.then(|| fdx.clone() as Arc<dyn super::Payments>),
                commands: moves.then(|| fdx.clone() as Arc<dyn super::Commands>),
            })
        }
    }
}

fn simulator(
    id: BankId,
    name: String,
    link: SimulatorLink,
    limits: HttpLimits,
    observer: Arc<dyn CallObserver>,
) -> Result<Bank, ConnectError> {
    let root = parse_base(&link.url)?;
    let below = |path: &str| -> Result<Url, ConnectError> {
        Ok(root.join(path).map_err(|_| AddressError::Malformed)?)
    };
    let http = Arc::new(HttpClient::new(id.clone(), &root, limits, observer)?);
    let tokens: Arc<dyn TokenSource> = Arc::new(SimulatorTokens::new(
        Arc::clone(&http),
        below("oauth2/token")?,
        link.clock,
    ));
    let mut settings = fdx::Settings::new(name.clone(), link.zone.clone());
    settings.movement = Some(movement::Offer {
        key_window: SIMULATOR_KEYS,
        transfer_dates: true,
        recurring: true,
    });
    let family = if link.wrapped { "fdx/v5/" } else { "fdx/v6/" };
    let fdx = Arc::new(Fdx::new(
        BearerClient::new(Arc::clone(&http), below(family)?, Arc::clone(&tokens)),
        settings,
    ));
    let extension = Arc::new(Extension::new(
        BearerClient::new(http, below("ext/v1/")?, tokens),
        Arc::clone(&fdx),
    ));
    Ok(Bank {
        id,
        name,
        zone: link.zone,
        reading: Some(fdx.clone()),
        cards: Some(extension.clone()),
        disputes: Some(extension.clone()),
        standing_orders: Some(fdx.clone()),
        rates: Some(extension.clone()),
        card_services: Some(extension.clone()),
        rewards: Some(extension.clone()),
        alerts: Some(extension.clone()),
        papers: Some(fdx.clone()),
        payments: Some(fdx),
        commands: Some(extension),
    })
}
