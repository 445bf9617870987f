//! From configuration to a running app: the one place where everything meets. `serve`, `dev`, `chat`,
//! `replay` and the tests differ only in what they pass in.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::app::{App, AutoLink, Interrupts, Policies, Witness};
use crate::bank::{Bank, CommandKind, Subject, read};
use crate::channel::Outlet;
use crate::clock::SharedClock;
use crate::config::{BankKind, Config, People};
use crate::conversation::fees::FeeList;
use crate::conversation::legal::Rights;
use crate::conversation::places::Places;
use crate::conversation::policy::{Limits, Policy, Ports};
use crate::conversation::step::Understand;
use crate::intent::catalogue::Catalogue;
use crate::message::{PageId, Psid};
use crate::reply::locale::Locale;
use crate::store::keys::Keys;
use crate::store::{NodeId, Store};
use crate::telemetry::Metrics;

/// How long a silence is before it is said again that a bot is speaking (5.6).
const DISCLOSURE_LAPSE_MS: i64 = 24 * 60 * 60 * 1000;

/// What an app is made of.
pub struct Parts {
    /// Tells the time.
    pub clock: SharedClock,
    /// The store.
    pub store: Arc<dyn Store>,
    /// The key store.
    pub keys: Arc<Keys>,
    /// The catalogue.
    pub catalogue: Arc<Catalogue>,
    /// The matcher.
    pub matcher: Arc<dyn Understand>,
    /// The bank.
    pub bank: Bank,
    /// Who is linked without a link page.
    pub auto_link: Option<Arc<dyn AutoLink>>,
    /// The way out.
    pub outlet: Arc<dyn Outlet>,
    /// By Page.
    pub policies: Policies,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Our app's id at Meta.
    pub app_id: Option<String>,
    /// Watches turns.
    pub witness: Option<Arc<dyn Witness>>,
}

/// Puts an app together.
pub fn app(parts: Parts) -> Arc<App> {
    Arc::new(App {
        clock: parts.clock,
        store: parts.store,
        keys: parts.keys,
        catalogue: parts.catalogue,
        matcher: parts.matcher,
        bank: parts.bank,
        auto_link: parts.auto_link,
        outlet: parts.outlet,
        policies: parts.policies,
        metrics: parts.metrics,
        app_id: parts.app_id,
        node: NodeId(rand::random()),
        interrupts: Interrupts::default(),
        read_budget: read::BUDGET,
        witness: parts.witness,
    })
}

/// What a Page's policy is made of.
#[derive(Debug, Clone)]
pub struct PolicyParts<'a> {
    /// The bank's name as customers know it.
    pub brand: &'a str,
    /// Language and region.
    pub locale: Locale,
    /// The customers' zone.
    pub zone: TimeZone,
    /// What is switched on.
    pub actions: BTreeSet<CommandKind>,
    /// How much may leave an account through the chat.
    pub limits: Limits,
    /// The people behind the bot.
    pub people: &'a People,
    /// Where our pages are.
    pub public_url: Option<String>,
    /// Whether chat is an accepted address for written notices.
    pub chat_is_notice_address: bool,
    /// The address for written notices.
    pub notice_address: Option<String>,
    /// Whose law holds for disputes.
    pub rights: Rights,
    /// What fees cost.
    pub fees: Option<Arc<FeeList>>,
}

/// Makes a Page's policy for a bank.
pub fn policy(parts: PolicyParts<'_>, bank: &Bank) -> Policy {
    Policy {
        brand: parts.brand.to_owned(),
        phone: parts.people.phone.clone(),
        hours_text: parts.people.hours_text.clone(),
        hours: parts.people.hours.clone(),
        places: parts.people.places.clone(),
        fees: parts.fees,
        locale: parts.locale,
        zone: parts.zone,
        bank_zone: bank.zone.clone(),
        offers: CommandKind::ALL
            .into_iter()
            .filter(|kind| bank.offers(*kind).is_some())
            .collect(),
        actions: parts.actions,
        limits: parts.limits,
        ports: Ports {
            reading: bank.reading.is_some(),
            cards: bank.cards.is_some(),
            disputes: bank.disputes.is_some(),
            standing_orders: bank.standing_orders.is_some(),
            rates: bank.rates.is_some(),
            card_services: bank.card_services.is_some(),
            rewards: bank.rewards.is_some(),
            alerts: bank.alerts.is_some(),
            papers: bank.papers.is_some(),
            payments: bank.payments.is_some(),
        },
        public_url: parts.public_url,
        disclosure_lapse_ms: DISCLOSURE_LAPSE_MS,
        chat_is_notice_address: parts.chat_is_notice_address,
        notice_address: parts.notice_address,
        rights: parts.rights,
    }
}

/// Makes the policies of a configuration's Pages.
pub fn policies(config: &Config, bank: &Bank) -> Policies {
    let mut policies = Policies::default();
    let mut people = config.people.clone();
    if people.places.is_none() && config.bank.kind == BankKind::Simulator {
        people.places = Some(Arc::new(Places::sample()));
    }
    let mut fees = config.bank.fees.clone();
    if fees.is_none() && config.bank.kind == BankKind::Simulator {
        fees = Some(Arc::new(FeeList::sample()));
    }
    for page in &config.pages {
        let parts = PolicyParts {
            brand: &page.brand,
            locale: page.locale,
            zone: page.zone.clone(),
            actions: config.actions.clone(),
            limits: config.limits.clone(),
            people: &people,
            public_url: config.server.public_url.clone(),
            chat_is_notice_address: config.bank.chat_is_notice_address,
            notice_address: config.bank.notice_address.clone(),
            rights: config.bank.rights.clone(),
            fees: fees.clone(),
        };
        policies.add(page.id.clone(), policy(parts, bank));
    }
    policies
}

/// Links every conversation to a simulated customer of its own: the same scenario, a world each, so that
/// one visitor's frozen card is not another's (design 8.2).
#[derive(Debug)]
pub struct LinkToScenario {
    scenario: String,
}

impl LinkToScenario {
    /// Links to a scenario's customer.
    pub fn new(scenario: impl Into<String>) -> Self {
        Self {
            scenario: scenario.into(),
        }
    }

    /// Returns the subject of a person.
    pub fn subject_of(&self, page: &PageId, psid: &Psid) -> Subject {
        use sha2::{Digest, Sha256};

        let mut hash = Sha256::new();
        hash.update(page.as_str());
        hash.update([0]);
        hash.update(psid.as_str());
        let digest = hash.finalize();
        let world = hex::encode(digest.get(..8).unwrap_or_default());
        Subject(format!("{}:{world}", self.scenario))
    }
}

impl AutoLink for LinkToScenario {
    fn subject(&self, page: &PageId, psid: &Psid) -> Option<Subject> {
        Some(self.subject_of(page, psid))
    }
}
