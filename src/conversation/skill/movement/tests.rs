//! A confirmation is bound to every field of its plan (C1), and outcomes are told as what they are (C7).

use jiff::civil::date;

use super::*;
use crate::bank::model::{AccountId, AccountKind, Balance, PayeeId};
use crate::bank::{BankCommand, BankId, Subject};
use crate::conversation::policy::{Limits, Policy, Ports};
use crate::conversation::state::{Link, State};
use crate::intent::catalogue::Catalogue;
use crate::message::{PageId, Psid};
use crate::money::Currency;
use crate::reply::locale::Locale;
use crate::reply::value::Place;
use crate::store::CommandId;

struct Desk {
    state: State,
    policy: Policy,
    place: Place,
    catalogue: Catalogue,
}

impl Desk {
    fn new() -> Self {
        let mut state = State::new(PageId::from("PAGE-0001"), Psid::from("PSID-0001"));
        state.link = Some(Link {
            bank: BankId("acme".to_owned()),
            subject: Subject("customer-1".to_owned()),
            since_ms: 0,
        });
        let zone = jiff::tz::TimeZone::UTC;
        let limits = Limits {
            step_up_first: false,
            ..Limits::default()
        };
        Self {
            state,
            policy: Policy {
                brand: "Acme Bank".to_owned(),
                locale: Locale::EN_US,
                zone: zone.clone(),
                bank_zone: zone.clone(),
                offers: CommandKind::ALL.into(),
                actions: CommandKind::ALL.into(),
                limits,
                phone: None,
                hours_text: None,
                hours: None,
                places: None,
                fees: None,
                ports: Ports::default(),
                public_url: None,
                disclosure_lapse_ms: 0,
                chat_is_notice_address: false,
                notice_address: None,
                rights: crate::conversation::legal::Rights::default(),
            },
            place: Place {
                locale: Locale::EN_US,
                zone,
                now: "2026-11-22T15:00:00Z".parse().unwrap(),
                hide_amounts: false,
            },
            catalogue: Catalogue::built_in().unwrap(),
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            state: &self.state,
            policy: &self.policy,
            place: &self.place,
            catalogue: &self.catalogue,
            at_ms: self.place.now.as_millisecond(),
            words: "",
        }
    }
}

/// A field and what changes it.
type Mutation = (&'static str, fn(&mut Plan));

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD)
}

fn plan() -> Plan {
    Plan {
        kind: CommandKind::PayPayee,
        from: AccountId("chk-1".to_owned()),
        from_label: "Checking ••1234".to_owned(),
        to: "payee-1".to_owned(),
        to_label: "Mom (••8812)".to_owned(),
        amount: usd(4_000),
        day: date(2026, 11, 22),
        fee: Some(usd(0)),
        paid_before: true,
    }
}

fn account() -> Account {
    Account {
        id: AccountId("chk-1".to_owned()),
        institution: "Acme Bank".to_owned(),
        kind: AccountKind::Checking,
        name: "Checking".to_owned(),
        mask: "1234".to_owned(),
        currency: Currency::USD,
        status: AccountStatus::Open,
        balances: vec![Balance {
            kind: BalanceKind::Available,
            amount: usd(50_000),
            as_of: None,
            includes_credit: None,
        }],
        due_date: None,
        interest_rate_bp: None,
    }
}

fn confirmed(plan: &Plan) -> Request {
    Request::new("pay_person").bind("confirmed", serde_json::to_string(plan).unwrap())
}

#[test]
fn a_yes_to_exactly_this_plan_gives_exactly_its_command() {
    let desk = Desk::new();
    let outcome = settle(
        &confirmed(&plan()),
        &plan(),
        &account(),
        &[],
        &desk.context(),
    );
    let [(command, _)] = outcome.commands.as_slice() else {
        panic!("one command");
    };
    assert_eq!(
        *command,
        BankCommand::PayPayee {
            from: AccountId("chk-1".to_owned()),
            payee: PayeeId("payee-1".to_owned()),
            amount: usd(4_000),
            date: date(2026, 11, 22),
            memo: None,
        }
    );
}

#[test]
fn a_change_of_any_field_voids_the_yes() {
    let desk = Desk::new();
    let mutations: [Mutation; 9] = [
        ("kind", |plan| plan.kind = CommandKind::TransferOwn),
        ("source", |plan| plan.from = AccountId("sav-1".to_owned())),
        ("source's name", |plan| {
            "Savings".clone_into(&mut plan.from_label);
        }),
        ("payee", |plan| "payee-2".clone_into(&mut plan.to)),
        ("payee's name", |plan| "Mum".clone_into(&mut plan.to_label)),
        ("amount", |plan| plan.amount = usd(4_001)),
        ("currency", |plan| {
            plan.amount = Money::from_minor(4_000, Currency::EUR);
        }),
        ("date", |plan| plan.day = date(2026, 11, 23)),
        ("fee", |plan| plan.fee = Some(usd(1))),
    ];
    for (field, mutate) in mutations {
        let mut shown = plan();
        mutate(&mut shown);
        let outcome = settle(
            &confirmed(&shown),
            &plan(),
            &account(),
            &[],
            &desk.context(),
        );
        assert!(outcome.commands.is_empty(), "{field}: something was sent");
        let ask = outcome.asks.expect(field);
        assert_eq!(ask.expecting, Expecting::Confirmation, "{field}");
    }
}

#[test]
fn each_outcome_is_told_as_what_it_is() {
    let desk = Desk::new();
    let executing = Executing {
        id: CommandId([1; 16]),
        kind: CommandKind::PayPayee,
        request: confirmed(&plan()),
        since_ms: 0,
        told_unknown: false,
        case: None,
    };
    for (outcome, variant) in [
        (
            CommandOutcome::Done {
                reference: Some("pay-1".to_owned()),
                card_state: None,
            },
            "money_submitted_reference",
        ),
        (CommandOutcome::Rejected { code: None }, "money_rejected"),
        (
            CommandOutcome::NeedsApproval { url: None },
            "money_approval",
        ),
        (CommandOutcome::Unknown, "money_unknown"),
        (CommandOutcome::NotSent, "money_not_sent"),
    ] {
        let told = report(&executing, &outcome, &desk.context());
        assert_eq!(told.says[0].lead.variant, variant);
    }
}
